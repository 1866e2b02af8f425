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


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "NUMPY"])
def test_constants_do_not_overflow_when_they_are_folded(mode: str) -> None:
    x = TensorType("float64", (None,))()
    values = np.array([-1000.0, 1000.0])
    for y in (np.float64(1000.0), np.float64(-1000.0), np.array([1.0, 2.0]), np.array([-1000.0, 1000.0])):
        f = function([x], [logaddexp(x, y), logaddexp(y, y), logsumexp(y)], mode=mode)
        expected = [np.logaddexp(values, y), np.logaddexp(y, y), scipys(y)]
        for found, value in zip(f(values), expected, strict=True):
            np.testing.assert_allclose(found, value, rtol=1e-14)
        slope = function([x], grad(sum_of(logaddexp(x, y)), x), mode=mode)(values)
        np.testing.assert_allclose(slope, np.exp(values - np.logaddexp(values, y)), rtol=1e-12)


def test_small_terms_are_not_lost_beside_great_ones() -> None:
    x, y = TensorType("float64", (None,))(), TensorType("float64", (None,))()
    f = function([x, y], logaddexp(x, y))
    np.testing.assert_allclose(
        f([0.0, -np.inf, np.inf], [-40.0, -np.inf, 1.0]), [np.exp(-40.0), -np.inf, np.inf]
    )


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_data_types_are_those_of_the_logarithm(mode: str) -> None:
    for dtype in ("int8", "float16", "float32", "complex64"):
        x = TensorType(dtype, (None,))()
        value = np.array([1, 2], dtype)
        plain = np.log(np.exp(value.astype("complex128")).sum())
        for made in (logsumexp(x), logaddexp(x[0], x[1])):
            found = function([x], made, mode=mode)(value)
            assert found.dtype == made.type.dtype
            np.testing.assert_allclose(found, plain, rtol=2e-3)
