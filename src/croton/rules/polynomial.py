"""Polynomials in things that are not looked into, exponentials, and what divides: sums with 1 of exponentials.

A term is a set of (factor, power); a polynomial gives each term its number. All numbers are fractions, so that what
cancels is gone, not small.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction

from croton.util.record import record

# More terms than this are left as they are written.
_MOST_TERMS = 32
# What is left of a sum of floating-point numbers when they should cancel: less of it than this is taken for nothing.
_NOTHING = Fraction(1, 2**46)
# The greatest denominator of a fraction that a floating-point number is taken for.
_MOST_DENOMINATOR = 10**5


class TooLarge(Exception):
    """A polynomial has too many terms, or no inverse of its own."""


@record(frozen=True)
class Exponential:
    """exp(u); `base` tells u."""

    base: int


@record(frozen=True)
class Pole:
    """1 + number * exp(u)**step, where `step` is above 0, and the number above 0 or -1."""

    of: Exponential
    step: Fraction
    number: Fraction


Term = frozenset[tuple[Hashable, Fraction]]
Polynomial = dict[Term, Fraction]
# The numbers before powers of one exponential.
Series = dict[Fraction, Fraction]

_ONE = Fraction(1)


def constant(number: Fraction) -> Polynomial:
    """A number."""
    return {frozenset(): number} if number else {}


def single(factor: Hashable, power: Fraction = _ONE) -> Polynomial:
    """A power of one thing."""
    return {frozenset({(factor, power)}): _ONE} if power else constant(_ONE)


def plus(p: Polynomial, q: Polynomial) -> Polynomial:
    """The sum."""
    made = dict(p)
    for term, number in q.items():
        _add(made, term, number)
    return _checked(made)


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product."""
    made: Polynomial = {}
    for a, m in p.items():
        for b, n in q.items():
            _add(made, _joined(a, b), m * n)
    return _checked(made)


def inverse(p: Polynomial) -> Polynomial:
    """1 over `p`, of one term, or of two the quotient of which is an exponential.

    Errors: TooLarge for others
    """
    p = reduced(p)
    if len(p) == 1:
        ((term, number),) = p.items()
        return {frozenset((factor, -power) for factor, power in term): 1 / number}
    if len(p) != 2:
        raise TooLarge
    (a, m), (b, n) = p.items()
    apart = dict(_joined(b, frozenset((factor, -power) for factor, power in a)))
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


def plain(number: Fraction) -> Fraction:
    """`number`, or a fraction of small numbers that it can't be told from in floating point."""
    made = number.limit_denominator(_MOST_DENOMINATOR)
    return made if abs(made - number) <= _NOTHING * abs(number) else number


def reduced(p: Polynomial) -> Polynomial:
    """`p` with what stands over one divisor brought together, and divided as often as it goes."""
    poles = {factor: None for term in p for factor, _ in term if isinstance(factor, Pole)}
    for pole in poles:
        made: Polynomial = {}
        for rest, (series, power) in over(p, pole).items():
            for exponent, number in series.items():
                _add(made, _joined(rest, _powers(pole, exponent, power)), number)
        p = made
    return p


def over(p: Polynomial, pole: Pole) -> dict[Term, tuple[Series, int]]:
    """For all that stands before it in `p`: a series in the exponential, over a power of `pole`."""
    parts: dict[Term, dict[int, Series]] = {}
    for term, number in p.items():
        powers = dict(term)
        exponent, power = powers.pop(pole.of, Fraction(0)), int(-powers.pop(pole, Fraction(0)))
        series = parts.setdefault(frozenset(powers.items()), {}).setdefault(power, {})
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


def _powers(pole: Pole, exponent: Fraction, power: int) -> Term:
    found = ((pole.of, exponent), (pole, Fraction(-power)))
    return frozenset((factor, n) for factor, n in found if n)


def _joined(a: Term, b: Term) -> Term:
    if not a or not b:
        return a or b
    powers = dict(a)
    for factor, power in b:
        powers[factor] = powers.get(factor, Fraction(0)) + power
    return frozenset((factor, power) for factor, power in powers.items() if power)


def _add(into: Polynomial, term: Term, number: Fraction) -> None:
    total = into.get(term, Fraction(0)) + number
    if abs(total) <= _NOTHING * abs(number):
        into.pop(term, None)
    else:
        into[term] = total


def _checked(made: Polynomial) -> Polynomial:
    if len(made) > _MOST_TERMS:
        raise TooLarge
    return made
