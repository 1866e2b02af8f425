"""Axes put together or in between, before what is done element by element; and not at all where none need be."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.elementwise import fill
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.known import elements, known_int
from croton.ops.numbers import ScalarFromTensor, TensorFromScalar
from croton.ops.reduce import Max, Min, Prod, Sum
from croton.ops.reshape import Reshape
from croton.ops.shape import Rebroadcast
from croton.ops.truth import All
from croton.ops.truth import Any as Any_
from croton.rules.arith import made_by, read_once
from croton.rules.fills import follows
from croton.rules.passes import Context
from croton.rules.stages import canonicalize

_REDUCTIONS = (Sum, Prod, Max, Min, All, Any_)


@canonicalize.on(
    Reshape,
    Rebroadcast,
    name="local_reshape_lift",
    tags=(
        "local_flatten_lift",
        "local_rebroadcast_lift",
    ),
)
def _first(node: Apply, context: Context) -> Any:
    """What is only looked at in another shape is looked at so before functions of it, which then go into one loop.

    Not where what these are computed of is itself computed element by element: that would cut a loop in two.
    """
    x = node.inputs[0]
    chain: list[tuple[Apply, Variable]] = []
    while (maker := x.owner) is not None and isinstance(maker.op, Elemwise):
        wide = [v for v in maker.inputs if v.type.ndim and not all(v.type.broadcastable)]
        if len(wide) != 1 or len(maker.outputs) != 1 or not read_once(x, context):
            return None
        if wide[0].type.broadcastable != x.type.broadcastable:
            return None
        # Of a fill's model only the lengths are read: nothing would be left to see that its elements do not fit.
        if made_by(x, fill) and not (wide[0].owner is not None and isinstance(wide[0].owner.op, Reshape)):
            return None
        chain.append((maker, wide[0]))
        (x,) = wide
    if not chain:
        return None
    made: Any = node.op(x, *node.inputs[1:])
    for maker, wide_input in reversed(chain):
        made = maker.op(*[made if v is wide_input else dimshuffle(v) for v in maker.inputs])
    return made


@canonicalize.on(Reshape, name="local_reshape_to_dimshuffle")
def _put_in(node: Apply) -> Any:
    """A shape that has the lengths that are there, and lengths of 1 between them, only puts axes in."""
    x, lengths = node.inputs
    named = elements(lengths)
    if named is None:
        return None
    order: list[Any] = []
    at = 0
    for n in named:
        if at < x.type.ndim and follows(x, at, n):
            order.append(at)
            at += 1
        elif known_int(n) == 1:
            order.append("x")
        else:
            return None
    # An axis of length 1 that is not named falls away.
    dropped = range(at, x.type.ndim)
    if len(order) != len(named) or not all(x.type.broadcastable[a] for a in dropped):
        return None
    return dimshuffle(x, *order)


@canonicalize.on(
    Reshape,
    name="local_reshape_dimshuffle",
    inside=(DimShuffle,),
    tags=("local_useless_dimshuffle_in_reshape",),
)
def _without_axes(node: Apply) -> Any:
    """Axes of length 1 need not be put in, or taken out, before the elements are given another shape."""
    moved = node.inputs[0].owner
    if moved is None or not isinstance(moved.op, DimShuffle):
        return None
    kept = [j for j in moved.op.new_order if j != "x"]
    return node.op(moved.inputs[0], node.inputs[1]) if kept == sorted(kept) else None


@canonicalize.on(*_REDUCTIONS, name="local_reduce_reshape", inside=(Reshape,))
def _all_of_reshaped(node: Apply) -> Any:
    """A reduction of all elements needs no other shape of them."""
    op: Any = node.op
    x = node.inputs[0]
    maker = x.owner
    if maker is None or not isinstance(maker.op, Reshape):
        return None
    if op.axis is not None and len(op.axis) < x.type.ndim:
        return None
    source, lengths = maker.inputs
    named = elements(lengths)
    # Any tensor can be one vector; other shapes have to be checked.
    if named is None or [known_int(n) for n in named] != [-1] or not source.type.ndim:
        return None
    return op.over(None)(source)


@canonicalize.on(
    TensorFromScalar,
    ScalarFromTensor,
    name="local_tensor_scalar_tensor",
    tags=("local_scalar_tensor_scalar",),
)
def _there_and_back(node: Apply) -> Any:
    """A number made a tensor, and a number again."""
    maker = node.inputs[0].owner
    kinds = (TensorFromScalar, ScalarFromTensor)
    back = None if maker is None or not isinstance(maker.op, kinds) else maker.inputs[0]
    return back if back is not None and back.type == node.outputs[0].type else None
