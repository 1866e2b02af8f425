"""Masks as indices: one number put in their places is a choice at each place, and so is a sum over these."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import add, fill, neq, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.index import template as index
from croton.ops.index.advanced import (
    AdvancedBooleanIncSubtensor,
    AdvancedBooleanSubtensor,
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
)
from croton.ops.index.subtensor import Subtensor
from croton.ops.index.take import Nonzero
from croton.ops.reduce import Sum
from croton.rules.arith import made_by, read_once
from croton.rules.fills import filled
from croton.rules.index import entries_of
from croton.rules.passes import Context, conform
from croton.rules.stages import canonicalize, specialize

_TAKES = (AdvancedSubtensor, AdvancedSubtensor1, AdvancedBooleanSubtensor)
_PUTS = (AdvancedIncSubtensor, AdvancedIncSubtensor1, AdvancedBooleanIncSubtensor)


def _entries(node: Apply, skipped: int) -> list[Any]:
    idx_list = getattr(node.op, "idx_list", None)
    given = node.inputs[skipped:]
    return list(given) if idx_list is None else index.join(idx_list, given)


def _mask(entries: list[Any]) -> Variable | None:
    """What is true, or not zero, in just the places that an index of the first axes names."""
    if len(entries) == 1 and isinstance(entries[0], Variable) and entries[0].type.dtype == "bool":
        return entries[0] if entries[0].type.ndim else None
    source: Variable | None = None
    for i, entry in enumerate(entries):
        node = entry.owner if isinstance(entry, Variable) else None
        if node is None or not isinstance(node.op, Subtensor) or entries_of(node) != [i]:
            return None
        made = node.inputs[0].owner
        if made is None or not isinstance(made.op, Nonzero) or source not in (None, made.inputs[0]):
            return None
        source = made.inputs[0]
    return source if source is not None and source.type.ndim == len(entries) else None


def _condition(node: Apply, skipped: int, context: Context) -> Variable | None:
    """For each place of the array that is indexed, whether it is meant; None where only a call can tell."""
    x = node.inputs[0]
    mask = _mask(_entries(node, skipped))
    if mask is None or mask.type.ndim > x.type.ndim:
        return None
    # A mask of other lengths is an error, and places of a smaller array are not.
    lengths = context.shapes.lengths
    for m, n in zip(lengths(mask), lengths(x), strict=False):
        if m is not n and not (isinstance(m, int) and m == n):
            return None
    flags = zip(mask.type.broadcastable, x.type.broadcastable, strict=False)
    if any(one != other for one, other in flags):
        return None
    missing = x.type.ndim - mask.type.ndim
    whole = dimshuffle(mask, *range(mask.type.ndim), *["x"] * missing)
    return whole if mask.type.dtype == "bool" else neq(whole, cast(0, mask.type.dtype))


@canonicalize.on(*_PUTS, name="local_masked_number_to_switch")
def _number_put(node: Apply, context: Context) -> Any:
    """One number put where a mask is true, or added there, is chosen there: no places are looked for."""
    x, value = node.inputs[:2]
    number = _one_number(value)
    if number is None:
        return None
    condition = _condition(node, 2, context)
    if condition is None:
        return None
    there = cast(dimshuffle(number, *["x"] * x.type.ndim), x.type.dtype)
    if not node.op.set_instead_of_inc:  # type: ignore[attr-defined]
        there = cast(add(x, there), x.type.dtype)
    return conform(switch(condition, there, x), node.outputs[0])


def _one_number(value: Variable) -> Any:
    """The number, 0-d, that all elements of `value` are for certain."""
    repeated = made_by(value, fill)
    value = value if repeated is None else repeated.inputs[1]
    if all(value.type.broadcastable):
        return dimshuffle(value)
    found = filled(value)
    return None if found is None else found[0]


@specialize.on(Sum, name="local_sum_of_masked", inside=_TAKES)
def _sum_where(node: Apply, context: Context) -> Any:
    """The sum of the elements for which a mask is true is one over all, where the others count as 0."""
    op: Any = node.op
    part = node.inputs[0]
    inner = part.owner
    if inner is None or not isinstance(inner.op, _TAKES):
        return None
    if (op.axis is not None and len(op.axis) != part.type.ndim) or not read_once(part, context):
        return None
    condition = _condition(inner, 1, context)
    if condition is None:
        return None
    x = inner.inputs[0]
    chosen: Any = switch(condition, x, cast(0, x.type.dtype))
    return op.over(None)(chosen)
