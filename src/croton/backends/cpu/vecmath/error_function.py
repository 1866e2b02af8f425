"""erf, erfc, erfcx and their inverses.

Source: erfc(a) = e^(-a^2) erfcx(a), with (a + 4) erfcx(a) a polynomial in (a - 4)/(a + 4), which maps [0, inf) onto
[-1, 1) (the mapping is Shepherd and Laframboise's, Math. Comp. 36 (1981) 249). The inverses take one step of
Halley's method on log(erfc(y)), whose derivative is -2/(sqrt(pi) erfcx(y)) (DLMF 7.10.1).
"""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import (
    ERF_FAR,
    ERF_FAR_SHORT,
    ERF_NEAR,
    ERFCINV_FIRST,
    ERFCINV_SHORT,
    ERFCX,
    ERFCX_FAR,
    ERFCX_MIDDLE,
    ERFCX_ZERO,
    ERFINV_NEAR,
    ERFINV_NEAR_SHORT,
    EXP,
    EXP2,
    INVERSE_ROOT_PI,
    LOG_ERFC_SHORT,
    ROOT_PI_HALF,
)
from croton.backends.cpu.vecmath.exponential import exp_long, nearest, power_of_two, reduce_exp, scale
from croton.backends.cpu.vecmath.lanes import (
    F32,
    Lanes,
    at_least,
    at_most,
    copysign,
    exact_product,
    exact_sum,
    fma,
    magnitude,
    polynomial,
    quick_sum,
    sqrt,
    where,
)
from croton.backends.cpu.vecmath.logarithm import INFINITY, NAN, log
from croton.backends.cpu.vecmath.power import log_in_two

ROOT_PI = 1.7724538509055159

NORMAL = {"float64": 26.543258454250981, "float32": 9.1945494491346723}
"""Beyond this erfc is subnormal."""


def erf(x: Lanes) -> Lanes:
    """Error function."""
    form = x.kit.form
    short = form is F32
    a = magnitude(x)
    near = fma(a, polynomial(a * a, ERF_NEAR[form.dtype]), a)
    bounded = at_most(a, 3.95 if short else 5.95)  # erf is 1 beyond
    level = polynomial(bounded, (ERF_FAR_SHORT if short else ERF_FAR)[form.dtype])
    parts = reduce_exp(level, form.bias)
    complement = fma(parts.r, polynomial(parts.r, (1.0, *EXP[form.dtype])), 1.0)
    far = fma(-complement, power_of_two(parts.index), 1.0)
    return copysign(where(a < 1.0, near, far), x)


def erfcx_in_two(a: Lanes) -> tuple[Lanes, Lanes]:
    """erfcx(a) for 0 <= a < 2^500 as a number and a correction below its last places."""
    dtype = a.kit.form.dtype
    far = a > 12.0
    d = where(far, a, a + 4.0)
    w = 1.0 / d
    # 1 - w d: what division and addition lost
    lost = fma(-w, where(far, 0.0, a - (d - 4.0)), fma(-w, d, 1.0))
    t = fma(w * lost, -8.0, fma(w, -8.0, 1.0))  # (a - 4) / (a + 4)
    middle, middle_low = ERFCX_MIDDLE[dtype]
    slope, *others = ERFCX[dtype]
    linear, linear_lost = exact_product(t, slope)
    p, p_low = exact_sum(linear, a.kit.number(middle))
    p_low = p_low + fma(t * t, polynomial(t, others), linear_lost)
    p, p_low = quick_sum(p, p_low)
    # the mapped polynomial is off by more than a unit in the last place out there
    first, first_low = INVERSE_ROOT_PI[dtype]
    z = w * w
    q, q_low = quick_sum(first, z * polynomial(z, ERFCX_FAR[dtype]))
    p, p_low = where(far, q, p), where(far, q_low + first_low, p_low + middle_low)
    high, low = exact_product(p, w)
    return high, fma(high, lost, fma(p_low, w, low))


# The coefficients of LOG_ERFC_SHORT from this one on are so small that float32 does for their sum.
ROUGH = 6


