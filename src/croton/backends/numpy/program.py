"""Running a graph node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.backends.base import Interface, NodeListener
from croton.backends.failure import add_context
from croton.backends.steps import copied, owner_of, step_of
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Constant, Variable


class NumpyBackend:
    """Runs graphs by the operations' own reference evaluation: what other backends are compared with."""

    name = "numpy"

    def compile(
        self, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any] = ()
    ) -> NumpyProgram:
        """A program that computes `graph`."""
        return NumpyProgram(graph, interface, [x for x in listeners if hasattr(x, "after_node")])


class NumpyProgram:
    """A graph in the order in which its nodes run, and for each value when it is last needed."""

    def __init__(
        self, graph: FunctionGraph, interface: Interface, listeners: Sequence[NodeListener] = ()
    ) -> None:
        self.interface = interface
        self.listeners = listeners
        place: dict[Variable, int] = {}
        for variable in graph.inputs:
            place[variable] = len(place)
        self.nodes = graph.toposort()
        constants: list[Any] = []
        for variable in (v for node in self.nodes for v in node.inputs):
            _place_constant(variable, place, constants, len(graph.inputs))
        for variable in graph.outputs:
            _place_constant(variable, place, constants, len(graph.inputs))
        self.constants = constants
        for node in self.nodes:
            for variable in node.outputs:
                place[variable] = len(place)
        self.size = len(place)
        self.outputs = [place[v] for v in graph.outputs]
        self.reads = [[place[v] for v in node.inputs] for node in self.nodes]
        self.writes = [[place[v] for v in node.outputs] for node in self.nodes]
        self.steps = [step_of(node, NumpyProgram) for node in self.nodes]
        self.dead = self._last_uses(len(graph.inputs)) if interface.allow_gc else [[] for _ in self.nodes]

    def _last_uses(self, kept: int) -> list[list[int]]:
        """For each node, the values that nothing needs once it has run."""
        needed = set(self.outputs) | set(range(kept + len(self.constants)))
        dead: list[list[int]] = [[] for _ in self.nodes]
        for at in range(len(self.nodes) - 1, -1, -1):
            for slot in (*self.reads[at], *self.writes[at]):
                if slot not in needed:
                    needed.add(slot)
                    dead[at].append(slot)
        return dead

    def run(self, arguments: list[Any]) -> list[Any]:
        """Compute from checked arguments; store the updates; give the returned outputs."""
        cells = self.interface.cells
        given = [*arguments, *[cell.value for cell in cells]]
        values = [*given, *self.constants, *[None] * (self.size - len(given) - len(self.constants))]
        self._compute(values)
        finished = self._separate(given, [values[slot] for slot in self.outputs])
        for output, cell in self.interface.updates:
            cells[cell].value = finished[output]
        return finished[: len(self.interface.borrow)]

    def _compute(self, values: list[Any]) -> None:
        for at, step in enumerate(self.steps):
            inputs = [values[slot] for slot in self.reads[at]]
            node = self.nodes[at]
            try:
                for listener in self.listeners:
                    listener.before_node(at, node, inputs)
                made = step(inputs)
                for listener in self.listeners:
                    listener.after_node(at, node, inputs, made)
            except Exception as error:
                add_context(error, node, inputs, at)
                raise
            for slot, value in zip(self.writes[at], made, strict=True):
                values[slot] = value
            for slot in self.dead[at]:
                values[slot] = None

    def _separate(self, given: list[Any], outputs: list[Any]) -> list[Any]:
        """The outputs, copied where they share memory with what lives on outside this call."""
        constant = {owner_of(value) for value in self.constants}
        outside = {owner_of(value) for value in given}
        used: set[int] = set()
        finished: list[Any] = []
        borrow = self.interface.borrow
        for at, value in enumerate(outputs):
            if _is_number_like(value):
                finished.append(value)
                continue
            owner = owner_of(value)
            may_share = at < len(borrow) and borrow[at]
            if owner in constant or owner in used or (owner in outside and not may_share):
                value = copied(value)
                owner = owner_of(value)
            used.add(owner)
            finished.append(value)
        return finished


def _place_constant(variable: Variable, place: dict[Variable, int], constants: list[Any], first: int) -> None:
    if isinstance(variable, Constant) and variable not in place:
        place[variable] = first + len(constants)
        constants.append(variable.data)


def _is_number_like(value: Any) -> bool:
    return value is None or isinstance(value, (int, float, complex, str, slice, np.generic))


backend = NumpyBackend()
