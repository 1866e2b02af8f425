"""What is done to the graphs that operations hold: the same as to the graph that the operations stand in."""

from __future__ import annotations

from typing import Any

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan
from croton.rewrite.stats import StageStats


def rewrite_inner_graphs(graph: FunctionGraph, stats: StageStats, context: Any) -> None:
    """Run those passes over inner graphs that come after the rules of loops, which run the others."""
    after = "loops" if context.pipeline.query.admits("loops", ("fast_run",)) else None
    for node in graph.toposort():
        if node not in graph.apply_nodes or not isinstance(node.op, Scan):
            continue
        with origin.inherit(node.origin):
            op = node.op.holding(rewritten(node.op.graph, context, after=after))
            made = op(*node.inputs, return_list=True)
        for old, new in zip(node.outputs, made, strict=True):
            if old in graph.clients:
                graph.replace(old, new, "inner_graph")
        stats.fired["inner_graph"] += 1


def rewritten(
    inner: InnerGraph, context: Any, after: str | None = None, until: str | None = None
) -> InnerGraph:
    """`inner` as the pipeline of `context`, or a part of it, leaves it."""
    graph, _ = FunctionGraph.copy_of(inner.inputs, inner.outputs)
    context.pipeline.run(graph, context.telling.inside(), after, until)
    return InnerGraph(graph.inputs, graph.outputs)
