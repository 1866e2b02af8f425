"""Operations that are compositions of others become those, so that they are fused with what stands around them.

So does complex arithmetic: it becomes arithmetic on parts.
"""

from __future__ import annotations

from croton.graph.fgraph import FunctionGraph
from croton.plan.parts import take_apart
from croton.rewrite.stats import StageStats
from croton.rules.expand import expand_nodes
from croton.rules.passes import fold_constants, lift_shapes, merge


def expand(graph: FunctionGraph) -> None:
    """Replace each node whose operation says what it is made of, in place."""
    if expand_nodes(graph, lambda node: True) + take_apart(graph):
        stats = StageStats("expand", len(graph.apply_nodes))
        for clean in (lift_shapes, fold_constants, merge):
            clean(graph, stats)
