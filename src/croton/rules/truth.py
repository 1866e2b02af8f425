"""Truth values and bits: what changes nothing, and conditions told more simply."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import add, and_, eq, ge, gt, invert, le, lt, neq, or_, switch, xor
from croton.ops.raise_op import Assert
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import constant_like, made_by, read_once, shaped_like, x, y
from croton.rules.explog import k
from croton.rules.passes import Context
from croton.rules.stages import canonicalize
from croton.vartypes.dtype import is_discrete


def _is_truth(variable: Variable) -> bool:
    return bool(variable.type.dtype == "bool")


def _are_whole(x: Variable, y: Variable) -> bool:
    return is_discrete(x.type.dtype) and is_discrete(y.type.dtype)


# What is not equal is unequal, also for NaN; what is not less is only for whole numbers as great.
canonicalize("local_not_eq", invert(eq(x, y)), to=lambda x, y: neq(x, y))
canonicalize("local_not_neq", invert(neq(x, y)), to=lambda x, y: eq(x, y))
canonicalize("local_not_lt", invert(lt(x, y)), to=lambda x, y: ge(x, y), when=_are_whole)
canonicalize("local_not_le", invert(le(x, y)), to=lambda x, y: gt(x, y), when=_are_whole)
canonicalize("local_not_gt", invert(gt(x, y)), to=lambda x, y: le(x, y), when=_are_whole)
canonicalize("local_not_ge", invert(ge(x, y)), to=lambda x, y: lt(x, y), when=_are_whole)
canonicalize(
    "local_switch_not",
    switch(invert(k), x, y),
    to=lambda k, x, y: switch(k, y, x),
    when=lambda k, x, y: _is_truth(k),
)


@canonicalize.on(eq, neq, name="local_compare_truth")
def _compared(node: Apply) -> Any:
    """A truth value compared with 0 or 1 is itself, or its opposite."""
    for condition, other in (node.inputs, node.inputs[::-1]):
        value = scalar_value(other)
        if value is None or value not in (0, 1) or not _is_truth(condition):
            continue
        keeps = (value == 1) == bool(made_by(node.outputs[0], eq))
        made = condition if keeps else invert(condition)
        return made if made.type == node.outputs[0].type else shaped_like(made, node)
    return None


# For each operation: with 0, with all bits, with itself. "x" is the other argument.
_LAWS: dict[str, tuple[Any, Any, Any]] = {"and_": (0, "x", "x"), "or_": ("x", -1, "x"), "xor": ("x", None, 0)}


@canonicalize.on(and_, or_, xor, name="local_useless_bits")
def _bits(node: Apply) -> Any:
    """Bits joined with none, with all, or with themselves."""
    op: Any = node.op
    with_none, with_all, with_itself = _LAWS[op.scalar_op.name]
    if len(node.inputs) != 2:
        return None
    a, b = node.inputs
    if a is b:
        return _law(with_itself, a, node)
    for number, other in ((a, b), (b, a)):
        value = scalar_value(number)
        if value is None:
            continue
        if value == 0:
            return _law(with_none, other, node)
        if with_all is not None and value == _all_bits(node.outputs[0].type.dtype):
            return _law(with_all, other, node)
    return None


def _all_bits(dtype: str) -> int:
    return 1 if dtype == "bool" else int(np.iinfo(dtype).max) if dtype.startswith("u") else -1


def _law(result: Any, other: Variable, node: Apply) -> Any:
    dtype = node.outputs[0].type.dtype
    if result == "x":
        made: Variable | None = cast(other, dtype)
    else:
        made = constant_like(result % 2 if dtype == "bool" else result, node.outputs[0])
    if made is None or made.type == node.outputs[0].type:
        return made
    return shaped_like(made, node)


@canonicalize.on(add, name="local_merge_switch_same_cond", inside=(switch,))
def _united(node: Apply, context: Context) -> Any:
    """Choices by one condition, added: a choice between the sums. So come gradients of both sides of a choice."""
    out = node.outputs[0]
    first: dict[Variable, int] = {}
    for at, term in enumerate(node.inputs):
        choice = made_by(term, switch)
        if choice is None or term.type != out.type or not read_once(term, context):
            continue
        before = first.setdefault(choice.inputs[0], at)
        other = made_by(node.inputs[before], switch)
        if before == at or other is None:
            continue
        sides = [_sum(a, b) for a, b in zip(other.inputs[1:], choice.inputs[1:], strict=True)]
        if None in sides:
            continue
        made = cast(switch(choice.inputs[0], *sides), out.type.dtype)
        rest = [v for i, v in enumerate(node.inputs) if i not in (before, at)]
        return made if not rest else add(made, *rest)
    return None


def _sum(a: Variable, b: Variable) -> Variable | None:
    """The sum of what is chosen between, where it costs nothing as one of the two is 0."""
    for one, other in ((a, b), (b, a)):
        value = scalar_value(one)
        if value is not None and value == 0:
            return other
    return None


@canonicalize.on(Assert, name="local_remove_useless_assert")
def _assured(node: Apply) -> Any:
    """Conditions that are known to hold need no check."""
    value, *conditions = node.inputs
    open_ = [c for c in conditions if (known := scalar_value(c)) is None or not known]
    if not open_:
        return value
    op: Any = node.op
    return op(value, *open_) if len(open_) < len(conditions) else None
