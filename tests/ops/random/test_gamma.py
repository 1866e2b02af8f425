"""Distributions made of gamma-distributed numbers: shapes and gradients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

import theano
import theano.tensor as T
from theano.tensor import random

from .laws import KEY, drawn

N = 10_000


def test_dirichlet():
    alpha = np.array([1.0, 2.0, 5.0])
    rows = drawn(lambda s: random.dirichlet(s, alpha, size=N, dtype="float64"))
    assert rows.shape == (N, 3)
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert stats.kstest(rows[:, 1], stats.beta(2, 6).cdf).pvalue > 1e-3
    assert drawn(lambda s: random.dirichlet(s, np.ones((4, 3)))).shape == (4, 3)
    with pytest.raises(ValueError, match="axis of weights"):
        random.dirichlet(T.TensorType("uint64", (None,))(), 2.0)


def test_shapes_and_halves():
    shape, scale = np.array([[0.5], [2.0]]), np.array([1.0, 2.0, 3.0])
    assert drawn(lambda s: random.gamma(s, shape, scale)).shape == (2, 3)
    assert drawn(lambda s: random.gamma(s, 2.0)).shape == ()
    assert drawn(lambda s: random.beta(s, shape, scale)).shape == (2, 3)
    assert drawn(lambda s: random.gamma(s, 2.0, size=(0, 2))).shape == (0, 2)
    half = drawn(lambda s: random.gamma(s, 2.0, size=100, dtype="float16"))
    assert half.dtype == "float16" and (half > 0).all()


def test_gradients_with_the_share_of_less_held_fast():
    s, a, b = T.TensorType("uint64", (None,))(), T.dvector(), T.dscalar()
    shapes = np.array([0.1, 0.9, 1.0, 1.7, 5.0, 80.0, 3e4])
    x = random.gamma(s, a, b, size=(9, 7), dtype="float64")
    f = theano.function([s, a, b], [x, *theano.grad(x.sum(), [a, b])])
    value, slope, scale_slope = f(KEY, shapes, 3.0)
    assert scale_slope == pytest.approx(value.sum() / 3)
    # Below a shape of 1 the number is a product of two, which both move.
    big = shapes >= 1
    share = stats.gamma.cdf(value, shapes, scale=3)
    h = 1e-5 * shapes
    up, down = (stats.gamma.ppf(share, shapes + d, scale=3) for d in (h, -h))
    np.testing.assert_allclose(slope[big], ((up - down) / (2 * h)).sum(axis=0)[big], rtol=2e-5)


@pytest.mark.parametrize("a0", [0.2, 0.8, 1.0, 4.0, 70.0])
def test_slopes_are_those_of_means(a0):
    """The mean of x is a; that of log x, psi(a): on average the derivatives of numbers are those of means."""
    s, a = T.TensorType("uint64", (None,))(), T.dscalar()
    x = random.gamma(s, a, size=40_000, dtype="float64")
    slopes = theano.gradient.jacobian(T.stack([x.mean(), T.log(x).mean()]), a)
    mean, log_mean = theano.function([s, a], slopes)(KEY, a0)
    assert mean == pytest.approx(1, abs=0.05)
    assert log_mean == pytest.approx(float(special.polygamma(1, a0)), rel=0.05)


def test_gradients_of_what_is_made_of_them():
    s, a, b = T.TensorType("uint64", (None,))(), T.dscalar(), T.dscalar()
    x = random.beta(s, a, b, size=40_000, dtype="float64")
    da, db = theano.function([s, a, b], theano.grad(x.mean(), [a, b]))(KEY, 2.0, 3.0)
    assert da == pytest.approx(3 / 25, rel=0.03) and db == pytest.approx(-2 / 25, rel=0.03)
    rows = random.dirichlet(s, T.stack([a, b, b]), size=40_000, dtype="float64")
    slope = theano.function([s, a, b], theano.grad(rows[:, 0].mean(), a))(KEY, 2.0, 3.0)
    assert slope == pytest.approx(6 / 64, rel=0.03)
    t = random.standard_t(s, a, size=40_000, dtype="float64")
    slope = theano.function([s, a], theano.grad((t**2).mean(), a))(KEY, 9.0)
    assert slope == pytest.approx(-2 / 49, rel=0.2)
    # Of a matrix of shapes, each has its own; along a direction too.
    m = T.dmatrix()
    drawn_once = random.gamma(s, m, dtype="float64")
    f = theano.function(
        [s, m], [theano.grad(drawn_once.sum(), m), theano.gradient.Rop(drawn_once, m, T.ones_like(m))]
    )
    backward, forward = f(KEY, np.array([[0.5, 2.0], [30.0, 1.0]]))
    np.testing.assert_allclose(backward, forward)


def test_small_shapes_keep_their_shares():
    """Numbers of shape 0.001 are mostly too small for float64, and what is made of two of them is not."""
    x = drawn(lambda s: random.beta(s, 1e-3, 1e-3, size=4000, dtype="float64"))
    assert np.isfinite(x).all() and abs((x > 0.5).mean() - 0.5) < 0.04
    rows = drawn(lambda s: random.dirichlet(s, np.full(4, 1e-4), size=2000, dtype="float64"))
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert (drawn(lambda s: random.gamma(s, 0.0, size=5)) == 0).all()


def test_shapes_that_do_not_fit():
    for wrong in (-0.5, np.nan, np.inf):
        with pytest.raises(ValueError, match="at least 0"):
            drawn(lambda s, wrong=wrong: random.gamma(s, np.array([1.0, wrong])))


def test_streams_have_them():
    stream = theano.tensor.random.RandomStream(3)
    draws = [
        stream.gamma(2.0, size=4), stream.chisquare(2.0, size=4), stream.beta(1.0, 2.0, size=4),
        stream.standard_t(5.0, size=4), stream.dirichlet([1.0, 2.0])
    ]  # fmt: skip
    f = theano.function([], draws)
    one, other = f(), f()
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
