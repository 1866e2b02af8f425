"""Sums and other reductions: of less, and with what is the same for all elements done after them."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import mul, neg, true_div
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.reduce import CAReduce, Max, Min, Prod, Sum
from croton.rules.arith import made_by, read_once
from croton.rules.passes import Context
from croton.rules.stages import canonicalize


def _axes(node: Apply) -> tuple[int, ...]:
    op: Any = node.op
    return tuple(range(node.inputs[0].type.ndim)) if op.axis is None else op.axis


def _again(op: Any, x: Variable, axes: tuple[int, ...] | None) -> Variable:
    """The same reduction of `x` over other axes."""
    made: Variable = op.over(axes)(x)
    return made


@canonicalize.on(Sum, name="local_sum_prod_mul_by_scalar")
def _factor_out(node: Apply, context: Context) -> Any:
    """What all terms are multiplied with, or divided by, the sum is."""
    (terms,) = node.inputs
    inner = terms.owner
    dtype = terms.type.dtype
    if inner is None or not read_once(terms, context) or dtype not in ("float32", "float64"):
        return None
    if node.outputs[0].type.dtype != dtype or not _axes(node):
        return None
    if made_by(terms, neg):
        return neg(node.op(inner.inputs[0]))
    if made_by(terms, mul):
        numbers = [v for v in inner.inputs if all(v.type.broadcastable)]
        wide = [v for v in inner.inputs if not all(v.type.broadcastable)]
        if not numbers or not wide or any(v.type.dtype != dtype for v in wide):
            return None
        rest = wide[0] if len(wide) == 1 else mul(*wide)
        return mul(*map(_number, numbers), node.op(rest)) if rest.type == terms.type else None
    if made_by(terms, true_div):
        top, bottom = inner.inputs
        if all(bottom.type.broadcastable) and top.type == terms.type:
            return true_div(node.op(top), _number(bottom))
    return None


def _number(variable: Variable) -> Variable:
    """`variable`, of one element, as 0-d."""
    return dimshuffle(variable) if variable.type.ndim else variable


@canonicalize.on(Sum, Prod, Max, Min, CAReduce, name="local_reduce_broadcastable")
def _over_one(node: Apply) -> Any:
    """A reduction over an axis of length 1 has but one element to reduce."""
    (x,) = node.inputs
    axes = _axes(node)
    dropped = tuple(a for a in axes if x.type.broadcastable[a])
    if axes and not dropped:
        return None
    kept = [a for a in range(x.type.ndim) if a not in dropped]
    y = dimshuffle(x, *kept)
    left = tuple(kept.index(a) for a in axes if a not in dropped)
    if left:
        return _again(node.op, y, left)
    return cast(y, node.outputs[0].type.dtype)


@canonicalize.on(Sum, Prod, Max, Min, name="local_reduce_join_axes")
def _twice(node: Apply, context: Context) -> Any:
    """A reduction of a reduction of the same kind is one over the axes of both."""
    inner = node.inputs[0].owner
    if inner is None or not read_once(node.inputs[0], context):
        return None
    first: Any = inner.op
    second: Any = node.op
    if type(first) is not type(second) or first.dtype != second.dtype or first.acc_dtype != second.acc_dtype:
        return None
    source = inner.inputs[0]
    if isinstance(second, (Sum, Prod)) and source.type.dtype != first.dtype:
        return None
    taken = _axes(inner)
    kept = [a for a in range(source.type.ndim) if a not in taken]
    return _again(second, source, tuple(sorted({*taken, *(kept[a] for a in _axes(node))})))


@canonicalize.on(Sum, Prod, Max, Min, name="local_sum_sum_of_transpose")
def _of_moved_axes(node: Apply) -> Any:
    """Axes need not be moved, or put in, before all of them are reduced."""
    moved = node.inputs[0].owner
    if moved is None or not isinstance(moved.op, DimShuffle) or moved.op.drop:
        return None
    order = moved.op.new_order
    axes = _axes(node)
    over = [int(order[a]) for a in axes if order[a] != "x"]
    left = [-1 if j == "x" else j for i, j in enumerate(order) if i not in axes]
    if -1 in left or left != sorted(left) or not over:
        return None
    return _again(node.op, moved.inputs[0], tuple(sorted(over)))


@canonicalize.on(neg, name="local_max_to_min")
def _of_negatives(node: Apply, context: Context) -> Any:
    """Less the largest of the negatives is the least."""
    found = node.inputs[0].owner
    if found is None or not isinstance(found.op, (Max, Min)) or not read_once(node.inputs[0], context):
        return None
    negative = made_by(found.inputs[0], neg)
    if negative is None or node.outputs[0].type.dtype.startswith(("u", "int")):
        return None
    other = Min if isinstance(found.op, Max) else Max
    return other(found.op.axis)(negative.inputs[0])
