"""What tools/minimax.py fits: one row for each polynomial of croton.backends.cpu.vecmath."""

from __future__ import annotations

import mpmath as mp
from minimax import Fit, Parts, Real

HALF_LN2 = mp.mpf("0.34665")  # ln(2)/2 and a little: the quotient is rounded, so the remainder may overshoot
HALF_PI = mp.pi / 2 * (1 + mp.mpf(2) ** -20)
QUARTER_PI = mp.pi / 4 * (1 + mp.mpf(2) ** -20)


def log_tail(z: Real) -> Real:
    """(log((1+s)/(1-s)) - 2s) / s^3 at z = s^2."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / s**3


def odd_tail(function, z: Real) -> Real:  # type: ignore[no-untyped-def]
    """(f(x) - x) / x^3 at z = x^2."""
    x = mp.sqrt(z)
    return (function(x) - x) / x**3


TASKS: tuple[Fit | Parts, ...] = (
    # so few bits in the first part that its product with any exponent is exact
    Parts("LN2", "log(2)", mp.log(2), (42, 16)),
    Parts("LOG10_2", "log10(2)", mp.log(2) / mp.log(10), (42, 16)),
    Parts("LOG2_E", "1/log(2)", 1 / mp.log(2)),
    Parts("LOG10_E", "1/log(10)", 1 / mp.log(10)),
    Parts("LN10", "log(10)", mp.log(10)),
    Parts("LOG2_10", "log2(10)", mp.log(10) / mp.log(2)),
    Parts("TWO_THIRDS", "2/3", mp.mpf(2) / 3),
    Parts("PI", "pi", mp.pi, (None, None), 3),
    Parts("INVERSE_PI", "1/pi", 1 / mp.pi),
    Parts("QUARTER_PI", "pi/4", mp.pi / 4),
    Parts("HALF_PI", "pi/2", mp.pi / 2, (None, None), 3),
    Fit("EXP", "(e^r - 1 - r) / r^2, relative to e^r - 1",
        lambda r: (mp.expm1(r) - r) / r**2, (-HALF_LN2, HALF_LN2), (10, 5), lambda r: r**2 / mp.expm1(r)),
    Fit("EXP2", "(2^r - 1) / r, relative to 2^r",
        lambda r: mp.expm1(r * mp.log(2)) / r, (-0.5, 0.5), (10, 5), lambda r: r / mp.mpf(2) ** r),
    Fit("LOG", "(log((1+s)/(1-s)) - 2s) / s^3 in z = s^2, relative to the logarithm",
        log_tail, (0, 0.0295), (6, 2), lambda z: z),
    Fit("LOG_LONG", "what LOG fits, less 2/3, over z; beyond double precision",
        lambda z: (log_tail(z) - mp.mpf(2) / 3) / z, (0, 0.0295), (8, None), lambda z: z * z),
    Fit("LOG_SHORT", "as LOG, for float32 by way of float64",
        log_tail, (0, 0.0295), (3, None), lambda z: z),
    Fit("EXP2_SHORT", "as EXP2, for float32 by way of float64",
        lambda r: mp.expm1(r * mp.log(2)) / r, (-0.5, 0.5), (6, None), lambda r: r / mp.mpf(2) ** r),
    Fit("SIN", "(sin(r) - r) / r^3 in z = r^2, relative to sin(r)",
        lambda z: odd_tail(mp.sin, z), (0, HALF_PI**2), (7, 3), lambda z: mp.sqrt(z) ** 3 / mp.sin(mp.sqrt(z))),
    Fit("SIN_SHORT", "as SIN, on a quarter",
        lambda z: odd_tail(mp.sin, z), (0, QUARTER_PI**2), (5, 2), lambda z: z),
    Fit("COS_SHORT", "(cos(r) - 1 + r^2/2) / r^4 in z = r^2",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, (0, QUARTER_PI**2), (5, 2), lambda z: z**2),
    Fit("ASIN", "(asin(x) - x) / x^3 in z = x^2, relative to asin(x)",
        lambda z: odd_tail(mp.asin, z), (0, 0.25), (12, 5), lambda z: z),
    Fit("ATAN", "(atan(t) - t) / t^3 in z = t^2, relative to atan(t)",
        lambda z: odd_tail(mp.atan, z), (0, 0.17158), (10, 4), lambda z: z),
)
