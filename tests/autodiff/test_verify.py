"""The numeric gradient, and what it finds."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import gradient as G


class Wrong(theano.Op):
    """Twice its input, which claims another gradient."""

    __props__ = ()

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0] * 2

    def grad(self, inputs, gs):
        return [gs[0] * 3]


def test_right_and_wrong_gradients():
    rng = np.random.RandomState(0)
    T.verify_grad(lambda a, b: T.tanh(T.dot(a, b)), [rng.rand(3, 4), rng.rand(4)], rng=rng)
    T.verify_grad(T.sqr, [rng.rand(3).astype("float32")], rng=rng)
    with pytest.raises(G.GradientError) as raised:
        T.verify_grad(Wrong(), [np.ones(3)], rng=rng)
    assert raised.value.abs_err > raised.value.abs_tol
    assert raised.value.shape == (3,)


def test_refusals():
    rng = np.random.RandomState(0)
    with pytest.raises(TypeError, match="rng"):
        T.verify_grad(T.sqr, [np.ones(3)])
    with pytest.raises(TypeError, match="floating point"):
        T.verify_grad(T.sqr, [np.ones(3, "int32")], rng=rng)
    with pytest.raises(TypeError, match="list of arrays"):
        T.verify_grad(T.sqr, np.ones(3), rng=rng)
    with pytest.raises(NotImplementedError, match="one output"):
        T.verify_grad(lambda a: [a, a], [np.ones(3)], rng=rng)


def test_numeric_gradients():
    one = G.numeric_grad(lambda a: (a**2).sum(), np.arange(3.0))
    np.testing.assert_allclose(one.gf, [0, 2, 4], atol=1e-6)
    two = G.numeric_grad(lambda a, b: (a**2).sum() * b, [np.arange(3.0), np.array(2.0)])
    np.testing.assert_allclose(two.gf[1], 5, rtol=1e-6)
    assert two.max_err([two.gf[0], np.array(1.0)], 1e-4, 1e-4)[:2] == (1, 0)
    with pytest.raises(ValueError, match="wrong shape"):
        two.max_err([np.ones(2), np.array(1.0)], 1e-4, 1e-4)
    with pytest.raises(ValueError, match="not finite"):
        two.max_err([np.full(3, np.nan), np.array(1.0)], 1e-4, 1e-4)
    assert G.numeric_grad.abs_rel_err(1.0, 3.0) == (2.0, 0.5)
