"""Arithmetic: sums, products, quotients, powers, sizes and signs."""

from __future__ import annotations

from functools import reduce
from operator import add as plus
from operator import mul as times
from typing import Any

import numpy as np

from croton.ops.scalar import parts
from croton.ops.scalar.choice import switch
from croton.ops.scalar.comparison import eq
from croton.ops.scalar.dtypes import at_least_int8, number, real, same, to_float, to_quotient, to_real
from croton.ops.scalar.exponential import log
from croton.ops.scalar.row import Row, like, no_slope, scalar_op
from croton.vartypes.dtype import is_complex, is_discrete


def _is_integer(x: Any) -> bool:
    return is_discrete(x.dtype.name)


# -- sums and products ---------------------------------------------------------------------------------------
def _product_gradient(*args: Any) -> list[Any]:
    xs, g = args[:-2], args[-1]
    return [reduce(times, [g, *(x for j, x in enumerate(xs) if j != i)]) for i in range(len(xs))]


add = scalar_op(
    "add",
    "Sum of the arguments.",
    dtypes=same,
    eval=lambda xp, *xs: reduce(plus, xs),
    lower=lambda b, *xs: reduce(b.add, xs),
    parts=parts.each(lambda b, *xs: reduce(b.add, xs)),
    grad=lambda *args: [args[-1]] * (len(args) - 2),
    nin=None,
    commutative=True,
    associative=True,
    identity=0,
    symbol="+",
)

mul = scalar_op(
    "mul",
    "Product of the arguments.",
    dtypes=same,
    eval=lambda xp, *xs: reduce(times, xs),
    lower=lambda b, *xs: reduce(b.mul, xs),
    parts=parts.product,
    grad=_product_gradient,
    nin=None,
    commutative=True,
    associative=True,
    identity=1,
    symbol="*",
)

sub = scalar_op(
    "sub",
    "First argument less the second; bool less bool is refused.",
    dtypes=number(same),
    eval=lambda xp, x, y: x - y,
    lower=lambda b, x, y: b.sub(x, y),
    parts=parts.each(lambda b, x, y: b.sub(x, y)),
    grad=lambda x, y, z, g: [g, -g],
    symbol="-",
)

neg = scalar_op(
    "neg",
    "Negative; wraps for unsigned integers, refuses bool.",
    dtypes=number(same),
    eval=lambda xp, x: -x,
    lower=lambda b, x: b.neg(x),
    parts=parts.each(lambda b, x: b.neg(x)),
    grad=lambda x, y, g: -g,
    keeps_zero=True,
    symbol="-",
)

# -- quotients -----------------------------------------------------------------------------------------------
true_div = scalar_op(
    "true_div",
    "Quotient; that of integers is floatX.",
    dtypes=to_quotient,
    eval=lambda xp, x, y: x / y,
    lower=lambda b, x, y: b.div(x, y),
    parts=parts.quotient,
    # -x/y² would overflow, or lose all bits, long before the quotient does.
    grad=lambda x, y, z, g: [g / y, -(g * z) / y],
    domain=((-2.0, 2.0), (0.5, 2.0)),
    symbol="/",
    kind="TrueDiv",
)

inv = scalar_op(
    "inv",
    "One over the argument.",
    dtypes=to_float,
    eval=lambda xp, x: 1 / x,
    lower=lambda b, x: 1 / x,
    parts=lambda b, x: parts.quotient(b, parts.Pair(*[b.const(n, x.re.dtype) for n in (1, 0)]), x),
    grad=lambda x, y, g: -g * sqr(y),
    domain=(0.5, 2.0),
)


def _floor_divided(xp: Any, x: Any, y: Any) -> Any:
    if _is_integer(x):
        return x // y
    if x.dtype.kind == "c":
        return xp.floor((x / y).real)
    return xp.where(y == 0, xp.full_like(y, np.nan), xp.floor_divide(x, y))


def _lower_floor_divided(b: Any, x: Any, y: Any) -> Any:
    if x.dtype == "bool":
        return b.and_(x, y)
    if is_discrete(x.dtype):
        return b.floordiv(x, y)
    # floor(x / y) is one too much where the quotient is rounded up to a whole number: 1 // 0.1 is 9. Without what is
    # left by division it is whole but for rounding.
    whole = b.rint((x - b.mod(x, y)) / y)
    ratio = x / y
    below = b.and_(b.lt(x * y, 0), b.eq(ratio, 0))
    # A quotient of 0 has the sign of x / y.
    return b.select(b.isinf(y), b.select(below, b.const(-1, x.dtype), ratio), b.copysign(whole, ratio))


