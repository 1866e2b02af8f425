"""Circular and hyperbolic functions, their inverses, and angles."""

from __future__ import annotations

import math
from typing import Any

from croton.ops.scalar.arithmetic import sqr, sqrt
from croton.ops.scalar.dtypes import real, to_float
from croton.ops.scalar.parts import Pair, hyperbolic_cosine, hyperbolic_sine, hyperbolic_tangent, turned
from croton.ops.scalar.row import Row, like, scalar_op

_DEGREE = math.pi / 180

# -- circular ------------------------------------------------------------------------------------------------
sin = scalar_op(
    "sin",
    "Sine.",
    dtypes=to_float,
    eval=lambda xp, x: xp.sin(x),
    lower=lambda b, x: b.sin(x),
    parts=turned(hyperbolic_sine),
    grad=lambda x, y, g: g * cos(x),
    keeps_zero=True,
    ulp=2,
    exact="sin",
)

cos: Row = scalar_op(
    "cos",
    "Cosine.",
    dtypes=to_float,
    eval=lambda xp, x: xp.cos(x),
    lower=lambda b, x: b.cos(x),
    parts=lambda b, z: hyperbolic_cosine(b, Pair(-z.im, z.re)),
    grad=lambda x, y, g: -(g * sin(x)),
    ulp=2,
    exact="cos",
)

tan = scalar_op(
    "tan",
    "Tangent.",
    dtypes=to_float,
    eval=lambda xp, x: xp.tan(x),
    lower=lambda b, x: b.tan(x),
    parts=turned(hyperbolic_tangent),
    grad=lambda x, y, g: g / sqr(cos(x)),
    domain=(-1.2, 1.2),
    keeps_zero=True,
    ulp=2,
    exact="tan",
)


# 1 - x² would lose all bits near the ends of the domain.
def _one_less_square(x: Any) -> Any:
    return (1 - x) * (1 + x)


arcsin = scalar_op(
    "arcsin",
    "Inverse sine; NaN outside [-1, 1].",
    dtypes=to_float,
    eval=lambda xp, x: xp.arcsin(x),
    lower=lambda b, x: b.arcsin(x),
    grad=lambda x, y, g: g / sqrt(_one_less_square(x)),
    domain=(-0.9, 0.9),
    keeps_zero=True,
    ulp=2,
    exact="asin",
    kind="ArcSin",
)

arccos = scalar_op(
    "arccos",
    "Inverse cosine; NaN outside [-1, 1].",
    dtypes=to_float,
    eval=lambda xp, x: xp.arccos(x),
    lower=lambda b, x: b.arccos(x),
    grad=lambda x, y, g: -g / sqrt(_one_less_square(x)),
    domain=(-0.9, 0.9),
    ulp=2,
    exact="acos",
    kind="ArcCos",
)

arctan = scalar_op(
    "arctan",
    "Inverse tangent.",
    dtypes=to_float,
    eval=lambda xp, x: xp.arctan(x),
    lower=lambda b, x: b.arctan(x),
    grad=lambda x, y, g: g / (1 + sqr(x)),
    keeps_zero=True,
    ulp=2,
    exact="atan",
    kind="ArcTan",
)

arctan2 = scalar_op(
    "arctan2",
    "Angle of the point whose height is the first argument and whose distance to the right is the second.",
    dtypes=real(to_float),
    eval=lambda xp, x, y: xp.arctan2(x, y),
    lower=lambda b, x, y: b.arctan2(x, y),
    grad=lambda x, y, z, g: [g * y / (sqr(x) + sqr(y)), -(g * x) / (sqr(x) + sqr(y))],
    domain=((-2.0, 2.0), (0.3, 2.0)),
    ulp=2,
    exact="atan2",
    kind="ArcTan2",
)

# -- hyperbolic ----------------------------------------------------------------------------------------------
sinh = scalar_op(
    "sinh",
    "Hyperbolic sine.",
    dtypes=to_float,
    eval=lambda xp, x: xp.sinh(x),
    lower=lambda b, x: b.sinh(x),
    parts=hyperbolic_sine,
    grad=lambda x, y, g: g * cosh(x),
    keeps_zero=True,
    ulp=2,
    exact="sinh",
)

cosh: Row = scalar_op(
    "cosh",
    "Hyperbolic cosine.",
    dtypes=to_float,
    eval=lambda xp, x: xp.cosh(x),
    lower=lambda b, x: b.cosh(x),
    parts=hyperbolic_cosine,
    grad=lambda x, y, g: g * sinh(x),
    ulp=2,
    exact="cosh",
)

tanh = scalar_op(
    "tanh",
    "Hyperbolic tangent.",
    dtypes=to_float,
    eval=lambda xp, x: xp.tanh(x),
    lower=lambda b, x: b.tanh(x),
    parts=hyperbolic_tangent,
    grad=lambda x, y, g: g * (1 - sqr(y)),
    keeps_zero=True,
    ulp=2,
    exact="tanh",
)

arcsinh = scalar_op(
    "arcsinh",
    "Inverse hyperbolic sine.",
    dtypes=to_float,
    eval=lambda xp, x: xp.arcsinh(x),
    lower=lambda b, x: b.arcsinh(x),
    grad=lambda x, y, g: g / sqrt(1 + sqr(x)),
    keeps_zero=True,
    ulp=2,
    exact="asinh",
    kind="ArcSinh",
)

arccosh = scalar_op(
    "arccosh",
    "Inverse hyperbolic cosine; NaN below 1.",
    dtypes=to_float,
    eval=lambda xp, x: xp.arccosh(x),
    lower=lambda b, x: b.arccosh(x),
    # One root of the product, as the original: below -1 it is a number though the function is none.
    grad=lambda x, y, g: g / sqrt((x - 1) * (x + 1)),
    domain=(1.1, 4.0),
    ulp=2,
    exact="acosh",
    kind="ArcCosh",
)

arctanh = scalar_op(
    "arctanh",
    "Inverse hyperbolic tangent; NaN outside [-1, 1].",
    dtypes=to_float,
    eval=lambda xp, x: xp.arctanh(x),
    lower=lambda b, x: b.arctanh(x),
    grad=lambda x, y, g: g / _one_less_square(x),
    domain=(-0.9, 0.9),
    keeps_zero=True,
    ulp=2,
    exact="atanh",
    kind="ArcTanh",
)

# -- units ---------------------------------------------------------------------------------------------------
deg2rad = scalar_op(
    "deg2rad",
    "From degrees to radians.",
    dtypes=real(to_float),
    eval=lambda xp, x: x * _DEGREE,
    lower=lambda b, x: x * _DEGREE,
    grad=lambda x, y, g: g * like(g, _DEGREE),
    keeps_zero=True,
    kind="Deg2Rad",
)

rad2deg = scalar_op(
    "rad2deg",
    "From radians to degrees.",
    dtypes=real(to_float),
    eval=lambda xp, x: x * (1 / _DEGREE),
    lower=lambda b, x: x * (1 / _DEGREE),
    grad=lambda x, y, g: g * like(g, 1 / _DEGREE),
    keeps_zero=True,
    kind="Rad2Deg",
)
