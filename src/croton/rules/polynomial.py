"""Polynomials in things that are not looked into, exponentials, and what divides: sums with 1 of exponentials.

A term is (factor, power) after (factor, power), in the order of the factors' ranks; a polynomial gives each term its
number. All numbers are fractions, so that what cancels is gone, not small.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Protocol

from croton.util.record import record

# More terms than this are left as they are written.
_MOST_TERMS = 32
# What is left of a sum of floating-point numbers when they should cancel: less of it than this is taken for nothing.
_NOTHING = Fraction(1, 2**46)
# The greatest denominator of a fraction that a floating-point number is taken for.
_MOST_DENOMINATOR = 10**5


class TooLarge(Exception):
    """A polynomial has too many terms, or no inverse of its own."""


class Factor(Protocol):
    """What terms are made of: equal where it is the same thing."""

    @property
    def rank(self) -> tuple[int | Fraction, ...]:
        """Its place among factors. No set's order is relied on: what is made must not change from run to run."""


@record(frozen=True)
class Unknown:
    """What is not looked into; `number` tells what."""

    number: int

    @property
    def rank(self) -> tuple[int | Fraction, ...]:
        """Its place among factors."""
        return 0, self.number


@record(frozen=True)
class Exponential:
    """exp(u); `base` tells u."""

    base: int

    @property
    def rank(self) -> tuple[int | Fraction, ...]:
        """Its place among factors."""
        return 1, self.base


@record(frozen=True)
class Pole:
    """1 + number * exp(u)**step, where `step` is above 0, and the number above 0 or -1."""

    of: Exponential
    step: Fraction
    number: Fraction

    @property
    def rank(self) -> tuple[int | Fraction, ...]:
        """Its place among factors."""
        return 2, self.of.base, self.step, self.number


Term = tuple[tuple[Factor, Fraction], ...]
Polynomial = dict[Term, Fraction]
# The numbers before powers of one exponential.
Series = dict[Fraction, Fraction]

_ONE = Fraction(1)


def constant(number: Fraction) -> Polynomial:
    """A number."""
    return {(): number} if number else {}


def single(factor: Factor, power: Fraction = _ONE) -> Polynomial:
    """A power of one thing."""
    return {((factor, power),): _ONE} if power else constant(_ONE)


def term(powers: Iterable[tuple[Factor, Fraction | int]]) -> Term:
    """The product of these powers, each of another factor."""
    found = [(factor, Fraction(n)) for factor, n in powers if n]
    return tuple(sorted(found, key=lambda power: power[0].rank))


def plus(p: Polynomial, q: Polynomial) -> Polynomial:
    """The sum."""
    made = dict(p)
    for part, number in q.items():
        _add(made, part, number)
    return _checked(made)


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product."""
    made: Polynomial = {}
    for a, m in p.items():
        for b, n in q.items():
            _add(made, joined(a, b), m * n)
    return _checked(made)


def inverse(p: Polynomial) -> Polynomial:
    """1 over `p`, of one term, or of two the quotient of which is an exponential.

    Errors: TooLarge for others
    """
    p = reduced(p)
    if len(p) == 1:
        ((only, number),) = p.items()
        return {_turned(only): 1 / number}
    if len(p) != 2:
        raise TooLarge
    (a, m), (b, n) = p.items()
    apart = dict(joined(b, _turned(a)))
    if len(apart) != 1:
        raise TooLarge
    ((factor, step),) = apart.items()
    if not isinstance(factor, Exponential):
        raise TooLarge
    if step < 0:
        (a, m), (b, n), step = (b, n), (a, m), -step
    if n / m < 0 and n / m != -1:
        raise TooLarge
    return times(inverse({a: m}), single(Pole(factor, step, plain(n / m)), -_ONE))


def _turned(whole: Term) -> Term:
    return tuple((factor, -power) for factor, power in whole)


def plain(number: Fraction) -> Fraction:
    """`number`, or a fraction of small numbers that it can't be told from in floating point."""
    made = number.limit_denominator(_MOST_DENOMINATOR)
    return made if abs(made - number) <= _NOTHING * abs(number) else number


def reduced(p: Polynomial) -> Polynomial:
    """`p` with what stands over one divisor brought together, and divided as often as it goes."""
    poles = {factor: None for part in p for factor, _ in part if isinstance(factor, Pole)}
    for pole in poles:
        made: Polynomial = {}
        for rest, (series, power) in over(p, pole).items():
            for exponent, number in series.items():
                _add(made, joined(rest, term([(pole.of, exponent), (pole, -power)])), number)
        p = made
    return p


def over(p: Polynomial, pole: Pole) -> dict[Term, tuple[Series, int]]:
    """For all that stands before it in `p`: a series in the exponential, over a power of `pole`."""
    parts: dict[Term, dict[int, Series]] = {}
    for part, number in p.items():
        powers = dict(part)
        exponent, power = powers.pop(pole.of, Fraction(0)), int(-powers.pop(pole, Fraction(0)))
        series = parts.setdefault(tuple(powers.items()), {}).setdefault(power, {})
        series[exponent] = series.get(exponent, Fraction(0)) + number
    return {rest: _together(found, pole) for rest, found in parts.items()}


def _together(found: dict[int, Series], pole: Pole) -> tuple[Series, int]:
    greatest = max(found)
    total: Series = {}
    for power, series in found.items():
        for _ in range(greatest - power):
            series = _series_sum(series, {e + pole.step: n * pole.number for e, n in series.items()})
        total = _series_sum(total, series)
    while greatest > 0:
        quotient = divided(total, pole.step, pole.number)
        if quotient is None:
            break
        total, greatest = quotient, greatest - 1
    return total, greatest


def divided(series: Series, step: Fraction, number: Fraction) -> Series | None:
    """`series` over 1 + number * e**step, where that leaves nothing over."""
    left, quotient = dict(series), {}
    last = max(left, default=Fraction(0)) - step
    while left:
        exponent = min(left)
        if exponent > last:
            return None
        quotient[exponent] = first = left.pop(exponent)
        left = _series_sum(left, {exponent + step: -first * number})
    return quotient


def _series_sum(a: Series, b: Series) -> Series:
    made = dict(a)
    for exponent, number in b.items():
        total = made.get(exponent, Fraction(0)) + number
        if abs(total) <= _NOTHING * abs(number):
            made.pop(exponent, None)
        else:
            made[exponent] = total
    if len(made) > _MOST_TERMS:
        raise TooLarge
    return made


def joined(a: Term, b: Term) -> Term:
    """The product of two terms."""
    if not a or not b:
        return a or b
    powers = dict(a)
    for factor, power in b:
        powers[factor] = powers.get(factor, Fraction(0)) + power
    return term(powers.items())


def _add(into: Polynomial, part: Term, number: Fraction) -> None:
    total = into.get(part, Fraction(0)) + number
    if abs(total) <= _NOTHING * abs(number):
        into.pop(part, None)
    else:
        into[part] = total


def _checked(made: Polynomial) -> Polynomial:
    if len(made) > _MOST_TERMS:
        raise TooLarge
    return made
