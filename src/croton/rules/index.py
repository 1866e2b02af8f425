"""Parts of tensors: taken directly from where they come, and not at all where they are everything."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.index import template as index
from croton.ops.index.subtensor import Subtensor
from croton.ops.known import elements
from croton.rules.stages import canonicalize


def entries_of(node: Apply, skipped: int = 1) -> list[Any]:
    """The index of an application, of which so many inputs stand before it: ints, slices, variables."""
    op: Any = node.op
    known = [int(v.data) if isinstance(v, Constant) else v for v in node.inputs[skipped:]]
    return index.join(op.idx_list, known)


def part_of(x: Variable, entries: list[Any]) -> Variable:
    """`x[entries]`; `x` itself where that is all of it."""
    if all(index.is_full(e) for e in entries):
        return x
    template, variables = index.split(entries)
    made: Variable = Subtensor(template)(x, *variables)
    return made


@canonicalize.on(Subtensor, name="local_useless_slice")
def _simple(node: Apply) -> Any:
    """Slices that take all say nothing at the end of an index; numbers that are known are part of the operation."""
    entries = entries_of(node)
    short = [slice(None) if index.is_full(e) else e for e in entries]
    while short and index.is_full(short[-1]):
        short.pop()
    if not short:
        return node.inputs[0]
    op: Any = node.op
    changed = len(short) < len(entries) or any(isinstance(v, Constant) for v in node.inputs[1:])
    changed = changed or any(index.is_full(e) and e.step == 1 for e in op.idx_list)
    return part_of(node.inputs[0], short) if changed else None


@canonicalize.on(Subtensor, name="local_subtensor_make_vector")
def _of_known_elements(node: Apply) -> Any:
    """An element of a vector whose elements are named."""
    entries = entries_of(node)
    if node.inputs[0].type.ndim != 1 or len(entries) != 1 or not isinstance(entries[0], int):
        return None
    source = node.inputs[0].owner
    named = None if source is None else elements(node.inputs[0])
    if named is None or not -len(named) <= entries[0] < len(named):
        return None
    return named[entries[0]]


@canonicalize.on(Subtensor, name="local_subtensor_merge")
def _ofpart_of(node: Apply) -> Any:
    """A part of a part, where the first takes whole axes and single places; a reversal reversed."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, Subtensor):
        return None
    first, second = entries_of(inner), entries_of(node)
    if _reverses(first) and _reverses(second) and len(first) == len(second):
        same = all(index.is_full(a) == index.is_full(b) for a, b in zip(first, second, strict=True))
        return inner.inputs[0] if same else None
    if not all(index.is_full(e) or not isinstance(e, slice) for e in first):
        return None
    left = list(second)
    merged = [left.pop(0) if isinstance(e, slice) and left else e for e in first]
    return part_of(inner.inputs[0], merged + left)


def _reverses(entries: list[Any]) -> bool:
    """Whether each entry takes all, in order or backwards, and one backwards."""
    back = [isinstance(e, slice) and e.start is None and e.stop is None and e.step == -1 for e in entries]
    return any(back) and all(b or index.is_full(e) for b, e in zip(back, entries, strict=True))
