"""`mode="compare"`: every call runs on the native backend and on the reference, and what differs is reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.backends.base import Interface
from croton.backends.failure import describe
from croton.backends.steps import copied
from croton.compile.mode import Mode, backend_called
from croton.errors import BadThunkOutput
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.util.record import replace

# Relative and absolute differences that rounding explains, by data type: a few thousand units in the last place, since
# sums and products are made in different orders.
TOLERANCE = {
    "float16": (1e-2, 1e-2), "float32": (1e-4, 1e-5), "float64": (1e-8, 1e-10),
    "complex64": (1e-4, 1e-5), "complex128": (1e-8, 1e-10),
}  # fmt: skip


def agree(a: Any, b: Any) -> bool:
    """Whether two values of one variable are the same, up to rounding."""
    if not isinstance(a, (np.ndarray, np.generic)) or not isinstance(b, (np.ndarray, np.generic)):
        return type(a) is type(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.name not in TOLERANCE:
        return bool(np.array_equal(a, b))
    rtol, atol = TOLERANCE[a.dtype.name]
    finite = np.abs(a[np.isfinite(a)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=rtol, atol=atol * scale, equal_nan=True))


def copy_of(graph: FunctionGraph) -> FunctionGraph:
    """The same graph in nodes of its own."""
    return FunctionGraph.copy_of(graph.inputs, graph.outputs)[0]


class CompareBackend:
    """Compiles for both backends; the results of the first that is named are those that count."""

    name = "compare"

    def __init__(self, checked: str = "cpu", reference: str = "numpy") -> None:
        self.checked = checked
        self.reference = reference

    def compile(
        self, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any] = ()
    ) -> CompareProgram:
        """A program that runs both."""
        return CompareProgram(self, graph, interface, listeners)


class CompareProgram:
    """A graph, compiled twice."""

    def __init__(
        self, backend: CompareBackend, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any]
    ) -> None:
        self.backend = backend
        self.interface = interface
        self.graph = copy_of(graph)
        # All outputs come back, none shares memory, and nothing is stored: that is done here, once.
        outputs = len(graph.outputs)
        self.own = replace(interface, borrow=(False,) * outputs, mutable=(), updates=(), bare=False)
        self.checked = self._compiled(backend.checked, copy_of(graph), listeners)
        self.reference = self._compiled(backend.reference, copy_of(graph), listeners)

    def _compiled(self, name: str, graph: FunctionGraph, listeners: Sequence[Any]) -> Any:
        return backend_called(name).compile(graph, self.own, listeners)

    def run(self, arguments: list[Any]) -> list[Any]:
        """Compute from checked arguments, twice; store the updates; give the returned outputs."""
        right = self.reference.run(list(arguments))
        got: list[Any] = self.checked.run(list(arguments))
        for at, (a, b) in enumerate(zip(got, right, strict=True)):
            if not agree(a, b):
                self._blame(arguments, at, a, b)
        for output, cell in self.interface.updates:
            self.interface.cells[cell].value = got[output]
        return got[: len(self.interface.borrow)]

    def _blame(self, arguments: list[Any], at: int, got: Any, right: Any) -> None:
        """Run each node by itself on the reference's values, and report the first that differs."""
        values: dict[Variable, Any] = dict(
            zip(self.graph.inputs, [*arguments, *(cell.value for cell in self.interface.cells)], strict=True)
        )
        for position, node in enumerate(self.graph.toposort()):
            inputs = [v.data if isinstance(v, Constant) else values[v] for v in node.inputs]
            wanted, found = (
                self._alone(name, node, inputs) for name in (self.backend.reference, self.backend.checked)
            )
            for variable, a, b in zip(node.outputs, found, wanted, strict=True):
                if not agree(a, b):
                    raise self._error(variable, a, b, inputs, describe(node, inputs, position))
            values.update(zip(node.outputs, wanted, strict=True))
        said = f"No node differs by itself: the difference comes from running them together. It is in output {at}."
        raise self._error(self.graph.outputs[at], got, right, arguments, said)

    def _alone(self, backend: str, node: Apply, inputs: list[Any]) -> list[Any]:
        fresh = [v.type.make_variable(v.name) for v in node.inputs]
        graph = FunctionGraph(fresh, node.clone_with_new_inputs(fresh).outputs)
        interface = Interface(arguments=len(fresh), borrow=(False,) * len(node.outputs))
        return backend_called(backend).compile(graph, interface).run([copied(x) for x in inputs])

    def _error(self, variable: Variable, got: Any, right: Any, inputs: Any, context: str) -> BadThunkOutput:
        made = BadThunkOutput(variable, self.backend.checked, got, self.backend.reference, right, inputs)
        made.add_note(context)
        return made


class CompareMode(Mode):
    """Each call runs on the native backend and on NumPy.

    Errors: BadThunkOutput when the results differ, with the first node that differs by itself
    """

    def __init__(self, optimizer: Any = "default") -> None:
        super().__init__("cpu", optimizer)
        self.backend_name = "compare"

    @property
    def backend(self) -> Any:
        """What runs both."""
        return CompareBackend()


def mode() -> CompareMode:
    """The mode that the name 'compare' means."""
    return CompareMode()
