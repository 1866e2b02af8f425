"""Values put or added into parts of tensors: not at all where it changes nothing, and into one tensor, not several."""

from __future__ import annotations

from functools import reduce
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.elementwise import add, fill
from croton.ops.elemwise import dimshuffle
from croton.ops.index import template as index
from croton.ops.index.advanced import AdvancedIncSubtensor, AdvancedIncSubtensor1
from croton.ops.index.subtensor import IncSubtensor, Subtensor
from croton.ops.join import join
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import made_by, read_once
from croton.rules.index import entries_of, part_of
from croton.rules.passes import Context, conform
from croton.rules.stages import canonicalize, specialize

_SCATTERS = (IncSubtensor, AdvancedIncSubtensor, AdvancedIncSubtensor1)


def _same_place(one: Apply, other: Apply, skip_one: int, skip_other: int) -> bool:
    a, b = entries_of(one, skip_one), entries_of(other, skip_other)
    return index.key(a) == index.key(b)


def _same_lengths(a: Variable, b: Variable, context: Context) -> bool:
    """Whether two tensors are of one type and shape for certain: a length of 1 may broadcast at run time."""
    lengths = context.shapes.lengths
    return a.type == b.type and all(
        m is n or (isinstance(m, int) and m == n) for m, n in zip(lengths(a), lengths(b), strict=True)
    )


@canonicalize.on(Subtensor, name="local_subtensor_inc_subtensor", inside=(IncSubtensor,))
def _of_set(node: Apply, context: Context) -> Any:
    """What was just put there, or added to nothing; or what was there before, where something was put elsewhere."""
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, IncSubtensor):
        return None
    if _apart(entries_of(node), entries_of(inner, 2)):
        return part_of(inner.inputs[0], entries_of(node))
    value = inner.inputs[1]
    if not (inner.op.set_instead_of_inc or is_zero(inner.inputs[0])) or not _same_place(node, inner, 1, 2):
        return None
    return value if _same_lengths(value, node.outputs[0], context) else None


def _apart(one: list[Any], other: list[Any]) -> bool:
    """Whether two indices take different places of some axis, both counted from the same end."""
    return any(
        isinstance(a, int) and isinstance(b, int) and a != b and (a < 0) == (b < 0)
        for a, b in zip(one, other, strict=False)
    )


@canonicalize.on(IncSubtensor, name="local_useless_inc_subtensor", tags=("local_setsubtensor_of_constants",))
def _useless(node: Apply, context: Context) -> Any:
    """What is there already put there; nothing added; or everything set."""
    op: Any = node.op
    x, value = node.inputs[:2]
    source = value.owner
    number = scalar_value(value)
    if not op.set_instead_of_inc:
        return x if number is not None and number == 0 else None
    if number is not None and all(value.type.broadcastable) and (base := scalar_value(x)) is not None:
        return (
            x
            if base == number and all(index.is_full(e) or isinstance(e, slice) for e in entries_of(node, 2))
            else None
        )
    if source is not None and isinstance(source.op, Subtensor) and source.inputs[0] is x:
        return x if _same_place(node, source, 2, 1) else None
    if not all(index.is_full(e) for e in entries_of(node, 2)):
        return None
    if all(value.type.broadcastable):
        return fill(x, dimshuffle(value, *["x"] * (x.type.ndim - value.type.ndim), *range(value.type.ndim)))
    return value if _same_lengths(value, x, context) else None


@canonicalize.on(IncSubtensor, name="local_setsubtensor_twice", inside=(IncSubtensor,))
def _twice(node: Apply, context: Context) -> Any:
    """Only what was put there last stays; what is added to that is put there with it, or added with it."""
    op: Any = node.op
    inner = node.inputs[0].owner
    if inner is None or not isinstance(inner.op, IncSubtensor):
        return None
    if not read_once(node.inputs[0], context) or not _same_place(node, inner, 2, 2):
        return None
    if op.set_instead_of_inc:
        return op(inner.inputs[0], *node.inputs[1:])
    first, second = inner.inputs[1], node.inputs[1]
    if first.type.dtype != second.type.dtype or not _same_lengths(first, second, context):
        return None
    return inner.op(inner.inputs[0], add(first, second), *node.inputs[2:])


