"""Methods of drawing that may reject what they draw, each written once, for a builder of loops and for arrays.

A method gives a number from the bits of an element: at once where it `is_direct`, by `direct`; else by `attempt`, which
says whether its number is taken. Acceptance compares with the logarithm of the probability itself, in a form that loses
nothing where numbers are great: with d = (k - m) / m, the terms of k log(k/m) + m - k are m ((1 + d) log(1 + d) - d).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from croton.ops.random.arrays import Repeat
from croton.ops.random.bits import cosine_of, open_unit_of, radius_unit_of

# Below this mean, integers are drawn by adding up probabilities until they exceed a uniform number.
_FEW = 10.0
# Greater means and counts of trials have integers that float64 does not tell apart.
_MOST = 2.0**53

# z times what log(gamma(z)) has beyond Stirling's (z - 1/2) log(z) - z + log(2 pi) / 2, as a polynomial in 1/z, for
# z >= 1: what is made of it errs by 1e-9. source: interpolation at Chebyshev's points, in 40 digits
_BEYOND_STIRLING = (
    0.08333333648633048, -4.062899793446933e-07, -0.002768958758338203, -7.473103934602122e-05, 0.0011102484960189938,
    -0.0007222822618496653, 0.0002025770140522271, -1.831591874660523e-05,
)  # fmt: skip


def _beyond_stirling(b: Any, z: Any) -> Any:
    w = 1.0 / z
    *others, made = (b.const(c, "float64") for c in _BEYOND_STIRLING)
    for coefficient in reversed(others):
        made = made * w + coefficient
    return made * w


def _terms(b: Any, mean: Any) -> Any:
    """A number that so few exceed that a uniform number does not tell; up to 51.

    source: for means up to 10, P(k > 10 + 13 sqrt(mean)) < 1e-18 by a Poisson distribution, and less by a binomial one
    """
    low, high = b.const(0.0, "float64"), b.const(_FEW, "float64")
    return b.floor(10.0 + 13.0 * b.sqrt(b.minimum(b.maximum(mean, low), high)))


def _unit(b: Any, bits: Any) -> Any:
    return open_unit_of(b, bits, "float64")


class Method:
    """A way of drawing.

    parameters  their names, in order; all are float64
    domain      what is asked of them, for an error
    dtype       of the numbers drawn, none of which is negative
    always      what `is_direct` says, where that is the same for all parameters
    """

    parameters: ClassVar[tuple[str, ...]]
    domain: ClassVar[str]
    dtype: ClassVar[str] = "int64"
    always: ClassVar[bool | None] = None

    def fits(self, b: Any, *parameters: Any) -> Any:
        """Whether there is such a distribution."""
        raise NotImplementedError

    def is_direct(self, b: Any, *parameters: Any) -> Any:
        """Whether numbers are drawn at once."""
        raise NotImplementedError

    def terms(self, b: Any, *parameters: Any) -> Any:
        """How many steps `direct` repeats, at most: a whole number as float64."""
        return b.const(0.0, "float64")

    def direct(self, b: Any, repeat: Repeat, bits: Any, *parameters: Any) -> Any:
        """A number, made of 64 bits; `repeat` does at least as many steps as `terms` says."""
        raise NotImplementedError

    def attempt(self, b: Any, one: Any, other: Any, *parameters: Any) -> tuple[Any, Any]:
        """A number made of twice 64 bits, and whether it is taken. It need not make sense where draws are direct."""
        raise NotImplementedError


class PoissonMethod(Method):
    """Source: Hörmann, The transformed rejection method for generating Poisson random variables, 1993: PTRS.

    The hat is 1 % higher than there: that one lies up to 0.5 % below the probabilities, in places.
    """

    parameters = ("lam",)
    domain = "the mean of a Poisson distribution is a number from 0 to 2^53"

    def fits(self, b: Any, lam: Any) -> Any:
        return (lam >= 0.0) & (lam <= _MOST)

    def is_direct(self, b: Any, lam: Any) -> Any:
        return lam < _FEW

    def terms(self, b: Any, lam: Any) -> Any:
        return _terms(b, lam)

    def direct(self, b: Any, repeat: Repeat, bits: Any, lam: Any) -> Any:
        u, first = _unit(b, bits), b.exp(-lam)

        def step(k: Any, state: Any) -> Any:
            p, total, count = state
            p = p * (lam * (1.0 / k))
            return p, total + p, count + b.cast(u > total, "float64")

        return b.cast(b.minimum(repeat((first, first, 0.0 * first), step)[2], self.terms(b, lam)), "int64")

    def attempt(self, b: Any, one: Any, other: Any, lam: Any) -> tuple[Any, Any]:
        lam = b.maximum(lam, b.const(_FEW, "float64"))
        width = 0.931 + 2.53 * b.sqrt(lam)
        a = 0.02483 * width - 0.059
        hat = 1.01 * (1.1239 + 1.1328 / (width - 3.4)) * b.sqrt(2 * math.pi * lam)
        u = _unit(b, one) - 0.5
        side = 0.5 - b.abs(u)
        k = b.floor((2.0 * a / side + width) * u + lam + 0.43)
        z = b.maximum(k, b.const(0.0, "float64")) + 1.0
        d = (z - lam) / lam
        ratio = b.log1p(d)
        # The logarithm of the probability, and that of sqrt(2 pi lam), which is part of the hat.
        height = 0.5 * ratio - lam * ((1.0 + d) * ratio - d) - _beyond_stirling(b, z)
        taken = b.log(_unit(b, other) * hat / (a / (side * side) + width)) <= height
        return b.cast(z - 1.0, "int64"), taken & (k >= 0.0)


class BinomialMethod(Method):
    """Source: Hörmann, The generation of binomial random variates, 1993: BTRS."""

    parameters = ("n", "p")
    domain = "a binomial distribution has n from 0 to 2^53 and p from 0 to 1"

    def fits(self, b: Any, n: Any, p: Any) -> Any:
        return (n >= 0.0) & (n <= _MOST) & (p >= 0.0) & (p <= 1.0)

    def is_direct(self, b: Any, n: Any, p: Any) -> Any:
        return n * b.minimum(p, 1.0 - p) < _FEW

    def terms(self, b: Any, n: Any, p: Any) -> Any:
        return b.minimum(_terms(b, n * b.minimum(p, 1.0 - p)), n)

    def direct(self, b: Any, repeat: Repeat, bits: Any, n: Any, p: Any) -> Any:
        u, rarer = _unit(b, bits), b.minimum(p, 1.0 - p)
        first, odds = b.exp(n * b.log1p(-rarer)), rarer / (1.0 - rarer)

        def step(k: Any, state: Any) -> Any:
            chance, total, count = state
            chance = chance * ((n + 1.0 - k) * odds * (1.0 / k))
            return chance, total + chance, count + b.cast(u > total, "float64")

        count = b.minimum(repeat((first, first, 0.0 * first), step)[2], self.terms(b, n, p))
        return b.cast(b.select(p > 0.5, n - count, count), "int64")

    def attempt(self, b: Any, one: Any, other: Any, n: Any, p: Any) -> tuple[Any, Any]:
        # What is drawn directly has numbers here that do no harm.
        n, p = b.maximum(n, b.const(20.0, "float64")), b.minimum(b.maximum(p, 10.0 / n), 1.0 - 10.0 / n)
        rarer = b.minimum(p, 1.0 - p)
        mean = n * rarer
        spread = b.sqrt(mean * (1.0 - rarer))
        width = 1.15 + 2.53 * spread
        a = 0.0248 * width - 0.0873 + 0.01 * rarer
        hat = (2.83 + 5.1 / width) * spread
        u = _unit(b, one) - 0.5
        side = 0.5 - b.abs(u)
        k = b.floor((2.0 * a / side + width) * u + mean + 0.5)
        inside = (k >= 0.0) & (k <= n)
        k = b.select(inside, k, b.floor(mean))
        top = b.floor((n + 1.0) * rarer)
        height = _log_binomial(b, k, n, rarer) - _log_binomial(b, top, n, rarer)
        taken = b.log(_unit(b, other) * hat / (a / (side * side) + width)) <= height
        return b.cast(b.select(p > 0.5, n - k, k), "int64"), taken & inside


def _log_binomial(b: Any, k: Any, n: Any, p: Any) -> Any:
    """The logarithm of the probability of k successes, but for what does not depend on k."""
    return _log_mass(b, ((k + 1.0, p * (n + 1.0)), (n - k + 1.0, (1.0 - p) * (n + 1.0))))


def _log_mass(b: Any, cells: Sequence[tuple[Any, Any]]) -> Any:
    """Minus the logarithms of factorials of counts, but for a constant; given as count + 1, with a mean of that.

    The logarithms of the means, times the counts, must have a constant sum.
    """
    height = b.const(0.0, "float64")
    for count, mean in cells:
        d = (count - mean) / mean
        ratio = b.log1p(d)
        height = height + 0.5 * ratio - mean * ((1.0 + d) * ratio - d) - _beyond_stirling(b, count)
    return height


class HypergeometricMethod(Method):
    """Few of a kind are counted in few that are drawn: of the rarer kind, or among those left, where that is less.

    Source:  Stadlober, The ratio of uniforms approach for generating discrete random variates, 1990: HRUA
    """

    parameters = ("ngood", "nbad", "nsample")
    domain = (
        "a hypergeometric distribution has counts from 0 to 2^53 in all, and no more are drawn than there are"
    )

    def fits(self, b: Any, good: Any, bad: Any, sample: Any) -> Any:
        return (good >= 0.0) & (bad >= 0.0) & (good + bad <= _MOST) & (sample >= 0.0) & (sample <= good + bad)

    def _fewer(self, b: Any, good: Any, bad: Any, sample: Any) -> tuple[Any, Any, Any]:
        """All, and of the rarer kind and of drawn or left the lesser and the greater number."""
        both = good + bad
        rarer, drawn = b.minimum(good, bad), b.minimum(sample, both - sample)
        return both, b.minimum(rarer, drawn), b.maximum(rarer, drawn)

    def _restored(self, b: Any, few: Any, good: Any, bad: Any, sample: Any) -> Any:
        """How many of those drawn are good, for the number of the rarer kind in the lesser part."""
        rarer = b.minimum(good, bad)
        few = b.select(sample + sample > good + bad, rarer - few, few)
        return b.cast(b.select(good > bad, sample - few, few), "int64")

    def is_direct(self, b: Any, good: Any, bad: Any, sample: Any) -> Any:
        both, a, c = self._fewer(b, good, bad, sample)
        return a * c < _FEW * b.maximum(both, b.const(1.0, "float64"))

    def terms(self, b: Any, good: Any, bad: Any, sample: Any) -> Any:
        both, a, c = self._fewer(b, good, bad, sample)
        return b.minimum(_terms(b, a * c / b.maximum(both, b.const(1.0, "float64"))), a)

    def direct(self, b: Any, repeat: Repeat, bits: Any, good: Any, bad: Any, sample: Any) -> Any:
        both, a, c = self._fewer(b, good, bad, sample)
        u, first = _unit(b, bits), b.exp(_log_none(b, both, a, c))

        def step(k: Any, state: Any) -> Any:
            chance, total, count = state
            chance = chance * ((a + 1.0 - k) * (c + 1.0 - k) / (k * (both - a - c + k)))
            return chance, total + chance, count + b.cast(u > total, "float64")

        count = b.minimum(repeat((first, first, 0.0 * first), step)[2], self.terms(b, good, bad, sample))
        return self._restored(b, count, good, bad, sample)

    def attempt(self, b: Any, one: Any, other: Any, good: Any, bad: Any, sample: Any) -> tuple[Any, Any]:
        # What is drawn directly has numbers here that do no harm.
        both, a, c = self._fewer(b, good, bad, sample)
        both, a, c = (
            b.maximum(v, b.const(least, "float64")) for v, least in ((both, 80.0), (a, 20.0), (c, 40.0))
        )
        mean = a * c / both
        spread = b.sqrt(mean * (1.0 - a / both) * (both - c) / (both - 1.0) + 0.5)
        width = 1.7155277699214135 * spread + 0.8989161620588988
        u = _unit(b, one)
        k = b.floor(mean + 0.5 + width * (_unit(b, other) - 0.5) / u)
        inside = (k >= 0.0) & (k <= a)
        k = b.select(inside, k, b.floor(mean))
        top = b.floor((a + 1.0) * (c + 1.0) / (both + 2.0))
        height = _log_cells(b, k, both, a, c) - _log_cells(b, top, both, a, c)
        return self._restored(b, k, good, bad, sample), inside & (2.0 * b.log(u) <= height)


def _log_none(b: Any, both: Any, a: Any, c: Any) -> Any:
    """The logarithm of the probability that none of `a` is among `c`, by Stirling's formula without differences."""
    one = b.const(1.0, "float64")
    both = b.maximum(both, one)
    p, q = a / both, c / both
    left = b.maximum(both - a - c, one)
    share = b.log1p(-b.minimum(p * q / ((1.0 - p) * (1.0 - q)), b.const(0.5, "float64")))
    others = _beyond_stirling(b, both - a) + _beyond_stirling(b, both - c)
    made = c * b.log1p(-p) + a * b.log1p(-q) - (left + 0.5) * share
    made = made + others - _beyond_stirling(b, both) - _beyond_stirling(b, left)
    # Where none is left, both are halves of all, which are few.
    half = b.minimum(a, b.const(20.0, "float64"))
    return b.select(both - a - c < one, 2.0 * b.gammaln(half + 1.0) - b.gammaln(2.0 * half + 1.0), made)


