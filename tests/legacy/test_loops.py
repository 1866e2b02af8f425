"""Rewrites of loops by their historic names."""

from __future__ import annotations

import numpy as np

import theano
import theano.tensor as T
from theano.scan_module.scan_op import Scan
from theano.scan_module.scan_opt import ScanMerge


def test_loops_over_the_same_are_one():
    x = T.dvector("x")
    ups, _ = theano.scan(lambda v: T.exp(v), sequences=x)
    downs, _ = theano.scan(lambda v: T.sin(v), sequences=x)
    graph = theano.gof.FunctionGraph([x], [ups, downs])

    def loops():
        return sum(isinstance(node.op, Scan) for node in graph.toposort())

    assert loops() == 2
    ScanMerge().optimize(graph)
    assert loops() == 1
    value = np.array([0.0, 1.0])
    for made, want in zip(theano.function(graph.inputs, graph.outputs)(value), (np.exp, np.sin), strict=True):
        np.testing.assert_allclose(made, want(value))
