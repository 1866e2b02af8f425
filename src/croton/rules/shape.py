"""Lengths, and operations that change them: none that leave everything as it is."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.convert import MakeVector, Stack
from croton.ops.creation import Alloc
from croton.ops.elementwise import fill
from croton.ops.elemwise import Elemwise, dimshuffle
from croton.ops.known import elements, known_int
from croton.ops.reshape import Reshape
from croton.ops.shape import Rebroadcast, Shape, SpecifyShape, shape_i
from croton.rules.passes import Context
from croton.rules.stages import canonicalize, specialize


@canonicalize.on(Shape, name="local_shape_to_shape_i", tags=("local_track_shape_i",))
def _shape(node: Apply) -> Any:
    """A shape is its lengths, each of which may be known from elsewhere."""
    (x,) = node.inputs
    return Stack()(*[shape_i(x, i) for i in range(x.type.ndim)]) if x.type.ndim else None


@canonicalize.on(MakeVector, name="local_make_vector")
def _vector(node: Apply) -> Any:
    """Numbers in a vector are tensors in a stack: what holds of stacks holds of it."""
    return Stack()(*node.inputs) if node.inputs else None


@canonicalize.on(Reshape, name="local_reshape_chain")
def _reshaped_twice(node: Apply) -> Any:
    """Only the last of several shapes matters."""
    x, lengths = node.inputs
    inner = x.owner
    if inner is None or not isinstance(inner.op, Reshape):
        return None
    # An entry -1 stands for the same in both, as the number of elements is the same.
    return node.op(inner.inputs[0], lengths)


@canonicalize.on(Reshape, name="local_useless_reshape")
def _same_shape(node: Apply, context: Context) -> Any:
    """The shape that is there already, with at most one length left open."""
    x, lengths = node.inputs
    if x.type != node.outputs[0].type:
        return None
    asked = elements(lengths)
    if asked is None or len(asked) != x.type.ndim:
        return None
    have = context.shapes.lengths(x)
    open_ = 0
    for n, length in zip(asked, have, strict=True):
        known = known_int(n)
        if known == -1:
            open_ += 1
        elif not _is(n, known, length, context):
            return None
    return x if open_ <= 1 else None


def _is(n: Variable, known: int | None, length: Any, context: Context) -> bool:
    """Whether `n` says the length that the table has."""
    if known is not None:
        return isinstance(length, int) and known == length
    node = n.owner
    if node is None or not getattr(node.op, "is_length", False):
        return n is length
    named: Any = node.op
    return context.shapes.lengths(node.inputs[0])[named.i] is length


def says_length(n: Any, of: Variable, axis: int, context: Context) -> bool:
    """Whether `n`, an int or a variable or neither, is the length of an axis of `of`."""
    length = context.shapes.lengths(of)[axis]
    if isinstance(n, int) or not isinstance(n, Variable):
        return isinstance(length, int) and n == length
    return _is(n, known_int(n), length, context)


@canonicalize.on(Rebroadcast, name="local_useless_rebroadcast")
def _pattern(node: Apply) -> Any:
    """The pattern that is there already."""
    (x,) = node.inputs
    return x if x.type == node.outputs[0].type else None


@canonicalize.on(SpecifyShape, name="local_useless_specify_shape")
def _promised(node: Apply) -> Any:
    """What is known of a shape need not be checked."""
    x, lengths = node.inputs
    asked = elements(lengths)
    if asked is None or None in x.type.shape or len(asked) != x.type.ndim:
        return None
    known = [known_int(n) for n in asked]
    return x if known == list(x.type.shape) and x.type == node.outputs[0].type else None


@canonicalize.on(Alloc, name="local_useless_alloc")
def _allocated(node: Apply, context: Context) -> Any:
    """A value that has the lengths already."""
    value, *dims = node.inputs
    if value.type != node.outputs[0].type:
        return None
    have = context.shapes.lengths(value)
    same = all(_is(n, known_int(n), length, context) for n, length in zip(dims, have, strict=True))
    return value if same else None


@specialize.on(fill, name="local_fill_to_alloc")
def _filled(node: Apply, context: Context) -> Any:
    """A tensor that only says how often a number is repeated need not be computed; its shape will do.

    Where what is filled goes into a loop, the number broadcasts by itself.
    """
    model, value = node.inputs
    out = node.outputs[0]
    if not all(value.type.broadcastable) or any(
        isinstance(r.op, Elemwise) for r in context.graph.readers(out)
    ):
        return None
    lengths = [context.shapes.variable(n) for n in context.shapes.lengths(model)]
    return Alloc()(dimshuffle(value), *lengths) if lengths else None
