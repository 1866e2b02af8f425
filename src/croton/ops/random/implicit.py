"""Continuous distributions whose numbers move with the parameters so that the share of all that are less stays.

With the distribution's function F and density f, that is dx/da = -(dF/da) / f(x). How the numbers were drawn does not
matter; so the gradient is exact, and has no jump, where drawing takes one of two formulas.

Source:  Figurnov, Mohamed and Mnih, Implicit reparameterization gradients, 2018
"""

from __future__ import annotations

import math
from typing import Any

from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.elementwise import isinf, switch
from croton.ops.elemwise import Elemwise
from croton.ops.known import known_value
from croton.ops.random.arrays import ARRAYS
from croton.ops.random.counter import bits_of, inside_unit, standard_normal
from croton.ops.random.parameters import (
    POSITIVE,
    lengths_of_draw,
    of,
    parameters,
    require,
    require_order,
)
from croton.ops.scalar.arithmetic import neg, sqr, sqrt
from croton.ops.scalar.choice import maximum as max_
from croton.ops.scalar.choice import minimum as min_
from croton.ops.scalar.choice import switch as choose
from croton.ops.scalar.comparison import gt, lt
from croton.ops.scalar.dtypes import real, to_float
from croton.ops.scalar.exponential import exp
from croton.ops.scalar.row import like, scalar_op
from croton.ops.scalar.special import erfc, erfcx

_HALF = math.sqrt(0.5)
_MILLS = math.sqrt(math.pi / 2)

# From this bound on, the probability of what lies beyond is 1e-198, 1e-23: not far from what is too small to say.
_FAR = {"float16": 4.0, "float32": 10.0, "float64": 30.0}


# -- the normal distribution between two bounds --------------------------------------------------------------
def _between(b: Any, u: Any, rest: Any, low: Any, high: Any, may_be_far: bool = True) -> Any:
    """The normal number between bounds that a share u of all lies above, and the rest, 1 - u, below.

    Where the bounds lie to the left, it is the negative of what lies to the right. There, up to `_FAR`, it is the
    inverse of the complementary error function. Beyond, its distance d from the nearer bound a is the root of
    d (a + d/2) - log(E(a + d) / E(a)) = -log(share), E(x) being exp(x^2/2) times what lies beyond x. That is nearly
    quadratic, and Newton's steps have the error 1/a^4, and its square.
    """
    dtype = u.dtype if isinstance(u.dtype, str) else u.dtype.name
    zero, scale = b.const(0.0, dtype), b.const(_HALF, dtype)
    left = (low + high) < zero
    share = b.select(left, rest, u)
    near, far = b.select(left, -high, low), b.select(left, -low, high)
    beyond_near, beyond_far = b.erfc(near * scale), b.erfc(far * scale)
    made = b.erfcinv(beyond_far + share * (beyond_near - beyond_far)) * b.const(math.sqrt(2), dtype)
    if may_be_far:
        made = b.select(near > b.const(_FAR[dtype], dtype), _far_out(b, share, near, far), made)
    made = b.minimum(b.maximum(made, near), far)
    return b.select(left, -made, made)


def _far_out(b: Any, share: Any, near: Any, far: Any) -> Any:
    """The same for a nearer bound beyond `_FAR`."""
    dtype = near.dtype if isinstance(near.dtype, str) else near.dtype.name
    half, one, scale = (b.const(v, dtype) for v in (0.5, 1.0, _HALF))
    edge = b.const(_FAR[dtype], dtype)
    start = b.maximum(near, edge)
    beyond = b.erfcx(start * scale)
    least = b.erfcx(far * scale) / beyond * b.exp(-((far - start) * (far + start)) * half)
    wanted = -b.log(least + share * (one - least))
    twice = wanted + wanted
    d = twice / (start + b.sqrt(start * start + twice))
    for _ in range(2):
        here = b.erfcx((start + d) * scale)
        d = d - (d * (start + d * half) - b.log(here / beyond) - wanted) * here * b.const(_MILLS, dtype)
    return start + d


def _between_slopes(u: Any, rest: Any, low: Any, high: Any, y: Any, g: Any) -> list[Any]:
    """By the nearer bound: the density there, by that at x, and the share beyond x; by the farther, the share before.

    What lies beyond is taken times the same exp(m^2/2), m being the nearer bound where that is above 0.
    """
    zero = like(y, 0)
    left = lt(low + high, zero)
    near, far, x = choose(left, neg(high), low), choose(left, neg(low), high), choose(left, neg(y), y)
    m = max_(near, zero)

    def beyond(t: Any) -> Any:
        right = erfcx(max_(t, zero) * like(y, _HALF)) * exp((m - t) * (m + t) * like(y, 0.5))
        return choose(gt(t, zero), right, erfc(min_(t, zero) * like(y, _HALF)))

    def density(t: Any) -> Any:
        """At t, by that at x."""
        return exp((x - t) * (x + t) * like(y, 0.5))

    at_x, at_near, at_far = beyond(x), beyond(near), beyond(far)
    by_near = density(near) * (at_x - at_far) / (at_near - at_far)
    by_far = density(far) * (at_near - at_x) / (at_near - at_far)
    return [None, None, g * choose(left, by_far, by_near), g * choose(left, by_near, by_far)]


