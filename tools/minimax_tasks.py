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


def erfcx(a: Real) -> Real:
    """e^(a^2) erfc(a)."""
    if a < 1e6:
        return mp.exp(a * a) * mp.erfc(a)
    return (1 - 1 / (2 * a * a)) / (a * mp.sqrt(mp.pi))  # source: DLMF 7.12.1


def erfcx_mapped(t: Real) -> Real:
    """(a + 4) erfcx(a) at t = (a - 4) / (a + 4)."""
    a = 4 * (1 + t) / (1 - t)
    return (a + 4) * erfcx(a)


def erfc_inverse(level: Real) -> Real:
    """The y with erfc(y) = e^-level, by Newton's method on the logarithm."""
    y = mp.sqrt(level) * mp.mpf("0.9")
    for _ in range(80):
        step = (mp.log(mp.erfc(y)) + level) * erfcx(y) * mp.sqrt(mp.pi) / 2
        y += step
        if abs(step) < mp.mpf(10) ** -50:
            break
    return y


def erfc_inverse_mapped(v: Real) -> Real:
    """erfc_inverse(s^2) / s at v = 1 / (s + 1)."""
    s = 1 / v - 1
    return erfc_inverse(s * s) / s


def stirling(z: Real) -> Real:
    """b (log(gamma(b)) - (b - 1/2) log(b) + b - log(2 pi)/2) at z = b^-2."""
    b = 1 / mp.sqrt(z)
    return b * (mp.loggamma(b) - (b - mp.mpf(1) / 2) * mp.log(b) + b - mp.log(2 * mp.pi) / 2)


def digamma_tail(z: Real) -> Real:
    """b^2 (psi(b) - log(b) + 1/(2b)) at z = b^-2."""
    b = 1 / mp.sqrt(z)
    return b * b * (mp.digamma(b) - mp.log(b) + 1 / (2 * b))


def trigamma_tail(z: Real) -> Real:
    """b^2 (b psi'(b) - 1 - 1/(2b)) at z = b^-2."""
    b = 1 / mp.sqrt(z)
    return b * b * (b * mp.psi(1, b) - 1 - 1 / (2 * b))


DIGAMMA_ROOT = mp.findroot(mp.digamma, mp.mpf("1.4616"))


def digamma_slope(u: Real) -> Real:
    """psi(2 + u) over the distance from its zero."""
    return mp.digamma(2 + u) / (2 + u - DIGAMMA_ROOT)


