"""Operations that hold a graph and say how often, and on what, it is computed."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.errors import ShapeError
from croton.graph import walk
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import Primitive
from croton.ops.convert import as_tensor_variable
from croton.ops.inner import InnerGraph, Run, shown
from croton.vartypes.null import NullType
from croton.vartypes.tensor import TensorType

Vjp = Callable[..., list[Variable | None]]


class ForEach(Primitive):
    """A graph, computed for each element of sequences; elements are what stands along the first axis.

    The inputs are `sequences` tensors, followed by what is the same for all elements: the graph reads one element
    of each sequence, then those. The first `stacked` outputs of the graph are put one behind the other along a new
    first axis; each of the others is summed over the elements.

    Shapes:    sequences (n, …), others of any -> stacked (n, …), summed as the graph's outputs
    Dtypes:    as the graph's outputs
    Gradient:  that of the graph, for each element: stacked for the sequences, summed for the others
    Errors:    ShapeError (a ValueError) when the sequences are not of one length
    Cost:      the graph is computed n times; for no elements once, on zeros, since only that tells the shapes
    """

    op_name = "for_each"
    __props__ = ("graph", "sequences", "stacked")

    def __init__(self, graph: InnerGraph, sequences: int, stacked: int) -> None:
        if sequences < 1:
            raise ValueError("ForEach goes over at least one sequence.")
        self.graph = graph
        self.sequences = sequences
        self.stacked = stacked

    inner_inputs = property(lambda self: self.graph.inputs)
    inner_outputs = property(lambda self: self.graph.outputs)

    def prepare(self, *args: Any) -> list[Variable]:
        variables = [a if isinstance(a, Variable) else as_tensor_variable(a) for a in args]
        if len(variables) != len(self.graph.inputs):
            raise ValueError(f"{self} takes {len(self.graph.inputs)} inputs; got {len(variables)}.")
        kept = zip(self.graph.inputs[self.sequences :], variables[self.sequences :], strict=True)
        return [*variables[: self.sequences], *[inner.type.filter_variable(v) for inner, v in kept]]

    def infer(self, *xs: Any) -> Sequence[Type]:
        known = [x.type.shape[0] for x in xs[: self.sequences]]
        length = next((n for n in known if n is not None), None)
        kinds: list[Any] = [v.type for v in self.graph.outputs]
        return [
            TensorType(kind.dtype, (length, *kind.shape)) if at < self.stacked else kind
            for at, kind in enumerate(kinds)
        ]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        found = []
        for at, out in enumerate(self.graph.outputs):
            known = [None if n is None else as_tensor_variable(np.int64(n)) for n in out.type.shape]
            found.append((shapes[0][0], *known) if at < self.stacked else tuple(known))
        return found

    def eval(self, xp: Any, *values: Any, run: Run | None = None) -> Any:
        """The outputs; `run` computes the graph, from values to values."""
        compute = self.graph.run if run is None else run
        sequences, kept = values[: self.sequences], values[self.sequences :]
        lengths = {len(s) for s in sequences}
        if len(lengths) != 1:
            raise ShapeError(
                f"{self} goes over sequences of one length; got lengths {[len(s) for s in sequences]}."
            )
        (n,) = lengths
        rows = [compute([*[s[i, ...] for s in sequences], *kept]) for i in range(n)]
        if n:
            columns = list(zip(*rows, strict=True))
            made = [xp.stack(column) for column in columns[: self.stacked]]
            made += [functools.reduce(operator.add, column) for column in columns[self.stacked :]]
        else:
            shown = compute([*[xp.zeros(s.shape[1:], s.dtype) for s in sequences], *kept])
            made = [xp.zeros((0, *y.shape), y.dtype) for y in shown[: self.stacked]]
            made += [xp.zeros(y.shape, y.dtype) for y in shown[self.stacked :]]
        return made[0] if len(made) == 1 else tuple(made)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any, vjp: Vjp | None = None) -> Any:
        if vjp is None:
            raise TypeError(f"The gradient of {self} needs a way to differentiate its graph: give vjp.")
        return self.grad(inputs, outputs, output_grads, vjp)

    def grad(self, xs: Any, ys: Any, gs: Any, vjp: Vjp) -> Any:
        """The cotangents of the inputs; `vjp` takes cotangents back through the graph."""
        flowing = [at for at, g in enumerate(gs) if g is not None]
        entering = {at: self._entering(at, gs[at]) for at in flowing}
        seeds = [self.graph.outputs[at] for at in flowing]
        found = vjp(seeds, self.graph.inputs, list(entering.values()))
        along = [at for at in flowing if at < self.stacked]
        once = [at for at in flowing if at >= self.stacked]
        per_element, shared = found[: self.sequences], found[self.sequences :]
        sequences, outs = [*xs[: self.sequences], *[gs[at] for at in along]], [*per_element, *shared]
        stacked = sum(map(_is_value, per_element))
        inner = dict(zip(self.graph.inputs[self.sequences :], xs[self.sequences :], strict=True))
        made = over(
            [*self.graph.inputs[: self.sequences], *[entering[at] for at in along]],
            sequences,
            [g for g in outs if g is not None and _is_value(g)],
            stacked,
            inner | {entering[at]: gs[at] for at in once},
        )
        values = iter(made)
        return [next(values) if _is_value(g) else None if g is None else g.type() for g in outs]

    def _entering(self, at: int, g: Any) -> Variable:
        """What stands for the cotangent `g` of output `at` inside."""
        kind = g.type.clone(shape=self.graph.outputs[at].type.shape)
        made: Variable = kind()
        return shown(made, g, at < self.stacked)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which inputs each output depends on."""
        return self.graph.connections()

    def holding(self, graph: InnerGraph) -> ForEach:
        """The same with another graph, of the same inputs and outputs."""
        return ForEach(graph, self.sequences, self.stacked)

    def keeping(self, outputs: Sequence[int], inputs: Sequence[Variable]) -> tuple[ForEach, list[Variable]]:
        """What computes these outputs only, and those of `inputs` that it needs."""
        wanted = [self.graph.outputs[at] for at in outputs]
        needed = set(walk.ancestors(wanted, self.graph.inputs))
        # One sequence says how many elements there are, whether it is read or not.
        kept = [at for at, v in enumerate(self.graph.inputs) if v in needed or at == 0]
        made = ForEach(
            InnerGraph([self.graph.inputs[at] for at in kept], wanted),
            sum(at < self.sequences for at in kept),
            sum(at < self.stacked for at in outputs),
        )
        return made, [inputs[at] for at in kept]

    def __str__(self) -> str:
        return f"ForEach{{{len(self.graph.nodes)} operations}}"


