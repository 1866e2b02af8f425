"""Work that changes nothing: it is left out."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.elementwise import add, and_, fill, mul, or_, xor
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.rules.passes import folded
from croton.rules.stages import canonicalize, specialize


@canonicalize.on(name="constant_folding")
def _constant_folding(node: Apply) -> Any:
    """What depends on constants only is computed now."""
    if (
        not node.inputs
        or not all(isinstance(v, Constant) for v in node.inputs)
        or not node.op.do_constant_folding(node)
    ):
        return None
    return folded(node)


@canonicalize.on(add, mul, and_, or_, xor, name="local_useless_elemwise")
def _of_one(node: Apply) -> Variable | None:
    """A sum or a product of one input is that input."""
    (x, *rest) = node.inputs
    return None if rest or x.type != node.outputs[0].type else x


@canonicalize.on(DimShuffle, name="local_dimshuffle_lift")
def _dimshuffle(node: Apply) -> Any:
    """Axes left as they are; axes moved twice."""
    op: Any = node.op
    x = node.inputs[0]
    if op.new_order == tuple(range(len(op.input_broadcastable))):
        return x
    inner = x.owner
    if inner is not None and isinstance(inner.op, DimShuffle):
        order = tuple("x" if j == "x" else inner.op.new_order[j] for j in op.new_order)
        return DimShuffle(inner.op.input_broadcastable, order)(inner.inputs[0])
    return None


# Rules for what is cheaper move axes, too.
specialize.enter(_dimshuffle)


@canonicalize.on(name="local_fill_sink")
def _fill_sink(node: Apply) -> Any:
    """A filled tensor that is broadcast anyway need not be made: the number it is filled with broadcasts by itself."""
    if not isinstance(node.op, Elemwise) or node.op.scalar_op.name == "second":
        return None
    inputs = [_unfilled(v) for v in node.inputs]
    if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
        return None
    made = node.op.make_node(*inputs).outputs
    pattern = [v.type.broadcastable for v in node.outputs]
    if [v.type.broadcastable for v in made] == pattern:
        return made
    model = next(v.owner.inputs[0] for v in node.inputs if v is not _unfilled(v) and v.owner is not None)
    wide = [fill(model, v) for v in made]
    return wide if [v.type.broadcastable for v in wide] == pattern else None


def _unfilled(variable: Variable) -> Variable:
    node = variable.owner
    if node is not None and isinstance(node.op, Elemwise) and node.op.scalar_op.name == "second":
        return node.inputs[1]
    return variable


@canonicalize.on(fill, name="local_useless_fill")
def _useless_fill(node: Apply) -> Any:
    """What has the shape already need not be filled into it."""
    model, value = node.inputs
    if value.type == node.outputs[0].type and not all(value.type.broadcastable):
        return value
    if value.type.ndim == 0:
        return value
    inner = model.owner
    if inner is not None and isinstance(inner.op, Elemwise) and inner.op.scalar_op.name == "second":
        return (
            fill(inner.inputs[0], value)
            if inner.inputs[0].type.broadcastable == model.type.broadcastable
            else None
        )
    return None
