"""What a step computes, computed for all steps at once: operations with an axis of steps in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.creation import alloc
from croton.ops.dot import BatchedDot, Dot
from croton.ops.elementwise import mul
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import Subtensor
from croton.ops.index.take import take
from croton.ops.nnet.softmax import Softmax
from croton.ops.reduce import CAReduce
from croton.ops.reduce import sum as sum_over
from croton.ops.reshape import Reshape, reshape
from croton.ops.shape import Shape_i, shape_i

# What stands for a variable of a step outside: the same value in all steps, or one row for each; None: not known.
Source = Callable[[Variable], "Outside | None"]


class Outside:
    """`value` is what a variable is in all steps, or with `is_rows` has a row for each step."""

    __slots__ = ("is_rows", "value")

    def __init__(self, value: Variable, is_rows: bool) -> None:
        self.value = value
        self.is_rows = is_rows


class Batch:
    """Computes variables of a step outside of the loop.

    source   what stands for a variable outside, where that is known
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._known: dict[Variable, Outside | None] = {}

    def of(self, variable: Variable) -> Outside | None:
        """`variable` outside, computed as need be; None where there is no way."""
        stack = [variable]
        while stack:
            v = stack[-1]
            if v in self._known:
                stack.pop()
                continue
            found = Outside(v, False) if isinstance(v, Constant) else self.source(v)
            if found is not None or v.owner is None:
                self._known[v] = found
                continue
            waiting = [u for u in v.owner.inputs if u not in self._known]
            if waiting and all(self._known.get(u, True) is not None for u in v.owner.inputs):
                stack.extend(waiting)
                continue
            self._known[v] = self._apply(v.owner, v)
        return self._known[variable]

    def rows(self, variable: Variable) -> Variable | None:
        """`variable` with a row for each step; None where there is no way, or it is the same in all steps."""
        found = self.of(variable)
        return found.value if found is not None and found.is_rows else None

    def _apply(self, node: Apply, out: Variable) -> Outside | None:
        xs = [self._known.get(v) for v in node.inputs]
        if any(x is None for x in xs):
            return None
        given: list[Outside] = [x for x in xs if x is not None]
        if not any(x.is_rows for x in given):
            made = node.op(*[x.value for x in given], return_list=True)
            return Outside(made[out.index or 0], False)
        for kind, rule in _RULES:
            if isinstance(node.op, kind):
                found = rule(node, given)
                return found if found is None or isinstance(found, Outside) else Outside(found, True)
        return None


def _elementwise(node: Apply, xs: list[Outside]) -> Variable | None:
    if len(node.outputs) > 1:
        return None
    rows: Variable = node.op(*[_with_axis(x) for x in xs])
    return rows


def _with_axis(x: Outside) -> Variable:
    return x.value if x.is_rows else dimshuffle(x.value, "x", *range(x.value.type.ndim))


def _shuffled(node: Apply, xs: list[Outside]) -> Variable:
    op: Any = node.op
    return dimshuffle(xs[0].value, 0, *(j if j == "x" else j + 1 for j in op.new_order))


def _reduced(node: Apply, xs: list[Outside]) -> Variable:
    op: Any = node.op.settled(node.inputs[0])  # type: ignore[attr-defined]
    axes = range(node.inputs[0].type.ndim) if op.axis is None else op.axis
    rows: Variable = op.over(tuple(a + 1 for a in axes))(xs[0].value)
    return rows


def _length(node: Apply, xs: list[Outside]) -> Outside:
    op: Any = node.op
    return Outside(shape_i(xs[0].value, op.i + 1), False)


def _part(node: Apply, xs: list[Outside]) -> Variable | None:
    op: Any = node.op
    x, *places = xs
    if x.is_rows:
        if any(place.is_rows for place in places):
            return None
        made: Variable = Subtensor((slice(None), *op.idx_list))(x.value, *[p.value for p in places])
        return made
    entries = index.join(op.idx_list, places)
    if len(entries) == 1 and isinstance(entries[0], Outside):
        return take(x.value, entries[0].value, axis=0)
    return None


def _reshaped(node: Apply, xs: list[Outside]) -> Variable | None:
    op: Any = node.op
    x, lengths = xs
    if lengths.is_rows:
        return None
    n = shape_i(x.value, 0)
    return reshape(x.value, [n, *(lengths.value[i] for i in range(op.ndim))], ndim=op.ndim + 1)


def _softmax(node: Apply, xs: list[Outside]) -> Variable:
    op: Any = node.op
    rows: Variable = type(op)(op.axis % node.inputs[0].type.ndim + 1)(xs[0].value)
    return rows


def _product(node: Apply, xs: list[Outside]) -> Variable:
    x, y = xs
    if x.is_rows and y.is_rows:
        return _row_products(x.value, y.value)
    if x.is_rows:
        return times(x.value, y.value)
    # x y is the transpose of y' x'.
    left = y.value if y.value.type.ndim == 2 else dimshuffle(y.value, 0, 2, 1)
    right = x.value.T if x.value.type.ndim == 2 else x.value
    made = times(left, right)
    return dimshuffle(made, 0, 2, 1) if made.type.ndim == 3 else made


def times(rows: Variable, y: Variable) -> Variable:
    """Each row, a vector or matrix, times `y`: one product."""
    if rows.type.ndim == 2:
        made: Variable = Dot()(rows, y)
        return made
    n, m = shape_i(rows, 0), shape_i(rows, 1)
    flat = Dot()(as_matrix(rows), y)
    return reshape(flat, [n, m, *([shape_i(y, 1)] if y.type.ndim == 2 else [])], ndim=1 + y.type.ndim)


def as_matrix(rows: Variable) -> Variable:
    """All rows of rows, one below the other."""
    return reshape(rows, [shape_i(rows, 0) * shape_i(rows, 1), shape_i(rows, 2)], ndim=2)


def _row_products(x: Variable, y: Variable) -> Variable:
    if x.type.ndim == y.type.ndim == 2:
        return sum_over(mul(x, y), axis=1)
    made: Variable = BatchedDot()(x, y)
    return made


_RULES: tuple[tuple[type, Callable[[Apply, list[Outside]], Any]], ...] = (
    (Elemwise, _elementwise),
    (DimShuffle, _shuffled),
    (CAReduce, _reduced),
    (Shape_i, _length),
    (Subtensor, _part),
    (Reshape, _reshaped),
    (Softmax, _softmax),
    (Dot, _product),
)


def as_rows(found: Outside, steps: Variable) -> Variable:
    """A row for each step, even of what is the same in all."""
    if found.is_rows:
        return found.value
    x = found.value
    return alloc(x, steps, *[shape_i(x, a) for a in range(x.type.ndim)])
