"""Conditions: what only one branch needs moves into that branch, so that it is computed when the branch is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.graph import origin, walk
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.creation import alloc, zeros_like
from croton.ops.dot import Dot
from croton.ops.elementwise import add
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.ifelse import Conditional, IfElse
from croton.ops.index.subtensor import IncSubtensor, Subtensor
from croton.ops.inner import InnerGraph
from croton.ops.reduce import CAReduce
from croton.ops.reshape import Reshape
from croton.ops.shape import Rebroadcast
from croton.rewrite.stats import StageStats
from croton.rules.passes import conform
from croton.rules.scatter import is_zero
from croton.rules.stages import canonicalize
from croton.util.record import field, record
from croton.vartypes.tensor import TensorType

# A condition, and whether it has to be true or false.
Literal = tuple[Variable, bool]
Literals = dict[Literal, None]  # an ordered set
Guards = dict[Apply, Literals]


@canonicalize.on(IfElse, name="cond_remove_identical")
def _decided(node: Apply) -> Any:
    """A condition that is known, or that changes nothing."""
    condition, *values = node.inputs
    thens, elses = values[: node.nout], values[node.nout :]
    if isinstance(condition, Constant):
        return thens if condition.data else elses
    return thens if thens == elses else None


# -- zeros, which a branch that is not taken hands to its gradient --------------------------------------------
def _vanishing(variable: Variable) -> tuple[Variable, Variable, bool] | None:
    """(condition, value, side) of what is the value where the condition is as `side` says, and zeros elsewhere."""
    node = variable.owner
    if node is None or not isinstance(node.op, IfElse):
        return None
    condition, *values = node.inputs
    yes, no = values[variable.index or 0], values[node.nout + (variable.index or 0)]
    for value, other, side in ((yes, no, True), (no, yes, False)):
        if is_zero(other):
            return condition, value, side
    return None


def _keeps_zeros(node: Apply, at: int) -> bool:
    """Whether zeros as input `at` make the output zeros, whatever the others are."""
    op: Any = node.op
    if isinstance(op, Elemwise):
        scalar_op = op.scalar_op
        if scalar_op.name == "mul":
            return True
        if scalar_op.name == "true_div":
            return at == 0
        if scalar_op.name == "switch":
            return at > 0 and is_zero(node.inputs[3 - at])
        return len(node.inputs) == 1 and bool(getattr(scalar_op, "keeps_zero", False))
    if isinstance(op, IncSubtensor):
        return at == 1 and is_zero(node.inputs[0])
    if isinstance(op, CAReduce):
        return bool(op.scalar_op.name == "add")
    return isinstance(op, Dot) or (at == 0 and isinstance(op, (DimShuffle, Reshape, Subtensor, Rebroadcast)))


@canonicalize.on(
    name="ifelse_lift_zeros",
    among=(IfElse,),
    why="what flows back into a branch that was not taken is not computed",
)
def _lift_zeros(node: Apply, context: Any) -> Any:
    """Zeros stay zeros: an operation goes into the branch that makes something else."""
    for at, variable in enumerate(node.inputs):
        if variable.owner is None or not isinstance(variable.owner.op, IfElse) or not _keeps_zeros(node, at):
            continue
        found = _vanishing(variable)
        if found is None:
            continue
        condition, value, side = found
        made = node.op(*node.inputs[:at], value, *node.inputs[at + 1 :])
        return _either(condition, made, _zeros_like(node.outputs[0], context), side, node.outputs[0])
    return None


@canonicalize.on(add, name="ifelse_add_zeros", among=(IfElse,))
def _add_zeros(node: Apply, context: Any) -> Any:
    """Terms that depend on one condition are added branch by branch."""
    (out,) = node.outputs
    groups: dict[Variable, list[tuple[int, Variable, bool]]] = {}
    for at, variable in enumerate(node.inputs):
        found = _vanishing(variable) if variable.type == out.type else None
        if found is not None:
            groups.setdefault(found[0], []).append((at, *found[1:]))
    for condition, terms in groups.items():
        if len(terms) < 2:
            continue
        sums = [[value for _, value, side in terms if side is wanted] for wanted in (True, False)]
        yes, no = (
            values[0] if len(values) == 1 else add(*values) if values else _zeros_like(out, context)
            for values in sums
        )
        both = _either(condition, yes, no, True, out)
        if both is None:
            return None
        taken = {at for at, _, _ in terms}
        rest = [v for at, v in enumerate(node.inputs) if at not in taken]
        return add(*rest, both) if rest else both
    return None


def _zeros_like(out: Variable, context: Any) -> Variable | None:
    lengths = [context.shapes.variable(length) for length in context.shapes.lengths(out)]
    kind: Any = out.type
    return conform(alloc(np.zeros((), kind.dtype), *lengths) if lengths else zeros_like(out, opt=True), out)


def _either(condition: Variable, value: Any, other: Any, side: bool, out: Variable) -> Any:
    if value is None or other is None or value.type != out.type or other.type != out.type:
        return None
    return IfElse(1)(condition, value, other) if side else IfElse(1)(condition, other, value)


# -- branches become graphs ----------------------------------------------------------------------------------
def close_branches(graph: FunctionGraph, stats: StageStats, context: Any = None) -> None:
    """Let each `IfElse` become a `Conditional` that holds what is needed in one of its branches only."""
    eager: set[Apply] = set()
    while any(isinstance(node.op, IfElse) for node in graph.apply_nodes):
        guards = guards_of(graph, eager)
        if _decide_known(graph, guards):
            continue
        first = next((n for n in graph.toposort() if isinstance(n.op, IfElse) and not guards[n]), None)
        if first is None:
            return
        stage = _together(graph, first, guards)
        stuck = _close(graph, stage, guards)
        if stuck is None:
            stats.fired["close_branches"] += len(stage)
        else:
            eager.add(stuck)


def _decide_known(graph: FunctionGraph, guards: Guards) -> bool:
    """Decide an `IfElse` that is needed only where its condition is known; whether there was one.

    What its other value needs would be wanted in both branches of one condition, each time for the other.
    """
    for node in guards:
        if not isinstance(node.op, IfElse):
            continue
        for taken in (True, False):
            if (node.inputs[0], taken) in guards[node]:
                for old, new in zip(node.outputs, _values(node, taken), strict=True):
                    if old in graph.clients:
                        graph.replace(old, new, "close_branches")
                return True
    return False


def guards_of(graph: FunctionGraph, eager: set[Apply]) -> Guards:
    """For each node, what must hold for its outputs to be needed; nothing for those in `eager`."""
    guards: Guards = {}
    for node in reversed(graph.toposort()):
        needed: Literals | None = None
        for out in node.outputs:
            for client, at in graph.clients[out]:
                one = _guard_of_client(client, at, guards)
                needed = one if needed is None else {held: None for held in needed if held in one}
        guards[node] = {} if node in eager or needed is None else needed
    return guards


def _guard_of_client(client: Apply | str, at: int, guards: Guards) -> Literals:
    if not isinstance(client, Apply):
        return {}
    if not isinstance(client.op, IfElse) or at == 0:
        return guards[client]
    return {**guards[client], (client.inputs[0], at <= client.nout): None}


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


@record
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
        reads = [_guarded(v, condition, guards) for v in (*held[0][1], *held[1][1])]
        made = op(condition, *reads, return_list=True)
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


def _guarded(variable: Variable, condition: Variable, guards: Guards) -> Variable:
    """What a `Conditional` on `condition` reads for `variable`: still made only where other conditions ask for it.

    What makes it may read values that are there only then.
    """
    maker = variable.owner
    if maker is None or not isinstance(variable.type, TensorType):
        return variable
    for other, taken in guards.get(maker, ()):
        is_known = other.owner is None or not guards.get(other.owner)
        if other is not condition and is_known:
            nothing = _nothing(variable)
            values = (variable, nothing) if taken else (nothing, variable)
            variable = IfElse(1)(other, *values)
    return variable


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
