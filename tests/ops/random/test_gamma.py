"""Distributions made of gamma-distributed numbers: shapes and gradients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

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


def test_gradients_pass_to_the_scale_alone():
    s, a, b = T.TensorType("uint64", (None,))(), T.dscalar(), T.dscalar()
    x = random.gamma(s, a, b, size=5, dtype="float64")
    f = theano.function([s, a, b], [x, theano.grad(x.sum(), b)])
    value, slope = f(KEY, 2.0, 3.0)
    assert slope == pytest.approx(value.sum() / 3)
    with pytest.raises(theano.gradient.NullTypeGradError):
        theano.grad(x.sum(), a)


def test_streams_have_them():
    stream = theano.tensor.random.RandomStream(3)
    draws = [
        stream.gamma(2.0, size=4), stream.chisquare(2.0, size=4), stream.beta(1.0, 2.0, size=4),
        stream.standard_t(5.0, size=4), stream.dirichlet([1.0, 2.0])
    ]  # fmt: skip
    f = theano.function([], draws)
    one, other = f(), f()
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
