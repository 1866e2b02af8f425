"""What is known of variables goes along as a graph is rewritten."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.sandbox.linalg.ops import Hint, HintsFeature, HintsOptimizer, psd


def test_a_hint_computes_nothing():
    x = T.dmatrix("x")
    assert Hint(a=1) == Hint(a=1) != Hint(a=2)
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        np.testing.assert_array_equal(theano.function([x], psd(x), mode=mode)(np.eye(2)), np.eye(2))
    np.testing.assert_array_equal(T.grad(psd(x).sum(), x).eval({x: np.eye(2)}), np.ones((2, 2)))


def test_the_feature_knows_hints_and_hands_them_on():
    x = T.dmatrix("x")
    y = psd(x) + 1
    graph = theano.gof.FunctionGraph([x], [y])
    HintsOptimizer().optimize(graph)
    hints = graph.hints_feature.hints
    (copied,), hinted = graph.inputs, graph.outputs[0].owner.inputs[0]
    assert hints[copied] == hints[hinted] == {"psd": True, "symmetric": True}
    graph.hints_feature.add_hint(hinted, "banded", 3)
    graph.replace_validate(hinted, copied)
    assert hints[copied]["banded"] == 3
    other = T.dmatrix("other")
    graph.add_input(other)
    graph.hints_feature.add_hint(other, "psd", False)
    with pytest.raises(ValueError, match="its psd is False, not True"):
        graph.replace_validate(copied, other)
    with pytest.raises(ValueError, match="already"):
        HintsFeature().on_attach(graph)
