"""x to the power y: e^(y log|x|) with the logarithm in two parts, then the special cases of IEEE 754-2019, 9.2.1."""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import EXP2_SHORT, LN2, LOG2_E, LOG_LONG, LOG_SHORT, TWO_THIRDS
from croton.backends.cpu.vecmath.exponential import RANGES, exp_long, nearest, power_of_two
from croton.backends.cpu.vecmath.lanes import (
    F32,
    Lanes,
    at_least,
    at_most,
    exact_product,
    fma,
    magnitude,
    polynomial,
    quick_sum,
    where,
)
from croton.backends.cpu.vecmath.logarithm import INFINITY, NAN, lift_subnormal, split


def log_in_two(x: Lanes) -> tuple[Lanes, Lanes]:
    """log(x) of a positive finite x as a sum of two, to about 2^-66 of its size."""
    dtype = x.kit.form.dtype
    lifted, shift = lift_subnormal(x)
    k, f = split(lifted)
    k = k + shift
    # s = f / (2 + f), the denominator and the quotient each with what rounding took
    t = f + 2.0
    reciprocal = 1.0 / t
    s = f * reciprocal
    s_low = fma(-s, f - (t - 2.0), fma(-s, t, f)) * reciprocal
    z, z_low = exact_product(s, s)
    z_low = fma(s + s, s_low, z_low)
    # 2/3 + z (...), of which 2/3 is most
    p, p_low = quick_sum(TWO_THIRDS[dtype][0], z * polynomial(z, LOG_LONG[dtype]))
    p_low = p_low + TWO_THIRDS[dtype][1]
    cube, cube_low = exact_product(z, s)
    cube_low = fma(z, s_low, fma(z_low, s, cube_low))
    tail, tail_low = exact_product(cube, p)
    tail_low = fma(cube, p_low, fma(cube_low, p, tail_low))
    y, lost = quick_sum(s + s, tail)
    high, low = LN2[dtype]
    total, carry = quick_sum(k * high, y)
    return quick_sum(total, carry + fma(k, low, (lost + tail_low) + (s_low + s_low)))


def power_by_parts(a: Lanes, y: Lanes) -> Lanes:
    """a^y for a >= 0 without the cases that give 1."""
    limits = RANGES[a.kit.form.dtype]
    high, low = log_in_two(a)
    high = where(a.same(0.0), -INFINITY, where(a < INFINITY, high, a))
    product, lost = exact_product(y, high)
    lost = where((product > limits.low) & (product < limits.high), fma(y, low, lost), 0.0)
    return exp_long(at_most(at_least(product, limits.low), limits.high), lost)


def power_in_double(a: Lanes, y: Lanes) -> Lanes:
    """As power_by_parts, for float32: double precision needs no second part."""
    wide, exponent = a.widen(), y.widen()
    k, f = split(wide)
    s = f / (f + 2.0)
    z = s * s
    tail = fma(z * s, polynomial(z, LOG_SHORT["float64"]), s + s)
    base = fma(tail, LOG2_E["float64"][0], k)
    base = where(wide.same(0.0), -INFINITY, where(wide < INFINITY, base, wide))
    product = at_most(at_least(exponent * base, -300.0), 300.0)
    whole, index = nearest(product, 1.0, wide.kit.form.bias)
    r = product - whole
    return (fma(r, polynomial(r, EXP2_SHORT["float64"]), 1.0) * power_of_two(index)).narrow(a.kit)


def power(x: Lanes, y: Lanes) -> Lanes:
    """x^y."""
    kit = x.kit
    a, whole = magnitude(x), kit.call("rint", y)
    result = power_in_double(a, y) if kit.form is F32 else power_by_parts(a, y)
    integral = whole.same(y)
    half = y * 0.5
    odd = integral & kit.call("rint", half).differs(half)
    sign = x.bits() & (-1 << (kit.form.bits - 1))
    result = (result.bits() ^ where(odd, sign, 0)).as_float()
    undefined = (x < 0.0) & (x > -INFINITY) & (y.same(y) & ~integral)
    one = x.same(1.0) | y.same(0.0) | (a.same(1.0) & magnitude(y).same(INFINITY))
    return where(one, 1.0, where(undefined, NAN, result))
