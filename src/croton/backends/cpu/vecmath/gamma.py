"""gamma, gammaln, psi, tri_gamma: Stirling's series for large arguments, recurrence and reflection to get there.

Source: DLMF 5.5.1 (recurrence), 5.5.3 (reflection), 5.11.1 and 5.11.2 (asymptotic series; here minimax polynomials of
the same form). Sums of large logarithms are carried in two parts, since e^P magnifies the absolute error of P.
"""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import (
    DIGAMMA_FAR,
    DIGAMMA_MIDDLE,
    DIGAMMA_NEAR,
    DIGAMMA_ZERO,
    GAMMALN_ONE,
    GAMMALN_TWO,
    HALF_LOG_TWO_PI,
    PI,
    SIN_PI,
    STIRLING,
    TRIGAMMA_FAR,
    TRIGAMMA_NEAR,
)
from croton.backends.cpu.vecmath.exponential import exp_long
from croton.backends.cpu.vecmath.lanes import (
    Lanes,
    copysign,
    exact_product,
    fma,
    magnitude,
    polynomial,
    quick_sum,
    where,
)
from croton.backends.cpu.vecmath.logarithm import INFINITY, NAN, log
from croton.backends.cpu.vecmath.power import log_in_two

SHIFT = 8
"""Stirling's series is used from here on."""


def sine_of_pi(r: Lanes) -> tuple[Lanes, Lanes]:
    """sin(pi r) for |r| <= 1/2, as a number and a correction."""
    dtype = r.kit.form.dtype
    cubic, *others = SIN_PI[dtype]
    # the two largest terms of sin(pi r)/r in two parts each
    z, z_lost = exact_product(r, r)
    second, second_lost = exact_product(z, cubic)
    slope, slope_lost = quick_sum(PI[dtype][0], second)
    slope_low = slope_lost + fma(z * z, polynomial(z, others), fma(z_lost, cubic, second_lost + PI[dtype][1]))
    product, lost = exact_product(r, slope)
    return quick_sum(product, fma(r, slope_low, lost))


def from_integer(a: Lanes) -> tuple[Lanes, Lanes]:
    """a less the nearest integer, and that integer in the low bits of an index."""
    magic = a.kit.form.magic
    bounded = where(a < 2.0**51, a, 0.0)  # larger numbers are integers
    shifted = bounded + magic
    return bounded - (shifted - magic), shifted.bits()


def rising(a: Lanes) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """b = a + m >= 8 and a (a+1) ... (a+m-1), each in two parts."""
    kit = a.kit
    product, low = kit.number(1.0), kit.number(0.0)
    b, b_low = a, kit.number(0.0)
    for _ in range(SHIFT):
        small = b < float(SHIFT)
        factor = where(small, b, 1.0)
        high, lost = exact_product(product, factor)
        low = fma(low, factor, fma(product, where(small, b_low, 0.0), lost))
        product = high
        following = b + 1.0
        b_low = where(small, b_low + (b - (following - 1.0)), b_low)
        b = where(small, following, b)
    return b, b_low, product, low


def stirling(b: Lanes, b_low: Lanes) -> tuple[Lanes, Lanes]:
    """log(gamma(b + b_low)) for b >= 8, as a sum of two."""
    dtype = b.kit.form.dtype
    high, low = log_in_two(b)
    half_less = b - 0.5
    product, lost = exact_product(half_less, high)
    inverse = 1.0 / b
    series = polynomial(inverse * inverse, STIRLING[dtype])
    rest = fma(b_low, high - inverse * 0.5, fma(half_less, low, inverse * series))
    total, carry = quick_sum(product, -b)
    total, second = quick_sum(total, b.kit.number(HALF_LOG_TWO_PI[dtype][0]))
    return quick_sum(total, (carry + second) + ((lost + HALF_LOG_TWO_PI[dtype][1]) + rest))


def gamma(x: Lanes) -> Lanes:
    """Gamma function; NaN at negative integers."""
    kit = x.kit
    a, negative = magnitude(x), x < 0.0
    b, b_low, product, product_low = rising(where(a < 200.0, a, 200.0))  # infinite, or zero, long before
    high, low = stirling(b, b_low)
    low = low - product_low / product
    r, index = from_integer(a)
    sine, sine_low = sine_of_pi(r)
    low = low + where(negative, sine_low / sine, 0.0)  # log(sine + sine_low), in the exponent
    sine = (sine.bits() ^ (index << (kit.form.bits - 1))).as_float()
    pi, pi_low, _ = PI[kit.form.dtype]
    mirrored, mirrored_low = exact_product(product, -pi)
    mirrored_low = fma(product, -pi_low, mirrored_low)
    waves, waves_low = exact_product(a, sine)
    top, top_low = where(negative, mirrored, 1.0), where(negative, mirrored_low, 0.0)
    bottom, bottom_low = where(negative, waves, product), where(negative, waves_low, 0.0)
    factor = top / bottom
    factor_low = (fma(-factor, bottom, top) + fma(-factor, bottom_low, top_low)) / bottom
    high, low = where(negative, -high, high), where(negative, -low, low)
    y = exp_long(where(high > 710.0, 710.0, high), low, (factor, factor_low))
    y = where(a < 2.0**-60, 1.0 / x, y)
    y = where(negative & (r.same(0.0) | a.same(INFINITY)), NAN, y)
    return where(x.is_nan(), x, y)


