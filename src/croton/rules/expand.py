"""Operations that are compositions of others become those (`op.expand(*inputs)`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Variable
from croton.ops.shape import Rebroadcast
from croton.rewrite.drive import Imports
from croton.rewrite.stats import StageStats
from croton.rules.passes import conform
from croton.vartypes.tensor import TensorType


def expand_graphs(graph: FunctionGraph, stats: StageStats, context: Any = None) -> None:
    """Put the graphs of operations that are made of one in their place, so that the rules see them."""
    count = expand_nodes(graph, lambda node: getattr(node.op, "is_graph", False))
    if count:
        stats.fired["expand"] += count


def expand_nodes(graph: FunctionGraph, chosen: Callable[[Apply], bool]) -> int:
    """Replace each node that is `chosen`, and those that come of it, in place; how many there were.

    Errors: TypeError when an operation's `expand` gives something of another type
    """
    count = 0
    work = graph.toposort()
    while work:
        node = work.pop()
        compose = getattr(node.op, "expand", None)
        if compose is None or node not in graph.apply_nodes or not chosen(node):
            continue
        listener = Imports(work)
        graph.listeners.append(listener)
        with origin.inherit(node.origin):
            made = compose(*node.inputs)
            made = (made,) if isinstance(made, Variable) else made
            for old, new in zip(node.outputs, made, strict=True):
                if old in graph.clients and new is not None:
                    fitted = _fitted(new, old)
                    if fitted is None:
                        raise TypeError(
                            f"{node.op}.expand gave {new} of type {new.type} for an output of type {old.type}."
                        )
                    graph.replace(old, fitted, "expand")
        graph.listeners.remove(listener)
        count += 1
    return count


def _fitted(new: Variable, old: Variable) -> Variable | None:
    """`new` with the type of `old`. More may be known of it: that an axis has length 1 is then forgotten."""
    have: Any = new.type
    want: Any = old.type
    if have == want:
        return new
    if not isinstance(want, TensorType) or (have.ndim, have.dtype) != (want.ndim, want.dtype):
        return conform(new, old)
    made: Variable = Rebroadcast(*enumerate(want.broadcastable))(new)
    return made
