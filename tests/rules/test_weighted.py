"""Sums of exponentials with weights, against the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

TABLE = np.array([[1000.0, 999.0, -5.0], [-1000.0, -1001.0, -1002.0], [0.1, 0.2, 0.3]])
WEIGHTS = np.array([0.2, 0.3, 0.5])


def shares(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logarithms of weighted sums of exponentials of rows, and their slopes."""
    greatest = values.max(axis=1, keepdims=True)
    e = weights * np.exp(values - greatest)
    total = e.sum(axis=1, keepdims=True)
    return (greatest + np.log(total))[:, 0], e / total


CASES = [
    ("local_log_sum_weighted_exp", "local_share_of_mixture", lambda x, w: (w * T.exp(x)).sum(axis=1)),
    ("local_log_sum_weighted_exp", "local_share_of_mixture",
     lambda x, w: (T.exp(x.T) * w.dimshuffle(0, "x")).sum(axis=0)),
    ("local_log_dot_exp", "local_share_of_dot", lambda x, w: T.dot(T.exp(x), w)),
    ("local_log_dot_exp", "local_share_of_dot", lambda x, w: T.dot(w, T.exp(x.T))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "of_slope", "build"), CASES)
@pytest.mark.parametrize("backend", ["py", "cpu"])
def test_mixtures(backend: str, rule: str, of_slope: str, build: Any) -> None:
    x, w = T.dmatrix("x"), T.dvector("w")
    out = T.log(build(x, w))
    f = theano.function([x, w], [out, T.grad(out.sum(), x)], mode=theano.Mode(backend, "fast_run"))
    assert f.maker.stats.fired[rule] and f.maker.stats.fired[of_slope]
    value, slope = f(TABLE, WEIGHTS)
    wanted, slopes = shares(TABLE, WEIGHTS)
    np.testing.assert_allclose(value, wanted, rtol=1e-13)
    np.testing.assert_allclose(slope, slopes, rtol=1e-12)
    infinite = f(np.array([[-np.inf] * 3, [np.inf, 1.0, 2.0]]), WEIGHTS)[0]
    np.testing.assert_array_equal(infinite, [-np.inf, np.inf])


def test_matrices_of_weights(ops: Any) -> None:
    x, w = T.dmatrix("x"), T.dmatrix("w")
    f = theano.function([x, w], T.log(T.dot(T.exp(x), w)))
    assert f.maker.stats.fired["local_log_dot_exp"]
    np.testing.assert_allclose(f(TABLE, WEIGHTS[:, None]), shares(TABLE, WEIGHTS)[0][:, None], rtol=1e-13)


def test_means_of_exponentials() -> None:
    x = T.dmatrix("x")
    value = theano.function([x], T.log(T.exp(x).mean(axis=1)))(TABLE)
    np.testing.assert_allclose(value, shares(TABLE, np.full(3, 1 / 3))[0], rtol=1e-13)


def test_exponents_of_several_exponentials() -> None:
    x, y = T.dmatrix("x"), T.dmatrix("y")
    out = T.log((3 * T.exp(x) * T.exp(-y)).sum(axis=1))
    f = theano.function([x, y], [out, T.grad(out.sum(), x)])
    value, slope = f(TABLE * 2, TABLE)
    wanted, slopes = shares(TABLE, np.full(3, 3.0))
    np.testing.assert_allclose(value, wanted, rtol=1e-13)
    np.testing.assert_allclose(slope, slopes, rtol=1e-12)


SLOPES = [
    (lambda x: x - T.log(T.exp(x).sum(axis=1, keepdims=True)), lambda s: 1 - 3 * s),
    (
        lambda x: x.max(axis=1) - T.log(T.exp(x).sum(axis=1)),
        lambda s: np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1]]) - s,
    ),
    (
        lambda x: T.log(T.exp(x) / T.exp(x).sum(axis=1, keepdims=True))[:, 0],
        lambda s: np.array([1, 0, 0]) - s,
    ),
]


@pytest.mark.parametrize(("build", "exact"), SLOPES)
def test_slopes_of_softmaxes_spelled_out(build: Any, exact: Any) -> None:
    x = T.dmatrix("x")
    slope = theano.function([x], T.grad(build(x).sum(), x))(TABLE)
    np.testing.assert_allclose(slope, exact(shares(TABLE, np.ones(3))[1]), rtol=1e-12, atol=1e-15)


FAR = np.array([[800.0, -3.0, 2.0], [-800.0, 1.0, -2.0], [0.1, 0.2, -0.3], [1000.0, 999.0, -1000.0]])
CHOSEN = np.eye(3)[[1, 0, 2, 2]]


def log_softmax(x: np.ndarray) -> np.ndarray:
    shifted = x - x.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def test_the_chosen_part_of_a_softmax_may_be_next_to_nothing() -> None:
    x, w = T.dmatrices("x", "w")
    cost = -T.log((w * T.nnet.softmax(x)).sum(axis=1)).sum()
    f = theano.function([x, w], [cost, T.grad(cost, x)])
    loss, slope = f(FAR, CHOSEN)
    np.testing.assert_allclose(loss, -(CHOSEN * log_softmax(FAR)).sum(), rtol=1e-13)
    np.testing.assert_allclose(slope, np.exp(log_softmax(FAR)) - CHOSEN, rtol=1e-12, atol=1e-15)
    fired = f.maker.stats.fired
    assert fired["local_log_sum_weighted_exp"] and fired["local_softmax_grad_of_mixture"]


def test_weights_of_0_do_not_count() -> None:
    x, w = T.dmatrices("x", "w")
    f = theano.function([x, w], T.log((w * T.exp(x)).sum(axis=1)))
    np.testing.assert_allclose(f(FAR, CHOSEN), (CHOSEN * FAR).sum(axis=1), rtol=1e-14)
    np.testing.assert_array_equal(f(FAR, 0 * CHOSEN), [-np.inf] * 4)


def test_second_derivatives_of_sums_of_exponentials() -> None:
    x, v = T.dmatrices("x", "v")
    slope = T.grad(T.log(T.exp(x).sum(axis=1)).sum(), x)
    f = theano.function([x, v], T.grad((slope * v).sum(), x))
    p, by = np.exp(log_softmax(FAR)), np.array([[1.0, 2.0, -1.0]] * 4)
    wanted = p * (by - (p * by).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(f(FAR, by), wanted, rtol=1e-12, atol=1e-15)
    assert f.maker.stats.fired["local_exp_into_terms"]


def test_means_by_exponentials() -> None:
    x, v = T.dmatrices("x", "v")
    f = theano.function([x, v], (v * T.exp(x)).sum(axis=1) / T.exp(x).sum(axis=1))
    by = np.arange(12.0).reshape(4, 3)
    np.testing.assert_allclose(f(FAR, by), (by * np.exp(log_softmax(FAR))).sum(axis=1), rtol=1e-13)
    assert f.maker.stats.fired["local_mean_by_exp"]