def erfc_short(x: Lanes) -> Lanes:
    """As erfc, for float32: 2 to the power of a polynomial, of which only what is large needs double precision."""
    kit = x.kit
    table = LOG_ERFC_SHORT["float64"]
    a = at_most(magnitude(x), 10.2)  # erfc is 0 beyond
    u = fma(a.widen(), 1 / 5.1, -1.0)
    v = u.narrow(kit)
    even, odd = (polynomial(v * v, table[start::2]) for start in (ROUGH, ROUGH + 1))
    level = fma(v, odd, even).widen()
    for c in table[ROUGH - 1 :: -1]:
        level = fma(u, level, c)
    k, _ = nearest(level, 1.0, 0)
    r, whole = (level - k).narrow(kit), k.narrow(kit)
    _, index = nearest(whole, 1.0, 2 * kit.form.bias)
    y = scale(fma(r, polynomial(r, EXP2["float32"]), 1.0), whole, index, a > NORMAL["float32"])
    return where(x < 0.0, 2.0 - y, y)


def erfc(x: Lanes) -> Lanes:
    """1 - erf(x), with all digits for large x."""
    if x.kit.form is F32:
        return erfc_short(x)
    a = at_most(magnitude(x), 27.3)  # erfc is 0 beyond
    square, low = exact_product(a, a)
    y = exp_long(-square, -low, erfcx_in_two(a), a > NORMAL["float64"])
    near = fma(-x, polynomial(square, ERF_NEAR[x.kit.form.dtype]), 1.0 - x)
    return where(a < 0.8, near, where(x < 0.0, 2.0 - y, y))


def erfcx(x: Lanes) -> Lanes:
    """e^(x^2) erfc(x)."""
    a = magnitude(x)
    high, low = erfcx_in_two(at_most(a, 2.0**60))
    positive = where(a > 2.0**30, INVERSE_ROOT_PI[x.kit.form.dtype][0] / a, high + low)
    b = at_most(a, 26.65)
    square, rest = exact_product(b, b)
    e = exp_long(at_most(square, 709.9), rest)
    y = where(x < 0.0, (e - high) + (e - low), positive)
    return where(a < 0.55, fma(x, polynomial(x, ERFCX_ZERO[x.kit.form.dtype]), 1.0), y)


def inverse_of_tail(q: Lanes) -> Lanes:
    """The y with erfc(y) = q, for 0 <= q <= 1/4."""
    level, level_low = log_in_two(q)
    level, level_low = -level, -level_low
    s = sqrt(level)
    y = s * polynomial(1.0 / (s + 1.0), ERFCINV_FIRST[q.kit.form.dtype])
    high, low = erfcx_in_two(y)
    square, lost = exact_product(y, y)
    slope = high * ROOT_PI_HALF[q.kit.form.dtype][0]
    inverse = 0.5 / slope  # 1 / (sqrt(pi) high)
    gap = ((level - square) + (level_low - lost)) + fma(low * ROOT_PI, inverse, log(high))
    step = gap * slope
    y = y + fma(step * step, y - inverse, step)
    return where(q.same(0.0), INFINITY, y)


def erfinv_near(a: Lanes) -> Lanes:
    """erfinv(a) for |a| <= 3/4."""
    high, low = ROOT_PI_HALF[a.kit.form.dtype]
    product, lost = exact_product(a, high)
    return product + fma(a, polynomial(a * a, ERFINV_NEAR[a.kit.form.dtype]) + low, lost)


def inverse_short(near: Lanes, share: Lanes, beyond: Lanes) -> Lanes:
    """For float32: the y with erf(y) = share where `near`, else with erfc(y) = beyond, by polynomials alone.

    They are taken in double precision, as `share` is given; the logarithm needs none.
    """
    s = sqrt((-log(beyond)).widen())
    middle = share * polynomial(share * share, ERFINV_NEAR_SHORT["float64"])
    tail = s * polynomial(1.0 / (s + 1.0), ERFCINV_SHORT["float64"])
    return where(near, middle.narrow(beyond.kit), tail.narrow(beyond.kit))


def erfinv(x: Lanes) -> Lanes:
    """Inverse of erf; NaN beyond 1."""
    a = magnitude(x)
    near = a < 0.75
    if x.kit.form is F32:
        y = inverse_short(near, a.widen(), 1.0 - a)
    else:
        y = where(near, erfinv_near(a), inverse_of_tail(where(near, 0.25, 1.0 - a)))
    return copysign(where(a <= 1.0, y, NAN), x)


def erfcinv(x: Lanes) -> Lanes:
    """Inverse of erfc; NaN outside [0, 2]."""
    lower = x < 1.0
    q = where(lower, x, 2.0 - x)
    near = q > 0.25
    if x.kit.form is F32:
        y = inverse_short(near, 1.0 - q.widen(), q)
    else:
        y = where(near, erfinv_near(1.0 - q), inverse_of_tail(where(near, 0.25, at_least(q, 0.0))))
    y = where(lower, y, -y)
    return where((x >= 0.0) & (x <= 2.0), y, NAN)
