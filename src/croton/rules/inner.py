"""What is done to the graphs that operations hold: the same as to the graph that the operations stand in."""

from __future__ import annotations

from typing import Any

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan
from croton.rewrite.stats import StageStats
from croton.rules.passes import conform


def rewrite_inner_graphs(graph: FunctionGraph, stats: StageStats, context: Any) -> None:
    """Leave out those outputs of inner graphs that nobody reads, and run the pipeline over what is left."""
    for node in graph.toposort():
        if node not in graph.apply_nodes or not isinstance(node.op, Scan):
            continue
        read = [at for at, out in enumerate(node.outputs) if graph.clients.get(out)]
        op, inputs, kept = node.op.keeping(read, node.inputs)
        with origin.inherit(node.origin):
            made = op.holding(rewritten(op.graph, context))(*inputs, return_list=True)
            fitted = [conform(new, node.outputs[at]) for at, new in zip(kept, made, strict=True)]
            if None in fitted:
                continue
            for at, new in zip(kept, fitted, strict=True):
                assert new is not None
                if node.outputs[at] in graph.clients:
                    graph.replace(node.outputs[at], new, "inner_graph")
        stats.fired["inner_graph"] += 1


def rewritten(inner: InnerGraph, context: Any) -> InnerGraph:
    """`inner` as the pipeline of `context` leaves it."""
    graph, _ = FunctionGraph.copy_of(inner.inputs, inner.outputs)
    context.pipeline.run(graph, context.telling.inside())
    return InnerGraph(graph.inputs, graph.outputs)
