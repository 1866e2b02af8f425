"""Logarithms of sums of exponentials do not overflow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp as scipys

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.log_sums import logaddexp, logsumexp
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

X = np.array([[1000.0, 1000.0], [-1000.0, -1000.0], [0.5, -np.inf]])


@pytest.mark.parametrize("mode", ["CPU", "NUMPY"])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums(mode: str, axis: int | None, keepdims: bool) -> None:
    x = TensorType("float64", (None, None))()
    found = function([x], logsumexp(x, axis, keepdims), mode=mode)(X)
    np.testing.assert_allclose(found, scipys(X, axis=axis, keepdims=keepdims), rtol=1e-14)


@pytest.mark.parametrize("mode", ["CPU", "NUMPY"])
def test_pairs_and_gradients(mode: str) -> None:
    x = TensorType("float64", (None, None))()
    np.testing.assert_allclose(
        function([x], logaddexp(x, x[::-1]), mode=mode)(X), np.logaddexp(X, X[::-1]), rtol=1e-14
    )
    slope = function([x], grad(sum_of(logsumexp(x, 1)), x), mode=mode)(X[:2])
    np.testing.assert_allclose(slope, np.full((2, 2), 0.5))
