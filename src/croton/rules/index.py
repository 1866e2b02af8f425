"""Parts of tensors: taken directly from where they come, and not at all where they are everything."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.graph.type import Type
from croton.ops.creation import ARange
from croton.ops.index import template as index
from croton.ops.index.advanced import AdvancedSubtensor1
from croton.ops.index.subtensor import Subtensor
from croton.ops.known import elements
from croton.rewrite.pattern import scalar_value
from croton.rules.fills import follows
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


@canonicalize.on(Subtensor, name="local_useless_slice", tags=("local_useless_subtensor",))
def _simple(node: Apply) -> Any:
    """Slices that take all say nothing at the end of an index; numbers that are known are part of the operation."""
    entries = entries_of(node)
    short = [slice(None) if _takes_all(node.inputs[0], axis, e) else e for axis, e in enumerate(entries)]
    while short and index.is_full(short[-1]):
        short.pop()
    if not short:
        return node.inputs[0]
    op: Any = node.op
    changed = len(short) < len(entries) or any(isinstance(v, Constant) for v in node.inputs[1:])
    changed = changed or any(
        index.is_full(a) and e != slice(None) for a, e in zip(short, op.idx_list, strict=False)
    )
    return part_of(node.inputs[0], short) if changed else None


@canonicalize.on(AdvancedSubtensor1, name="local_take_all", among=(ARange,))
def _in_turn(node: Apply) -> Any:
    """x[arange(n)], n being the length of x, is x."""
    x, places = node.inputs
    made = places.owner
    if made is None or not isinstance(made.op, ARange):
        return None
    start, stop, step = made.inputs
    first, by = scalar_value(start), scalar_value(step)
    return x if first == 0 and by == 1 and follows(x, 0, stop) else None


def _takes_all(x: Variable, axis: int, entry: Any) -> bool:
    """Whether an entry is a slice from the beginning to the length that the axis has."""
    if index.is_full(entry):
        return True
    if not isinstance(entry, slice) or entry.start not in (None, 0) or entry.step not in (None, 1):
        return False
    stop, known = entry.stop, x.type.shape[axis]
    if isinstance(stop, int):
        return known is not None and stop >= known
    return stop is None or follows(x, axis, stop)


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


@canonicalize.on(Subtensor, name="local_subtensor_merge", inside=(Subtensor,))
def _part_of_part(node: Apply) -> Any:
    """A part of a part is a part of the whole, where both are known well enough to say which."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, Subtensor):
        return None
    first, left = entries_of(inner), entries_of(node)
    merged: list[Any] = []
    for e in first:
        if not isinstance(e, slice) or not left:
            merged.append(e)
            continue
        entry = _through(e, left.pop(0))
        if entry is None:
            return None
        merged.append(entry)
    return part_of(inner.inputs[0], merged + left)


def _through(first: slice, second: Any) -> Any:
    """The entry that takes of an axis what `second` takes of what `first` takes; None where only a call can tell."""
    if index.is_full(first):
        return second
    if index.is_full(second):
        return first
    numbers = (*index.parts(first), *(index.parts(second) if isinstance(second, slice) else (second,)))
    if any(isinstance(n, (Variable, Type)) for n in numbers):
        return None
    if first == _REVERSED:
        return _backwards(second)
    start, stop, step = first.start or 0, first.stop, first.step or 1
    if step < 1 or start < 0 or (stop is not None and stop < 0):
        return None
    if isinstance(second, slice):
        return _slice_of_slice(start, stop, step, second)
    place = start + step * second
    return place if second >= 0 and (stop is None or place < stop) else None


_REVERSED = slice(None, None, -1)


def _backwards(second: Any) -> Any:
    """What `second` takes of an axis turned round, as taken of the axis."""
    if isinstance(second, slice):
        return slice(None) if second == _REVERSED else None
    return -1 - second


def _slice_of_slice(start: int, stop: int | None, step: int, second: slice) -> Any:
    """The slice that `second` is of the slice from `start` to `stop`, none of whose numbers is negative."""
    first, end, by = second.start or 0, second.stop, second.step or 1
    if by < 1 or first < 0 or (end is not None and end < 0):
        return None
    ends = [n for n in (stop, None if end is None else start + step * end) if n is not None]
    return slice(start + step * first, min(ends) if ends else None, step * by if step * by > 1 else None)
