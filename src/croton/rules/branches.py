"""Conditions: what only one branch needs moves into that branch, so that it is computed when the branch is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from croton.graph import origin, walk
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.ifelse import Conditional, IfElse
from croton.ops.inner import InnerGraph
from croton.rewrite.stats import StageStats
from croton.rules.stages import canonicalize
from croton.vartypes.tensor import TensorType

# A condition, and whether it has to be true or false.
Literal = tuple[Variable, bool]
Guards = dict[Apply, frozenset[Literal]]


@canonicalize.on(IfElse, name="cond_remove_identical")
def _decided(node: Apply) -> Any:
    """A condition that is known, or that changes nothing."""
    condition, *values = node.inputs
    thens, elses = values[: node.nout], values[node.nout :]
    if isinstance(condition, Constant):
        return thens if condition.data else elses
    return thens if thens == elses else None


# -- branches become graphs ----------------------------------------------------------------------------------
def close_branches(graph: FunctionGraph, stats: StageStats, context: Any = None) -> None:
    """Let each `IfElse` become a `Conditional` that holds what is needed in one of its branches only."""
    eager: set[Apply] = set()
    while any(isinstance(node.op, IfElse) for node in graph.apply_nodes):
        guards = guards_of(graph, eager)
        first = next((n for n in graph.toposort() if isinstance(n.op, IfElse) and not guards[n]), None)
        if first is None:
            return
        stage = _together(graph, first, guards)
        stuck = _close(graph, stage, guards)
        if stuck is None:
            stats.fired["close_branches"] += len(stage)
        else:
            eager.add(stuck)


def guards_of(graph: FunctionGraph, eager: set[Apply]) -> Guards:
    """For each node, what must hold for its outputs to be needed; nothing for those in `eager`."""
    guards: Guards = {}
    for node in reversed(graph.toposort()):
        needed: frozenset[Literal] | None = None
        for out in node.outputs:
            for client, at in graph.clients[out]:
                one = _guard_of_client(client, at, guards)
                needed = one if needed is None else needed & one
        guards[node] = frozenset() if node in eager or needed is None else needed
    return guards


def _guard_of_client(client: Apply | str, at: int, guards: Guards) -> frozenset[Literal]:
    if not isinstance(client, Apply):
        return frozenset()
    if not isinstance(client.op, IfElse) or at == 0:
        return guards[client]
    return guards[client] | {(client.inputs[0], at <= client.nout)}


def _together(graph: FunctionGraph, first: Apply, guards: Guards) -> list[Apply]:
    """`first` and those with the same condition, none of which needs another: they are decided at once."""
    condition = first.inputs[0]
    alike = [
        node
        for client, at in graph.clients[condition]
        if at == 0 and isinstance(node := client, Apply) and isinstance(node.op, IfElse) and not guards[node]
    ]
    order = {node: at for at, node in enumerate(graph.toposort())}
    stage: list[Apply] = []
    for node in sorted(alike, key=order.__getitem__):
        above = set(walk.ancestors(node.inputs))
        if not any(out in above for one in alike if one is not node for out in one.outputs):
            stage.append(node)
    return stage


@dataclass(slots=True)
class _Side:
    """One branch of a stage: the nodes that move into it, and what it makes."""

    taken: bool
    nodes: list[Apply] = field(default_factory=list)
    outputs: list[Variable] = field(default_factory=list)


def _close(graph: FunctionGraph, stage: Sequence[Apply], guards: Guards) -> Apply | None:
    """Replace the nodes of a stage by one that holds their branches; a node that can't move, if there is one."""
    condition = stage[0].inputs[0]
    sides = [_Side(True), _Side(False)]
    for side in sides:
        side.outputs = [v for node in stage for v in _values(node, side.taken)]
        side.nodes = _needed_only(side.outputs, (condition, side.taken), guards)
    exports: list[Variable] = []
    for side, other in (sides, sides[::-1]):
        inside = {*side.nodes, *stage}
        for out in (out for node in side.nodes for out in node.outputs):
            if all(client in inside for client, _ in graph.clients[out]):
                continue
            if not isinstance(out.type, TensorType):
                return out.owner
            exports.append(out)
            side.outputs.append(out)
            other.outputs.append(_nothing(out))
    held = [_held(side) for side in sides]
    with origin.inherit(stage[0].origin):
        op = Conditional(held[0][0], held[1][0])
        made = op(condition, *held[0][1], *held[1][1], return_list=True)
    olds = [*[out for node in stage for out in node.outputs], *exports]
    for old, new in zip(olds, made, strict=True):
        if old in graph.clients:
            graph.replace(old, new, "close_branches")
    return None


def _values(node: Apply, taken: bool) -> list[Variable]:
    return node.inputs[1 : 1 + node.nout] if taken else node.inputs[1 + node.nout :]


def _needed_only(outputs: Sequence[Variable], literal: Literal, guards: Guards) -> list[Apply]:
    """The nodes that make `outputs` and are needed under `literal` only, in order."""
    outside = {v for v in walk.ancestors(outputs) if v.owner is None or literal not in guards[v.owner]}
    return walk.toposort(outputs, outside)


def _nothing(variable: Variable) -> Constant:
    """What stands for a value in the branch that does not make it: nobody reads it then."""
    kind: Any = variable.type
    value = np.zeros([1 if one else 0 for one in kind.broadcastable], kind.dtype)
    made: Constant = kind.constant_class(kind.clone(shape=kind.broadcastable), value)
    return made


def _held(side: _Side) -> tuple[InnerGraph, list[Variable]]:
    """The graph of a branch, its own conditions closed, and what it reads."""
    inner, reads = InnerGraph.of_nodes(side.nodes, side.outputs)
    if not any(isinstance(node.op, IfElse) for node in inner.nodes):
        return inner, reads
    graph, _ = FunctionGraph.copy_of(inner.inputs, inner.outputs)
    close_branches(graph, StageStats("close_branches", len(inner.nodes)))
    return InnerGraph(graph.inputs, graph.outputs), reads
