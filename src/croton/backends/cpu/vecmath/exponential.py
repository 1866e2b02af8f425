"""exp and its kin: x = k log(2) + r with integer k and |r| <= log(2)/2, a polynomial in r, then scaling by 2^k.

Source: the reduction is Cody and Waite's (Software Manual for the Elementary Functions, 1980, ch. 6) with log(2) in two
parts; k is found, as a float and as an integer at once, by adding 1.5 * 2^mantissa.
"""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import EXP, EXP2, LN2, LN10, LOG2_10, LOG2_E, LOG10_2
from croton.backends.cpu.vecmath.lanes import (
    Lanes,
    at_least,
    at_most,
    copysign,
    fma,
    magnitude,
    polynomial,
    quick_sum,
    where,
)
from croton.backends.cpu.vecmath.logarithm import NAN, log1p_of_unit, log_long
from croton.util.record import record


@record(frozen=True)
class Reduced:
    """x = k log(2) + r + tail."""

    k: Lanes
    """The integer as a float."""
    index: Lanes
    """An integer whose low bits are k plus the offset asked for."""
    r: Lanes
    tail: Lanes
    """What rounding took from r."""


def nearest(x: Lanes, factor: float, offset: int) -> tuple[Lanes, Lanes]:
    """round(x * factor), below 2^(mantissa-2), as a float and as the low bits of an integer, there plus `offset`."""
    magic = x.kit.form.magic + offset
    shifted = fma(x, factor, magic)
    return shifted - magic, shifted.bits()


def reduce_exp(x: Lanes, offset: int) -> Reduced:
    """Split x for the exponential functions to base e."""
    form = x.kit.form
    high, low = LN2[form.dtype]
    k, index = nearest(x, LOG2_E[form.dtype][0], offset)
    first = fma(-k, high, x)  # exact: `high` has few bits
    r = fma(-k, low, first)
    return Reduced(k, index, r, fma(-k, low, first - r))


def power_of_two(index: Lanes) -> Lanes:
    """2^(j - bias) from an integer whose low bits are j, 0 <= j <= 2 bias + 1."""
    return (index << index.kit.form.mantissa).as_float()


LIFT = 64.0
"""What is subnormal is computed this many powers of two higher up."""


def scale(y: Lanes, k: Lanes, index: Lanes, deep: Lanes) -> Lanes:
    """y * 2^k where index is k + 2 bias in its low bits; `deep` says where that is subnormal, for a positive y.

    Processors take a hundred cycles for a product that is subnormal. So that is computed higher up, and a number is
    added whose last place is where that of subnormal numbers would be: its bits beyond those of that number are the
    result's.
    """
    form = y.kit.form
    place = y.kit.number(form.tiny * 2.0**LIFT)
    scaled = times_power(y, where(deep, k + LIFT, k), where(deep, index + int(LIFT), index))
    low = ((scaled + place).bits() - place.bits()).as_float()
    return where(deep, low, scaled)


def times_power(y: Lanes, k: Lanes, index: Lanes) -> Lanes:
    """y * 2^k where index is k + 2 bias in its low bits: results may be infinite.

    By the machine's instruction for that, or in two steps: the first is exact, so that the bits are the same.
    """
    scaled = y.kit.scaled(y, k)
    if scaled is not None:
        return scaled
    half = index >> 1
    return y * power_of_two(half) * power_of_two(index - half)


@record(frozen=True)
class Range:
    """Where e^x is neither zero nor infinite, and a little more; and below what it is subnormal."""

    low: float
    high: float
    normal: float
    hyperbolic: float
    """Where sinh and cosh are infinite, yet a quarter of them is not."""


RANGES = {
    "float64": Range(-746.0, 710.0, -708.3964185322641, 710.6),
    "float32": Range(-104.0, 89.0, -87.33654475055311, 89.5),
}


def clamp(x: Lanes) -> Lanes:
    """x within the range of exp: beyond it the result is zero or infinity all the same."""
    limits = RANGES[x.kit.form.dtype]
    return at_most(at_least(x, limits.low), limits.high)


def exp(x: Lanes) -> Lanes:
    """e^x."""
    return exp_within(clamp(x))


def exp_within(x: Lanes) -> Lanes:
    """e^x of an x that is clamped from below, and from above where it may be positive."""
    form = x.kit.form
    parts = reduce_exp(x, 2 * form.bias)
    y = fma(parts.r, polynomial(parts.r, (1.0, *EXP[form.dtype])), 1.0)
    return scale(y, parts.k, parts.index, x < RANGES[form.dtype].normal)


def exp2(x: Lanes) -> Lanes:
    """2^x."""
    form = x.kit.form
    x = at_most(at_least(x, -form.bias - form.mantissa - 2.0), form.bias + 1.0)
    k, index = nearest(x, 1.0, 2 * form.bias)
    r = x - k
    return scale(fma(r, polynomial(r, EXP2[form.dtype]), 1.0), k, index, x < 1.0 - form.bias)


def exp10(x: Lanes) -> Lanes:
    """10^x."""
    form = x.kit.form
    x = at_most(at_least(x, -324.0 if form.bits == 64 else -46.0), 309.0 if form.bits == 64 else 39.0)
    k, index = nearest(x, LOG2_10[form.dtype][0], 2 * form.bias)
    high, low = LOG10_2[form.dtype]
    r = fma(-k, low, fma(-k, high, x))
    high, low = LN10[form.dtype]
    r = fma(r, high, r * low)
    y = fma(r, polynomial(r, (1.0, *EXP[form.dtype])), 1.0)
    return scale(y, k, index, x < (-307.6526555685888 if form.bits == 64 else -37.92977945366163))


