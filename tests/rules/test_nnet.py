"""Softmax and what is usually done to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.elemwise import DimShuffle
from croton.ops.nnet.softmax import LogSoftmax, Softmax, SoftmaxGrad

X = np.array([[1000.0, 0.0, -5.0, 3.0], [0.1, 0.2, 0.3, 0.4], [-800.0, -801.0, 0.5, 2.0]])
K = np.array([1, 3, 0])
WANTED = X - X.max(1, keepdims=True)
WANTED = WANTED - np.log(np.exp(WANTED).sum(1, keepdims=True))


def test_logarithms() -> None:
    x = T.dmatrix("x")
    f = theano.function([x], T.log(T.nnet.softmax(x)))
    assert f.maker.stats.fired["local_logsoftmax"]
    np.testing.assert_allclose(f(X), WANTED, rtol=1e-14)


def losses(x: Any, k: Any) -> list[tuple[str, Any]]:
    s = T.nnet.softmax(x)
    rows = T.arange(k.shape[0])
    return [
        ("local_advanced_indexing_crossentropy_onehot", -T.log(s)[rows, k]),
        ("local_advanced_indexing_crossentropy_onehot", -T.log(s[rows, k])),
        ("local_advanced_indexing_crossentropy_onehot", -T.log(s)[T.arange(x.shape[0]), k]),
        ("crossentropy_to_crossentropy_with_softmax", T.nnet.categorical_crossentropy(s, k)),
    ]


def test_losses_and_their_gradients() -> None:
    x, k = T.dmatrix("x"), T.lvector("k")
    slope = np.exp(WANTED)
    slope[np.arange(3), K] -= 1
    for rule, out in losses(x, k):
        f = theano.function([x, k], [out, T.grad(out.sum(), x)])
        fired = f.maker.stats.fired
        assert fired[rule], f"{rule} did not fire, but {dict(fired)}"
        value, g = f(X, K)
        np.testing.assert_allclose(value, -WANTED[np.arange(3), K], rtol=1e-14)
        np.testing.assert_allclose(g, slope, rtol=1e-13, atol=1e-300)
        assert fired["local_crossentropy_to_crossentropy_with_softmax_grad"]


def test_the_forward_pass_is_shared(ops: Any) -> None:
    x, w, k = T.dmatrix("x"), T.dmatrix("w"), T.lvector("k")
    loss = -T.mean(T.log(T.nnet.softmax(T.dot(x, w)))[T.arange(k.shape[0]), k])
    f = theano.function([x, w, k], [loss, T.grad(loss, w)], mode=theano.Mode("cpu", "fast_run"))
    names = ops(f)
    assert names.count("Dot") == 2 and names.count("exp") == 1


def test_binary_losses(fires: Any) -> None:
    x, t = np.array([-800.0, -2.0, 0.5, 900.0]), np.array([1.0, 0.0, 0.25, 0.0])
    fires("logsigm_to_softplus", lambda a, b: T.nnet.binary_crossentropy(T.nnet.sigmoid(a), b), x, t,
          exact=lambda mp, a, b: b * mp.log1p(mp.exp(-a)) + (1 - b) * mp.log1p(mp.exp(a)))  # fmt: skip


@pytest.mark.parametrize("mode", ["CPU", "NUMPY", "FAST_COMPILE"])
@pytest.mark.parametrize(
    "cost",
    [
        lambda y: T.sum(y),
        lambda y: T.sum(T.sqr(y)),
        lambda y: -T.mean(y),
        lambda y: T.sum(abs(y) * 3),
        lambda y: T.sum(-y / (1 + T.sqr(y))),
    ],
)
def test_gradients_through_the_logarithm_of_a_softmax_that_is_zero(mode: str, cost: Any) -> None:
    x = T.dmatrix("x")
    v = np.array([[0.0, 800.0, -800.0], [1.0, 2.0, 3.0]])
    f = theano.function([x], theano.grad(cost(T.log(T.nnet.softmax(x))), x), mode=mode)
    assert f.maker.stats.fired["local_logsoftmax_grad"]
    expected = theano.function([x], theano.grad(cost(T.nnet.logsoftmax(x)), x), mode=mode)(v)
    np.testing.assert_allclose(f(v), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("op", [Softmax, LogSoftmax])
@pytest.mark.parametrize(("order", "axis"), [((1, 0, 2), -1), ((2, 0, 1), 2), ((0, 2, 1), 1), ((2, 1, 0), 0)])
def test_softmax_along_axes_that_are_moved(op: Any, order: tuple[int, ...], axis: int) -> None:
    """Along the axis where it lies: nothing is turned."""
    x, g = T.dtensor3("x"), T.dtensor3("g")
    back = np.argsort(order)
    y = op(axis)(x.transpose(*order)).transpose(*back)
    outs = [y, T.grad(None, x, known_grads={y: g})]
    rng = np.random.default_rng(3)
    values = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    f = theano.function([x, g], outs)
    wanted = theano.function([x, g], outs, mode=theano.Mode("numpy", None))(*values)
    for got, want in zip(f(*values), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-14)
    assert f.maker.stats.fired["local_softmax_of_moved_axes"]
    nodes = theano.function([x], y).maker.fgraph.toposort()
    assert all(list(n.op.shuffle) == sorted(n.op.shuffle) for n in nodes if isinstance(n.op, DimShuffle))


def test_axes_that_are_moved_apart_stay(fires: Any) -> None:
    x, y = T.dmatrix("x"), T.dmatrix("y")
    sm = T.nnet.softmax(y)
    outs = [SoftmaxGrad(-1)(x.T, sm), T.nnet.softmax(x.dimshuffle("x", 0, 1)[0])]
    f = theano.function([x, y], outs)
    assert not f.maker.stats.fired["local_softmax_of_moved_axes"]
    assert f(np.ones((2, 3)), np.zeros((3, 2)))[0].shape == (3, 2)


def test_the_negative_of_a_mean_meets_that_of_its_terms() -> None:
    """The sign comes out of the mean when the loss is told as a cross-entropy, long after the mean was looked at."""
    x, k = T.dmatrix("x"), T.lvector("k")
    f = theano.function([x, k], -T.mean(T.log(T.nnet.softmax(x))[T.arange(k.shape[0]), k]))
    assert not [
        node for node in f.maker.fgraph.toposort() if getattr(node.op, "scalar_op", None) is T.neg.scalar_op
    ]
    np.testing.assert_allclose(f(X, K), -WANTED[range(3), K].mean(), rtol=1e-14)
