"""Axes that only say that they broadcast, moved or left out: `theano.tensor.opt_uncanonicalize`."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.legacy.local import local_optimizer
from croton.ops.creation import Alloc
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import Subtensor
from croton.ops.known import elements, known_int
from croton.ops.reshape import Reshape
from croton.rules.index import entries_of, part_of


def _made_by(variable: Variable, op: type) -> Apply | None:
    node = variable.owner
    return node if node is not None and isinstance(node.op, op) else None


def _kept(order: Any) -> list[int]:
    """The axes that a DimShuffle keeps, in its order."""
    return [axis for axis in order if axis != "x"]


def _adds_in_front(op: Any, ndim: int) -> bool:
    """Whether a DimShuffle gives axes of length 1 in front, and else changes nothing."""
    added = len(op.new_order) - ndim
    return tuple(op.new_order) == ("x",) * added + tuple(range(ndim))


@local_optimizer([Alloc])
def local_alloc_dimshuffle(node: Apply) -> Any:
    """What is spread over axes gets those in front by itself."""
    maker = _made_by(node.inputs[0], DimShuffle)
    if maker is None or not _adds_in_front(maker.op, maker.inputs[0].type.ndim):
        return False
    return [Alloc()(maker.inputs[0], *node.inputs[1:])]


@local_optimizer([DimShuffle])
def local_dimshuffle_alloc(node: Apply) -> Any:
    """Axes of length 1 in front of what is spread over axes are axes that it is spread over."""
    maker = _made_by(node.inputs[0], Alloc)
    ndim = node.inputs[0].type.ndim
    if maker is None or not _adds_in_front(node.op, ndim):
        return False
    return [Alloc()(maker.inputs[0], *[1] * (node.outputs[0].type.ndim - ndim), *maker.inputs[1:])]


@local_optimizer([DimShuffle])
def local_dimshuffle_subtensor(node: Apply) -> Any:
    """An axis of length 1 that is dropped from a part is left out of the part by the index 0."""
    op: Any = node.op
    maker = _made_by(node.inputs[0], Subtensor)
    kept = _kept(op.new_order)
    ndim = node.inputs[0].type.ndim
    if maker is None or kept != sorted(kept) or len(kept) != len(op.new_order) or len(kept) == ndim:
        return False
    x = maker.inputs[0]
    entries = entries_of(maker)
    entries += [slice(None)] * (x.type.ndim - len(entries))
    axes = [axis for axis, entry in enumerate(entries) if isinstance(entry, slice)]
    gone = [axes[i] for i in range(ndim) if i not in kept]
    if not all(x.type.broadcastable[axis] and index.is_full(entries[axis]) for axis in gone):
        return False
    return [part_of(x, [0 if axis in gone else entry for axis, entry in enumerate(entries)])]


@local_optimizer([Reshape])
def local_reshape_dimshuffle(node: Apply) -> Any:
    """Axes of length 1 that come or go without changing the order of the others do not matter to a new shape."""
    maker = _made_by(node.inputs[0], DimShuffle)
    if maker is None:
        return False
    kept = _kept(maker.op.new_order)  # type: ignore[attr-defined]
    return [node.op(maker.inputs[0], *node.inputs[1:])] if kept == sorted(kept) else False


local_useless_dimshuffle_in_reshape = local_reshape_dimshuffle


@local_optimizer([Reshape])
def local_reshape_to_dimshuffle(node: Apply) -> Any:
    """Lengths of 1 in a new shape are axes that broadcast."""
    x, lengths = node.inputs
    asked = elements(lengths)
    ones = [] if asked is None else [i for i, n in enumerate(asked) if known_int(n) == 1]
    if asked is None or not ones:
        return False
    left = [n for i, n in enumerate(asked) if i not in ones]
    inner = Reshape(len(left))(x, left)
    places = iter(range(len(left)))
    made = dimshuffle(inner, *["x" if i in ones else next(places) for i in range(len(asked))])
    return [made] if made.type == node.outputs[0].type else False