def _normal_between(name: str, may_be_far: bool) -> Elemwise:
    return Elemwise(
        scalar_op(
            name,
            "The normal number between two bounds that a given share of all lies above, and the rest below.",
            dtypes=real(to_float),
            eval=lambda xp, u, rest, low, high: _between(ARRAYS, u, rest, low, high, may_be_far),
            lower=lambda b, u, rest, low, high: _between(b, u, rest, low, high, may_be_far),
            grad=_between_slopes,
            unconnected=(0, 1),
            domain=((0.05, 0.95), (0.05, 0.95), (-2.0, 0.5), (0.6, 3.0)),
        )
    )


normal_between = _normal_between("normal_between", may_be_far=True)
# A third of the work, for bounds of which the nearer is known not to lie far out.
normal_between_near = _normal_between("normal_between_near", may_be_far=False)


def truncated_normal(
    state: Any,
    loc: Any = 0.0,
    scale: Any = 1.0,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    dtype: Any = None,
) -> Variable:
    """Normally distributed numbers of those between `low` and `high`, which may be infinite.

    `loc` and `scale` are mean and standard deviation of all numbers. Bounds not given lie twice `scale` from `loc`.

    Errors: ValueError for known bounds of which the first is the greater
    """
    require("truncated_normal", POSITIVE, scale=scale)
    if low is not None and high is not None:
        require_order("truncated_normal", low=low, high=high)
    bounds = [v for v in (low, high) if v is not None]
    dtype, (loc, scale, *bounds) = parameters(dtype, loc, scale, *bounds)
    # Float16 has too few digits for shares.
    wide = "float32" if dtype == "float16" else dtype
    loc, scale, *bounds = (cast(v, wide) for v in (loc, scale, *bounds))
    lengths = lengths_of_draw(size, loc, scale, *bounds)
    least = _scaled(bounds.pop(0), loc, scale) if low is not None else of(wide, -2)
    most = _scaled(bounds.pop(0), loc, scale) if high is not None else of(wide, 2)
    bits, draw = (
        bits_of(state, lengths),
        normal_between_near if _are_near(least, most, wide) else normal_between,
    )
    made: Any = loc + scale * draw(inside_unit(bits, wide), inside_unit(~bits, wide), least, most)
    return cast(made, dtype)


def _are_near(least: Any, most: Any, dtype: str) -> bool:
    """Whether it is known that 0 lies between the bounds, or not far outside of them."""
    low, high = known_value(least), known_value(most)
    if low is None or high is None:
        return False
    return bool((low <= _FAR[dtype]).all() and (high >= -_FAR[dtype]).all())


def _scaled(bound: Any, loc: Any, scale: Any) -> Any:
    """A bound as a number of standard deviations; one that is infinite has no gradient."""
    infinite = isinf(bound)
    return switch(infinite, bound, (switch(infinite, loc, bound) - loc) / scale)


# -- the inverse normal distribution -------------------------------------------------------------------------
def _passage(b: Any, z: Any, u: Any, mean: Any, scale: Any) -> Any:
    """One of the two numbers that have the same z^2 = scale (x - mean)^2 / (mean^2 x).

    source: Michael, Schucany and Haas, 1976; the smaller root written without a difference
    """
    w = mean * z * z
    first = b.sqrt(scale) / (b.sqrt(w) + b.sqrt(w + 4.0 * scale))
    ratio = 4.0 * first * first
    return mean * b.select(u * (1.0 + ratio) <= 1.0, ratio, 1.0 / ratio)


def _passage_slopes(z: Any, u: Any, mean: Any, scale: Any, x: Any, g: Any) -> list[Any]:
    # dF/dmean = -2 scale/mean^2 exp(2 scale/mean) Phi(-t), for t = sqrt(scale/x) (x/mean + 1); in that, phi(t) times
    # the exponential is sqrt(x^3/scale) f(x). As for `scale`, x is in proportion to both parameters.
    t = sqrt(scale / x) * (x / mean + like(x, 1))
    by_mean = like(x, 2 * _MILLS) * sqrt(scale * x) * x / sqr(mean) * erfcx(t * like(x, _HALF))
    return [None, None, g * by_mean, g * (x - mean * by_mean) / scale]


_wald = Elemwise(
    scalar_op(
        "wald_of",
        "A number of an inverse normal distribution, made of a normal and a uniform one.",
        dtypes=real(to_float),
        eval=lambda xp, z, u, mean, scale: _passage(ARRAYS, z, u, mean, scale),
        lower=_passage,
        grad=_passage_slopes,
        unconnected=(0, 1),
        domain=((-2.0, 2.0), (0.05, 0.95), (0.5, 2.0), (0.5, 2.0)),
    )
)


def wald(state: Any, mean: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers of an inverse normal distribution, of the mean `mean` and the variance `mean`^3 / `scale`."""
    require("wald", POSITIVE, mean=mean, scale=scale)
    dtype, (mean, scale) = parameters(dtype, mean, scale)
    lengths = lengths_of_draw(size, mean, scale)
    z, u = standard_normal(state, lengths, dtype), inside_unit(bits_of(state, lengths, 1), dtype)
    made: Variable = _wald(z, u, mean, scale)
    return made
