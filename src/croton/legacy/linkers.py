"""The historic linkers: what runs a program, by name, and node by node for who wants to see each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from croton.backends.base import Interface
from croton.backends.failure import add_context
from croton.backends.numpy.program import NumpyProgram
from croton.backends.steps import step_of
from croton.compile.container import Container
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable

Schedule = Callable[[Any], Sequence[Apply]]
# A function without arguments, the containers of its inputs and those of its outputs.
Made = tuple[Callable[[], None], list[Container], list[Container]]


class Storage(list[Any]):
    """One value, as the only element of a list."""

    def __init__(self) -> None:
        super().__init__([None])

    @property
    def value(self) -> Any:
        """The value."""
        return self[0]

    @value.setter
    def value(self, value: Any) -> None:
        self[0] = value


class Thunk:
    """Runs one node: from the first elements of `inputs` to those of `outputs`, each of which is a list."""

    lazy = False

    def __init__(self, node: Apply, storage_map: dict[Variable, Any]) -> None:
        self.inputs = [storage_map[v] for v in node.inputs]
        self.outputs = [storage_map[v] for v in node.outputs]
        self._step = step_of(node, NumpyProgram)

    def __call__(self) -> None:
        made = self._step([cell[0] for cell in self.inputs])
        for cell, value in zip(self.outputs, made, strict=True):
            cell[0] = value


class Linker:
    """What runs a program: the backend that `backend_name` says, in the words of `Mode(linker=…)`."""

    backend_name: str | None = None

    def __init__(self, allow_gc: bool | None = None, schedule: Schedule | None = None) -> None:
        self.allow_gc = allow_gc
        self.schedule = schedule

    @property
    def backend(self) -> LinkedBackend | None:
        """The backend that runs functions by the linker's own thunks, where that makes a difference."""
        return None if self.schedule is None else LinkedBackend(self)

    def clone(self, allow_gc: bool | None = None) -> Linker:
        """The same linker, with another answer to whether values are let go early."""
        made: Linker = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        if allow_gc is not None:
            made.allow_gc = allow_gc
        return made

    __copy__ = clone

    def make_thunk(self, **kwargs: Any) -> Made:
        """A function without arguments, the containers that it reads and those that it writes."""
        raise NotImplementedError(f"{type(self).__name__} makes no thunks.")

    def make_function(self, unpack_single: bool = True, **kwargs: Any) -> Callable[..., Any]:
        """A function of the values of the inputs; with `unpack_single`, it gives an only output as it is."""
        run, inputs, outputs = self.make_thunk(**kwargs)

        def execute(*args: Any) -> Any:
            if len(args) != len(inputs):
                raise TypeError(f"The function takes {len(inputs)} arguments; got {len(args)}.")
            for container, value in zip(inputs, args, strict=True):
                container.data = value
            run()
            values = [container.data for container in outputs]
            return values[0] if unpack_single and len(values) == 1 else values

        return execute

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.allow_gc))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class LocalLinker(Linker):
    """A linker that runs nodes one by one: `accept` a graph, then `make_function`, `make_thunk` or `make_all`.

    schedule  from the graph to its nodes in the order in which they run
    """

    def accept(
        self, fgraph: FunctionGraph, no_recycling: Sequence[Variable] | None = None, profile: Any = None
    ) -> LocalLinker:
        """The linker of `fgraph`: this one, or where it is that of another, one like it.

        no_recycling  variables whose values are let go before each run
        """
        if getattr(self, "fgraph", fgraph) is not fgraph:
            other: Any = self.clone()
            del other.fgraph
            return other.accept(fgraph, no_recycling, profile)  # type: ignore[no-any-return]
        self.fgraph = fgraph
        self.no_recycling = list(no_recycling or ())
        return self

    def make_all(
        self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None
    ) -> tuple[Callable[[], None], list[Container], list[Container], list[Thunk], list[Apply]]:
        """As `make_thunk`, and the thunks of the nodes, and the nodes, in the order in which they run."""
        graph = self.fgraph
        order = list(graph.toposort() if self.schedule is None else self.schedule(graph))
        cells: dict[Variable, Any] = {} if storage_map is None else storage_map
        for variables, given in ((graph.inputs, input_storage), (graph.outputs, output_storage)):
            for v, cell in zip(variables, given or (), strict=given is not None):
                cells[v] = cell
        for v in chain(graph.inputs, (v for n in order for v in (*n.inputs, *n.outputs)), graph.outputs):
            if v not in cells:
                cells[v] = Storage()
                if isinstance(v, Constant):
                    cells[v][0] = v.data
        thunks = [Thunk(node, cells) for node in order]
        cleared = [cells[v] for v in self.no_recycling if v in cells]
        ran = self._watching(cells)

        def run() -> None:
            for cell in cleared:
                cell[0] = None
            for at, (thunk, node) in enumerate(zip(thunks, order, strict=True)):
                try:
                    thunk()
                except Exception as error:
                    add_context(error, node, [cell[0] for cell in thunk.inputs], at)
                    raise
                if ran is not None:
                    ran(node, thunk)

        return run, _containers(graph.inputs, cells), _containers(graph.outputs, cells), thunks, order

    def _watching(self, cells: dict[Variable, Any]) -> Callable[[Apply, Thunk], None] | None:
        """What is told of each node that has run."""
        return None

    def make_thunk(
        self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None, **kwargs: Any
    ) -> Made:
        return self.make_all(input_storage, output_storage, storage_map)[:3]


