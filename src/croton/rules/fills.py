"""Numbers that are repeated: they broadcast where they are read, and what is done to all of them is done to one."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.creation import Alloc
from croton.ops.elementwise import fill
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.rules.arith import made_by
from croton.rules.stages import canonicalize

# How many applications a length is followed through.
_DEPTH = 8


def filled(variable: Variable) -> tuple[Variable, list[Variable]] | None:
    """The number, 0-d, that every element of an Alloc is, and the lengths."""
    node = variable.owner
    if node is None or not isinstance(node.op, Alloc) or not all(node.inputs[0].type.broadcastable):
        return None
    return dimshuffle(node.inputs[0]), node.inputs[1:]


def follows(variable: Variable, axis: int, length: Variable, depth: int = _DEPTH) -> bool:
    """Whether `length` was read off `variable`, or what it is computed from, so that no check can tell them apart.

    Lengths that are equal because some operation demands it do not count: it is for that operation to check them.
    """
    maker = length.owner
    if maker is None or not getattr(maker.op, "is_length", False):
        known = variable.type.shape[axis]
        return known is not None and getattr(length, "data", None) == known
    if maker.inputs[0] is variable:
        return bool(maker.op.i == axis)  # type: ignore[attr-defined]
    node = variable.owner
    if node is None or not depth:
        return False
    if isinstance(node.op, Elemwise):
        wide = [v for v in node.inputs if not v.type.broadcastable[axis]]
        return any(follows(v, axis, length, depth - 1) for v in wide)
    if isinstance(node.op, DimShuffle) and (at := node.op.new_order[axis]) != "x":
        return follows(node.inputs[0], int(at), length, depth - 1)
    return False


@canonicalize.on(name="local_elemwise_alloc", inside=(Alloc,))
def _broadcasts(node: Apply) -> Any:
    """A value repeated to the lengths of another argument need not be: it broadcasts."""
    if not isinstance(node.op, Elemwise) or made_by(node.outputs[0], fill):
        return None
    narrow = [_narrow(v, node) for v in node.inputs]
    if all(a is b for a, b in zip(narrow, node.inputs, strict=True)):
        return None
    made = node.op.make_node(*narrow).outputs
    want = [v.type.broadcastable for v in node.outputs]
    return made if [v.type.broadcastable for v in made] == want else None


def _narrow(variable: Variable, node: Apply) -> Variable:
    """What was repeated to make `variable`, if another argument has each length; else `variable`."""
    maker = variable.owner
    if maker is None or not isinstance(maker.op, Alloc):
        return variable
    value, *lengths = maker.inputs
    before = len(lengths) - value.type.ndim
    wide = [axis < before or value.type.broadcastable[axis - before] for axis in range(len(lengths))]
    models = [v for v in node.inputs if v is not variable and not _repeats(v)]
    for axis, repeated in enumerate(wide):
        if not (repeated or follows(value, axis - before, lengths[axis])):
            return variable
        if repeated and not variable.type.broadcastable[axis]:
            if not any(not v.type.broadcastable[axis] and follows(v, axis, lengths[axis]) for v in models):
                return variable
    return dimshuffle(value, *["x"] * before, *range(value.type.ndim))


def _repeats(variable: Variable) -> bool:
    return variable.owner is not None and isinstance(variable.owner.op, Alloc)


@canonicalize.on(name="local_alloc_unary", inside=(Alloc,))
def _of_one(node: Apply) -> Any:
    """A function of one number repeated is the function of the number, repeated."""
    if not isinstance(node.op, Elemwise) or len(node.outputs) != 1:
        return None
    repeated = [v for v in node.inputs if not all(v.type.broadcastable)]
    found = filled(repeated[0]) if len(set(repeated)) == 1 else None
    if found is None:
        return None
    number, lengths = found
    made = node.op(*[number if v is repeated[0] else dimshuffle(v) for v in node.inputs])
    return Alloc()(made, *lengths)


@canonicalize.on(DimShuffle, name="local_dimshuffle_alloc", inside=(Alloc,))
def _moved(node: Apply) -> Any:
    """The axes of a repeated number are moved by naming its lengths in another order."""
    found = filled(node.inputs[0])
    op: Any = node.op
    if found is None or op.drop:
        return None
    number, lengths = found
    return Alloc()(number, *[1 if j == "x" else lengths[j] for j in op.new_order])


@canonicalize.on(Alloc, name="local_alloc_of_alloc", inside=(Alloc,), tags=("local_merge_alloc",))
def _twice(node: Apply) -> Any:
    """A number made several, and then more."""
    found = filled(node.inputs[0])
    if found is None:
        return None
    number, lengths = found
    whole = node.inputs[len(node.inputs) - len(lengths) :]
    same = all(
        a is b or one for a, b, one in zip(lengths, whole, node.inputs[0].type.broadcastable, strict=True)
    )
    return node.op(number, *node.inputs[1:]) if same else None


@canonicalize.on(Alloc, name="local_canonicalize_alloc")
def _plainly(node: Apply) -> Any:
    """A number repeated once along each axis only has axes put in front, and those need not be there before."""
    value, *lengths = node.inputs
    ndim = node.outputs[0].type.ndim
    if all(node.outputs[0].type.broadcastable):
        return dimshuffle(value, *["x"] * (ndim - value.type.ndim), *range(value.type.ndim))
    moved = value.owner
    if moved is None or not isinstance(moved.op, DimShuffle) or moved.op.drop:
        return None
    order = list(moved.op.new_order)
    while order and order[0] == "x":
        order.pop(0)
    return node.op(dimshuffle(moved.inputs[0], *order), *lengths) if len(order) < value.type.ndim else None
