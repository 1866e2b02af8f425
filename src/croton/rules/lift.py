"""Parts of what is computed are computed from parts: indexing moves towards the inputs."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.convert import Stack
from croton.ops.creation import Alloc
from croton.ops.dot import Dot
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import Subtensor
from croton.ops.join import Join
from croton.ops.known import known_int
from croton.ops.nnet.softmax import LogSoftmax, Softmax
from croton.ops.reduce import Max, Min, Prod, Sum
from croton.ops.truth import All
from croton.ops.truth import Any as Any_
from croton.rules.arith import read_once
from croton.rules.index import entries_of, part_of
from croton.rules.passes import Context
from croton.rules.shape import says_length
from croton.rules.stages import canonicalize

_REDUCTIONS = (Sum, Prod, Max, Min, All, Any_)


def _filled_up(entries: list[Any], ndim: int) -> list[Any]:
    return entries + [slice(None)] * (ndim - len(entries))


def _inside(node: Apply, kind: Any, context: Context) -> Apply | None:
    """The node, of that kind of operation, of which `node` alone reads a part."""
    source = node.inputs[0].owner
    if source is None or not isinstance(source.op, kind) or len(source.outputs) != 1:
        return None
    return source if read_once(node.inputs[0], context) else None


@canonicalize.on(Subtensor, name="local_subtensor_lift")
def _of_elementwise(node: Apply, context: Context) -> Any:
    """A part of what is computed element by element is computed from the parts."""
    source = _inside(node, Elemwise, context)
    if source is None:
        return None
    whole = node.inputs[0].type.broadcastable
    entries = entries_of(node)
    return source.op(
        *[part_of(v, _broadcasting(entries, v.type.broadcastable, whole)) for v in source.inputs]
    )


def _broadcasting(entries: list[Any], pattern: Any, whole: Any) -> list[Any]:
    """The index for an input of that pattern, where `entries` index the output, of pattern `whole`."""
    made = []
    for entry, one, all_one in zip(entries, pattern, whole, strict=False):
        if one and not all_one:
            made.append(slice(None) if isinstance(entry, slice) else 0)
        else:
            made.append(entry)
    return made


@canonicalize.on(
    Subtensor,
    name="local_subtensor_of_dimshuffle",
    inside=(DimShuffle,),
    tags=("local_dimshuffle_subtensor",),
)
def _of_moved_axes(node: Apply) -> Any:
    """A part of what has its axes moved is the part, with its axes moved."""
    moved = node.inputs[0].owner
    if moved is None or not isinstance(moved.op, DimShuffle):
        return None
    op = moved.op
    x = moved.inputs[0]
    places: list[Any] = [0 if j in op.drop else slice(None) for j in range(x.type.ndim)]
    kept: list[Any] = []
    for entry, j in zip(_filled_up(entries_of(node), len(op.new_order)), op.new_order, strict=True):
        if j != "x":
            places[int(j)] = entry
            if isinstance(entry, slice):
                kept.append(j)
        elif index.is_full(entry):
            kept.append(j)
        elif entry not in (0, -1) or isinstance(entry, (slice, Variable)):
            return None
    left = [j for j, entry in enumerate(places) if isinstance(entry, slice)]
    return dimshuffle(part_of(x, places), *["x" if j == "x" else left.index(j) for j in kept])


@canonicalize.on(Subtensor, name="local_subtensor_of_reduction", inside=_REDUCTIONS)
def _of_reduction(node: Apply, context: Context) -> Any:
    """A part of what is reduced along other axes is the reduction of a part."""
    source = _inside(node, _REDUCTIONS, context)
    op: Any = None if source is None else source.op
    if source is None or op.axis is None:
        return None
    (x,) = source.inputs
    kept = [a for a in range(x.type.ndim) if a not in op.axis]
    places: list[Any] = [slice(None)] * x.type.ndim
    for a, entry in zip(kept, entries_of(node), strict=False):
        places[a] = entry
    left = [a for a in range(x.type.ndim) if isinstance(places[a], slice)]
    return op.over(tuple(left.index(a) for a in op.axis))(part_of(x, places))


@canonicalize.on(Subtensor, name="local_subtensor_of_softmax", inside=(Softmax, LogSoftmax))
def _of_softmax(node: Apply, context: Context) -> Any:
    """Rows of a softmax along the last axis are the softmax of the rows."""
    source = _inside(node, (Softmax, LogSoftmax), context)
    if source is None:
        return None
    (x,) = source.inputs
    op: Any = source.op
    entries = entries_of(node)
    if op.axis not in (-1, x.type.ndim - 1) or len(entries) >= x.type.ndim:
        return None
    rows = part_of(x, entries)
    made: Variable = type(op)(-1)(rows)
    # A vector is taken for one row.
    return made if rows.type.ndim > 1 else dimshuffle(made, 1)


@canonicalize.on(Subtensor, name="local_subtensor_of_dot", inside=(Dot,))
def _of_product(node: Apply, context: Context) -> Any:
    """A part of a product of matrices needs only those rows and columns."""
    source = _inside(node, Dot, context)
    if source is None:
        return None
    x, y = source.inputs
    entries = _filled_up(entries_of(node), node.inputs[0].type.ndim)
    rows, columns = entries[: x.type.ndim - 1], entries[x.type.ndim - 1 :]
    return Dot()(part_of(x, rows), part_of(y, [slice(None), *columns]) if columns else y)


@canonicalize.on(Subtensor, name="local_subtensor_of_alloc", inside=(Alloc,))
def _of_filled(node: Apply, context: Context) -> Any:
    """A part of what is one number everywhere is that number, fewer times."""
    source = node.inputs[0].owner
    if source is None or not isinstance(source.op, Alloc) or not all(source.inputs[0].type.broadcastable):
        return None
    number = dimshuffle(source.inputs[0])
    shapes = context.shapes
    lengths = [shapes.variable(n) for n in shapes.lengths(node.outputs[0])]
    if any(n.owner is not None and n.owner.inputs[0] is node.outputs[0] for n in lengths):
        return None
    return Alloc()(number, *lengths) if lengths else number


@canonicalize.on(Subtensor, name="local_subtensor_of_stack", inside=(Stack,))
def _of_stack(node: Apply) -> Any:
    """One of what was stacked, or some."""
    source = node.inputs[0].owner
    if source is None or not isinstance(source.op, Stack):
        return None
    first, *rest = entries_of(node)
    if isinstance(first, slice) and not any(isinstance(n, Variable) for n in index.parts(first)):
        chosen = source.inputs[first]
        return Stack()(*[part_of(v, rest) for v in chosen]) if chosen and first.step != 0 else None
    if not isinstance(first, int) or not -len(source.inputs) <= first < len(source.inputs):
        return None
    return part_of(source.inputs[first], rest)


@canonicalize.on(Subtensor, name="local_subtensor_of_join", inside=(Join,))
def _of_join(node: Apply, context: Context) -> Any:
    """A place, or a slice, of what was joined that lies in one of the parts."""
    source = node.inputs[0].owner
    axis = None if source is None or not isinstance(source.op, Join) else known_int(source.inputs[0])
    if source is None or axis is None:
        return None
    axis %= node.inputs[0].type.ndim
    entries = entries_of(node)
    parts = source.inputs[1:]
    if len(entries) <= axis:
        return None
    chosen = _chosen(entries[axis], parts, axis, context)
    if chosen is None:
        return None
    part, entry = chosen
    return part_of(part, [*entries[:axis], entry, *entries[axis + 1 :]])


def _chosen(entry: Any, parts: list[Variable], axis: int, context: Context) -> tuple[Variable, Any] | None:
    """The part that `entry` lies in, and the entry as it applies to that part."""
    if isinstance(entry, int):
        ahead = parts[: entry + 1] if entry >= 0 else parts[entry:]
        if not -len(parts) <= entry < len(parts) or not all(v.type.broadcastable[axis] for v in ahead):
            return None
        return parts[entry], 0
    if not isinstance(entry, slice) or entry.step not in (None, 1):
        return None
    first, last = parts[0], parts[-1]
    if entry.start in (None, 0) and says_length(entry.stop, first, axis, context):
        return first, slice(None)
    if len(parts) == 2 and entry.stop is None and says_length(entry.start, first, axis, context):
        return last, slice(None)
    return None
