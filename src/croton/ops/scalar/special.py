"""Special functions: of errors, gamma, Bessel, chi squared. Their values come from SciPy."""

from __future__ import annotations

import math
from typing import Any

from croton.ops.scalar.arithmetic import pow, sqr
from croton.ops.scalar.choice import switch
from croton.ops.scalar.comparison import eq
from croton.ops.scalar.dtypes import real, to_float, to_float64
from croton.ops.scalar.exponential import exp, log
from croton.ops.scalar.row import Row, like, not_implemented, scalar_op
from croton.ops.scalar.scipy_special import module, special

# source: DLMF 7.2.1: d erf(x)/dx = 2/√π exp(-x²)
_ERF_SLOPE = 2 / math.sqrt(math.pi)

# -- of errors -----------------------------------------------------------------------------------------------
erf = scalar_op(
    "erf",
    "Error function.",
    dtypes=to_float,
    eval=special("erf"),
    lower=lambda b, x: b.erf(x),
    nin=1,
    grad=lambda x, y, g: g * like(g, _ERF_SLOPE) * exp(-sqr(x)),
    keeps_zero=True,
    ulp=2,
    exact="erf",
)

erfc = scalar_op(
    "erfc",
    "1 - erf(x), accurate where that is small.",
    dtypes=real(to_float),
    eval=special("erfc"),
    lower=lambda b, x: b.erfc(x),
    nin=1,
    grad=lambda x, y, g: -(g * like(g, _ERF_SLOPE) * exp(-sqr(x))),
    ulp=2,
    exact="erfc",
)

erfcx = scalar_op(
    "erfcx",
    "exp(x²) erfc(x), which does not underflow.",
    dtypes=real(to_float),
    eval=special("erfcx"),
    lower=lambda b, x: b.erfcx(x),
    nin=1,
    grad=lambda x, y, g: g * (2 * x * y - like(g, _ERF_SLOPE)),
    ulp=4,
)

erfinv = scalar_op(
    "erfinv",
    "Inverse of erf.",
    dtypes=real(to_float),
    eval=special("erfinv"),
    lower=lambda b, x: b.erfinv(x),
    nin=1,
    grad=lambda x, y, g: g * like(g, 1 / _ERF_SLOPE) * exp(sqr(y)),
    domain=(-0.9, 0.9),
    keeps_zero=True,
    ulp=4,
    exact="erfinv",
)

erfcinv = scalar_op(
    "erfcinv",
    "Inverse of erfc.",
    dtypes=real(to_float),
    eval=special("erfcinv"),
    lower=lambda b, x: b.erfcinv(x),
    nin=1,
    grad=lambda x, y, g: -(g * like(g, 1 / _ERF_SLOPE) * exp(sqr(y))),
    domain=(0.1, 1.9),
    ulp=4,
)


# -- gamma ---------------------------------------------------------------------------------------------------
def _gamma(xp: Any, x: Any) -> Any:
    y = module(xp).gamma(x)
    if x.dtype.kind == "c":
        return y
    poles = (x <= 0) & (x == xp.floor(x))
    return xp.where(poles, xp.where(x == -math.inf, x, xp.asarray(math.inf, dtype=x.dtype)), y)


def _gamma_loops(b: Any, x: Any) -> Any:
    pole = b.and_(b.le(x, 0), b.eq(x, b.floor(x)))
    lowest, infinity = b.const(-math.inf, x.dtype), b.const(math.inf, x.dtype)
    return b.select(pole, b.select(b.eq(x, lowest), lowest, infinity), b.gamma(x))


gamma = scalar_op(
    "gamma",
    "Gamma function: infinity at 0 and the negative integers, where it has poles.",
    dtypes=to_float,
    eval=_gamma,
    lower=_gamma_loops,
    nin=1,
    grad=lambda x, y, g: g * y * psi(x),
    domain=(0.3, 4.0),
    ulp=8,
    exact="gamma",
)

gammaln = scalar_op(
    "gammaln",
    "Logarithm of the absolute value of the gamma function.",
    dtypes=to_float,
    eval=special("gammaln"),
    lower=lambda b, x: b.gammaln(x),
    nin=1,
    grad=lambda x, y, g: g * psi(x),
    domain=(0.3, 4.0),
    ulp=8,
    exact="loggamma",
    kind="GammaLn",
)

psi: Row = scalar_op(
    "psi",
    "Derivative of the logarithm of the gamma function (digamma).",
    dtypes=to_float,
    eval=special("digamma"),
    lower=lambda b, x: b.psi(x),
    nin=1,
    grad=lambda x, y, g: g * tri_gamma(x),
    domain=(0.3, 4.0),
    ulp=8,
    exact="digamma",
)

tri_gamma: Row = scalar_op(
    "tri_gamma",
    "Second derivative of the logarithm of the gamma function.",
    dtypes=to_float,
    # source: DLMF 5.15.1 and 25.11.1: ψ'(x) = ζ(2, x)
    eval=lambda xp, x: module(xp).zeta(x.dtype.type(2), x),
    lower=lambda b, x: b.tri_gamma(x),
    grad=lambda x, y, g: not_implemented("tri_gamma", "x"),
    domain=(0.3, 4.0),
    ulp=8,
    kind="TriGamma",
)


def _gamma_density(k: Any, x: Any) -> Any:
    # x^(k-1) e^(-x) / Γ(k) by its logarithm, since the factors overflow first; 0 log(0) is 0 here.
    return exp(xlogy0(k - 1, x) - x - gammaln(k))


