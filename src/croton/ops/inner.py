"""A graph that an operation holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.config import config
from croton.graph import walk
from croton.graph.connect import io_connection_pattern
from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import get_test_value

# From the values of a graph's inputs to those of its outputs.
Run = Callable[[Sequence[Any]], list[Any]]


class InnerGraph:
    """A graph from `inputs`, which are variables of its own, to `outputs`: a function of nothing else.

    Two are equal when they are the same computation.
    """

    def __init__(self, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.nodes = walk.toposort(self.outputs, self.inputs)
        self.constants = [
            v
            for v in walk.graph_inputs(self.outputs, self.inputs)
            if isinstance(v, Constant) and v not in self.inputs
        ]
        key = (tuple(v.type for v in self.inputs), tuple(node.op for node in self.nodes))
        self._key, self._hash = key, hash(key)

    @classmethod
    def closing(
        cls, inputs: Sequence[Variable], outputs: Sequence[Variable]
    ) -> tuple[InnerGraph, list[Variable]]:
        """The graph that makes `outputs` from `inputs`, and what else it reads: those variables become further inputs.

        What does not depend on `inputs` stays outside, and is computed once.
        """
        inside = set(inputs)
        outer: dict[Variable, Variable] = {}
        for node in walk.toposort(outputs, inputs):
            if any(v in inside for v in node.inputs):
                inside.update(node.outputs)
        reads = [
            v for node in walk.toposort(outputs, inputs) if node.outputs[0] in inside for v in node.inputs
        ]
        for variable in (*reads, *outputs):
            if variable not in inside and not isinstance(variable, Constant):
                outer.setdefault(variable, shown(variable.type(variable.name), variable))
        elements = {v: shown(v.type(v.name), v) for v in inputs}
        made, _ = walk.clone_graph(list(outputs), {**elements, **outer})
        return cls([*elements.values(), *outer.values()], made), list(outer)

    @classmethod
    def of_nodes(
        cls, nodes: Sequence[Apply], outputs: Sequence[Variable]
    ) -> tuple[InnerGraph, list[Variable]]:
        """The graph that makes `outputs` by copies of `nodes`, in order; and what else it reads: its inputs."""
        made = {out for node in nodes for out in node.outputs}
        reads = [v for node in nodes for v in node.inputs]
        outer: dict[Variable, Variable] = {
            v: v.type() for v in (*reads, *outputs) if v not in made and not isinstance(v, Constant)
        }
        copies, _ = walk.clone_graph(list(outputs), dict(outer))
        return cls(list(outer.values()), copies), list(outer)

    def run(self, values: Sequence[Any]) -> list[Any]:
        """The values of the outputs for those of the inputs, by each operation's reference evaluation."""
        known: dict[Variable, Any] = dict(zip(self.inputs, values, strict=True))
        known.update((v, v.data) for v in self.constants)
        for node in self.nodes:
            storage: list[list[Any]] = [[None] for _ in node.outputs]
            node.op.perform(node, [known[v] for v in node.inputs], storage)
            known.update((v, cell[0]) for v, cell in zip(node.outputs, storage, strict=True))
        return [known[v] for v in self.outputs]

    def expand(self, values: Sequence[Variable]) -> list[Variable]:
        """The graph itself, of `values` in the place of the inputs."""
        made, _ = walk.clone_graph(self.outputs, dict(zip(self.inputs, values, strict=True)), strict=False)
        return made

    def connections(self) -> list[list[bool]]:
        """For each input, which outputs a gradient can reach it from."""
        return io_connection_pattern(self.inputs, self.outputs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InnerGraph):
            return NotImplemented
        return self is other or (
            self._key == other._key
            and walk.equal_computations(self.outputs, other.outputs, self.inputs, other.inputs)
        )

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> Any:
        # Hashes differ from one process to the next.
        return InnerGraph, (self.inputs, self.outputs)


def holds_graphs(op: Any) -> bool:
    """Whether an operation holds a graph (`op.graph`), or several (`op.graphs`)."""
    if isinstance(getattr(op, "graph", None), InnerGraph):
        return True
    graphs = getattr(op, "graphs", None)
    return isinstance(graphs, tuple) and all(isinstance(graph, InnerGraph) for graph in graphs)


def shown(variable: Variable, model: Variable, is_element: bool = False) -> Variable:
    """`variable`, with a test value like that of `model`, or of its first element, where test values are in use."""
    if config.compute_test_value != "off":
        try:
            value = get_test_value(model)
        except AttributeError:
            return variable
        if is_element:
            value = value[0, ...] if len(value) else np.zeros(value.shape[1:], value.dtype)
        variable.tag.test_value = value
    return variable
