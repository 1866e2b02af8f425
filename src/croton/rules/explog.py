"""Powers, roots, exponentials and logarithms, signs, choices and casts: what undoes or repeats what stands inside."""

from __future__ import annotations

from functools import reduce
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import (
    abs_,
    clip,
    eq,
    exp,
    exp2,
    expm1,
    ge,
    gt,
    inv,
    invert,
    isinf_,
    isnan_,
    le,
    log,
    log1p,
    log2,
    lt,
    maximum,
    minimum,
    mul,
    neg,
    neq,
    pow,
    real,
    sgn,
    sqr,
    sqrt,
    switch,
    tensor_copy,
)
from croton.ops.elemwise import Elemwise
from croton.ops.scalar.conversion import Cast
from croton.ops.variable import TensorVariable
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import constant_like, is_float, is_real_float, made_by, shaped_like, x
from croton.rules.stages import canonicalize, specialize
from croton.vartypes.dtype import is_complex, is_discrete, upcast
from croton.vartypes.tensor import TensorType


def is_signed(variable: Variable) -> bool:
    """Whether its elements may be negative; what has no sign wraps around."""
    return not variable.type.dtype.startswith(("uint", "bool"))


# A hole for integers.
k = TensorVariable(TensorType("int64", ()), name="k")

canonicalize("local_log_exp", log(exp(x)), to=lambda x: x, when=is_real_float)
canonicalize("local_log2_exp2", log2(exp2(x)), to=lambda x: x, when=is_real_float)
canonicalize("local_log1p_expm1", log1p(expm1(x)), to=lambda x: x, when=is_real_float)
canonicalize(
    "local_expm1_log1p", expm1(log1p(x)), to=lambda x: switch(ge(x, -1), x, float("nan")), when=is_real_float
)
canonicalize("local_abs_abs", abs_(abs_(x)), to=lambda x: abs_(x))
canonicalize("local_abs_neg", abs_(neg(x)), to=lambda x: abs_(x), when=is_signed)
canonicalize("local_abs_sqr", abs_(sqr(x)), to=lambda x: sqr(x), when=is_real_float)
canonicalize("local_sgn_sgn", sgn(sgn(x)), to=lambda x: sgn(x))
canonicalize("local_invert_invert", invert(invert(k)), to=lambda k: k)
canonicalize("local_sqrt_sqr", sqrt(sqr(x)), to=lambda x: abs_(x), when=is_real_float)
canonicalize(
    "local_sqr_sqrt", sqr(sqrt(x)), to=lambda x: switch(ge(x, 0), x, float("nan")), when=is_real_float
)
canonicalize("local_useless_copy", tensor_copy(x), to=lambda x: x)
canonicalize("local_real_of_real", real(x), to=lambda x: x, when=lambda x: not is_complex(x.type.dtype))
specialize("local_sqr_abs", sqr(abs_(x)), to=lambda x: sqr(x), when=is_real_float)
specialize("local_sqr_neg", sqr(neg(x)), to=lambda x: sqr(x))
specialize("local_mul_to_sqr", mul(x, x), to=lambda x: sqr(x))


# -- powers --------------------------------------------------------------------------------------------------
@canonicalize.on(pow, name="local_pow_specialize")
def _pow(node: Apply) -> Any:
    """Small known powers are products and roots."""
    base, exponent = node.inputs
    out = node.outputs[0]
    value = scalar_value(exponent)
    if value is None or base.type.dtype != out.type.dtype:
        return None
    if is_discrete(out.type.dtype):
        forms: dict[Any, Any] = {2: lambda: sqr(base), 1: lambda: base, 0: lambda: constant_like(1, out)}
    else:
        forms = {
            2: lambda: sqr(base), 1: lambda: base, 0: lambda: constant_like(1, out), 0.5: lambda: sqrt(base),
            -1: lambda: inv(base), -2: lambda: inv(sqr(base)), -0.5: lambda: inv(sqrt(base)),
        }  # fmt: skip
    made = forms.get(value[()].item(), lambda: None)()
    if made is None:
        return None
    return made if made.type == out.type else shaped_like(made, node)