def _is_value(cotangent: Variable | None) -> bool:
    return cotangent is not None and not isinstance(cotangent.type, NullType)


def over(
    elements: Sequence[Variable],
    sequences: Sequence[Variable],
    outputs: Sequence[Variable],
    stacked: int,
    meaning: dict[Variable, Variable] | None = None,
) -> list[Variable]:
    """`outputs`, made of `elements`, for each element of `sequences`: the first `stacked` stacked, others summed.

    `meaning` says what variables in `outputs` stand for outside.
    """
    if not outputs:
        return []
    graph, outer = InnerGraph.closing([*elements, *(meaning or {})], outputs)
    kept = [*(meaning or {}).values(), *outer]
    made: list[Variable] = ForEach(graph, len(elements), stacked)(*sequences, *kept, return_list=True)
    return made


def for_each(function: Callable[..., Sequence[Variable]], *sequences: Any) -> list[Variable]:
    """What `function` makes of each element of `sequences`, stacked along a new first axis.

    Errors:    those of ForEach
    Example:
        >>> import theano.tensor as T
        >>> x = T.dmatrix("x")
        >>> rows, firsts = for_each(lambda row: [row * 2, row[0]], x)
        >>> rows.eval({x: [[1.0, 2.0], [3.0, 4.0]]})
        array([[2., 4.],
               [6., 8.]])
    """
    variables = [as_tensor_variable(s) for s in sequences]
    kinds: list[Any] = [v.type for v in variables]
    elements = [
        shown(kind.clone(shape=kind.shape[1:])(), v, True) for kind, v in zip(kinds, variables, strict=True)
    ]
    outputs = [as_tensor_variable(y) for y in function(*elements)]
    return over(elements, variables, outputs, len(outputs))