@canonicalize.on(IncSubtensor, name="local_set_to_inc_subtensor", inside=(add,))
def _set_to_sum(node: Apply) -> Any:
    """What is there and more, put there, is that added."""
    op: Any = node.op
    x, value = node.inputs[:2]
    total = made_by(value, add)
    if not op.set_instead_of_inc or total is None:
        return None
    for at, term in enumerate(total.inputs):
        source = term.owner
        if source is None or not isinstance(source.op, Subtensor) or source.inputs[0] is not x:
            continue
        rest = total.inputs[:at] + total.inputs[at + 1 :]
        more = rest[0] if len(rest) == 1 else add(*rest)
        if _same_place(node, source, 2, 1) and more.type.dtype == x.type.dtype and term.type == value.type:
            return IncSubtensor(op.idx_list)(x, more, *node.inputs[2:])
    return None


def is_zero(variable: Variable) -> bool:
    """Whether all elements of `variable` are zero for certain."""
    value = scalar_value(variable)
    return value is not None and bool(value == 0)


@specialize.on(IncSubtensor, name="local_incsubtensor_of_zeros_to_setsubtensor")
def _into_zeros(node: Apply) -> Any:
    """What is added to nothing is put there."""
    op: Any = node.op
    if op.set_instead_of_inc or not is_zero(node.inputs[0]):
        return None
    return IncSubtensor(op.idx_list, set_instead_of_inc=True)(*node.inputs)


@specialize.on(IncSubtensor, name="local_incsubtensors_to_join")
def _side_by_side(node: Apply, context: Context) -> Any:
    """Parts that together are the whole are put one behind the other, such as the gradients of a cell's gates."""
    out = node.outputs[0]
    x, pieces = out, []
    while x.owner is not None and isinstance(x.owner.op, IncSubtensor):
        place = _stretch(entries_of(x.owner, 2))
        if place is None:
            return None
        pieces.append((*place, x.owner.inputs[1]))
        x = x.owner.inputs[0]
    if len(pieces) < 2 or not is_zero(x) or len({axis for axis, *_ in pieces}) > 1:
        return None
    pieces.sort(key=lambda piece: piece[1])
    axis = pieces[0][0]
    ends = [0, *[stop for _, _, stop, _ in pieces]]
    if ends != [*[start for _, start, _, _ in pieces], None]:
        return None
    if not all(_fills(value, out, axis, start, stop, context) for _, start, stop, value in pieces):
        return None
    return conform(join(axis, *[value for *_, value in pieces]), out)


def _stretch(entries: list[Any]) -> tuple[int, int, int | None] | None:
    """(axis, start, stop) of an index that takes one stretch of one axis, and all of the others."""
    taken = [axis for axis, e in enumerate(entries) if not index.is_full(e)]
    if len(taken) != 1 or not isinstance(entries[taken[0]], slice):
        return None
    start, stop, step = index.parts(entries[taken[0]])
    start = start or 0
    fits = isinstance(start, int) and start >= 0 and step in (None, 1)
    return (
        (taken[0], start, stop)
        if fits and (stop is None or (isinstance(stop, int) and stop > start))
        else None
    )


def _fills(value: Variable, out: Variable, axis: int, start: int, stop: int | None, context: Context) -> bool:
    """Whether `value` is for certain as long as the stretch that it is put into, on all axes."""
    kind: Any = value.type
    if kind.ndim != out.type.ndim or kind.dtype != out.type.dtype:
        return False
    length = kind.shape[axis]
    if length in (None, 1) if stop is None else length != stop - start:
        return False
    mine, whole = context.shapes.lengths(value), context.shapes.lengths(out)
    return all(
        a == axis or m is n or (isinstance(m, int) and m == n)
        for a, (m, n) in enumerate(zip(mine, whole, strict=True))
    )


@canonicalize.on(add, name="local_incsubtensor_serialize", inside=_SCATTERS)
def _one_after_the_other(node: Apply, context: Context) -> Any:
    """A sum of tensors that are 0 but in some part is one tensor into which all parts are added.

    So gradients of several parts of one tensor come out.
    """
    out = node.outputs[0]
    sparse = [v for v in node.inputs if _is_sparse(v, out, context)]
    if not sparse:
        return None
    rest = [v for v in node.inputs if v not in sparse]
    if not rest:
        rest, sparse = sparse[:1], sparse[1:]
    if not sparse:
        return None
    total = rest[0] if len(rest) == 1 else add(*rest)
    if total.type != out.type:
        return None
    return reduce(_added, sparse, total)


def _is_sparse(variable: Variable, out: Variable, context: Context) -> bool:
    node = variable.owner
    return (
        node is not None
        and isinstance(node.op, _SCATTERS)
        and not node.op.set_instead_of_inc
        and variable.type == out.type
        and read_once(variable, context)
        and is_zero(node.inputs[0])
    )


def _added(total: Variable, sparse: Variable) -> Variable:
    node = sparse.owner
    assert node is not None
    made: Variable = node.op(total, *node.inputs[1:])
    return made
