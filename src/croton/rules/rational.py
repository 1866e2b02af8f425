"""Rational functions of exponentials, as derivatives of logistic and hyperbolic functions come out.

With e = exp(u), all of exp, sigmoid, tanh, cosh, sinh and expm1 of multiples of u are quotients of polynomials in e.
Spelled out, both sides overflow, or terms cancel that should not be there; brought together, what is left has the form
of sums of s**m * t**n, where s = sigmoid(u) = e / (1 + e) and t = sigmoid(-u) = 1 / (1 + e), and neither can happen.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from fractions import Fraction
from functools import reduce
from math import exp as exp_of_number
from math import isfinite
from math import log as log_of_number
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.elementwise import (
    add,
    cosh,
    erfcx,
    exp,
    expm1,
    inv,
    mul,
    neg,
    sigmoid,
    sinh,
    sqr,
    sub,
    tanh,
    true_div,
)
from croton.ops.elemwise import Elemwise
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import Product, are_opposite, constant_like, is_real_float, made_by, shaped_like
from croton.rules.passes import Context
from croton.rules.polynomial import (
    Exponential,
    Factor,
    Pole,
    Polynomial,
    Series,
    Term,
    TooLarge,
    Unknown,
    constant,
    divided,
    inverse,
    joined,
    over,
    plain,
    plus,
    reduced,
    single,
    term,
    times,
)
from croton.rules.stages import stabilize
from croton.util.record import record

# Functions of an exponential, and those of them that have no bounds.
_FAMILY = frozenset({"exp", "sigmoid", "tanh", "cosh", "sinh", "expm1", "erfc"})
_UNBOUNDED = frozenset({"exp", "cosh", "sinh", "expm1"})
_VANISHING = _FAMILY - {"cosh"}
_TAILS = frozenset({"sigmoid", "erfc"})
_SLOPES = frozenset({"tanh"})
_SUMS = frozenset({"add", "sub"})
_PRODUCTS = frozenset({"mul", "true_div", "inv", "neg", "sqr"})
_ALL = _SUMS | _PRODUCTS

# How many nodes are looked at, and how great a power of a sum is multiplied out.
_MOST_NODES = 64
_MOST_DENOMINATOR = 8
# exp(u + c) is exp(c) exp(u), where exp(c) is no large number.
_GREATEST_SHIFT = 40.0


def _kind(variable: Variable) -> str:
    node = variable.owner
    if node is None or not isinstance(node.op, Elemwise):
        return ""
    return str(node.op.scalar_op.name)


def _seen_through(start: Iterable[Variable], through: frozenset[str]) -> Iterator[tuple[Variable, str]]:
    """What is met from `start` on, seen through these operations, as far as that is looked at; and what makes each."""
    todo, seen = list(start), set[Variable]()
    while todo and len(seen) < _MOST_NODES:
        v = todo.pop()
        kind = _kind(v)
        yield v, kind
        if kind in through and v not in seen:
            seen.add(v)
            todo.extend(v.owner.inputs)  # type: ignore[union-attr]


def _reaches(start: Iterable[Variable], names: frozenset[str], through: frozenset[str]) -> bool:
    """Whether what makes one of `start`, seen through these operations, has one of these names."""
    return any(kind in names for _, kind in _seen_through(start, through))


def _has_sum(start: Iterable[Variable]) -> bool:
    """Whether a factor among `start` is a sum with functions of exponentials in it, or a quotient by one."""
    met = _seen_through(start, _PRODUCTS)
    return any(kind in _SUMS and _reaches([v], _FAMILY, _ALL) for v, kind in met)


def _is_at_risk(node: Apply) -> bool:
    """Whether what `node` computes may overflow, or divide nothing by nothing, though its result does not."""
    kind, inputs = _kind(node.outputs[0]), node.inputs
    if not _reaches(inputs, _FAMILY, _ALL):
        return False
    if kind in ("true_div", "inv"):
        above, below = inputs[:-1], inputs[-1:]
        if _has_sum(below) or _reaches(above, _UNBOUNDED, _ALL):
            return _reaches(below, _FAMILY, _ALL)
        return _reaches(below, _VANISHING, _PRODUCTS) and _reaches(above, _FAMILY, _ALL)
    if kind == "mul":
        divisors = list(_divisors(inputs))
        grows = _reaches(inputs, _UNBOUNDED, _ALL - {"true_div", "inv"}) or _reaches(
            divisors, _VANISHING, _ALL
        )
        vanishes = _reaches(inputs, _TAILS, _ALL) or _has_sum(
            v for v in inputs if _reaches([v], _SLOPES, _ALL)
        )
        return grows and (vanishes or _reaches(divisors, _FAMILY, _ALL))
    return _reaches(_divisors(inputs), _VANISHING, _ALL)


def _divisors(start: Iterable[Variable]) -> Iterable[Variable]:
    """What is divided by in the sums and products that make `start`."""
    for v, kind in _seen_through(start, _ALL):
        if kind in ("true_div", "inv"):
            yield v.owner.inputs[-1]  # type: ignore[union-attr]


def _risks(start: Variable, out: Variable) -> int:
    """How many nodes at risk `start` is made of, as far as sums and products of the type of `out` go."""
    todo, seen = [start], set[Variable]()
    while todo:
        v = todo.pop()
        kind = _kind(v)
        if v in seen or v.type != out.type or kind not in _ALL:
            continue
        seen.add(v)
        todo.extend(v.owner.inputs)  # type: ignore[union-attr]
    return sum(_is_at_risk(v.owner) for v in seen if v.owner is not None)


def _without_shift(u: Variable) -> tuple[Variable, Fraction]:
    """v and exp(c), where `u` is v + c."""
    node = made_by(u, add) or made_by(u, sub)
    if node is None or len(node.inputs) != 2:
        return u, Fraction(1)
    for at, other in enumerate(node.inputs):
        value, rest = scalar_value(other), node.inputs[1 - at]
        if (
            value is None
            or not abs(number := float(value)) < _GREATEST_SHIFT
            or rest.type.dtype != u.type.dtype
        ):
            continue
        if made_by(u, add):
            return rest, plain(Fraction(exp_of_number(number)))
        if at == 1:
            return rest, plain(Fraction(exp_of_number(-number)))
        made: Variable = neg(rest)
        return made, plain(Fraction(exp_of_number(number)))
    return u, Fraction(1)


@record(frozen=True)
class _Slope:
    """(e - 1) / (e + 1) for the exponential of a pole: a hyperbolic tangent."""

    pole: Pole

    @property
    def rank(self) -> tuple[int | Fraction, ...]:
        """Its place among factors."""
        return 3, *self.pole.rank


class _Reader:
    """Takes expressions apart, into polynomials; and puts these together again."""

    def __init__(self, out: Variable, context: Context) -> None:
        self.out = out
        self.context = context
        self.read: dict[Variable, Polynomial] = {}
        self.bases: list[tuple[Variable, Any]] = []  # of each exponential: c u, and c
        self.known: dict[Hashable, int] = {}
        self.unknowns: dict[Variable, Unknown] = {}
        self.tails: list[Variable] = []  # erfc(v)
        self.made: dict[Hashable, Variable] = {}

    # -- taking apart ----------------------------------------------------------------------------------------
    def polynomial(self, whole: Variable) -> Polynomial:
        """`whole` as a polynomial. Errors: TooLarge"""
        todo = [whole]
        while todo:
            v = todo[-1]
            if v in self.read:
                todo.pop()
                continue
            parts = self._parts(v)
            missing = [u for u in parts if u not in self.read]
            if missing:
                todo.extend(missing)
            else:
                self.read[v] = self._combined(v, [self.read[u] for u in parts])
                todo.pop()
            if len(self.read) > _MOST_NODES:
                raise TooLarge
        return reduced(self.read[whole])

    def _parts(self, v: Variable) -> list[Variable]:
        kind = _kind(v)
        if v.type == self.out.type and kind in _ALL and scalar_value(v) is None:
            return v.owner.inputs  # type: ignore[union-attr]
        return []

    def _combined(self, v: Variable, parts: list[Polynomial]) -> Polynomial:
        if not parts:
            return self._leaf(v)
        match _kind(v):
            case "add":
                return reduce(plus, parts)
            case "sub":
                return plus(parts[0], _negative(parts[1]))
            case "mul":
                return reduce(times, map(reduced, parts))
            case "neg":
                return _negative(parts[0])
            case "sqr":
                return times(base := reduced(parts[0]), base)
            case "inv":
                return self._inverse(v.owner.inputs[0])  # type: ignore[union-attr]
            case _:
                return times(reduced(parts[0]), self._inverse(v.owner.inputs[1]))  # type: ignore[union-attr]

    def _inverse(self, v: Variable) -> Polynomial:
        """1 over what is read: factor by factor, as sums of few terms have one and their products have none."""
        parts = self._parts(v)
        match _kind(v) if parts else "":
            case "mul":
                return reduce(times, map(self._inverse, parts))
            case "neg":
                return _negative(self._inverse(parts[0]))
            case "sqr":
                return times(once := self._inverse(parts[0]), once)
            case "inv":
                return reduced(self.read[parts[0]])
            case "true_div":
                return times(reduced(self.read[parts[1]]), self._inverse(parts[0]))
        if not (p := self.read[v]):
            raise TooLarge
        try:
            return inverse(p)
        except TooLarge:
            return single(self._unknown(v), Fraction(-1))

    def _unknown(self, v: Variable) -> Unknown:
        return self.unknowns.setdefault(v, Unknown(len(self.unknowns)))

    def _leaf(self, v: Variable) -> Polynomial:
        value = scalar_value(v)
        if value is not None and isfinite(number := float(value)):
            return constant(Fraction(number))
        kind = _kind(v)
        if v.type.dtype != self.out.type.dtype:
            return single(self._unknown(v))
        if kind == "erfc":
            self.tails.append(v)
        if kind not in _FAMILY or kind == "erfc" or not is_real_float(v.owner.inputs[0]):  # type: ignore[union-attr]
            return single(self._unknown(v))
        u, scale = _without_shift(v.owner.inputs[0])  # type: ignore[union-attr]
        e, n = self._exponential(u)
        grows, falls, one = single(e, n), single(e, -n), constant(Fraction(1))
        if scale != 1:
            grows, falls = times(grows, constant(scale)), times(falls, constant(1 / scale))
        match kind:
            case "exp":
                return grows
            case "expm1":
                return plus(grows, constant(Fraction(-1)))
            case "sigmoid":
                return inverse(plus(one, falls))
            case "tanh":
                twice = times(falls, falls)
                return times(plus(one, _negative(twice)), inverse(plus(one, twice)))
            case _:
                half = constant(Fraction(1, 2))
                return times(half, plus(grows, falls if kind == "cosh" else _negative(falls)))

    def _exponential(self, u: Variable) -> tuple[Exponential, Fraction]:
        """exp(w) and n, where exp(u) is exp(w)**n."""
        if negative := made_by(u, neg):
            e, n = self._exponential(negative.inputs[0])
            return e, -n
        product = Product(u, self.context, deep=True)
        key: Hashable = product.key
        flipped: Hashable = None
        if len(product.above) == 1 and not product.below and (node := made_by(product.above[0], sub)):
            key, flipped = tuple(node.inputs), tuple(node.inputs[::-1])
        if not product.is_known or not len(product) or product.out.type.dtype != u.type.dtype:
            key, number = u, 1
        else:
            number = product.number
        sign = 1
        if flipped in self.known:
            key, sign = flipped, -1
        at = self.known.get(key)
        if at is not None:
            n = Fraction(number) / Fraction(self.bases[at][1])
            if n.denominator <= _MOST_DENOMINATOR:
                return Exponential(at), sign * n
            key = u
        at = self.known[key] = len(self.bases)
        self.bases.append((u, number))
        return Exponential(at), Fraction(1)

    # -- putting together ------------------------------------------------------------------------------------
    def expression(self, p: Polynomial) -> Variable | None:
        """`p` told by functions that do not overflow; None where a number does not fit."""
        total: Variable | None = None
        for common, number, terms in _grouped(p):
            factors = self._product(common, number) if common or not terms else []
            inner = [self._whole(self._product(part, n)) for part, n in terms]
            if inner:
                factors.append(reduce(add, inner))
            made = self._whole(factors)
            total = made if total is None else add(total, made)
        return constant_like(0, self.out) if total is None else total

    def _whole(self, factors: list[Variable]) -> Variable:
        return factors[0] if len(factors) == 1 else mul(*factors)

    def _number(self, number: Fraction) -> Variable:
        made = constant_like(float(number), self.out)
        if made is None:
            raise TooLarge
        return made

    def _product(self, whole: Term, number: Fraction) -> list[Variable]:
        """The factors of a term."""
        powers = dict(whole)
        factors: list[tuple[Variable, int]] = []
        poles = [factor for factor in powers if isinstance(factor, Pole)]
        for pole in poles:
            count = int(-powers.pop(pole))
            left = powers.pop(pole.of, Fraction(0))
            scale, found, left = self._over_pole(pole, count, left)
            number *= scale
            factors += found
            if left:
                powers[pole.of] = left
        for slope in [v for v in powers if isinstance(v, _Slope)]:
            factors.append((self._slope(slope), int(powers.pop(slope))))
        exponents: list[Variable] = []
        for factor in [v for v in powers if isinstance(v, Exponential)]:
            left = self._with_tails(factor, powers, factors)
            if left:
                exponents.append(self._multiple(factor, left))
        if exponents:
            factors.append((exp(reduce(add, exponents)), 1))
        told = list(self.unknowns)
        factors += [(told[v.number], int(n)) for v, n in powers.items() if isinstance(v, Unknown)]
        return self._spelled(number, factors)

    def _spelled(self, number: Fraction, factors: list[tuple[Variable, int]]) -> list[Variable]:
        above = [v for v, n in factors for _ in range(n)]
        below = [v for v, n in factors for _ in range(-n)]
        if number != 1 or not (above or below):
            above.insert(0, self._number(number))
        if not below:
            return above
        divisor = self._whole(below)
        return [true_div(self._whole(above), divisor) if above else inv(divisor)]

    def _multiple(self, e: Exponential, n: Fraction, shift: float = 0.0) -> Variable:
        """n u + shift, where `e` is exp(u)."""
        key = (e, n, shift)
        if key not in self.made:
            u = self.bases[e.base][0]
            made: Variable = u if n == 1 else neg(u) if n == -1 else mul(self._scalar(float(n), u), u)
            self.made[key] = add(made, self._scalar(shift, u)) if shift else made
        return self.made[key]

    @staticmethod
    def _scalar(number: float, like: Variable) -> Variable:
        made = constant_like(number, like)
        if made is None:
            raise TooLarge
        return made

    def _over_pole(
        self, pole: Pole, count: int, left: Fraction
    ) -> tuple[Fraction, list[tuple[Variable, int]], Fraction]:
        """A number, factors, and what is left of the exponent, for e**left over the `count`-th power of `pole`."""
        is_sum = pole.number > 0
        growing = min(count, max(0, left // pole.step))
        left -= growing * pole.step
        falling = count - growing
        is_half = falling > 0 and left == pole.step / 2 and (not is_sum or pole.number == 1)
        if is_half:
            falling, left = falling - 1, Fraction(0)
        shift = log_of_number(pole.number) if is_sum else 0.0
        rising, sinking = (
            self._multiple(pole.of, sign * pole.step, sign * shift) if n else None
            for sign, n in ((1, growing), (-1, falling))
        )
        half = self._multiple(pole.of, pole.step / 2) if is_half else None
        found: list[tuple[Variable, int]] = []
        if is_sum:
            found += [(sigmoid(v), n) for v, n in ((rising, growing), (sinking, falling)) if v is not None]
            found += [] if half is None else [(cosh(half), -1)]
            return Fraction(1, 2 if is_half else 1) / pole.number**growing, found, left
        # 1 / (1 - e) is -1 / expm1(u), and e / (1 - e) is 1 / expm1(-u).
        found += [] if rising is None else [(expm1(neg(rising)), -growing)]
        found += [] if sinking is None else [(expm1(neg(sinking)), -falling)]
        found += [] if half is None else [(sinh(half), -1)]
        return Fraction(-1) ** falling * Fraction(-1, 2) ** is_half, found, left

    def _slope(self, slope: _Slope) -> Variable:
        """tanh(u / 2), where exp(u) is the exponential of a pole."""
        made: Variable = tanh(self._multiple(slope.pole.of, slope.pole.step / 2))
        return made

    def _with_tails(
        self, e: Exponential, powers: dict[Factor, Fraction], into: list[tuple[Variable, int]]
    ) -> Fraction:
        """exp(-v²) / erfc(v) is 1 / erfcx(v): as often as that goes. Returns what is left of the exponent."""
        left = powers.pop(e)
        u, number = self.bases[e.base]
        square = made_by(Product(u, self.context).above[0], sqr) if Product(u, self.context).above else None
        if square is None or abs(number) != 1:
            return left
        (v,) = square.inputs
        for tail in self.tails:
            w = tail.owner.inputs[0]  # type: ignore[union-attr]
            if w is not v and not (w.type == v.type and are_opposite(w, v, self.context)):
                continue
            unknown = self.unknowns[tail]
            count = min(-powers.get(unknown, Fraction(0)), -left * number)
            if count >= 1:
                n = int(count)
                into.append((erfcx(w), -n))
                powers[unknown] += n
                left += n * number
        return left


def _negative(p: Polynomial) -> Polynomial:
    return {part: -number for part, number in p.items()}


def _grouped(p: Polynomial) -> Iterable[tuple[Term, Fraction, list[tuple[Term, Fraction]]]]:
    """The common factors and the number of terms that belong together, and these terms; none where it is but one."""
    poles = {factor: None for part in p for factor, _ in part if isinstance(factor, Pole)}
    if not poles:
        for part, number in p.items():
            yield part, number, []
        return
    pole = next(iter(poles))
    bare: Polynomial = {}
    for rest, (series, count) in over(p, pole).items():
        if count and len(series) > 1:
            yield _factored(rest, series, count, pole)
            continue
        for exponent, number in series.items():
            bare[joined(rest, term([(pole.of, exponent), (pole, -count)]))] = number
    for part, number in bare.items():
        yield part, number, []


def _factored(
    rest: Term, series: Series, count: int, pole: Pole
) -> tuple[Term, Fraction, list[tuple[Term, Fraction]]]:
    """A series over a power of `pole`: slopes and powers of sigmoids that all its terms have, and what is left."""
    slopes = 0
    while pole.number == 1 and count > 0 and (less := divided(series, pole.step, Fraction(-1))) is not None:
        # e - 1, not 1 - e, is what is divided by.
        series, count, slopes = {e: -n for e, n in less.items()}, count - 1, slopes + 1
    low, high = min(series) // pole.step, count - -(-max(series) // pole.step)
    low, high = (low, high) if low >= 0 and high >= 0 else (0, 0)
    common = joined(rest, term([(pole.of, low * pole.step), (pole, -low - high), (_Slope(pole), slopes)]))
    terms = [
        (term([(pole.of, e - low * pole.step), (pole, low + high - count)]), number)
        for e, number in series.items()
    ]
    if len(terms) == 1 and not terms[0][0]:
        return common, terms[0][1], []
    return common, Fraction(1), terms


@stabilize.on(
    mul, true_div, inv, add, sub, name="local_rational_in_exp", tags=("local_quotients_of_exponentials",)
)
def _rational(node: Apply, context: Context) -> Any:
    """Quotients of sums of exponentials are brought together to sums of products of sigmoids, which do not overflow."""
    out = node.outputs[0]
    if not is_real_float(out) or out.type.dtype == "float16" or not _is_at_risk(node):
        return None
    reader = _Reader(out, context)
    try:
        made = reader.expression(reader.polynomial(out))
    except TooLarge:
        return None
    if made is None or _risks(made, out) >= _risks(out, out):
        return None
    return made if made.type == out.type else shaped_like(made, node)
