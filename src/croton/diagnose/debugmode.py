"""DebugMode: what was rewritten against what was written, one backend against the other, and each node's manners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.backends.base import Interface
from croton.backends.steps import copied
from croton.compile.mode import Mode, backend_called
from croton.config import config
from croton.diagnose.compare import CompareBackend, CompareProgram, agree, copy_of
from croton.errors import BadDestroyMap, BadOptimization, BadViewMap, InvalidValueError
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply
from croton.graph.op import Op
from croton.ops.base import Primitive


class Original:
    """Keeps the graph as it was before any rewrite."""

    graph: FunctionGraph | None = None

    def on_graph(self, name: str | None, graph: FunctionGraph) -> None:
        """A compile begins."""
        self.graph = copy_of(graph)


class Manners:
    """Sees that nodes give valid values, and that users' operations write and share only what they say."""

    def __init__(self, finite: bool) -> None:
        self.finite = finite
        self.before: list[Any] = []

    def before_node(self, position: int, node: Apply, inputs: list[Any]) -> None:
        """`node` is about to run: remember its inputs."""
        self.before = [] if isinstance(node.op, Primitive) else [copied(x) for x in inputs]

    def after_node(self, position: int, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """`node` has run."""
        for variable, value in zip(node.outputs, outputs, strict=True):
            if not variable.type.is_valid_value(value):
                raise InvalidValueError(variable, value, hint="perform output")
            if (
                self.finite
                and isinstance(value, np.ndarray)
                and value.dtype.kind in "fc"
                and not np.isfinite(value).all()
            ):
                raise InvalidValueError(
                    variable, value, hint="perform output", specific_hint="non-finite elements not allowed"
                )
        if self.before:
            self._check_types(node)
            self._check_writes(node, inputs)
            self._check_views(node, inputs, outputs)

    def _check_types(self, node: Apply) -> None:
        """Whether the values are of the types that the operation says: backends convert them where nothing is lost."""
        perform: Any = node.op.perform
        if getattr(perform, "__func__", None) is Op.perform:
            return
        storage: list[list[Any]] = [[None] for _ in node.outputs]
        params = () if getattr(node.op, "params_type", None) is None else (node.op.get_params(node),)
        perform(node, [copied(x) for x in self.before], storage, *params)
        for variable, cell in zip(node.outputs, storage, strict=True):
            if not variable.type.is_valid_value(cell[0]):
                raise InvalidValueError(
                    variable, cell[0], hint="perform output", specific_hint=f"{node.op} says {variable.type}"
                )

    def _check_writes(self, node: Apply, inputs: list[Any]) -> None:
        said = {i for places in node.op.destroy_map.values() for i in places}
        for i, (old, new) in enumerate(zip(self.before, inputs, strict=True)):
            if (
                i not in said
                and isinstance(new, np.ndarray)
                and not np.array_equal(old, new, equal_nan=new.dtype.kind in "fc")
            ):
                raise BadDestroyMap(node, i, old, new, "perform")

    def _check_views(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        for at, out in enumerate(outputs):
            said = {*node.op.view_map.get(at, ()), *node.op.destroy_map.get(at, ())}
            shared = [
                i
                for i, x in enumerate(inputs)
                if isinstance(x, np.ndarray) and isinstance(out, np.ndarray) and np.may_share_memory(x, out)
            ]
            if set(shared) - said:
                raise BadViewMap(node, at, out, in_alias_idx=shared)


class DebugBackend(CompareBackend):
    """Compiles the rewritten graph for both backends, and the graph as it was written for the reference."""

    name = "debug"

    def compile(
        self, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any] = ()
    ) -> CompareProgram:
        """A program that runs all three."""
        return DebugProgram(self, graph, interface, listeners)


class DebugProgram(CompareProgram):
    """A graph, compiled twice, and the graph it was made from."""

    def __init__(
        self, backend: DebugBackend, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any]
    ) -> None:
        super().__init__(backend, graph, interface, listeners)
        written = next(one.graph for one in listeners if isinstance(one, Original) and one.graph is not None)
        self.written = backend_called(backend.reference).compile(copy_of(written), self.own)

    def run(self, arguments: list[Any]) -> list[Any]:
        """Compute from checked arguments, three times; store the updates; give the returned outputs."""
        meant = self.written.run([copied(x) for x in arguments])
        made = self.reference.run([copied(x) for x in arguments])
        for variable, a, b in zip(self.graph.outputs, meant, made, strict=True):
            if not agree(a, b) and not _is_better(a, b):
                raise BadOptimization(
                    variable, variable, a, b, reason="the rewrites of this mode, all together"
                )
        return super().run(arguments)


def _is_better(written: Any, rewritten: Any) -> bool:
    """Whether the rewritten graph gives numbers where the other gives none: that is what stable forms are for."""
    if (
        not isinstance(written, np.ndarray)
        or written.shape != np.shape(rewritten)
        or written.dtype.kind not in "fc"
    ):
        return False
    finite = np.isfinite(written)
    return not finite.all() and agree(written[finite], np.asarray(rewritten)[finite])


class DebugMode(Mode):
    """Slow, and sure: each call runs the graph as written, as rewritten, and natively, and compares all values.

    check_c_code    whether native code is compared with the reference
    check_py_code   whether users' operations are watched for what they write into and share
    check_isfinite  whether NaN and infinities are errors
    The others are accepted: functions are compiled once, and nothing is preallocated by the user.

    Errors: InvalidValueError, BadOptimization, BadThunkOutput, BadDestroyMap, BadViewMap
    """

    def __init__(
        self,
        optimizer: Any = "fast_run",
        stability_patience: int | None = None,
        check_c_code: bool | None = None,
        check_py_code: bool | None = None,
        check_isfinite: bool | None = None,
        check_preallocated_output: str | None = None,
        require_matching_strides: int | None = None,
        linker: Any = None,
    ) -> None:
        super().__init__("py" if linker is None else linker, optimizer)
        self.backend_name = "debug"
        said = config.DebugMode
        self.stability_patience = said.patience if stability_patience is None else stability_patience
        self.check_c_code = bool(said.check_c if check_c_code is None else check_c_code)
        self.check_py_code = bool(said.check_py if check_py_code is None else check_py_code)
        self.check_isfinite = bool(said.check_finite if check_isfinite is None else check_isfinite)
        if not (self.check_c_code or self.check_py_code):
            raise ValueError("DebugMode has to check at least one of c and py code")

    @property
    def backend(self) -> Any:
        """What runs and compares."""
        return DebugBackend("cpu" if self.check_c_code else "numpy")

    @property
    def listeners(self) -> Sequence[Any]:
        """What keeps the graph as written, and what watches nodes."""
        return (*super().listeners, Original(), Manners(self.check_isfinite))


def mode() -> DebugMode:
    """The mode that the name 'DebugMode' means."""
    return DebugMode()