def exp_long(
    high: Lanes, low: Lanes, factor: tuple[Lanes, Lanes] | None = None, deep: Lanes | None = None
) -> Lanes:
    """e^(high + low) for |low| far below |high|, times a factor in two parts; `high` within the range of exp.

    `deep` says where the result is subnormal, which a factor without it never makes it.
    """
    form = high.kit.form
    parts = reduce_exp(high, 2 * form.bias)
    r, tail = quick_sum(parts.r, parts.tail + low)
    q = fma(r * r, polynomial(r, EXP[form.dtype]), fma(tail, r, tail)) + r
    y = q + 1.0 if factor is None else factor[0] + fma(factor[0], q, factor[1])
    if factor is None:
        deep = high < RANGES[form.dtype].normal
    if deep is None:
        return times_power(y, parts.k, parts.index)
    return scale(y, parts.k, parts.index, deep)


def expm1_part(x: Lanes, offset: int) -> tuple[Lanes, Reduced]:
    """e^r - 1, and what x was split into: e^x = 2^k e^r."""
    parts = reduce_exp(x, offset)
    r, table = parts.r, EXP[x.kit.form.dtype]
    z = r * r
    # In two halves: where a loop waits for each result, half the time.
    q = fma(r, polynomial(z, table[1::2]), polynomial(z, table[::2]))
    return r + fma(z, q, parts.tail), parts


def expm1(x: Lanes) -> Lanes:
    """e^x - 1, accurate near zero."""
    form = x.kit.form
    bounded = at_most(at_least(x, -form.mantissa * 0.75), RANGES[form.dtype].high)
    q, parts = expm1_part(bounded, form.bias - 1)
    half = power_of_two(parts.index)  # 2^(k-1): 2^k itself may be infinite where the result is not
    y = fma(half, q, half - 0.5)
    return where(magnitude(x) < form.tiny * 2.0, x, y + y)


def negative_exp(x: Lanes) -> Lanes:
    """e^-|x|."""
    return exp_within(at_least(-magnitude(x), RANGES[x.kit.form.dtype].low))


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + e^-x)."""
    e = negative_exp(x)
    negative = x < 0.0
    d = e + 1.0
    y = where(negative, e, 1.0) / d
    # what the sum lost, over d: the quotient by d of 1 is y or 1 - y
    return fma((d - 1.0) - e, y * where(negative, 1.0 - y, y), y)


def softplus(x: Lanes) -> Lanes:
    """log(1 + e^x), without overflow."""
    return where(x > 0.0, x, where(x <= 0.0, 0.0, x)) + log1p_of_unit(negative_exp(x))


def tanh(x: Lanes) -> Lanes:
    """(e^2x - 1) / (e^2x + 1), with e^-2|x| = 2^k (1 + q)."""
    form = x.kit.form
    a = magnitude(x)
    q, parts = expm1_part(at_least(a * -2.0, -form.mantissa * 0.75), form.bias)
    s = power_of_two(parts.index)
    y = fma(-s, q, 1.0 - s) / fma(s, q, s + 1.0)
    return copysign(where(a < form.tiny * 2.0, a, y), x)


def hyperbolic_parts(x: Lanes) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """cosh(r) - 1, sinh(r), and a = 2^(k-2), b = 2^(-k-2) of |x| = k log(2) + r."""
    form = x.kit.form
    parts = reduce_exp(at_most(magnitude(x), RANGES[form.dtype].hyperbolic), form.bias - 2)
    r, z = parts.r, parts.r * parts.r
    table = EXP[form.dtype]
    # e^r = 1 + r + r^2 (c0 + c1 r + ...): its even and odd halves are cosh and sinh
    even = fma(z * z, polynomial(z, table[2::2]), fma(z, table[0], 0.0))
    odd = r + fma(z * r, polynomial(z, table[1::2]), parts.tail)
    # beyond 2^(mantissa + 2) the other exponential adds nothing: its exponent must not leave the format
    b_index = form.bias - 2 - at_most(parts.k, form.bias - 4.0)
    return even, odd, power_of_two(parts.index), power_of_two((b_index + form.magic).bits())


def sinh(x: Lanes) -> Lanes:
    """(e^x - e^-x) / 2."""
    c, s, a, b = hyperbolic_parts(x)
    less = a - b
    y = fma(s, a + b, less) + c * less
    a = magnitude(x)
    return copysign(where(a < x.kit.form.tiny * 4.0, a, y + y), x)


def cosh(x: Lanes) -> Lanes:
    """(e^x + e^-x) / 2."""
    c, s, a, b = hyperbolic_parts(x)
    more = a + b
    y = fma(c, more, s * (a - b)) + more
    return y + y


def log1mexp(x: Lanes) -> Lanes:
    """log(1 - e^x) for x <= 0; NaN for x > 0."""
    form = x.kit.form
    q, parts = expm1_part(at_least(x, RANGES[form.dtype].low), 2 * form.bias)
    s = scale(x.kit.number(1.0), parts.k, parts.index, x < RANGES[form.dtype].normal)
    e = fma(s, q, s)
    u, c = quick_sum(1.0, -e)
    near = x > -0.34
    u, c = where(near, -q, u), where(near, 0.0, c - fma(s, q, s - e))
    return where(x > 0.0, NAN, log_long(u, c))