def _log_cells(b: Any, k: Any, both: Any, a: Any, c: Any) -> Any:
    """The logarithm of the probability that k of `a` are among `c` of `both`, but for what does not depend on k."""
    cells = (
        (k, a * c / both),
        (a - k, a * (both - c) / both),
        (c - k, c * (both - a) / both),
        (both - a - c + k, (both - a) * (both - c) / both),
    )
    return _log_mass(b, [(count + 1.0, mean) for count, mean in cells])


class GammaMethod(Method):
    """Source: Marsaglia and Tsang, A simple method for generating gamma variables, 2000."""

    parameters = ("shape",)
    domain = "the shape of a gamma distribution is a number of at least 0"
    dtype = "float64"
    always = False

    def fits(self, b: Any, shape: Any) -> Any:
        # Shapes below 1 come as ones greater by 1.
        return (shape >= 1.0) & (shape < math.inf)

    def attempt(self, b: Any, one: Any, other: Any, shape: Any) -> tuple[Any, Any]:
        d = shape - 1.0 / 3.0
        x = b.sqrt(-2.0 * b.log(radius_unit_of(b, one, "float64"))) * cosine_of(b, one, "float64")
        v = 1.0 + x * (1.0 / 3.0) / b.sqrt(d)
        inside = v > 0.0
        v = b.select(inside, v, b.const(1.0, "float64"))
        v = v * v * v
        taken = b.log(_unit(b, other)) <= 0.5 * (x * x) + d * (1.0 - v + b.log(v))
        return d * v, taken & inside


