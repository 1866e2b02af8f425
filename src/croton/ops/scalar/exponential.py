"""Exponentials and logarithms."""

from __future__ import annotations

import math

from croton.ops.scalar import parts
from croton.ops.scalar.dtypes import to_float
from croton.ops.scalar.row import like, scalar_op

_LN2 = math.log(2.0)
_LN10 = math.log(10.0)

exp = scalar_op(
    "exp",
    "e to the power of the argument.",
    dtypes=to_float,
    eval=lambda xp, x: xp.exp(x),
    lower=lambda b, x: b.exp(x),
    parts=parts.exponential,
    grad=lambda x, y, g: g * y,
    ulp=1,
    exact="exp",
)

exp2 = scalar_op(
    "exp2",
    "2 to the power of the argument.",
    dtypes=to_float,
    eval=lambda xp, x: xp.exp2(x),
    lower=lambda b, x: b.exp2(x),
    grad=lambda x, y, g: g * y * like(g, _LN2),
    ulp=1,
)

expm1 = scalar_op(
    "expm1",
    "exp(x) - 1, accurate for small |x|.",
    dtypes=to_float,
    eval=lambda xp, x: xp.expm1(x),
    lower=lambda b, x: b.expm1(x),
    # y + 1 would lose the bits of a small exponential.
    grad=lambda x, y, g: g * exp(x),
    keeps_zero=True,
    ulp=2,
    exact="expm1",
)

log = scalar_op(
    "log",
    "Natural logarithm; -inf at 0, NaN below.",
    dtypes=to_float,
    eval=lambda xp, x: xp.log(x),
    lower=lambda b, x: b.log(x),
    parts=parts.logarithm,
    grad=lambda x, y, g: g / x,
    domain=(0.1, 5.0),
    ulp=1,
    exact="log",
)

log2 = scalar_op(
    "log2",
    "Logarithm to the base 2.",
    dtypes=to_float,
    eval=lambda xp, x: xp.log2(x),
    lower=lambda b, x: b.log2(x),
    parts=parts.scaled(parts.logarithm, 1 / _LN2),
    grad=lambda x, y, g: g / (x * like(g, _LN2)),
    domain=(0.1, 5.0),
    ulp=1,
)

log10 = scalar_op(
    "log10",
    "Logarithm to the base 10.",
    dtypes=to_float,
    eval=lambda xp, x: xp.log10(x),
    lower=lambda b, x: b.log10(x),
    parts=parts.scaled(parts.logarithm, 1 / _LN10),
    grad=lambda x, y, g: g / (x * like(g, _LN10)),
    domain=(0.1, 5.0),
    ulp=1,
    exact="log10",
)

log1p = scalar_op(
    "log1p",
    "log(1 + x), accurate for small |x|.",
    dtypes=to_float,
    eval=lambda xp, x: xp.log1p(x),
    lower=lambda b, x: b.log1p(x),
    grad=lambda x, y, g: g / (1 + x),
    domain=(-0.9, 5.0),
    keeps_zero=True,
    ulp=2,
    exact="log1p",
)


log1mexp = scalar_op(
    "log1mexp",
    "log(1 - exp(x)) for x < 0, accurate near 0 and far from it.",
    dtypes=to_float,
    # source: Mächler, "Accurately computing log(1 - exp(-|a|))" (2012), eq. 7: the two forms change places at log(1/2).
    eval=lambda xp, x: xp.where(x < -_LN2, xp.log1p(-xp.exp(x)), xp.log(-xp.expm1(x))),
    lower=lambda b, x: b.select(b.lt(x, -_LN2), b.log1p(-b.exp(x)), b.log(-b.expm1(x))),
    grad=lambda x, y, g: g * exp(x) / expm1(x),
    domain=(-5.0, -0.1),
    ulp=4,
)
