"""Logarithms: x = 2^k m with m in [sqrt(1/2), sqrt(2)), log(m) = 2 atanh(s), s = f / (2 + f), f = m - 1.

Source: the series in s is Cody and Waite's (Software Manual for the Elementary Functions, 1980, ch. 5); that
log(1+f) = f - (f^2/2 - s (f^2/2 + tail)) keeps f's own digits follows from f - 2s = s f.
"""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import LN2, LOG, LOG2_E, LOG10_2, LOG10_E
from croton.backends.cpu.vecmath.lanes import (
    Lanes,
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

INFINITY, NAN = float("inf"), float("nan")

SMALL = {"float64": 2.0**-28, "float32": 2.0**-13}
"""Below this an odd function whose next term is x^3/6 or x^3/3 is x."""

NEXT_TO_NOTHING = {"float64": 2.0**-60, "float32": 2.0**-40}
"""Below this log(1 + x) is x; not far below, products on the way are subnormal, which takes processors long."""

ROOT_HALF = {"float64": 0x3FE6A09E667F3BCD, "float32": 0x3F3504F3}
"""Encoding of sqrt(1/2)."""


def split(x: Lanes) -> tuple[Lanes, Lanes]:
    """k (as a float) and f = m - 1 of a normal positive x."""
    form = x.kit.form
    root = ROOT_HALF[form.dtype]
    # subtract the encoding of sqrt(1/2), but for a bias that keeps the sum positive
    moved = x.bits() + ((form.bias << form.mantissa) - root)
    # the exponent under the bits of 2^mantissa is the float 2^mantissa + k + bias
    carrier = (form.bias + form.mantissa) << form.mantissa
    k = ((moved >> form.mantissa) | carrier).as_float() - (2.0**form.mantissa + form.bias)
    m = ((moved & ((1 << form.mantissa) - 1)) + root).as_float()
    return k, m - 1.0


def lift_subnormal(x: Lanes) -> tuple[Lanes, Lanes]:
    """x, times 2^(mantissa+2) where it is subnormal, and what that adds to k."""
    form = x.kit.form
    up = form.mantissa + 2.0
    small = x < form.tiny
    return where(small, x * 2.0**up, x), where(small, x.kit.number(-up), 0.0)


def log_near_one(f: Lanes) -> tuple[Lanes, Lanes]:
    """f^2/2 and the small rest: log(1+f) = f - (f^2/2 - rest)."""
    half_square = f * f * 0.5
    s = f / (f + 2.0)
    z = s * s
    return half_square, s * fma(z, polynomial(z, LOG[f.kit.form.dtype]), half_square)


def combine(k: Lanes, f: Lanes, extra: Lanes | None = None) -> Lanes:
    """k log(2) + log(1 + f) + extra, the last far below the others."""
    high, low = LN2[f.kit.form.dtype]
    half_square, rest = log_near_one(f)
    if extra is not None:
        rest = rest + extra
    return fma(k, high, f - (half_square - fma(k, low, rest)))


def guard(x: Lanes, y: Lanes) -> Lanes:
    """y where x is positive and finite; else the logarithm's special values."""
    special = where(x < 0.0, NAN, where(x.same(0.0), -INFINITY, x))
    return where((x > 0.0) & (x < INFINITY), y, special)


def log(x: Lanes) -> Lanes:
    """Natural logarithm."""
    lifted, shift = lift_subnormal(x)
    k, f = split(lifted)
    return guard(x, combine(k + shift, f))


def log_with_tail(f: Lanes) -> tuple[Lanes, Lanes]:
    """log(1 + f) as a sum of two, some eight bits better than one number."""
    half_square, rest = log_near_one(f)
    high, lost = quick_sum(f, -half_square)
    return high, lost + (rest - fma(f * 0.5, f, -half_square))


def log2(x: Lanes) -> Lanes:
    """Logarithm to base 2, exact at powers of two."""
    lifted, shift = lift_subnormal(x)
    k, f = split(lifted)
    high, low = log_with_tail(f)
    factor, correction = LOG2_E[x.kit.form.dtype]
    product, lost = exact_product(high, factor)
    y, carry = quick_sum(k + shift, product)
    return guard(x, y + (carry + (lost + fma(low, factor, high * correction))))


def log10(x: Lanes) -> Lanes:
    """Logarithm to base 10, exact at powers of ten."""
    lifted, shift = lift_subnormal(x)
    k, f = split(lifted)
    k = k + shift
    high, low = log_with_tail(f)
    factor, correction = LOG10_E[x.kit.form.dtype]
    digit, digit_low = LOG10_2[x.kit.form.dtype]
    product, lost = exact_product(high, factor)
    y, carry = quick_sum(k * digit, product)
    return guard(x, y + (carry + (lost + fma(k, digit_low, fma(low, factor, high * correction)))))


def log1p(x: Lanes) -> Lanes:
    """log(1 + x), accurate near zero."""
    small = magnitude(x) < NEXT_TO_NOTHING[x.kit.form.dtype]
    u, lost = exact_sum(x.kit.number(1.0), where(small, 0.0, x))
    return where(small, x, guard(u, log_of_sum(u, lost)))


def log_of_sum(u: Lanes, lost: Lanes, shift: Lanes | None = None) -> Lanes:
    """log(u + lost) + shift log(2) for a positive normal u and |lost| <= ulp(u)/2."""
    form = u.kit.form
    k, f = split(u)
    # 2^(1-k): u / 2^k = m exactly, so its exponent field is that of m less that of u; 2^-k may have none
    down = ((f + 1.0).bits() - u.bits() + ((form.bias + 1) << form.mantissa)).as_float()
    return combine(k if shift is None else k + shift, fma(lost * 0.5, down, f))


def log1p_of_unit(e: Lanes) -> Lanes:
    """log(1 + e) for 0 <= e <= 1, without special cases but NaN."""
    small = e < NEXT_TO_NOTHING[e.kit.form.dtype]
    u, lost = quick_sum(1.0, where(small, 0.0, e))
    return where(small, e, log_of_sum(u, lost))


def log_long(u: Lanes, lost: Lanes) -> Lanes:
    """log(u + lost) with all special cases."""
    lifted, shift = lift_subnormal(u)
    return guard(u, log_of_sum(lifted, lost, shift))


def arcsinh(x: Lanes) -> Lanes:
    """log(|x| + sqrt(x^2 + 1)) with the sign of x; the sum in two parts keeps what is near zero."""
    a = magnitude(x)
    large, small = a > 2.0**30, a < SMALL[x.kit.form.dtype]
    b = where(large, 1.0, a)
    square, lost = exact_product(b, b)
    v, carry = exact_sum(square, x.kit.number(1.0))
    y = log_of_root(b, v, carry + lost, a, large)
    return copysign(where(small, a, y), x)


def arccosh(x: Lanes) -> Lanes:
    """log(x + sqrt(x^2 - 1)); NaN below 1."""
    large = x > 2.0**30
    b = where(large, 1.5, x)
    square, lost = exact_product(b, b)
    v, carry = exact_sum(square, x.kit.number(-1.0))
    y = log_of_root(b, v, carry + lost, x, large)
    return where(x >= 1.0, where(x.same(1.0), 0.0, y), NAN)


def log_of_root(b: Lanes, v: Lanes, v_low: Lanes, a: Lanes, large: Lanes) -> Lanes:
    """log(b + sqrt(v + v_low)); log(2 a) where `large`."""
    w = sqrt(v)
    w_low = (fma(-w, w, v) + v_low) / (w + w)
    u, lost = exact_sum(b, w)
    u, lost = quick_sum(u, lost + w_low)
    y = log_of_sum(where(large, a, u), where(large, 0.0, lost), where(large, b.kit.number(1.0), 0.0))
    return where(a < INFINITY, y, a)


def arctanh(x: Lanes) -> Lanes:
    """log((1+|x|) / (1-|x|)) / 2 with the sign of x; NaN beyond 1."""
    a = magnitude(x)
    d, d_low = quick_sum(1.0, -a)
    twice = a + a
    q = twice / d
    q_low = (fma(-q, d, twice) - q * d_low) / d
    u, lost = exact_sum(x.kit.number(1.0), q)
    u, lost = quick_sum(u, lost + q_low)
    y = log_of_sum(u, lost) * 0.5
    y = where(a < 1.0, y, where(a.same(1.0), INFINITY, NAN))
    return copysign(where(a < SMALL[x.kit.form.dtype], a, y), x)