def _containers(variables: Sequence[Variable], cells: dict[Variable, Any]) -> list[Container]:
    made = []
    for v in variables:
        cell = cells[v]
        if not isinstance(cell, Storage):
            raise TypeError(
                f"The storage of {v} must be a Storage, as the containers of a linker hold; got {cell!r}."
            )
        made.append(Container(v, cell))  # type: ignore[arg-type]
    return made


class PerformLinker(LocalLinker):
    """NumPy, node by node."""

    backend_name = "py"


class CLinker(Linker):
    """Native code, where there is some."""

    backend_name = "c"

    def __init__(self, schedule: Schedule | None = None) -> None:
        super().__init__(None, schedule)


class OpWiseCLinker(LocalLinker):
    """Native code, where there is some."""

    backend_name = "c|py"

    def __init__(
        self, fallback_on_perform: bool = True, allow_gc: bool | None = None, nice_errors: bool = True,
        schedule: Schedule | None = None,
    ) -> None:  # fmt: skip
        super().__init__(allow_gc, schedule)


class DualLinker(Linker):
    """Native code, where there is some; `mode='compare'` runs all backends and compares."""

    backend_name = "c|py"

    def __init__(self, checker: Any = None, schedule: Schedule | None = None) -> None:
        super().__init__(None, schedule)