def gammaln(x: Lanes) -> Lanes:
    """log|gamma(x)|; for x < 0 the error near a zero is absolute, not relative."""
    dtype = x.kit.form.dtype
    a = magnitude(x)
    b, b_low, product, product_low = rising(a)
    high, low = stirling(b, b_low)
    falling, falling_low = log_in_two(product)
    difference, lost = quick_sum(high, -falling)
    y = difference + (lost + ((low - falling_low) - product_low / product))
    u, v = a - 1.0, a - 2.0
    y = where(magnitude(u) < 0.0625, u * polynomial(u, GAMMALN_ONE[dtype]), y)
    y = where(magnitude(v) < 0.0625, v * polynomial(v, GAMMALN_TWO[dtype]), y)
    level = log(a)
    y = where(a > 2.0**100, a * (level - 1.0), y)
    r, _ = from_integer(a)
    mirrored = log(PI[dtype][0] / (a * magnitude(sine_of_pi(r)[0]))) - y
    y = where(x < 0.0, mirrored, y)
    return where(a < 2.0**-60, -level, where(a < INFINITY, y + 0.0, x))


def near_two(a: Lanes) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """Whether a < 1; c = a + 1 there, else a; whether c < 3; c clipped to 3 from below."""
    small = a < 1.0
    c = where(small, a + 1.0, a)
    near = c < 3.0
    return small, c, near, where(near, 3.0, c)


def psi(x: Lanes) -> Lanes:
    """Logarithmic derivative of gamma; NaN at negative integers."""
    dtype = x.kit.form.dtype
    a, negative = magnitude(x), x < 0.0
    small, c, near, b = near_two(a)
    zero, zero_low = DIGAMMA_ZERO[dtype]
    middle, middle_low = DIGAMMA_MIDDLE[dtype]
    u = where(near, c, 2.0) - 2.0
    p, p_low = quick_sum(middle, u * polynomial(u, DIGAMMA_NEAR[dtype]))
    distance, distance_low = quick_sum(c - zero, c.kit.number(-zero_low))
    y_near = fma(distance, p, fma(distance, p_low + middle_low, distance_low * p))
    inverse = 1.0 / b
    z = inverse * inverse
    y_far = log(b) + fma(inverse, -0.5, z * polynomial(z, DIGAMMA_FAR[dtype]))
    y = where(near, y_near, y_far)
    r, _ = from_integer(a)
    cosine, _ = sine_of_pi(0.5 - magnitude(r))
    cotangent = PI[dtype][0] * cosine / sine_of_pi(r)[0]
    step = 1.0 / a
    step_low = where(a < 2.0**-60, 0.0, fma(-step, a, 1.0) * step)
    y = where(negative, where(small, y, y + step) + cotangent, where(small, (y - step_low) - step, y))
    y = where(x.same(0.0), copysign(INFINITY, -x), y)
    return where(negative & r.same(0.0), NAN, y)


def tri_gamma(x: Lanes) -> Lanes:
    """Derivative of psi."""
    dtype = x.kit.form.dtype
    a, negative = magnitude(x), x < 0.0
    small, c, near, b = near_two(a)
    inverse = 1.0 / b
    z = inverse * inverse
    y_far = fma(inverse, fma(z, polynomial(z, TRIGAMMA_FAR[dtype]), inverse * 0.5), inverse)
    y = where(near, polynomial(c - 2.0, TRIGAMMA_NEAR[dtype]), y_far)
    r, _ = from_integer(a)
    sine, sine_low = sine_of_pi(r)
    ratio = PI[dtype][0] / sine
    ratio_low = (fma(-ratio, sine, PI[dtype][0]) + fma(-ratio, sine_low, PI[dtype][1])) / sine
    step = 1.0 / a
    square = step * step
    square = where(square < INFINITY, fma(step + step, fma(-step, a, 1.0) * step, square), square)
    reflected, lost = exact_product(ratio, ratio)
    mirrored = reflected + (fma(ratio + ratio, ratio_low, lost) - where(small, y, y - square))
    mirrored = where(reflected < INFINITY, mirrored, reflected)
    return where(negative, mirrored, where(small, y + square, y))
