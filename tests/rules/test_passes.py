"""Passes over whole graphs."""

from __future__ import annotations

import theano.tensor as T
from croton.graph.fgraph import FunctionGraph
from croton.rewrite.stats import StageStats
from croton.rules.passes import merge


def test_equal_computations_of_which_unequally_much_is_known():
    x, n = T.dscalar("x"), T.lscalar("n")
    one = T.constant(1, dtype="int64")
    for first, second, left in ((n, one, 1), (one, n, 2)):
        graph = FunctionGraph([x, n], [T.exp(T.alloc(x, first, 3)), T.log(T.alloc(x, second, 3))])
        graph.replace(n, one)
        merge(graph, StageStats("merge", len(graph.apply_nodes)))
        assert len([node for node in graph.apply_nodes if str(node.op) == "Alloc"]) == left
        assert [out.type.broadcastable[0] for out in graph.outputs] == [first is one, second is one]