@specialize.on(pow, name="local_pow_by_squaring")
def _pow_by_squaring(node: Apply) -> Any:
    """Whole powers up to 16 are products of squares."""
    base, exponent = node.inputs
    value = scalar_value(exponent)
    if value is None or not is_real_float(node.outputs[0]) or base.type != node.outputs[0].type:
        return None
    n = value[()].item()
    if n != n or n != int(n) or not 3 <= abs(n) <= 16:
        return None
    square, left = base, abs(int(n))
    factors: list[Variable] = []
    while left:
        if left & 1:
            factors.append(square)
        left >>= 1
        if left:
            square = sqr(square)
    made = factors[0] if len(factors) == 1 else reduce(mul, factors)
    return made if n > 0 else inv(made)


# -- choices -------------------------------------------------------------------------------------------------
@canonicalize.on(switch, name="local_useless_switch")
def _useless_switch(node: Apply) -> Any:
    """A switch whose condition is known, or whose two sides are one."""
    condition, yes, no = node.inputs
    value = scalar_value(condition)
    chosen = None if value is None else (yes if value else no)
    if chosen is None and yes is no:
        chosen = yes
    if chosen is None:
        return None
    chosen = cast(chosen, node.outputs[0].type.dtype)
    return chosen if chosen.type == node.outputs[0].type else shaped_like(chosen, node)


# What a comparison of a whole number with itself gives.
_OF_ITSELF = {"eq": 1, "neq": 0, "lt": 0, "gt": 0, "le": 1, "ge": 1}


@canonicalize.on(eq, neq, lt, gt, le, ge, name="local_useless_elemwise_comparison")
def _comparison(node: Apply) -> Any:
    """Integers equal themselves; lengths are at least 0."""
    a, b = node.inputs
    op: Any = node.op
    name = op.scalar_op.name
    if a is b and not is_float(a):
        return _truth(_OF_ITSELF[name], node)
    value = scalar_value(b)
    if value is not None and value == 0 and _is_length(a) and name in ("lt", "ge"):
        return _truth(name == "ge", node)
    value = scalar_value(a)
    if value is not None and value == 0 and _is_length(b) and name in ("gt", "le"):
        return _truth(name == "le", node)
    return None


def _truth(known: Any, node: Apply) -> Any:
    from_number = cast(known, node.outputs[0].type.dtype)
    return from_number if node.outputs[0].type.ndim == 0 else shaped_like(from_number, node)


@canonicalize.on(maximum, minimum, name="local_useless_extremum")
def _extremum(node: Apply) -> Any:
    """The larger of a value and itself, and of a length and 0."""
    a, b = node.inputs
    if a is b:
        return a
    op: Any = node.op
    for length, other in ((a, b), (b, a)):
        value = scalar_value(other)
        if value is not None and _is_length(length) and length.type == node.outputs[0].type:
            if op.scalar_op.name == "maximum" and value <= 0:
                return length
            if op.scalar_op.name == "minimum" and value == 0:
                return other if other.type == node.outputs[0].type else None
    return None


def _is_length(variable: Variable) -> bool:
    return getattr(variable.owner.op if variable.owner else None, "is_length", False)


@canonicalize.on(isnan_, isinf_, name="local_known_to_be_finite")
def _finite(node: Apply) -> Any:
    """Whole numbers are neither infinite nor NaN."""
    return None if is_float(node.inputs[0]) else _truth(0, node)


@canonicalize.on(clip, name="local_useless_clip")
def _clip_of_clip(node: Apply) -> Any:
    """Clipped twice to the same bounds."""
    inner = made_by(node.inputs[0], clip)
    return node.inputs[0] if inner is not None and inner.inputs[1:] == node.inputs[1:] else None


# -- casts ---------------------------------------------------------------------------------------------------
def _is_cast(variable: Variable) -> bool:
    node = variable.owner
    return node is not None and isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Cast)


@canonicalize.on(name="local_useless_cast")
def _cast(node: Apply) -> Any:
    """A cast to the type that is there, and one by way of a type that loses nothing."""
    if not _is_cast(node.outputs[0]):
        return None
    source = node.inputs[0]
    want: str = node.outputs[0].type.dtype
    if source.type.dtype == want:
        return source
    if not _is_cast(source):
        return None
    assert source.owner is not None
    first = source.owner.inputs[0]
    have: str = first.type.dtype
    if upcast(have, source.type.dtype) != source.type.dtype or have == "bool":
        return None
    if is_discrete(have) and not is_discrete(source.type.dtype):
        return None
    return cast(first, want)