FAR = mp.mpf(10) ** -12  # stands for b = infinity

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
    Fit(
        "EXP",
        "(e^r - 1 - r) / r^2, relative to e^r - 1",
        lambda r: (mp.expm1(r) - r) / r**2,
        (-HALF_LN2, HALF_LN2),
        (10, 5),
        lambda r: r**2 / mp.expm1(r),
    ),
    Fit(
        "EXP2",
        "(2^r - 1) / r, relative to 2^r",
        lambda r: mp.expm1(r * mp.log(2)) / r,
        (-0.5, 0.5),
        (10, 5),
        lambda r: r / mp.mpf(2) ** r,
    ),
    Fit(
        "LOG",
        "(log((1+s)/(1-s)) - 2s) / s^3 in z = s^2, relative to the logarithm",
        log_tail,
        (0, 0.0295),
        (6, 2),
        lambda z: z,
    ),
    Fit(
        "LOG_LONG",
        "what LOG fits, less 2/3, over z; beyond double precision",
        lambda z: (log_tail(z) - mp.mpf(2) / 3) / z,
        (0, 0.0295),
        (8, None),
        lambda z: z * z,
    ),
    Fit("LOG_SHORT", "as LOG, for float32 by way of float64", log_tail, (0, 0.0295), (3, None), lambda z: z),
    Fit(
        "EXP2_SHORT",
        "as EXP2, for float32 by way of float64",
        lambda r: mp.expm1(r * mp.log(2)) / r,
        (-0.5, 0.5),
        (6, None),
        lambda r: r / mp.mpf(2) ** r,
    ),
    Fit("CBRT", "cube root of 1 + f", lambda f: mp.cbrt(1 + f), (-0.293, 0.41422), (6, 4)),
    Fit(
        "SIN",
        "(sin(r) - r) / r^3 in z = r^2, relative to sin(r)",
        lambda z: odd_tail(mp.sin, z),
        (0, HALF_PI**2),
        (7, 3),
        lambda z: mp.sqrt(z) ** 3 / mp.sin(mp.sqrt(z)),
    ),
    Fit(
        "TAN",
        "(tan(r) - r) / r^3 in z = r^2, relative to tan(r)",
        lambda z: odd_tail(mp.tan, z),
        (0, QUARTER_PI**2),
        (13, 6),
        lambda z: z,
    ),
    Fit(
        "SIN_PI",
        "(sin(pi r)/r - pi) / r^2 in z = r^2",
        lambda z: (mp.sin(mp.pi * mp.sqrt(z)) / mp.sqrt(z) - mp.pi) / z,
        (0, 0.2501),
        (8, None),
        lambda z: z,
    ),
    Fit(
        "ASIN",
        "(asin(x) - x) / x^3 in z = x^2, relative to asin(x)",
        lambda z: odd_tail(mp.asin, z),
        (0, 0.25),
        (12, 5),
        lambda z: z,
    ),
    Fit(
        "ATAN",
        "(atan(t) - t) / t^3 in z = t^2, relative to atan(t)",
        lambda z: odd_tail(mp.atan, z),
        (0, 0.17158),
        (10, 4),
        lambda z: z,
    ),
    Fit(
        "ERF_NEAR", "erf(x)/x - 1 in z = x^2", lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, (0, 1), (12, 6)
    ),
    Fit(
        "ERF_FAR",
        "log(erfc(a)), the error weighed with erfc(a)",
        lambda a: mp.log(mp.erfc(a)),
        (1, 5.95),
        (16, None),
        lambda a: mp.erfc(a),
    ),
    Fit(
        "ERF_FAR_SHORT",
        "as ERF_FAR, for float32",
        lambda a: mp.log(mp.erfc(a)),
        (1, 3.95),
        (None, 6),
        lambda a: mp.erfc(a),
    ),
    Fit(
        "LOG_ERFC_SHORT",
        "log2(erfc(a)) in a / 5.1 - 1, for float32 by way of float64",
        lambda u: mp.log(mp.erfc(mp.mpf("5.1") * (u + 1)), 2),
        (-1, 1),
        (20, None),
        refits=0,
    ),
    Parts("ERFCX_MIDDLE", "8 e^16 erfc(4)", erfcx_mapped(mp.mpf(0))),
    Fit(
        "ERFCX",
        "(a + 4) e^(a^2) erfc(a) less its value at 4, over t, in t = (a - 4) / (a + 4)",
        lambda t: (erfcx_mapped(t) - erfcx_mapped(mp.mpf(0))) / t,
        (-1, 1),
        (25, None),
        abs,
        refits=0,
    ),
    Fit(
        "ERFCX_ZERO",
        "(e^(x^2) erfc(x) - 1) / x",
        lambda x: (erfcx(x) - 1) / x,
        (-0.55, 0.55),
        (19, None),
        abs,
        refits=1,
    ),
    Parts("INVERSE_ROOT_PI", "1/sqrt(pi)", 1 / mp.sqrt(mp.pi)),
    Fit(
        "ERFCX_FAR",
        "(a erfcx(a) - 1/sqrt(pi)) / z in z = a^-2, from a = 12 on",
        lambda z: (mp.exp(1 / z) * mp.erfc(1 / mp.sqrt(z)) / mp.sqrt(z) - 1 / mp.sqrt(mp.pi)) / z,
        (mp.mpf(10) ** -10, mp.mpf(1) / 144),
        (6, None),
        lambda z: z,
    ),
    Parts("ROOT_PI_HALF", "sqrt(pi)/2", mp.sqrt(mp.pi) / 2),
    Fit(
        "ERFINV_NEAR",
        "erfinv(x)/x - sqrt(pi)/2 in z = x^2",
        lambda z: mp.erfinv(mp.sqrt(z)) / mp.sqrt(z) - mp.sqrt(mp.pi) / 2,
        (0, 0.5626),
        (23, None),
    ),
    Fit(
        "ERFINV_NEAR_SHORT",
        "erfinv(x)/x in z = x^2",
        lambda z: mp.erfinv(mp.sqrt(z)) / mp.sqrt(z),
        (mp.mpf(10) ** -30, 0.5626),
        (10, None),
    ),
    Fit(
        "ERFCINV_SHORT",
        "y/s in v = 1/(s + 1), where erfc(y) = e^-(s^2), for all q of float32",
        erfc_inverse_mapped,
        (1 / mp.mpf("11.2"), 1 / mp.mpf("2.17")),
        (10, None),
        refits=0,
    ),
    Fit(
        "ERFCINV_FIRST",
        "y/s in v = 1/(s + 1), where erfc(y) = e^-(s^2)",
        erfc_inverse_mapped,
        (1 / mp.mpf(28.4), 1 / mp.mpf("2.17")),
        (8, None),
        refits=0,
    ),
    Parts("HALF_LOG_TWO_PI", "log(2 pi)/2", mp.log(2 * mp.pi) / 2),
    Fit(
        "STIRLING",
        "b (log(gamma(b)) - (b - 1/2) log(b) + b - log(2 pi)/2) in z = b^-2",
        stirling,
        (FAR, mp.mpf(1) / 64),
        (7, None),
        mp.sqrt,
    ),
    Fit(
        "GAMMALN_ONE",
        "log(gamma(1 + u)) / u",
        lambda u: mp.loggamma(1 + u) / u,
        (-0.0626, 0.0626),
        (11, None),
        refits=1,
    ),
    Fit(
        "GAMMALN_TWO",
        "log(gamma(2 + u)) / u",
        lambda u: mp.loggamma(2 + u) / u,
        (-0.0626, 0.0626),
        (9, None),
        refits=1,
    ),
    Parts("DIGAMMA_ZERO", "the positive zero of psi", DIGAMMA_ROOT),
    Parts("DIGAMMA_MIDDLE", "psi(2) / (2 - zero)", digamma_slope(mp.mpf(0))),
    Fit(
        "DIGAMMA_NEAR",
        "psi(2 + u) / (2 + u - zero) less its value at 2, over u",
        lambda u: (digamma_slope(u) - digamma_slope(mp.mpf(0))) / u,
        (-1, 1),
        (29, None),
        abs,
        refits=0,
    ),
    Fit(
        "DIGAMMA_FAR",
        "b^2 (psi(b) - log(b) + 1/(2b)) in z = b^-2",
        digamma_tail,
        (FAR, mp.mpf(1) / 9),
        (11, None),
        lambda z: z,
    ),
    Fit("TRIGAMMA_NEAR", "psi'(2 + u)", lambda u: mp.psi(1, 2 + u), (-1, 1), (32, None), refits=0),
    Fit(
        "TRIGAMMA_FAR",
        "b^2 (b psi'(b) - 1 - 1/(2b)) in z = b^-2",
        trigamma_tail,
        (FAR, mp.mpf(1) / 9),
        (12, None),
        lambda z: z,
    ),
)
