"""What a step computes, computed for all steps at once: operations with an axis of steps in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.creation import Alloc, alloc
from croton.ops.dot import BatchedDot, Dot
from croton.ops.elementwise import mul
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import IncSubtensor, Subtensor
from croton.ops.index.take import take
from croton.ops.inner import InnerGraph
from croton.ops.nnet.softmax import Softmax
from croton.ops.reduce import CAReduce
from croton.ops.reduce import sum as sum_over
from croton.ops.reshape import Reshape, reshape
from croton.ops.scan.loop import Scan
from croton.ops.shape import Shape_i, shape_i
from croton.rules.loops.draft import moving
from croton.vartypes.tensor import TensorType

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
        if isinstance(node.op, Scan):
            outs = _loop(node.op, given)
            self._known.update(zip(node.outputs, outs, strict=False))
            return self._known.get(out)
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
        stacked = _turned(x.value)
        if stacked is not None:
            first, *rest = op.idx_list
            part = Subtensor((first, slice(None), *rest))(stacked, *[p.value for p in places])
            return _turn(part) if isinstance(first, slice) else part
        made: Variable = Subtensor((slice(None), *op.idx_list))(x.value, *[p.value for p in places])
        return made
    entries = index.join(op.idx_list, places)
    if len(entries) == 1 and isinstance(entries[0], Outside):
        return take(x.value, entries[0].value, axis=0)
    return None


def _placed(node: Apply, xs: list[Outside]) -> Variable | None:
    op: Any = node.op
    x, y, *places = xs
    if any(place.is_rows for place in places):
        return None
    width = next(shape_i(v.value, 0) for v in (x, y) if v.is_rows)
    left = node.inputs[0].type.ndim - sum(not isinstance(entry, slice) for entry in op.idx_list)
    value = _with_axes(y, left) if y.is_rows else y.value
    rows: Variable = IncSubtensor((slice(None), *op.idx_list), set_instead_of_inc=op.set_instead_of_inc)(
        as_rows(x, width), value, *[p.value for p in places]
    )
    return rows


def _spread(node: Apply, xs: list[Outside]) -> Variable | None:
    value, *lengths = xs
    if any(n.is_rows for n in lengths):
        return None
    rows: Variable = alloc(
        _with_axes(value, len(lengths)), shape_i(value.value, 0), *[n.value for n in lengths]
    )
    return rows


def _with_axes(x: Outside, ndim: int) -> Variable:
    """Rows of so many axes: those that they lack are in front of theirs."""
    own = x.value.type.ndim
    return dimshuffle(x.value, 0, *["x"] * (ndim + 1 - own), *range(1, own))


def _turn(stacked: Variable) -> Variable:
    """Steps of rows as rows of steps, or the other way round."""
    return dimshuffle(stacked, 1, 0, *range(2, stacked.type.ndim))


def _turned(rows: Variable) -> Variable | None:
    """The steps of rows that `rows` is made of, where it is a row of steps each."""
    node = rows.owner
    is_turned = node is not None and isinstance(node.op, DimShuffle) and node.op.new_order[:2] == (1, 0)
    return (
        node.inputs[0]
        if node is not None and is_turned and rows.type.ndim == node.inputs[0].type.ndim
        else None
    )


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


# -- loops in steps ------------------------------------------------------------------------------------------
def _loop(op: Scan, xs: list[Outside]) -> list[Outside]:
    """A loop in a step whose own steps hand on numbers, for all steps at once: they hand on vectors.

    Nothing where there is no way, and where steps hand on arrays: all of these at once may need much memory.
    """
    roles, graph = op.roles, op.graph
    handed_on = graph.outputs[: roles.states + op.carried]
    if op.until or xs[0].is_rows or any(getattr(v.type, "ndim", 1) for v in handed_on):
        return []
    varying = _varying(op, xs)
    width = next(shape_i(x.value, 0) for x in xs if x.is_rows)
    inner: dict[Variable, Outside] = {}
    for v, outer in zip(graph.inputs, roles.read_from(), strict=True):
        kind: Any = v.type
        is_rows = outer in varying
        inner[v] = Outside(TensorType(kind.dtype, (None, *kind.shape))() if is_rows else v.type(), is_rows)
    batch = Batch(inner.get)
    made = [batch.of(v) for v in graph.outputs]
    outs = [found for found in made if found is not None]
    if len(outs) < len(made):
        return []
    within = next(shape_i(x.value, 0) for x in inner.values() if x.is_rows)
    for out in range(len(handed_on)):
        if roles.state_input(out) in varying:
            outs[out] = Outside(as_rows(outs[out], within), True)
    given = [xs[0].value]
    for outer, x in enumerate(xs[1:], 1):
        rows = as_rows(x, width) if outer in varying else x.value
        given.append(_turn(rows) if outer in varying and outer <= roles.stacked else rows)
    loop = op.holding(InnerGraph([x.value for x in inner.values()], [x.value for x in outs]))
    values: list[Variable] = loop(*given, return_list=True)
    return [
        Outside(_turn(value) if x.is_rows and not roles.is_carried(at) else value, x.is_rows)
        for at, (value, x) in enumerate(zip(values, outs, strict=False))
    ]


def _varying(op: Scan, xs: list[Outside]) -> set[int]:
    """The outer inputs of a loop that are not the same for all: those that are rows, and what is made of them."""
    roles, graph = op.roles, op.graph
    reads = roles.read_from()
    found = {outer for outer, x in enumerate(xs) if x.is_rows}
    while True:
        differ = moving(
            graph.nodes, [v for v, outer in zip(graph.inputs, reads, strict=True) if outer in found]
        )
        states = range(roles.states + op.carried)
        more = {roles.state_input(out) for out in states if graph.outputs[out] in differ}
        if more <= found:
            return found
        found |= more


_RULES: tuple[tuple[type, Callable[[Apply, list[Outside]], Any]], ...] = (
    (Elemwise, _elementwise),
    (DimShuffle, _shuffled),
    (CAReduce, _reduced),
    (Shape_i, _length),
    (Subtensor, _part),
    (IncSubtensor, _placed),
    (Alloc, _spread),
    (Reshape, _reshaped),
    (Softmax, _softmax),
    (Dot, _product),
)


# -- rows ----------------------------------------------------------------------------------------------------
def as_rows(found: Outside, steps: Variable) -> Variable:
    """A row for each step, even of what is the same in all."""
    if found.is_rows:
        return found.value
    x = found.value
    return alloc(x, steps, *[shape_i(x, a) for a in range(x.type.ndim)])
