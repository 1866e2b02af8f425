"""Operations that are compositions of others become those, so that they are fused with what stands around them."""

from __future__ import annotations

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Variable
from croton.rewrite.drive import Imports
from croton.rewrite.stats import StageStats
from croton.rules.passes import conform, fold_constants, lift_shapes, merge


def expand(graph: FunctionGraph) -> None:
    """Replace each node whose operation says what it is made of (`expand(*inputs)`), in place."""
    expanded = False
    work = graph.toposort()
    while work:
        node = work.pop()
        compose = getattr(node.op, "expand", None)
        if compose is None or node not in graph.apply_nodes:
            continue
        listener = Imports(work)
        graph.listeners.append(listener)
        with origin.inherit(node.origin):
            made = compose(*node.inputs)
            made = (made,) if isinstance(made, Variable) else made
            for old, new in zip(node.outputs, made, strict=True):
                if old in graph.clients and new is not None:
                    fitted = conform(new, old)
                    if fitted is None:
                        raise TypeError(
                            f"{node.op}.expand gave {new} of type {new.type} for an output of type {old.type}."
                        )
                    graph.replace(old, fitted, "expand")
        graph.listeners.remove(listener)
        expanded = True
    if expanded:
        stats = StageStats("expand", len(graph.apply_nodes))
        for clean in (lift_shapes, fold_constants, merge):
            clean(graph, stats)
