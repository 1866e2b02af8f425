"""Running one node by its operation's own Python code."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from croton.backends.base import Interface, Program
from croton.backends.failure import add_context
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.base import Primitive
from croton.ops.inner import InnerGraph, Run, holds_graphs
from croton.vartypes.tensor import TensorType

# From the values of a node's inputs to those of its outputs.
Step = Callable[[list[Any]], list[Any]]
# From a graph to a program for it: how a backend compiles the graphs that operations hold.
Compile = Callable[[FunctionGraph, Interface], Program]


def step_of(node: Apply, compile_graph: Compile | None = None) -> Step:
    """What runs `node`; `compile_graph` compiles a graph that its operation holds."""
    if compile_graph is not None and holds_graphs(node.op):
        return _graph_step(node, compile_graph)
    if type(node.op).make_thunk is not Op.make_thunk or "make_thunk" in vars(node.op):
        return _thunk_step(node)
    if isinstance(node.op, Primitive):
        return _primitive_step(node)
    return _perform_step(node)


def own_step(node: Apply, position: int | None = None, compile_graph: Compile | None = None) -> Step:
    """What runs `node` and gives values that share no memory with the inputs or with one another.

    Its exceptions say which node it is, on what inputs, and where the user built it.
    """
    run = step_of(node, compile_graph)

    def step(inputs: list[Any]) -> list[Any]:
        try:
            made = run(inputs)
        except Exception as error:
            add_context(error, node, inputs, position)
            raise
        taken = {owner_of(x) for x in inputs if isinstance(x, np.ndarray)}
        for at, value in enumerate(made):
            if isinstance(value, np.ndarray):
                if owner_of(value) in taken:
                    made[at] = value = value.copy()
                taken.add(owner_of(value))
        return made

    return step


def _graph_step(node: Apply, compile_graph: Compile) -> Step:
    """An operation that holds a graph, or several; they are compiled as the graph around it is."""
    op: Any = node.op
    run: Any
    if isinstance(getattr(op, "graph", None), InnerGraph):
        run = _compiled(op.graph, compile_graph)
    else:
        run = [_compiled(graph, compile_graph) for graph in op.graphs]

    def step(inputs: list[Any]) -> list[Any]:
        made = op.eval(np, *inputs, run=run)
        values = made if isinstance(made, tuple) else (made,)
        return [
            np.asarray(value) if isinstance(out.type, TensorType) else value
            for value, out in zip(values, node.outputs, strict=True)
        ]

    return step


def _compiled(inner: InnerGraph, compile_graph: Compile) -> Run:
    graph, _ = FunctionGraph.copy_of(inner.inputs, inner.outputs)
    program = compile_graph(graph, Interface(len(graph.inputs), borrow=(True,) * len(graph.outputs)))
    return lambda values: program.run(list(values))


def _primitive_step(node: Apply) -> Step:
    perform = node.op.perform
    count = len(node.outputs)

    def step(inputs: list[Any]) -> list[Any]:
        storage: list[list[Any]] = [[None] for _ in range(count)]
        perform(node, inputs, storage)
        return [cell[0] for cell in storage]

    return step


def _perform_step(node: Apply) -> Step:
    """A user's operation: it may write into the inputs that it says it destroys, and its outputs are checked.

    Errors: MethodNotDefined when it can't be run
    """
    perform = node.op.perform
    if type(node.op).perform is Op.perform and "perform" not in vars(node.op):
        perform(node, [], [])
    destroyed = sorted({i for places in (node.op.destroy_map or {}).values() for i in places})
    params = _params(node)

    def step(inputs: list[Any]) -> list[Any]:
        if destroyed:
            inputs = [copied(x) if i in destroyed else x for i, x in enumerate(inputs)]
        storage: list[list[Any]] = [[None] for _ in node.outputs]
        perform(node, inputs, storage, *params)
        return [_checked(node, at, cell[0]) for at, cell in enumerate(storage)]

    return step


def _params(node: Apply) -> tuple[Any, ...]:
    return () if getattr(node.op, "params_type", None) is None else (node.op.get_params(node),)


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
    thunk = node.op.make_thunk(node, storage, computed, [])
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


def copied(value: Any) -> Any:
    """A value of its own, equal to `value`."""
    return value.copy() if isinstance(value, np.ndarray) else copy.deepcopy(value)


def owner_of(value: Any) -> int:
    """The identity of the object that owns the memory of `value`."""
    while isinstance(value, np.ndarray) and value.base is not None:
        value = value.base
    return id(value)