gammainc = scalar_op(
    "gammainc",
    "Lower incomplete gamma function of order k (first argument) at x, as a fraction of the whole.",
    dtypes=real(to_float),
    eval=special("gammainc"),
    nin=2,
    grad=lambda k, x, y, g: [not_implemented("gammainc", "k"), g * _gamma_density(k, x)],
    domain=(0.3, 4.0),
    exact="gammainc",
    kind="GammaInc",
)

gammaincc = scalar_op(
    "gammaincc",
    "Upper incomplete gamma function of order k (first argument) at x, as a fraction of the whole.",
    dtypes=real(to_float),
    eval=special("gammaincc"),
    nin=2,
    grad=lambda k, x, y, g: [not_implemented("gammaincc", "k"), -(g * _gamma_density(k, x))],
    domain=(0.3, 4.0),
    exact="gammaincc",
    kind="GammaIncC",
)

gammau = scalar_op(
    "gammau",
    "Upper incomplete gamma function of order k (first argument) at x.",
    dtypes=real(to_float),
    eval=lambda xp, k, x: module(xp).gammaincc(k, x) * module(xp).gamma(k),
    grad=lambda k, x, y, g: [not_implemented("gammau", "k"), -(g * pow(x, k - 1) * exp(-x))],
    domain=(0.3, 4.0),
    kind="GammaU",
)

gammal = scalar_op(
    "gammal",
    "Lower incomplete gamma function of order k (first argument) at x.",
    dtypes=real(to_float),
    eval=lambda xp, k, x: module(xp).gammainc(k, x) * module(xp).gamma(k),
    grad=lambda k, x, y, g: [not_implemented("gammal", "k"), g * pow(x, k - 1) * exp(-x)],
    domain=(0.3, 4.0),
    kind="GammaL",
)


def _chi2_gradient(x: Any, k: Any, y: Any, g: Any) -> list[Any]:
    half = like(g, 0.5)
    return [-(g * half * _gamma_density(k * half, x * half)), not_implemented("chi2sf", "k")]


chi2sf = scalar_op(
    "chi2sf",
    "Probability that a chi squared variable of k degrees of freedom (second argument) is above x; float64.",
    dtypes=real(to_float64),
    eval=lambda xp, x, k: module(xp).gammaincc(k / 2, x / 2),
    grad=_chi2_gradient,
    domain=((0.3, 4.0), (1.0, 4.0)),
    kind="Chi2SF",
)


# -- Bessel --------------------------------------------------------------------------------------------------
# source: DLMF 10.6.1, 10.6.2 (J) and 10.29.1, 10.29.2 (I): the derivatives by the neighbouring orders
j0 = scalar_op(
    "j0",
    "Bessel function of the first kind of order 0.",
    dtypes=to_float,
    eval=lambda xp, x: module(xp).j0(x),
    grad=lambda x, y, g: -(g * j1(x)),
)

j1: Row = scalar_op(
    "j1",
    "Bessel function of the first kind of order 1.",
    dtypes=to_float,
    eval=lambda xp, x: module(xp).j1(x),
    grad=lambda x, y, g: g * like(g, 0.5) * (j0(x) - jv(like(x, 2), x)),
    keeps_zero=True,
)

jv: Row = scalar_op(
    "jv",
    "Bessel function of the first kind of real order v (first argument).",
    dtypes=to_float,
    eval=lambda xp, v, x: module(xp).jv(v, x),
    grad=lambda v, x, y, g: [not_implemented("jv", "v"), g * like(g, 0.5) * (jv(v - 1, x) - jv(v + 1, x))],
    domain=(0.5, 3.0),
)

i0 = scalar_op(
    "i0",
    "Modified Bessel function of the first kind of order 0.",
    dtypes=to_float,
    eval=lambda xp, x: module(xp).i0(x),
    grad=lambda x, y, g: g * i1(x),
)

i1: Row = scalar_op(
    "i1",
    "Modified Bessel function of the first kind of order 1.",
    dtypes=to_float,
    eval=lambda xp, x: module(xp).i1(x),
    grad=lambda x, y, g: g * like(g, 0.5) * (i0(x) + iv(like(x, 2), x)),
    keeps_zero=True,
)

iv: Row = scalar_op(
    "iv",
    "Modified Bessel function of the first kind of real order v (first argument).",
    dtypes=to_float,
    eval=lambda xp, v, x: module(xp).iv(v, x),
    grad=lambda v, x, y, g: [not_implemented("iv", "v"), g * like(g, 0.5) * (iv(v - 1, x) + iv(v + 1, x))],
    domain=(0.5, 3.0),
)

# -- x log x -------------------------------------------------------------------------------------------------
xlogx = scalar_op(
    "xlogx",
    "x log(x), and 0 at 0.",
    dtypes=to_float,
    eval=lambda xp, x: xp.where(x == 0, xp.zeros_like(x), x * xp.log(x)),
    lower=lambda b, x: b.select(b.eq(x, 0), b.const(0, x.dtype), x * b.log(x)),
    grad=lambda x, y, g: g * (1 + log(x)),
    domain=(0.1, 3.0),
    keeps_zero=True,
    kind="XlogX",
    label="scalar_xlogx",
)

xlogy0: Row = scalar_op(
    "xlogy0",
    "x log(y), and 0 where x is 0.",
    dtypes=to_float,
    eval=lambda xp, x, y: xp.where(x == 0, xp.zeros_like(x), x * xp.log(y)),
    lower=lambda b, x, y: b.select(b.eq(x, 0), b.const(0, x.dtype), x * b.log(y)),
    # At x = 0 the ratio x/y is 0 for all y but 0, and is taken so there too.
    grad=lambda x, y, z, g: [g * log(y), switch(eq(x, like(x, 0)), like(g, 0), g * x / y)],
    domain=(0.1, 3.0),
    keeps_zero=True,
    kind="XlogY0",
    label="scalar_xlogy0",
)
