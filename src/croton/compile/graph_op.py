"""An operation made of a graph: define a sub-program once, apply it to many things, give it a gradient of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.autodiff.grad import vjp
from croton.backends.base import Interface
from croton.backends.numpy.program import NumpyProgram
from croton.compile.rebuild import rebuild
from croton.errors import MethodNotDefined
from croton.graph import walk
from croton.graph.connect import io_connection_pattern
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.shape import Shape_i
from croton.rules.shapes import ShapeTable
from croton.vartypes.null import DisconnectedType, NullType

# What a gradient may be given as: the word "default", a function, an operation, or a list with one of these per input.
Override = Any


class OpFromGraph(Op):
    """The operation that computes `outputs` from `inputs`.

    inline           said for the reader: the compiler puts the graph in the place of the operation either way
    lop_overrides    the gradient: f(inputs, outputs, output_grads); for a list, one entry per input: such a function,
                     "default", None for zero, or a variable of DisconnectedType or NullType
    grad_overrides   the same, with f(inputs, output_grads)
    rop_overrides    the derivative along eval_points: f(inputs, eval_points), or a list with an entry per output
    connection_pattern   for each input, which outputs depend on it

    Shared variables in the graph are found, and become further inputs.

    Errors: TypeError for inputs or outputs that are no variables; ValueError for overrides of a wrong length, or
            for both lop_overrides and grad_overrides
    """

    # The compiler puts the graph in the place of the operation before all other rewrites.
    is_graph = True

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        inline: bool = False,
        lop_overrides: Override = "default",
        grad_overrides: Override = "default",
        rop_overrides: Override = "default",
        connection_pattern: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(outputs, (list, tuple)):
            raise TypeError(f"The outputs of an OpFromGraph must be a list of variables; got {outputs!r}.")
        for variable in (*inputs, *outputs):
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"The inputs and outputs of an OpFromGraph must be variables; got {variable!r}."
                )
        if kwargs.get("updates") or kwargs.get("givens"):
            raise NotImplementedError(
                "An OpFromGraph takes neither updates nor givens: give them to theano.function."
            )
        if lop_overrides != "default" and grad_overrides != "default":
            raise ValueError(
                "Give lop_overrides or grad_overrides, not both: each of them says the whole gradient."
            )
        made = rebuild(list(outputs), list(inputs), no_default_updates=True)
        self.shared_inputs = list(made.shared)
        stand_ins = [variable.type() for variable in made.shared]
        own, _ = walk.clone_graph(made.outputs, dict(zip(made.shared, stand_ins, strict=True)))
        self.local_inputs: list[Variable] = [*made.inputs, *stand_ins]
        self.local_outputs: list[Variable] = own
        self.input_types = [v.type for v in made.inputs]
        self.output_types = [v.type for v in own]
        self.is_inline = inline
        self.lop_overrides = lop_overrides
        self.grad_overrides = grad_overrides
        self.rop_overrides = rop_overrides
        self._pattern = connection_pattern
        self.name = name
        self._program: NumpyProgram | None = None

    def make_node(self, *inputs: Any) -> Apply:
        if len(inputs) != len(self.input_types):
            raise ValueError(f"{self} takes {len(self.input_types)} inputs; got {len(inputs)}.")
        variables = [kind.filter_variable(x) for kind, x in zip(self.input_types, inputs, strict=True)]
        return Apply(self, [*variables, *self.shared_inputs], [kind() for kind in self.output_types])

    # -- what it computes ------------------------------------------------------------------------------------
    def expand(self, *inputs: Variable) -> list[Variable]:
        """The graph itself, on these inputs: what the compiler puts in the place of the operation."""
        made, _ = walk.clone_graph(self.local_outputs, dict(zip(self.local_inputs, inputs, strict=True)))
        return made

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        if self._program is None:
            graph, _ = FunctionGraph.copy_of(self.local_inputs, self.local_outputs)
            self._program = NumpyProgram(
                graph, Interface(arguments=len(self.local_inputs), borrow=(True,) * len(self.local_outputs))
            )
        for cell, value in zip(output_storage, self._program.run(inputs), strict=True):
            cell[0] = value

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        table = ShapeTable()
        inner = [None if not hasattr(v.type, "shape") else list(table.lengths(v)) for v in self.local_outputs]
        lengths = [entry for row in inner if row is not None for entry in row if isinstance(entry, Variable)]
        replace: dict[Variable, Variable] = dict(zip(self.local_inputs, node.inputs, strict=True))
        for variable in walk.ancestors(lengths):
            source = _length_of_input(variable, self.local_inputs)
            if source is not None:
                replace[variable] = shapes[source[0]][source[1]]
        fresh = dict(zip(lengths, walk.clone_graph(lengths, replace)[0], strict=True))
        return [
            None
            if row is None
            else tuple(fresh[entry] if isinstance(entry, Variable) else entry for entry in row)
            for row in inner
        ]

    # -- derivatives -----------------------------------------------------------------------------------------
    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        count = len(self.input_types)
        if self.grad_overrides != "default":
            chosen = self.grad_overrides
            arguments: tuple[Any, ...] = (list(inputs)[:count], list(output_grads))
        else:
            chosen = self.lop_overrides
            arguments = (list(inputs)[:count], list(outputs), list(output_grads))
        shared = len(self.local_inputs) - count
        if callable(chosen):
            return [*_as_list(chosen(*arguments)), *self._default_lop(inputs, outputs, output_grads)[count:]]
        default = self._default_lop(inputs, outputs, output_grads)
        if isinstance(chosen, str):
            return default
        if len(chosen) != count:
            raise ValueError(f"{self} has {count} inputs, but the gradient is given for {len(chosen)}.")
        entries = [*chosen, *["default"] * shared]
        return [_overridden(entry, arguments, default[i], inputs[i]) for i, entry in enumerate(entries)]

    def _default_lop(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        seeds = [
            (out, g.type(), g)
            for out, g in zip(self.local_outputs, output_grads, strict=True)
            if not isinstance(g.type, (DisconnectedType, NullType))
        ]
        inner = vjp([out for out, _, _ in seeds], self.local_inputs, [g for _, g, _ in seeds])
        replace: dict[Variable, Variable] = dict(zip(self.local_outputs, outputs, strict=True))
        replace.update((stand_in, g) for _, stand_in, g in seeds)
        replace.update(zip(self.local_inputs, inputs, strict=True))
        found = [DisconnectedType()() if one is None else one for one in inner]
        return walk.clone_graph(found, replace, strict=False)[0]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        chosen = self.rop_overrides
        if chosen == "default" or chosen is None:
            raise MethodNotDefined("R_op", type(self), type(self).__name__)
        if callable(chosen):
            return _as_list(chosen(list(inputs), list(eval_points)))
        return [entry(list(inputs), list(eval_points)) if callable(entry) else entry for entry in chosen]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """For each input, which outputs depend on it."""
        if self._pattern is not None:
            shared = len(node.inputs) - len(self.input_types)
            return [list(row) for row in self._pattern] + [[True] * len(node.outputs)] * shared
        if self.lop_overrides != "default" or self.grad_overrides != "default":
            return [[True] * len(node.outputs) for _ in node.inputs]
        return io_connection_pattern(self.local_inputs, self.local_outputs)

    # -- identity --------------------------------------------------------------------------------------------
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_program": None}

    def __str__(self) -> str:
        return f"{self.name or type(self).__name__}{{inline={self.is_inline}}}"


def _as_list(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def _overridden(entry: Any, arguments: tuple[Any, ...], default: Any, variable: Any) -> Any:
    if entry is None:
        return variable.zeros_like()
    if callable(entry):
        return entry(*arguments)
    if isinstance(entry, str):
        return default
    if isinstance(entry, Variable) and isinstance(entry.type, (DisconnectedType, NullType)):
        return entry
    raise TypeError(
        "An entry of gradient overrides must be a function, 'default', None, or a variable of DisconnectedType or "
        f"NullType; got {entry!r}."
    )


def _length_of_input(variable: Variable, inputs: Sequence[Variable]) -> tuple[int, int] | None:
    """(number of the input, axis) where `variable` is the length of an axis of one of `inputs`."""
    node = variable.owner
    if node is None or not isinstance(node.op, Shape_i) or node.inputs[0] not in inputs:
        return None
    return list(inputs).index(node.inputs[0]), node.op.i
