"""Variances: the mean of squares less the square of the mean loses all digits where the mean is large."""

from __future__ import annotations

from collections import Counter
from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.elementwise import mul, sqr, sub, true_div
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.reduce import Sum, spread
from croton.ops.scalar.conversion import Cast
from croton.rules.arith import is_real_float, made_by
from croton.rules.passes import Context
from croton.rules.stages import stabilize


@stabilize.on(sub, name="local_variance")
def _variance(node: Apply, context: Context) -> Any:
    """mean(x²) - mean(x)² is the mean of (x - mean(x))²."""
    squares, square = node.inputs
    mean = made_by(square, sqr)
    if mean is None or not is_real_float(node.outputs[0]):
        return None
    first, second = _mean(squares, context), _mean(mean.inputs[0], context)
    if first is None or second is None or first[1:] != second[1:]:
        return None
    inner = made_by(first[0], sqr)
    x, op, keeps = second
    if inner is None or inner.inputs[0] is not x:
        return None
    axes = _axes(x, op)
    centred = sub(x, mean.inputs[0] if keeps else spread(mean.inputs[0], x.type.ndim, axes))
    total = op(sqr(centred))
    assert squares.owner is not None
    return true_div(spread(total, x.type.ndim, axes) if keeps else total, squares.owner.inputs[1])


def _axes(x: Variable, op: Any) -> tuple[int, ...]:
    return tuple(range(x.type.ndim)) if op.axis is None else op.axis


def _mean(variable: Variable, context: Context) -> tuple[Variable, Any, bool] | None:
    """x, the sum over it and whether its axes are kept, where `variable` is that sum over the number of its terms."""
    quotient = made_by(variable, true_div)
    if quotient is None:
        return None
    total = quotient.inputs[0].owner
    moved = total if total is not None and isinstance(total.op, DimShuffle) else None
    if moved is not None:
        total = moved.inputs[0].owner
    if total is None or not isinstance(total.op, Sum):
        return None
    op: Any = total.op
    x = total.inputs[0]
    if moved is not None and moved.op != spread(moved.inputs[0], x.type.ndim, op.axis).owner.op:  # type: ignore[union-attr]
        return None
    lengths = context.shapes.lengths(x)
    counted = Counter(lengths[a] for a in _axes(x, op))
    found = Counter(_factors(quotient.inputs[1], context))
    return (x, op, moved is not None) if found == counted and op.dtype == x.type.dtype else None


def _factors(count: Variable, context: Context) -> list[Any]:
    """The lengths whose product `count` is; what is no length stands for itself."""
    found: list[Any] = []
    todo = [count]
    while todo:
        v = todo.pop()
        node = v.owner
        if isinstance(v, Constant) and v.data.size == 1:
            found.append(int(v.data.item()))
        elif node is None:
            found.append(v)
        elif isinstance(node.op, DimShuffle) or (
            isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Cast)
        ):
            todo.append(node.inputs[0])
        elif made_by(v, mul):
            todo.extend(node.inputs)
        elif getattr(node.op, "is_length", False):
            found.append(context.shapes.lengths(node.inputs[0])[node.op.i])  # type: ignore[attr-defined]
        else:
            found.append(v)
    return found
