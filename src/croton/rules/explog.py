"""Functions that undo, repeat or reflect what stands inside: exponentials and logarithms, odd and even functions."""

from __future__ import annotations

from math import inf

from croton.graph.node import Variable
from croton.ops.elementwise import (
    abs_,
    and_,
    arcsinh,
    arctan,
    arctanh,
    ceil,
    conj,
    cos,
    cosh,
    deg2rad,
    erf,
    erfinv,
    exp,
    exp2,
    expm1,
    floor,
    ge,
    invert,
    le,
    log,
    log1p,
    log2,
    mul,
    neg,
    rad2deg,
    real,
    round_half_away_from_zero,
    round_half_to_even,
    sgn,
    sin,
    sinh,
    sqr,
    sqrt,
    switch,
    tan,
    tanh,
    tensor_copy,
    trunc,
)
from croton.ops.elemwise import Elemwise
from croton.ops.variable import TensorVariable
from croton.rules.arith import is_real_float, x
from croton.rules.stages import canonicalize, specialize
from croton.vartypes.dtype import is_complex
from croton.vartypes.tensor import TensorType

# A hole for integers.
k = TensorVariable(TensorType("int64", ()), name="k")


def is_signed(variable: Variable) -> bool:
    """Whether its elements may be negative; what has no sign wraps around."""
    return not variable.type.dtype.startswith(("uint", "bool"))


# Functions with the least and the greatest value for which the inner one gives a number; then x comes back.
_INVERSES: tuple[tuple[str, Elemwise, Elemwise, float, float], ...] = (
    ("local_log_exp", log, exp, -inf, inf),
    ("local_log2_exp2", log2, exp2, -inf, inf),
    ("local_log1p_expm1", log1p, expm1, -inf, inf),
    ("local_exp_log", exp, log, 0, inf),
    ("local_exp2_log2", exp2, log2, 0, inf),
    ("local_expm1_log1p", expm1, log1p, -1, inf),
    ("local_sqr_sqrt", sqr, sqrt, 0, inf),
    ("local_sinh_arcsinh", sinh, arcsinh, -inf, inf),
    ("local_arcsinh_sinh", arcsinh, sinh, -inf, inf),
    ("local_tan_arctan", tan, arctan, -inf, inf),
    ("local_arctanh_tanh", arctanh, tanh, -inf, inf),
    ("local_tanh_arctanh", tanh, arctanh, -1, 1),
    ("local_erfinv_erf", erfinv, erf, -inf, inf),
    ("local_erf_erfinv", erf, erfinv, -1, 1),
    ("local_deg2rad_rad2deg", deg2rad, rad2deg, -inf, inf),
    ("local_rad2deg_deg2rad", rad2deg, deg2rad, -inf, inf),
)


def _within(v: Variable, least: float, greatest: float) -> Variable:
    """`v`, and NaN where it is out of bounds."""
    bounds = [test(v, bound) for test, bound in ((ge, least), (le, greatest)) if abs(bound) != inf]
    if not bounds:
        return v
    made: Variable = switch(bounds[0] if len(bounds) == 1 else and_(*bounds), v, float("nan"))
    return made


def _enter_inverse(name: str, outer: Elemwise, inner: Elemwise, least: float, greatest: float) -> None:
    def undone(x: Variable) -> Variable:
        return _within(x, least, greatest)

    canonicalize(name, outer(inner(x)), to=undone, when=is_real_float, tags=("local_func_inv",))


for row in _INVERSES:
    _enter_inverse(*row)

# Once more where the root was squared by multiplying it.
specialize("local_sqr_sqrt", sqr(sqrt(x)), to=lambda x: _within(x, 0, inf), when=is_real_float)


# f(-x) is -f(x), or f(x).
_ODD = (sin, tan, sinh, tanh, arctan, arcsinh, arctanh, erf, erfinv)
_EVEN = (cos, cosh)


def _enter_reflection(f: Elemwise, is_odd: bool) -> None:
    def reflected(x: Variable) -> Variable:
        made: Variable = neg(f(x)) if is_odd else f(x)
        return made

    name = f"local_{f.scalar_op.name}_neg"
    canonicalize(name, f(neg(x)), to=reflected, when=is_real_float, tags=("local_neg_inside",))


for function in (*_ODD, *_EVEN):
    _enter_reflection(function, function in _ODD)


# f(f(x)) is f(x).
_IDEMPOTENT = (abs_, sgn, floor, ceil, trunc, round_half_to_even, round_half_away_from_zero)


def _enter_idempotent(f: Elemwise) -> None:
    def once(x: Variable) -> Variable:
        made: Variable = f(x)
        return made

    name = str(f.scalar_op.name).rstrip("_")
    canonicalize(f"local_{name}_{name}", f(f(x)), to=once)


for function in _IDEMPOTENT:
    _enter_idempotent(function)

# What is never negative, whatever goes in.
_NEVER_NEGATIVE = ("abs_", "sqr", "sqrt", "exp", "exp2", "sigmoid", "softplus", "cosh", "erfc", "erfcx")


def is_never_negative(variable: Variable) -> bool:
    """Whether the elements of `variable`, floats, are at least 0 (or NaN) by how they come about."""
    node = variable.owner
    return (
        is_real_float(variable)
        and node is not None
        and isinstance(node.op, Elemwise)
        and node.op.scalar_op.name in _NEVER_NEGATIVE
    )


canonicalize("local_abs_neg", abs_(neg(x)), to=lambda x: abs_(x), when=is_signed)
canonicalize("local_abs_of_never_negative", abs_(x), to=lambda x: x, when=is_never_negative)
canonicalize("local_invert_invert", invert(invert(k)), to=lambda k: k)
canonicalize("local_conj_conj", conj(conj(x)), to=lambda x: x)
canonicalize("local_conj_of_real", conj(x), to=lambda x: x, when=lambda x: not is_complex(x.type.dtype))
canonicalize("local_sqrt_sqr", sqrt(sqr(x)), to=lambda x: abs_(x), when=is_real_float)
canonicalize("local_sqrt_square", sqrt(mul(x, x)), to=lambda x: abs_(x), when=is_real_float)
canonicalize("local_sgn_mul_abs", mul(sgn(x), abs_(x)), to=lambda x: x, when=is_real_float)
canonicalize("local_useless_copy", tensor_copy(x), to=lambda x: x)
canonicalize("local_real_of_real", real(x), to=lambda x: x, when=lambda x: not is_complex(x.type.dtype))
