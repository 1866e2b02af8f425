"""The elementwise operations: one for each row of the table of scalar operations, under its name."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.errors import ComplexError
from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import Elemwise
from croton.ops.scalar import (
    activation,
    arithmetic,
    choice,
    comparison,
    exponential,
    logic,
    rounding,
    special,
    trigonometric,
)
from croton.ops.scalar import (
    complex as complex_numbers,
)
from croton.ops.scalar.row import Row
from croton.vartypes.dtype import is_complex, is_discrete


def _on_elements(row: Row, name: str | None = None) -> Elemwise:
    return Elemwise(row, name=name or f"Elemwise{{{row.name},no_inplace}}")


# -- arithmetic ----------------------------------------------------------------------------------------------
add = _on_elements(arithmetic.add)
mul = _on_elements(arithmetic.mul)
sub = _on_elements(arithmetic.sub)
neg = _on_elements(arithmetic.neg)
true_div = _on_elements(arithmetic.true_div)
inv = _on_elements(arithmetic.inv)
int_div = _on_elements(arithmetic.int_div)
mod = _on_elements(arithmetic.mod)
pow = _on_elements(arithmetic.pow)
sqr = _on_elements(arithmetic.sqr)
sqrt = _on_elements(arithmetic.sqrt)
abs_ = _on_elements(arithmetic.abs_)
sgn = _on_elements(arithmetic.sgn)
square = sqr
floor_div = int_div

# -- choices -------------------------------------------------------------------------------------------------
maximum = _on_elements(choice.maximum)
minimum = _on_elements(choice.minimum)
clip = _on_elements(choice.clip)
second = _on_elements(choice.second)
switch = _on_elements(choice.switch)
where = switch
fill = second
tensor_copy = _on_elements(choice.identity, "Elemwise{identity}")

# -- comparisons ---------------------------------------------------------------------------------------------
lt = _on_elements(comparison.lt)
gt = _on_elements(comparison.gt)
le = _on_elements(comparison.le)
ge = _on_elements(comparison.ge)
eq = _on_elements(comparison.eq)
neq = _on_elements(comparison.neq)
isnan_ = _on_elements(comparison.isnan)
isinf_ = _on_elements(comparison.isinf)

# -- bits ----------------------------------------------------------------------------------------------------
and_ = _on_elements(logic.and_)
or_ = _on_elements(logic.or_)
xor = _on_elements(logic.xor)
invert = _on_elements(logic.invert)
bitwise_and = and_
bitwise_or = or_
bitwise_xor = xor
bitwise_not = invert

# -- rounding ------------------------------------------------------------------------------------------------
floor = _on_elements(rounding.floor)
ceil = _on_elements(rounding.ceil)
trunc = _on_elements(rounding.trunc)
round_half_to_even = _on_elements(rounding.round_half_to_even)
round_half_away_from_zero = _on_elements(rounding.round_half_away_from_zero)

# -- exponentials and logarithms -----------------------------------------------------------------------------
exp = _on_elements(exponential.exp)
exp2 = _on_elements(exponential.exp2)
expm1 = _on_elements(exponential.expm1)
log = _on_elements(exponential.log)
log2 = _on_elements(exponential.log2)
log10 = _on_elements(exponential.log10)
log1p = _on_elements(exponential.log1p)
log1mexp = _on_elements(exponential.log1mexp)

# -- angles --------------------------------------------------------------------------------------------------
sin = _on_elements(trigonometric.sin)
cos = _on_elements(trigonometric.cos)
tan = _on_elements(trigonometric.tan)
arcsin = _on_elements(trigonometric.arcsin)
arccos = _on_elements(trigonometric.arccos)
arctan = _on_elements(trigonometric.arctan)
arctan2 = _on_elements(trigonometric.arctan2)
sinh = _on_elements(trigonometric.sinh)
cosh = _on_elements(trigonometric.cosh)
tanh = _on_elements(trigonometric.tanh)
arcsinh = _on_elements(trigonometric.arcsinh)
arccosh = _on_elements(trigonometric.arccosh)
arctanh = _on_elements(trigonometric.arctanh)
deg2rad = _on_elements(trigonometric.deg2rad)
rad2deg = _on_elements(trigonometric.rad2deg)

# -- complex numbers -----------------------------------------------------------------------------------------
real = _on_elements(complex_numbers.real)
imag = _on_elements(complex_numbers.imag)
conj = _on_elements(complex_numbers.conj)
angle = _on_elements(complex_numbers.angle)
complex = _on_elements(complex_numbers.complex)
complex_from_polar = _on_elements(complex_numbers.complex_from_polar)

# -- special functions ---------------------------------------------------------------------------------------
erf = _on_elements(special.erf)
erfc = _on_elements(special.erfc)
erfcx = _on_elements(special.erfcx)
erfinv = _on_elements(special.erfinv)
erfcinv = _on_elements(special.erfcinv)
gamma = _on_elements(special.gamma)
gammaln = _on_elements(special.gammaln)
psi = _on_elements(special.psi)
tri_gamma = _on_elements(special.tri_gamma)
gammainc = _on_elements(special.gammainc)
gammaincc = _on_elements(special.gammaincc)
gammau = _on_elements(special.gammau)
gammal = _on_elements(special.gammal)
chi2sf = _on_elements(special.chi2sf)
j0 = _on_elements(special.j0)
j1 = _on_elements(special.j1)
jv = _on_elements(special.jv)
i0 = _on_elements(special.i0)
i1 = _on_elements(special.i1)
iv = _on_elements(special.iv)
xlogx = _on_elements(special.xlogx, "xlogx")
xlogy0 = _on_elements(special.xlogy0, "xlogy0")

# -- neural networks -----------------------------------------------------------------------------------------
sigmoid = _on_elements(activation.sigmoid, "sigmoid")
softplus = _on_elements(activation.softplus, "softplus")
ultra_fast_sigmoid = _on_elements(activation.ultra_fast_sigmoid, "ultra_fast_sigmoid")


# -- functions -----------------------------------------------------------------------------------------------
def isnan(a: Any) -> Variable:
    """Whether each element is no number (NaN)."""
    return _if_float(isnan_, a)


def isinf(a: Any) -> Variable:
    """Whether each element is infinite."""
    return _if_float(isinf_, a)


def _if_float(test: Elemwise, a: Any) -> Variable:
    x: Any = as_tensor_variable(a)
    made: Variable = second(x, as_tensor_variable(np.bool_(False))) if is_discrete(x.type.dtype) else test(x)
    return made


def round(a: Any, mode: str | None = None) -> Variable:
    """The nearest whole number to each element.

    `mode` says of two that are as near which it is: 'half_to_even' (also None) or 'half_away_from_zero'.

    Errors:  ValueError for another mode; TypeError for what are no real floating-point numbers
    """
    if mode is None or mode == "half_to_even":
        made: Variable = round_half_to_even(a)
    elif mode == "half_away_from_zero":
        made = round_half_away_from_zero(a)
    else:
        raise ValueError(f"The mode of round is 'half_to_even' or 'half_away_from_zero'; got {mode!r}.")
    return made


def iround(a: Any, mode: str | None = None) -> Variable:
    """The nearest whole number to each element, as int64; `mode` as for `round`."""
    return cast(round(a, mode), "int64")


def power(x: Any, y: Any) -> Variable:
    """`x` to the power of `y`."""
    made: Variable = pow(x, y)
    return made


def mod_check(x: Any, y: Any) -> Variable:
    """What is left by division rounded down.

    Errors:  ComplexError for complex numbers
    """
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    if is_complex(x.type.dtype) or is_complex(y.type.dtype):
        raise ComplexError(f"Complex numbers have no remainder: {x} % {y}. Use x.real or abs(x).")
    made: Variable = mod(x, y)
    return made


def divmod(x: Any, y: Any) -> tuple[Variable, Variable]:
    """Quotient rounded down, and what is left."""
    return int_div(x, y), mod_check(x, y)


def ceil_intdiv(a: Any, b: Any) -> Variable:
    """The quotient of integers, rounded up."""
    quotient: Any = int_div(a, b)
    return quotient + neq(mod(a, b), 0)  # type: ignore[no-any-return]


def isfinite(a: Any) -> Variable:
    """Whether each element is a number and not infinite."""
    return invert(or_(isnan(a), isinf(a)))  # type: ignore[no-any-return]


def logical_and(x: Any, y: Any) -> Variable:
    """Whether both are true (not zero)."""
    return and_(_truth(x), _truth(y))  # type: ignore[no-any-return]


def logical_or(x: Any, y: Any) -> Variable:
    """Whether one of the two, or both, are true (not zero)."""
    return or_(_truth(x), _truth(y))  # type: ignore[no-any-return]


def logical_xor(x: Any, y: Any) -> Variable:
    """Whether one of the two is true (not zero), and not both."""
    return xor(_truth(x), _truth(y))  # type: ignore[no-any-return]


def logical_not(x: Any) -> Variable:
    """Whether it is zero."""
    return invert(_truth(x))  # type: ignore[no-any-return]


def _truth(x: Any) -> Any:
    v = as_tensor_variable(x)
    return v if v.type.dtype == "bool" else neq(v, 0)
