"""Variances that keep their digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_mean_of_squares_less_square_of_mean(axis: Any, keepdims: bool) -> None:
    x = T.dmatrix("x")
    out = T.mean(x**2, axis=axis, keepdims=keepdims) - T.mean(x, axis=axis, keepdims=keepdims) ** 2
    f = theano.function([x], out)
    assert f.maker.stats.fired["local_variance"]
    values = 1e9 + np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(f(values), np.var(values, axis=axis, keepdims=keepdims), rtol=1e-15)


def test_other_counts_are_left_alone() -> None:
    x = T.dmatrix("x")
    out = T.sum(x**2, axis=0) / x.shape[1] - (T.sum(x, axis=0) / x.shape[1]) ** 2
    f = theano.function([x], out)
    assert not f.maker.stats.fired["local_variance"]
    values = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(f(values), (values**2).sum(0) / 4 - (values.sum(0) / 4) ** 2)
