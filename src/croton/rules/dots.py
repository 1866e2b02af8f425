"""Products of vectors and matrices without detours: numbers are taken out, and what is simple is not left to BLAS."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.creation import Alloc
from croton.ops.dot import BatchedDot, Dot
from croton.ops.elementwise import fill, mul, neg, true_div
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.reduce import Sum
from croton.ops.reduce import sum as sum_of
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import constant_like, is_float, made_by, read_once
from croton.rules.fills import filled, follows
from croton.rules.passes import Context
from croton.rules.stages import canonicalize


@canonicalize.on(Dot, name="local_dot_outer")
def _outer(node: Apply) -> Any:
    """A product over one axis of length 1 is that of all elements of a column with all of a row."""
    x, y = node.inputs
    if x.type.ndim == y.type.ndim == 2 and x.type.broadcastable[1] and y.type.broadcastable[0]:
        return mul(x, y)
    return None


@canonicalize.on(DimShuffle, name="local_lift_transpose_through_dot", inside=(Dot,))
def _transposed(node: Apply, context: Context) -> Any:
    """The transpose of a product is that of the transposes, the other way round."""
    op: Any = node.op
    product = node.inputs[0].owner
    if product is None or not isinstance(product.op, Dot) or op.new_order != (1, 0):
        return None
    x, y = product.inputs
    if not read_once(node.inputs[0], context) or not x.type.ndim == y.type.ndim == 2:
        return None
    return Dot()(dimshuffle(y, 1, 0), dimshuffle(x, 1, 0))


@canonicalize.on(Dot, name="local_0_dot_x")
def _with_zeros(node: Apply, context: Context) -> Any:
    """A product with nothing but zeros is zeros."""
    if not any((number := scalar_value(v)) is not None and number == 0 for v in node.inputs):
        return None
    zero = constant_like(0, node.outputs[0])
    if zero is None:
        return None
    lengths = [context.shapes.variable(n) for n in context.shapes.lengths(node.outputs[0])]
    return Alloc()(dimshuffle(zero), *lengths) if lengths else zero


@canonicalize.on(Dot, name="local_dot_of_filled", inside=(Alloc, fill))
def _with_one_number(node: Apply, context: Context) -> Any:
    """A product with a factor that is one number everywhere sums the other factor up, and repeats that."""
    x, y = node.inputs
    out = node.outputs[0]
    if not is_float(out) or x.type.dtype != y.type.dtype:
        return None
    for factor, other, at in ((x, y, x.type.ndim - 1), (y, x, 0)):
        found = _one_number(factor, context)
        over = 0 if factor is x else other.type.ndim - 1
        if found is None or not follows(other, over, found[1][at]):
            continue
        number, lengths = found
        total = mul(number, sum_of(other, axis=over, dtype=out.type.dtype))
        repeated = [n for a, n in enumerate(lengths) if a != at]
        if not repeated:
            return total
        if not total.type.ndim:
            return Alloc()(total, *repeated)
        kept = context.shapes.variable(context.shapes.lengths(total)[0])
        return (
            Alloc()(total, *repeated, kept)
            if factor is x
            else Alloc()(dimshuffle(total, 0, "x"), kept, *repeated)
        )
    return None


def _one_number(factor: Variable, context: Context) -> tuple[Variable, list[Variable]] | None:
    """The number that `factor` is everywhere, and its lengths."""
    node = made_by(factor, fill)
    if node is None or not all(node.inputs[1].type.broadcastable):
        return filled(factor)
    shapes = context.shapes
    return dimshuffle(node.inputs[1]), [shapes.variable(n) for n in shapes.lengths(factor)]


@canonicalize.on(Sum, name="local_sum_of_dot", inside=(Dot,))
def _summed(node: Apply, context: Context) -> Any:
    """The sum of a product of matrices over its rows or columns needs only the sums of theirs."""
    product = node.inputs[0].owner
    op: Any = node.op
    if product is None or not isinstance(product.op, Dot) or not read_once(node.inputs[0], context):
        return None
    x, y = product.inputs
    dtype = node.outputs[0].type.dtype
    if not is_float(x) or not {x.type.dtype, y.type.dtype} == {dtype}:
        return None
    axes = range(node.inputs[0].type.ndim) if op.axis is None else op.axis
    rows = x.type.ndim == 2 and 0 in axes
    columns = y.type.ndim == 2 and node.inputs[0].type.ndim - 1 in axes
    if not (rows or columns):
        return None
    return Dot()(op.over((0,))(x) if rows else x, op.over((1,))(y) if columns else y)


@canonicalize.on(Dot, name="local_dot_chain", inside=(Dot,))
def _from_the_vector(node: Apply, context: Context) -> Any:
    """A product of two matrices and a vector begins at the vector: then no product of two matrices is needed."""
    x, y = node.inputs
    inner = _of_matrices(x, context)
    if inner is not None and _is_thin(y, -1) and not _is_thin(inner[0], 0):
        return Dot()(inner[0], Dot()(inner[1], y))
    inner = _of_matrices(y, context)
    if inner is not None and _is_thin(x, 0) and not _is_thin(inner[1], -1):
        return Dot()(Dot()(x, inner[0]), inner[1])
    return None


def _of_matrices(variable: Variable, context: Context) -> list[Variable] | None:
    """The two matrices that `variable` alone is the product of."""
    node = variable.owner
    if node is None or not isinstance(node.op, Dot) or not read_once(variable, context):
        return None
    return node.inputs if all(v.type.ndim == 2 for v in node.inputs) else None


def _is_thin(variable: Variable, axis: int) -> bool:
    """Whether it is a vector, or a matrix of length 1 along `axis`."""
    return variable.type.ndim == 1 or bool(variable.type.broadcastable[axis])


@canonicalize.on(Dot, BatchedDot, name="local_dot_scaled", inside=(neg, true_div, mul))
def _scaled(node: Apply, context: Context) -> Any:
    """Numbers that a factor is multiplied with are multiplied with the product, which often takes them in."""
    for at, factor in enumerate(node.inputs):
        found = _numbers_out(factor, context)
        if found is None:
            continue
        apply, rest = found
        made = node.op(*[rest if i == at else v for i, v in enumerate(node.inputs)])
        return apply(made)
    return None


def _numbers_out(factor: Variable, context: Context) -> Any:
    """What to do with the product, and what is left of `factor` without its numbers."""
    if not is_float(factor) or not read_once(factor, context) or factor.owner is None:
        return None
    inputs = factor.owner.inputs
    if made_by(factor, neg):
        return neg, inputs[0]
    if made_by(factor, true_div) and all(inputs[1].type.broadcastable) and inputs[0].type == factor.type:
        bottom = dimshuffle(inputs[1])
        return (lambda y: true_div(y, bottom)), inputs[0]
    if made_by(factor, mul):
        wide = [v for v in inputs if not all(v.type.broadcastable)]
        numbers = [dimshuffle(v) for v in inputs if all(v.type.broadcastable)]
        if numbers and wide:
            rest = wide[0] if len(wide) == 1 else mul(*wide)
            if rest.type == factor.type:
                return (lambda y: mul(*numbers, y)), rest
    return None


@canonicalize.on(BatchedDot, name="local_batched_dot_outer")
def _batched_outer(node: Apply, context: Context) -> Any:
    """As local_dot_outer, for each pair of a batch, where both batches are known to be of one length."""
    x, y = node.inputs
    if not x.type.ndim == y.type.ndim == 3 or not (x.type.broadcastable[2] and y.type.broadcastable[1]):
        return None
    return mul(x, y) if context.shapes.lengths(x)[0] is context.shapes.lengths(y)[0] else None
