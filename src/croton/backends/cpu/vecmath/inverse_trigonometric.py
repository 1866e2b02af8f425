"""arcsin, arccos, arctan, arctan2: a fold to a short interval, then an odd polynomial.

Source: asin(x) = pi/2 - 2 asin(sqrt((1-x)/2)) for x > 1/2 (DLMF 4.24.16 with the half-angle formula);
atan(x) = pi/4 + atan((x-1)/(x+1)) = pi/2 - atan(1/x) (DLMF 4.24.15, 4.24.17).
"""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import ASIN, ATAN, HALF_PI, PI, QUARTER_PI
from croton.backends.cpu.vecmath.lanes import Lanes, copysign, fma, magnitude, polynomial, sqrt, where
from croton.backends.cpu.vecmath.logarithm import INFINITY

TAN_PI_8 = 0.41421356
"""About tan(pi/8): where the middle formula takes over."""


def folded(a: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """Whether a > 1/2; s = a, or sqrt((1-a)/2) there; and asin(s) - s."""
    large = a > 0.5
    z = where(large, fma(a, -0.5, 0.5), a * a)
    s = where(large, sqrt(z), a)
    return large, s, (s * z) * polynomial(z, ASIN[a.kit.form.dtype])


def arcsin(x: Lanes) -> Lanes:
    """Inverse sine; NaN beyond 1."""
    high, low, _ = HALF_PI[x.kit.form.dtype]
    large, s, rest = folded(magnitude(x))
    return copysign(where(large, (high - (s + s)) + (low - (rest + rest)), s + rest), x)


def arccos(x: Lanes) -> Lanes:
    """Inverse cosine; NaN beyond 1."""
    dtype = x.kit.form.dtype
    large, s, rest = folded(magnitude(x))
    negative = x < 0.0
    s, rest = where(negative, -s, s), where(negative, -rest, rest)
    half, half_low, _ = HALF_PI[dtype]
    small = (half - s) + (half_low - rest)
    high = where(negative, PI[dtype][0], 0.0)
    low = where(negative, PI[dtype][1], 0.0)
    return where(large, high + ((s + s) + ((rest + rest) + low)), small)


def odd_arctan(t: Lanes) -> Lanes:
    """atan(t) - t for |t| <= tan(pi/8)."""
    z = t * t
    return (t * z) * polynomial(z, ATAN[t.kit.form.dtype])


def arctan(x: Lanes) -> Lanes:
    """Inverse tangent."""
    dtype = x.kit.form.dtype
    a = magnitude(x)
    middle, far = a > TAN_PI_8, a > 1.0 / TAN_PI_8
    top = where(far, -1.0, where(middle, a - 1.0, a))
    t = top / where(far, a, where(middle, a + 1.0, 1.0))
    base = where(far, HALF_PI[dtype][0], where(middle, x.kit.number(QUARTER_PI[dtype][0]), 0.0))
    low = where(far, HALF_PI[dtype][1], where(middle, x.kit.number(QUARTER_PI[dtype][1]), 0.0))
    return copysign(base + (t + (odd_arctan(t) + low)), x)


def arctan2(y: Lanes, x: Lanes) -> Lanes:
    """Angle of the point (x, y), in [-pi, pi]."""
    form = x.kit.form
    a, b = magnitude(y), magnitude(x)
    same = a.same(b) & (a.same(0.0) | a.same(INFINITY))  # 0/0 and inf/inf
    b = where(same & b.same(0.0), 1.0, b)
    a, b = where(same & b.same(INFINITY), 1.0, a), where(same & b.same(INFINITY), 1.0, b)
    largest = where(a > b, a, b)
    huge, minute = largest > 2.0 ** (form.bias - 3), largest < form.tiny * 2.0**form.mantissa
    factor = where(huge, x.kit.number(0.25), where(minute, x.kit.number(2.0**form.mantissa), 1.0))
    a, b = a * factor, b * factor
    middle, far = a > b * TAN_PI_8, a * TAN_PI_8 > b
    t = where(far, -b, where(middle, a - b, a)) / where(far, a, where(middle, a + b, b))
    # as multiples of pi/4: the angle's nearest axis or diagonal
    quarters = where(far, x.kit.number(2.0), where(middle, x.kit.number(1.0), 0.0))
    left = x.bits() < 0
    quarters = where(left, 4.0 - quarters, quarters)
    t = where(left, -t, t)
    high, low = QUARTER_PI[form.dtype]
    base = quarters * high
    low_part = fma(quarters, low, fma(quarters, high, -base))
    angle = base + (t + (odd_arctan(t) + low_part))
    return copysign(angle, y)
