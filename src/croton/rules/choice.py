"""Choices and comparisons whose outcome is known, or the same on both sides; casts that change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import (
    add,
    clip,
    eq,
    ge,
    gt,
    isinf_,
    isnan_,
    le,
    lt,
    maximum,
    minimum,
    mul,
    neq,
    switch,
    true_div,
)
from croton.ops.elemwise import Elemwise
from croton.ops.scalar.conversion import Cast
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import constant_like, is_float, made_by, shaped_like
from croton.rules.stages import canonicalize
from croton.vartypes.dtype import is_discrete, upcast


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


@canonicalize.on(switch, name="local_nested_switch", inside=(switch,))
def _nested(node: Apply) -> Any:
    """A switch in a switch of the same condition is decided already."""
    condition, *sides = node.inputs
    known = [_side(side, condition, at) for at, side in enumerate(sides)]
    if all(a is b for a, b in zip(known, sides, strict=True)):
        return None
    made: Variable = switch(condition, *known)
    return made if made.type == node.outputs[0].type else None


def _side(side: Variable, condition: Variable, at: int) -> Variable:
    inner = made_by(side, switch)
    if inner is None or inner.inputs[0] is not condition:
        return side
    return cast(inner.inputs[1 + at], side.type.dtype)


@canonicalize.on(mul, name="local_mul_switch_sink", inside=(switch,))
def _product_of_choice(node: Apply) -> Any:
    """A product with what is 0 on one side is 0 on that side, even where the other factors are no numbers there.

    Gradients of switches come out so: without this, 0 times the infinite slope of the side not taken is NaN.
    """
    for at, factor in enumerate(node.inputs):
        found = _zero_on_one_side(factor)
        if found is not None:
            rest = [v for i, v in enumerate(node.inputs) if i != at]
            return _sunk(found, lambda side, rest=rest: mul(side, *rest), node)
    return None


@canonicalize.on(true_div, name="local_div_switch_sink", inside=(switch,))
def _quotient_of_choice(node: Apply) -> Any:
    """As local_mul_switch_sink, for what is divided."""
    found = _zero_on_one_side(node.inputs[0])
    return None if found is None else _sunk(found, lambda side: true_div(side, node.inputs[1]), node)


def _zero_on_one_side(variable: Variable) -> tuple[Variable, Variable, int] | None:
    """The condition, what is not 0, and which side 0 stands on, where `variable` is such a switch of floats."""
    inner = made_by(variable, switch)
    if inner is None or not is_float(variable):
        return None
    condition, *sides = inner.inputs
    zeros = [at for at, side in enumerate(sides) if (n := scalar_value(side)) is not None and n == 0]
    return (condition, sides[1 - zeros[0]], zeros[0]) if len(zeros) == 1 else None


def _sunk(found: tuple[Variable, Variable, int], apply: Any, node: Apply) -> Variable | None:
    condition, other, at = found
    zero = constant_like(0, node.outputs[0])
    made = cast(apply(other), node.outputs[0].type.dtype)
    whole: Variable = switch(condition, made, zero) if at else switch(condition, zero, made)
    return whole if whole.type == node.outputs[0].type else shaped_like(whole, node)


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
        return _truth(int(name == "ge"), node)
    value = scalar_value(a)
    if value is not None and value == 0 and _is_length(b) and name in ("gt", "le"):
        return _truth(int(name == "le"), node)
    return None


def _truth(known: int, node: Apply) -> Any:
    from_number = cast(known, node.outputs[0].type.dtype)
    return from_number if node.outputs[0].type.ndim == 0 else shaped_like(from_number, node)


@canonicalize.on(maximum, minimum, name="local_useless_extremum")
def _extremum(node: Apply) -> Any:
    """The larger of a value and itself, of a value and two numbers, and of a length and 0."""
    a, b = node.inputs
    if a is b:
        return a
    op: Any = node.op
    for inner, number in ((a, b), (b, a)):
        made = made_by(inner, op)
        value = scalar_value(number)
        if made is None or value is None or value != value:
            continue
        for one, other in (made.inputs, made.inputs[::-1]):
            bound = scalar_value(other)
            if bound is not None and bound == bound and one.type == node.outputs[0].type:
                return op(one, number if value == op.scalar_op.eval(np, value, bound) else other)
    for length, other in ((a, b), (b, a)):
        value = scalar_value(other)
        if value is not None and _is_length(length) and length.type == node.outputs[0].type:
            if op.scalar_op.name == "maximum" and value <= 0:
                return length
            if op.scalar_op.name == "minimum" and value == 0:
                return _truth(0, node)
    return None


def _is_length(variable: Variable, depth: int = 4) -> bool:
    """Whether `variable` is a length, or a sum or product of lengths and numbers that are not negative."""
    node = variable.owner
    if node is None:
        return isinstance(variable, Constant) and not is_float(variable) and bool(np.all(variable.data >= 0))
    if getattr(node.op, "is_length", False):
        return True
    if not depth or variable.type.dtype != "int64":
        return False
    return bool(made_by(variable, add) or made_by(variable, mul)) and all(
        _is_length(v, depth - 1) for v in node.inputs
    )


@canonicalize.on(isnan_, isinf_, name="local_known_to_be_finite")
def _finite(node: Apply) -> Any:
    """Whole numbers are neither infinite nor NaN."""
    return None if is_float(node.inputs[0]) else _truth(0, node)


@canonicalize.on(clip, name="local_useless_clip", inside=(clip,))
def _clip_of_clip(node: Apply) -> Any:
    """Clipped twice to the same bounds."""
    inner = made_by(node.inputs[0], clip)
    return node.inputs[0] if inner is not None and inner.inputs[1:] == node.inputs[1:] else None


# -- casts ---------------------------------------------------------------------------------------------------
def _is_cast(variable: Variable) -> bool:
    node = variable.owner
    return node is not None and isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Cast)


@canonicalize.on(name="local_useless_cast", tags=("local_cast_cast",))
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
    between: str = source.type.dtype
    # Whole numbers too large for a type wrap around; where they come from floats, anything may happen.
    wraps = is_discrete(have) and not is_discrete(between) and is_discrete(want)
    if not _holds_all(between, have) or (wraps and not _holds_all(want, have)):
        return None
    return cast(first, want)


# The digits of whole numbers that each kind of floats holds.
_DIGITS = {"float16": 11, "float32": 24, "float64": 53}


def _holds_all(dtype: str, of: str) -> bool:
    """Whether numbers of type `of` are the same numbers as `dtype`."""
    if of == "bool":
        return True
    if is_discrete(of) and not is_discrete(dtype):
        return 8 * np.dtype(of).itemsize - of.startswith("int") <= _DIGITS.get(dtype, 0)
    return upcast(of, dtype) == dtype
