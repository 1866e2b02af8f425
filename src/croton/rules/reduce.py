"""Sums and other reductions: of less, and with what is the same for all elements done after them."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.argmax import Argmax, Argmin
from croton.ops.cast import cast
from croton.ops.convert import Stack
from croton.ops.creation import Alloc
from croton.ops.elementwise import abs_, add, fill, mul, neg, pow, sqr, sub, true_div
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.join import Join
from croton.ops.known import known_int
from croton.ops.nnet.softmax import LogSoftmax, Softmax
from croton.ops.reduce import CAReduce, Max, Min, Prod, Sum
from croton.ops.truth import All
from croton.ops.truth import Any as Any_
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import is_real_float, made_by, read_once
from croton.rules.passes import Context
from croton.rules.stages import canonicalize
from croton.vartypes.dtype import is_complex, is_discrete

# More parts than this are better stacked and reduced in a loop than written out.
_MOST_PARTS = 8

_REDUCTIONS = (Sum, Prod, Max, Min, All, Any_)


def _axes(node: Apply) -> tuple[int, ...]:
    op: Any = node.op
    return tuple(range(node.inputs[0].type.ndim)) if op.axis is None else op.axis


def _again(op: Any, x: Variable, axes: tuple[int, ...] | None) -> Variable:
    """The same reduction of `x` over other axes."""
    made: Variable = op.over(axes)(x)
    return made


@canonicalize.on(
    Sum,
    name="local_sum_prod_mul_by_scalar",
    inside=(neg, mul, true_div),
    tags=("local_sum_prod_div_dimshuffle",),
)
def _factor_out(node: Apply, context: Context) -> Any:
    """What is the same for all terms of a sum, which they are multiplied with or divided by, the sum is."""
    (terms,) = node.inputs
    inner = terms.owner
    dtype = terms.type.dtype
    if inner is None or not read_once(terms, context) or dtype not in ("float32", "float64"):
        return None
    axes = _axes(node)
    if node.outputs[0].type.dtype != dtype or not axes:
        return None
    if made_by(terms, neg):
        return neg(node.op(inner.inputs[0]))
    if made_by(terms, mul):
        same = [v for v in inner.inputs if _is_same_along(v, axes)]
        wide = [v for v in inner.inputs if not _is_same_along(v, axes)]
        if not same or not wide or any(v.type.dtype != dtype for v in wide):
            return None
        rest = wide[0] if len(wide) == 1 else mul(*wide)
        return mul(*[_without(v, axes) for v in same], node.op(rest)) if rest.type == terms.type else None
    if made_by(terms, true_div):
        top, bottom = inner.inputs
        if _is_same_along(bottom, axes) and top.type == terms.type:
            return true_div(node.op(top), _without(bottom, axes))
    return None


def _is_same_along(variable: Variable, axes: tuple[int, ...]) -> bool:
    return all(variable.type.broadcastable[a] for a in axes)


def _without(variable: Variable, axes: tuple[int, ...]) -> Variable:
    """`variable` without axes along which it has length 1."""
    return dimshuffle(variable, *[a for a in range(variable.type.ndim) if a not in axes])


@canonicalize.on(Prod, name="local_prod_of_power", inside=(sqr, abs_))
def _prod_of_power(node: Apply, context: Context) -> Any:
    """A product of squares is the square of the product; so with magnitudes."""
    (factors,) = node.inputs
    for op in (sqr, abs_):
        inner = made_by(factors, op)
        if inner is not None and is_real_float(factors) and read_once(factors, context):
            return op(node.op(inner.inputs[0]))
    return None


@canonicalize.on(Sum, Prod, name="local_opt_alloc", inside=(Alloc, fill))
def _of_equal_elements(node: Apply, context: Context) -> Any:
    """The sum of n equal elements is n times one, their product the nth power."""
    (x,) = node.inputs
    value = _filled_with(x)
    out = node.outputs[0].type
    op: Any = node.op
    if value is None or is_complex(out.dtype) or (isinstance(op, Prod) and is_discrete(out.dtype)):
        return None
    lengths = context.shapes.lengths(x)
    counted = [context.shapes.variable(lengths[a]) for a in _axes(node)]
    if not counted:
        return None
    times = cast(counted[0] if len(counted) == 1 else mul(*counted), op.acc_dtype)
    made: Variable = (mul if isinstance(op, Sum) else pow)(cast(value, op.acc_dtype), times)
    made = cast(made, out.dtype)
    if not out.ndim:
        return made
    kept = [context.shapes.variable(n) for a, n in enumerate(lengths) if a not in _axes(node)]
    return Alloc()(made, *kept)


def _filled_with(x: Variable) -> Variable | None:
    """The number, 0-d, that every element of `x` is."""
    node = x.owner
    value = None
    if node is not None and isinstance(node.op, Alloc):
        value = node.inputs[0]
    elif made_by(x, fill):
        value = x.owner.inputs[1]  # type: ignore[union-attr]
    return dimshuffle(value) if value is not None and all(value.type.broadcastable) else None


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


@canonicalize.on(*_REDUCTIONS, name="local_reduce_join_axes", inside=_REDUCTIONS, tags=("local_op_of_op",))
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


@canonicalize.on(*_REDUCTIONS, name="local_sum_sum_of_transpose", inside=(DimShuffle,))
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


@canonicalize.on(*_REDUCTIONS, name="local_reduce_join", inside=(Join, Stack))
def _of_join(node: Apply) -> Any:
    """A reduction over what was stacked brings it together element by element."""
    joined = node.inputs[0].owner
    if joined is not None and isinstance(joined.op, Stack):
        return _brought_together(node, joined.inputs) if _axes(node) == (0,) else None
    if joined is None or not isinstance(joined.op, Join):
        return None
    at = known_int(joined.inputs[0])
    parts = joined.inputs[1:]
    if at is None or _axes(node) != (at % node.inputs[0].type.ndim,):
        return None
    axis = at % node.inputs[0].type.ndim
    if not all(v.type.broadcastable[axis] for v in parts):
        return None
    return _brought_together(node, [_without(v, (axis,)) for v in parts])


def _brought_together(node: Apply, parts: list[Variable]) -> Any:
    """`parts` reduced to one as `node` does it with elements."""
    if len(parts) > _MOST_PARTS:
        return None
    op: Any = node.op
    if op.dtype is not None:
        parts = [cast(v, op.acc_dtype) for v in parts]
    return cast(reduce(Elemwise(op.scalar_op), parts), node.outputs[0].type.dtype)


# -- extrema -------------------------------------------------------------------------------------------------
# What grows where its argument does, for all arguments.
_GROWING = (
    "exp", "exp2", "expm1", "tanh", "sinh", "arcsinh", "arctan", "erf", "sigmoid", "softplus", "floor", "ceil", "trunc",
)  # fmt: skip
# Without those that make different arguments equal.
_STRICTLY_GROWING = tuple(name for name in _GROWING if name not in ("floor", "ceil", "trunc"))


@canonicalize.on(Max, Min, name="local_max_of_growing")
def _of_growing(node: Apply, context: Context) -> Any:
    """The greatest of the values of a growing function is that of the greatest argument."""
    (x,) = node.inputs
    inner = x.owner
    if (
        inner is None
        or not isinstance(inner.op, Elemwise)
        or not is_real_float(x)
        or not read_once(x, context)
    ):
        return None
    if inner.op.scalar_op.name in _GROWING and is_real_float(inner.inputs[0]):
        return inner.op(node.op(inner.inputs[0]))
    axes = _axes(node)
    if made_by(x, neg):
        return neg(_other(node.op)(inner.inputs[0]))
    if not (made_by(x, add) or made_by(x, sub) or made_by(x, mul)):
        return None
    wide = [v for v in inner.inputs if not _is_same_along(v, axes)]
    if len(wide) != 1 or wide[0].type.dtype != x.type.dtype or not axes or _shape_of(wide[0]) != _shape_of(x):
        return None
    falls = False
    if made_by(x, mul):
        signs = [_sign(v) for v in inner.inputs if v is not wide[0]]
        if 0 in signs:
            return None
        falls = signs.count(-1) % 2 == 1
    elif made_by(x, sub):
        falls = wide[0] is inner.inputs[1]
    chosen = (_other(node.op) if falls else node.op)(wide[0])
    return inner.op(*[chosen if v is wide[0] else _without(v, axes) for v in inner.inputs])


def _shape_of(variable: Variable) -> Any:
    return variable.type.broadcastable


def _sign(variable: Variable) -> int:
    """1 or -1, the sign of a known finite number; else 0."""
    value = scalar_value(variable)
    if value is None or not np.isfinite(value):
        return 0
    return int(np.sign(value))


def _other(op: Any) -> Any:
    return (Min if isinstance(op, Max) else Max)(op.axis)


@canonicalize.on(Argmax, Argmin, name="local_argmax_pushdown")
def _place_of_growing(node: Apply) -> Any:
    """The greatest of the values of a growing function is where the greatest argument is; so with softmaxes."""
    x = node.inputs[0]
    inner: Any = x.owner
    if inner is None or not is_real_float(x) or not is_real_float(inner.inputs[0]):
        return None
    op: Any = node.op
    if isinstance(inner.op, (Softmax, LogSoftmax)):
        along = inner.op.axis
        return op(inner.inputs[0]) if along is not None and op.axis == (along % x.type.ndim,) else None
    if not isinstance(inner.op, Elemwise):
        return None
    if inner.op.scalar_op.name in _STRICTLY_GROWING:
        return op(inner.inputs[0])
    if made_by(x, neg):
        return (Argmin if isinstance(op, Argmax) else Argmax)(op.axis)(inner.inputs[0])
    return None


@canonicalize.on(neg, name="local_max_to_min", inside=(Max, Min))
def _of_negatives(node: Apply, context: Context) -> Any:
    """Less the largest of the negatives is the least."""
    found = node.inputs[0].owner
    if found is None or not isinstance(found.op, (Max, Min)) or not read_once(node.inputs[0], context):
        return None
    negative = made_by(found.inputs[0], neg)
    if negative is None or node.outputs[0].type.dtype.startswith(("u", "int")):
        return None
    return _other(found.op)(negative.inputs[0])