class VM_Linker(LocalLinker):
    """Native code, where there is some; with `callback` or `schedule`, NumPy node by node.

    callback        called with node, thunk, storage_map and compute_map by name, after each node
    callback_input  called with a variable and its value for each input, before the first
    """

    backend_name = "cvm"

    def __init__(
        self, allow_gc: bool | None = None, use_cloop: bool = False, callback: Callable[..., Any] | None = None,
        callback_input: Callable[..., Any] | None = None, lazy: bool | None = None,
        schedule: Schedule | None = None, c_thunks: bool | None = None, allow_partial_eval: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(allow_gc, schedule)
        self.use_cloop, self.lazy, self.c_thunks = use_cloop, lazy, c_thunks
        self.callback, self.callback_input = callback, callback_input
        self.allow_partial_eval = allow_partial_eval

    @property
    def backend(self) -> LinkedBackend | None:
        watched = self.callback is not None or self.callback_input is not None
        return LinkedBackend(self) if watched else super().backend

    def make_all(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        run, inputs, *rest = super().make_all(input_storage, output_storage, storage_map)
        told = self.callback_input
        if told is None:
            return run, inputs, *rest

        def tell_and_run() -> None:
            for variable, container in zip(self.fgraph.inputs, inputs, strict=True):
                told(variable, container.data)
            run()

        return tell_and_run, inputs, *rest

    def _watching(self, cells: dict[Variable, Any]) -> Callable[[Apply, Thunk], None] | None:
        callback = self.callback
        if callback is None:
            return None
        computed = {v: [True] for v in cells}
        return lambda node, thunk: callback(node=node, thunk=thunk, storage_map=cells, compute_map=computed)


class WrapLinker(Linker):
    """Runs the thunks of several linkers side by side: `wrapper(i, node, thunk1, thunk2, …)` is called for each node.

    Each linker has values of its own; the inputs are copied to all, and the outputs are those of the first. It is for
    the wrapper to run the thunks.
    """

    def __init__(self, linkers: Sequence[LocalLinker], wrapper: Callable[..., Any]) -> None:
        super().__init__()
        self.linkers = list(linkers)
        self.wrapper = wrapper

    @property
    def backend(self) -> LinkedBackend:
        return LinkedBackend(self)

    def clone(self, allow_gc: bool | None = None) -> WrapLinker:
        return type(self)([one.clone(allow_gc) for one in self.linkers], self.wrapper)  # type: ignore[misc]

    __copy__ = clone

    def accept(
        self, fgraph: FunctionGraph, no_recycling: Sequence[Variable] | None = None, profile: Any = None
    ) -> WrapLinker:
        """A linker of `fgraph`, as each of the linkers makes one."""
        made = self.clone()
        made.linkers = [one.accept(fgraph, no_recycling) for one in made.linkers]
        return made

    def pre(self, f: Any, inputs: list[Any], order: list[Apply], thunk_groups: list[Any]) -> None:
        """What is done before each run; for subclasses."""

    def make_thunk(self, **kwargs: Any) -> Made:
        """Errors: ValueError when the linkers run the nodes in different orders"""
        first = self.linkers[0].make_all(**kwargs)
        kwargs.pop("input_storage", None)
        made = [first, *[one.make_all(**kwargs) for one in self.linkers[1:]]]
        _, inputs, outputs, _, order = first
        if any(one[4] != order for one in made):
            raise ValueError("The linkers of a WrapLinker must run the nodes in the same order.")
        groups = list(zip(*(one[3] for one in made), strict=True))

        def run() -> None:
            for other in made[1:]:
                for source, target in zip(inputs, other[1], strict=True):
                    target.data = source.data
            self.pre(self, [one.data for one in inputs], order, groups)
            for at, (node, thunks) in enumerate(zip(order, groups, strict=True)):
                try:
                    self.wrapper(at, node, *thunks)
                except Exception as error:
                    add_context(error, node, [cell[0] for cell in thunks[0].inputs], at)
                    raise

        return run, inputs, outputs


def WrapLinkerMany(linkers: Sequence[LocalLinker], wrappers: Sequence[Callable[..., Any]]) -> WrapLinker:
    """A WrapLinker that calls several wrappers, one after the other, for each node."""

    def wrapper(*args: Any) -> None:
        for one in wrappers:
            one(*args)

    return WrapLinker(linkers, wrapper)


# -- functions that run by them ------------------------------------------------------------------------------
class LinkedBackend:
    """Runs functions by the thunks of a linker."""

    def __init__(self, linker: Any) -> None:
        self.linker = linker
        self.name = type(linker).__name__

    def compile(
        self, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any] = ()
    ) -> LinkedProgram:
        """A program that computes `graph`."""
        return LinkedProgram(graph, interface, self.linker.clone())


class LinkedProgram(NumpyProgram):
    """A program whose nodes the thunks of a linker run."""

    def __init__(self, graph: FunctionGraph, interface: Interface, linker: Any) -> None:
        super().__init__(graph, interface)
        self._run, self._inputs, self._outputs = linker.accept(graph).make_thunk()

    def _compute(self, values: list[Any]) -> None:
        for container, value in zip(self._inputs, values, strict=False):
            container.storage.value = value
        self._run()
        for slot, container in zip(self.outputs, self._outputs, strict=True):
            values[slot] = container.storage.value
