"""Parts of tensors: taken directly from where they come, and not at all where they are everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.ops.creation import Alloc
from croton.ops.elementwise import add, fill
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import IncSubtensor, Subtensor
from croton.ops.known import elements
from croton.rules.arith import read_once
from croton.rules.passes import Context
from croton.rules.stages import canonicalize


def _entries(node: Apply, skipped: int = 1) -> list[Any]:
    """The index of an application: ints, slices, variables."""
    op: Any = node.op
    known = [int(v.data) if isinstance(v, Constant) else v for v in node.inputs[skipped:]]
    return index.join(op.idx_list, known)


def _part(x: Variable, entries: list[Any]) -> Variable:
    template, variables = index.split(entries)
    made: Variable = Subtensor(template)(x, *variables)
    return made


@canonicalize.on(Subtensor, name="local_useless_slice")
def _simple(node: Apply) -> Any:
    """Slices that take all say nothing at the end of an index; numbers that are known are part of the operation."""
    entries = _entries(node)
    short = [slice(None) if index.is_full(e) else e for e in entries]
    while short and index.is_full(short[-1]):
        short.pop()
    if not short:
        return node.inputs[0]
    op: Any = node.op
    changed = len(short) < len(entries) or any(isinstance(v, Constant) for v in node.inputs[1:])
    changed = changed or any(index.is_full(e) and e.step == 1 for e in op.idx_list)
    return _part(node.inputs[0], short) if changed else None


@canonicalize.on(Subtensor, name="local_subtensor_make_vector")
def _of_known_elements(node: Apply) -> Any:
    """An element of a vector whose elements are named."""
    entries = _entries(node)
    if node.inputs[0].type.ndim != 1 or len(entries) != 1 or not isinstance(entries[0], int):
        return None
    source = node.inputs[0].owner
    named = None if source is None else elements(node.inputs[0])
    if named is None or not -len(named) <= entries[0] < len(named):
        return None
    return named[entries[0]]


@canonicalize.on(Subtensor, name="local_subtensor_merge")
def _of_part(node: Apply) -> Any:
    """A part of a part, where the first takes whole axes and single places; a reversal reversed."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, Subtensor):
        return None
    first, second = _entries(inner), _entries(node)
    if _reverses(first) and _reverses(second) and len(first) == len(second):
        same = all(index.is_full(a) == index.is_full(b) for a, b in zip(first, second, strict=True))
        return inner.inputs[0] if same else None
    if not all(index.is_full(e) or not isinstance(e, slice) for e in first):
        return None
    left = list(second)
    merged = [left.pop(0) if isinstance(e, slice) and left else e for e in first]
    return _part(inner.inputs[0], merged + left)


def _reverses(entries: list[Any]) -> bool:
    """Whether each entry takes all, in order or backwards, and one backwards."""
    back = [isinstance(e, slice) and e.start is None and e.stop is None and e.step == -1 for e in entries]
    return any(back) and all(b or index.is_full(e) for b, e in zip(back, entries, strict=True))


def _same_place(one: Apply, other: Apply, skip_one: int, skip_other: int) -> bool:
    a, b = _entries(one, skip_one), _entries(other, skip_other)
    return index.key(a) == index.key(b)


@canonicalize.on(Subtensor, name="local_subtensor_inc_subtensor")
def _of_set(node: Apply) -> Any:
    """What was just put there, or added to nothing."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, IncSubtensor):
        return None
    if not (inner.op.set_instead_of_inc or is_nothing(inner.inputs[0])):
        return None
    value = inner.inputs[1]
    if value.type != node.outputs[0].type or not _same_place(node, inner, 1, 2):
        return None
    return value


def is_nothing(variable: Variable) -> bool:
    """Whether all elements of `variable` are zero for certain."""
    node = variable.owner
    while node is not None and isinstance(node.op, (Alloc, DimShuffle)):
        variable = node.inputs[0]
        node = variable.owner
    return isinstance(variable, Constant) and not np.any(variable.data)


@canonicalize.on(add, name="local_add_inc_subtensor")
def _to_part(node: Apply, context: Context) -> Any:
    """Adding what is zero but in a part is adding to that part."""
    terms = list(node.inputs)
    for at, term in enumerate(terms):
        source = term.owner
        if source is None or not isinstance(source.op, IncSubtensor) or not is_nothing(source.inputs[0]):
            continue
        rest = [v for i, v in enumerate(terms) if i != at]
        if term.type != node.outputs[0].type or not read_once(term, context):
            continue
        total = rest[0] if len(rest) == 1 else add(*rest)
        if total.type == term.type:
            op: Any = source.op
            return IncSubtensor(op.idx_list)(total, *source.inputs[1:])
    return None


@canonicalize.on(IncSubtensor, name="local_useless_inc_subtensor")
def _set_to_itself(node: Apply) -> Any:
    """What is there already put there; or everything set."""
    op: Any = node.op
    x, value = node.inputs[:2]
    source = value.owner
    if not op.set_instead_of_inc:
        return None
    if source is not None and isinstance(source.op, Subtensor) and source.inputs[0] is x:
        return x if _same_place(node, source, 2, 1) else None
    if all(index.is_full(e) for e in _entries(node, 2)) and all(value.type.broadcastable):
        return fill(x, dimshuffle(value, *["x"] * (x.type.ndim - value.type.ndim), *range(value.type.ndim)))
    return None


@canonicalize.on(Subtensor, name="local_subtensor_lift")
def _of_elementwise(node: Apply, context: Context) -> Any:
    """A part of what is computed element by element is computed from the parts."""
    source = node.inputs[0].owner
    if source is None or not isinstance(source.op, Elemwise) or not read_once(node.inputs[0], context):
        return None
    pattern = node.inputs[0].type.broadcastable
    wide = [v for v in source.inputs if not _is_number(v)]
    if len(source.outputs) != 1 or not wide or any(v.type.broadcastable != pattern for v in wide):
        return None
    entries = _entries(node)
    parts = [
        dimshuffle(dimshuffle(v), *["x"] * node.outputs[0].type.ndim) if _is_number(v) else _part(v, entries)
        for v in source.inputs
    ]
    return source.op(*parts)


def _is_number(variable: Variable) -> bool:
    return all(variable.type.broadcastable)
