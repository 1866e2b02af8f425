"""Rewrites of loops by their historic names: `theano.scan_module.scan_opt`."""

from __future__ import annotations

from croton.legacy.fgraph import FunctionGraph
from croton.legacy.optimizers import Optimizer
from croton.rewrite.stats import StageStats
from croton.rules.loops.passes import unite_loops
from croton.rules.passes import merge


class ScanMerge(Optimizer):
    """Lets loops that go over the same be one, where none needs another; and equal computations, to see which do."""

    def apply(self, fgraph: FunctionGraph) -> None:
        stats = StageStats("scan_merge", len(fgraph.apply_nodes))
        merge(fgraph, stats)
        unite_loops(fgraph, stats, None)
