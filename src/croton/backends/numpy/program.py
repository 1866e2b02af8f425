"""Running a graph node by node."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.backends.base import Interface, NodeListener
from croton.backends.failure import add_context
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.base import Primitive
from croton.vartypes.tensor import TensorType

# From the values of a node's inputs to those of its outputs.
Step = Callable[[list[Any]], list[Any]]


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
        self.steps = [_step(node) for node in self.nodes]
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
        constant = {_owner_of(value) for value in self.constants}
        outside = {_owner_of(value) for value in given}
        used: set[int] = set()
        finished: list[Any] = []
        borrow = self.interface.borrow
        for at, value in enumerate(outputs):
            if _is_number_like(value):
                finished.append(value)
                continue
            owner = _owner_of(value)
            may_share = at < len(borrow) and borrow[at]
            if owner in constant or owner in used or (owner in outside and not may_share):
                value = _copied(value)
                owner = _owner_of(value)
            used.add(owner)
            finished.append(value)
        return finished


def _place_constant(variable: Variable, place: dict[Variable, int], constants: list[Any], first: int) -> None:
    if isinstance(variable, Constant) and variable not in place:
        place[variable] = first + len(constants)
        constants.append(variable.data)


def _is_number_like(value: Any) -> bool:
    return value is None or isinstance(value, (int, float, complex, str, slice, np.generic))


def _owner_of(value: Any) -> int:
    """The identity of the object that owns the memory of `value`."""
    while isinstance(value, np.ndarray) and value.base is not None:
        value = value.base
    return id(value)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else copy.deepcopy(value)


# -- one node ------------------------------------------------------------------------------------------------
def _step(node: Apply) -> Step:
    if hasattr(node.op, "make_thunk"):
        return _thunk_step(node)
    if isinstance(node.op, Primitive):
        return _primitive_step(node)
    return _perform_step(node)


def _primitive_step(node: Apply) -> Step:
    perform = node.op.perform
    count = len(node.outputs)

    def step(inputs: list[Any]) -> list[Any]:
        storage: list[list[Any]] = [[None] for _ in range(count)]
        perform(node, inputs, storage)
        return [cell[0] for cell in storage]

    return step


def _perform_step(node: Apply) -> Step:
    """A user's operation: it may write into the inputs that it says it destroys, and its outputs are checked."""
    perform = node.op.perform
    destroyed = sorted({i for places in (node.op.destroy_map or {}).values() for i in places})
    params = _params(node)

    def step(inputs: list[Any]) -> list[Any]:
        if destroyed:
            inputs = [_copied(x) if i in destroyed else x for i, x in enumerate(inputs)]
        storage: list[list[Any]] = [[None] for _ in node.outputs]
        perform(node, inputs, storage, *params)
        return [_checked(node, at, cell[0]) for at, cell in enumerate(storage)]

    return step


def _params(node: Apply) -> tuple[Any, ...]:
    get = getattr(node.op, "get_params", None)
    return () if get is None or getattr(node.op, "params_type", None) is None else (get(node),)


def _checked(node: Apply, at: int, value: Any) -> Any:
    """The value as the output's type holds it: an operation that says float32 and gives float64 is caught here."""
    kind = node.outputs[at].type
    if not isinstance(kind, TensorType):
        return value
    if value is None:
        raise ValueError(f"{node.op} gave no value for its output {at}, which should be a {kind}.")
    if isinstance(value, np.ndarray) and value.dtype == kind.numpy_dtype and value.ndim == kind.ndim:
        return value
    try:
        return kind.filter(value)
    except TypeError as error:
        raise TypeError(f"{node.op} gave a wrong value for its output {at}: {error}") from None


def _thunk_step(node: Apply) -> Step:
    """An operation that makes its own thunk, which reads and writes one-element lists."""
    storage: dict[Variable, list[Any]] = {v: [None] for v in (*node.inputs, *node.outputs)}
    computed: dict[Variable, list[bool]] = {v: [True] for v in node.inputs} | {
        v: [False] for v in node.outputs
    }
    thunk = node.op.make_thunk(node, storage, computed, [])  # type: ignore[attr-defined]
    lock = threading.Lock()

    def step(inputs: list[Any]) -> list[Any]:
        with lock:
            for variable, value in zip(node.inputs, inputs, strict=True):
                storage[variable][0] = value
            for variable in node.outputs:
                computed[variable][0] = False
                storage[variable][0] = None
            thunk()
            made = [_checked(node, at, storage[v][0]) for at, v in enumerate(node.outputs)]
            for cell in storage.values():
                cell[0] = None
            return made

    return step


backend = NumpyBackend()