class VonMisesMethod(Method):
    """The distance of an angle from the middle, from 0 to pi.

    Source:  Best and Fisher, 1979. R is their r - 1, and the angle is had of the sine of its half: both without
             differences, so that they are right for all kappa.
    """

    parameters = ("kappa",)
    domain = "kappa of a von Mises distribution is a number from 0 to 1e100"
    dtype = "float64"
    always = False

    def fits(self, b: Any, kappa: Any) -> Any:
        return (kappa >= 0.0) & (kappa <= 1e100)

    def attempt(self, b: Any, one: Any, other: Any, kappa: Any) -> tuple[Any, Any]:
        kappa = b.maximum(kappa, b.const(1e-100, "float64"))
        h = b.sqrt(1.0 + 4.0 * kappa * kappa)
        root = b.sqrt(2.0 * (1.0 + h))
        above = 1.0 + 1.0 / (h + 2.0 * kappa) + root
        r = above * above / (4.0 * kappa * (1.0 + h + root))
        half = _unit(b, one) * (math.pi / 2)
        cosine = b.cos(half)
        sine = b.sin(half) * b.sqrt(r / (r + 2.0 * cosine * cosine))
        c = kappa * (r + 2.0 * sine * sine)
        taken = b.log(_unit(b, other)) <= b.log(c) + 1.0 - c
        return 2.0 * b.arcsin(sine), taken


class GeometricMethod(Method):
    """The inverse of the distribution's function: how often numbers below p fail to come, by logarithms."""

    parameters = ("p",)
    domain = "a geometric distribution has p above 0, up to 1"
    always = True

    def fits(self, b: Any, p: Any) -> Any:
        return (p > 0.0) & (p <= 1.0)

    def direct(self, b: Any, repeat: Repeat, bits: Any, p: Any) -> Any:
        trials = b.ceil(b.log(_unit(b, bits)) / b.log1p(-p))
        return b.cast(
            b.minimum(b.maximum(trials, b.const(1.0, "float64")), b.const(2.0**62, "float64")), "int64"
        )