int_div = scalar_op(
    "int_div",
    "Quotient rounded down; by zero, that of floats is NaN, and integers raise. Of complex numbers, the real part.",
    dtypes=same,
    eval=_floor_divided,
    lower=_lower_floor_divided,
    grad=no_slope,
    holomorphic=False,
    domain=((-9.0, 9.0), (0.5, 2.0)),
    symbol="//",
    kind="IntDiv",
)

mod = scalar_op(
    "mod",
    "What is left by division rounded down: of the sign of the divisor. Integers raise where that is zero.",
    dtypes=real(same),
    eval=lambda xp, x, y: xp.mod(x, y),
    lower=lambda b, x, y: b.const(False, "bool") if x.dtype == "bool" else b.mod(x, y),
    grad=lambda x, y, z, g: [g, -(x // y) * g],
    domain=((0.1, 0.9), (1.0, 2.0)),
    symbol="%",
)


# -- powers --------------------------------------------------------------------------------------------------
def _integer_power(xp: Any, x: Any, y: Any) -> Any:
    """x**y, modulo the width; to a negative power, 0 but for the bases 1 and -1."""
    if y.dtype.kind == "u":
        return xp.power(x, y)
    positive = xp.power(x, xp.where(y < 0, xp.zeros_like(y), y))
    sign = xp.where(y % 2 == 0, xp.ones_like(x), x)
    inverse = xp.where(abs(x) == 1, sign, xp.zeros_like(x))
    return xp.where(y < 0, inverse, positive)


def _power(xp: Any, x: Any, y: Any) -> Any:
    if _is_integer(x):
        return _integer_power(xp, x, y)
    if x.dtype.kind == "c":
        # As C's cpow: exp(y log 0) is no number unless y is real.
        return xp.where((x == 0) & (y.imag != 0), xp.full_like(x, complex(np.nan, np.nan)), xp.power(x, y))
    return xp.power(x, y)


def _power_gradient(x: Any, y: Any, z: Any, g: Any) -> list[Any]:
    from_x = g * y * pow(x, y - 1)
    # At a base of 0 the limit of log(x)·x**y is 0 for y > 0, and that is what is taken throughout.
    from_y = g * switch(eq(x, like(z, 0)), like(z, 0), log(x) * z)
    return [from_x, from_y]


pow = scalar_op(
    "pow",
    "First argument to the power of the second; integers wrap; to a negative power they give 0 but for 1 and -1.",
    dtypes=at_least_int8,
    eval=_power,
    lower=lambda b, x, y: b.ipow(x, y) if is_discrete(x.dtype) else b.pow(x, y),
    grad=_power_gradient,
    domain=((0.3, 3.0), (-2.0, 2.0)),
    symbol="**",
)

sqr: Row = scalar_op(
    "sqr",
    "Square.",
    dtypes=same,
    eval=lambda xp, x: x * x,
    lower=lambda b, x: b.mul(x, x),
    parts=lambda b, x: parts.product(b, x, x),
    grad=lambda x, y, g: g * x * 2,
    keeps_zero=True,
)

sqrt = scalar_op(
    "sqrt",
    "Square root; NaN for negative numbers.",
    dtypes=to_float,
    eval=lambda xp, x: xp.sqrt(x),
    lower=lambda b, x: b.sqrt(x),
    parts=parts.root,
    grad=lambda x, y, g: g * like(g, 0.5) / y,
    domain=(0.1, 4.0),
    keeps_zero=True,
    ulp=0.5,
    exact="sqrt",
)


# -- sizes and signs -----------------------------------------------------------------------------------------
def _size_gradient(x: Any, y: Any, g: Any) -> Any:
    if is_complex(x.type.dtype):
        return switch(eq(y, like(y, 0)), like(x, 0), g * x / y)
    return g * sgn(x)


abs_ = scalar_op(
    "abs_",
    "Absolute value; of a complex number, the real number that is its modulus.",
    dtypes=to_real,
    eval=lambda xp, x: abs(x),
    lower=lambda b, x: b.abs(x),
    parts=parts.size,
    grad=_size_gradient,
    holomorphic=False,
    keeps_zero=True,
    label="Abs",
)

sgn = scalar_op(
    "sgn",
    "Sign: -1, 0 or 1; NaN of NaN.",
    dtypes=real(number(same)),
    eval=lambda xp, x: xp.sign(x),
    lower=lambda b, x: b.sign(x),
    grad=no_slope,
    keeps_zero=True,
)
