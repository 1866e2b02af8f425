"""Softmax and its logarithm: values at extremes, axes, gradients, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.nnet.softmax import (
    LogSoftmax,
    Softmax,
    SoftmaxGrad,
    logsoftmax,
    softmax,
    softmax_graph,
    softmax_with_bias,
)
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(1)


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


def reference(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """The softmax in float64."""
    e = np.exp(x.astype("float64") - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-15), ("float32", 1e-6), ("float16", 1e-3)])
def test_softmax_of_rows(dtype: str, tolerance: float) -> None:
    x = (RNG.normal(size=(4, 7)) * 10).astype(dtype)
    made = value(softmax, x)
    assert made.dtype == dtype
    np.testing.assert_allclose(made, reference(x), atol=tolerance)
    np.testing.assert_allclose(value(logsoftmax, x), np.log(reference(x)), atol=tolerance * 100)


def test_softmax_does_not_overflow() -> None:
    x = np.array([[1e4, -1e4, 0.0], [-1e300, -1e300, -1e300]])
    np.testing.assert_allclose(value(softmax, x), [[1, 0, 0], [1 / 3] * 3])
    np.testing.assert_allclose(value(logsoftmax, x), [[0, -2e4, -1e4], [-np.log(3)] * 3])


def test_vectors_are_rows_and_other_axes_can_be_named() -> None:
    v = RNG.normal(size=5)
    assert softmax(TensorType("float32", (None,))()).type.broadcastable == (True, False)
    np.testing.assert_allclose(value(softmax, v), [reference(v)])
    x = RNG.normal(size=(2, 3, 4))
    for axis in (0, 1, -1):
        np.testing.assert_allclose(value(Softmax(axis), x), reference(x, axis))
        np.testing.assert_allclose(value(LogSoftmax(axis), x), np.log(reference(x, axis)))
    np.testing.assert_allclose(value(softmax_graph, x), reference(x))


def test_no_rows_and_no_columns() -> None:
    assert value(softmax, np.zeros((0, 3))).shape == (0, 3)
    assert value(logsoftmax, np.zeros((3, 0))).shape == (3, 0)


def test_bias_is_added_to_each_row() -> None:
    x, b = RNG.normal(size=(2, 3)), RNG.normal(size=3)
    np.testing.assert_allclose(value(softmax_with_bias, x, b), reference(x + b))


@pytest.mark.parametrize("operation", [softmax, logsoftmax, softmax_graph])
def test_gradients_against_differences(operation: Any) -> None:
    x, w, step = (RNG.normal(size=(3, 4)) for _ in range(3))
    cost = lambda v: sum_of(operation(v) * w)  # noqa: E731
    found = value(lambda v: grad(cost(v), v), x)
    expected = (value(cost, x + 1e-6 * step) - value(cost, x - 1e-6 * step)) / 2e-6
    np.testing.assert_allclose((found * step).sum(), expected, rtol=1e-6)


def test_second_derivative() -> None:
    x, w, u, step = (RNG.normal(size=(2, 3)) for _ in range(4))
    slope = lambda v: sum_of(grad(sum_of(softmax(v) * w), v) * u)  # noqa: E731
    found = value(lambda v: grad(slope(v), v), x)
    expected = (value(slope, x + 1e-6 * step) - value(slope, x - 1e-6 * step)) / 2e-6
    np.testing.assert_allclose((found * step).sum(), expected, rtol=1e-5)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="tensor of floats"):
        softmax(TensorType("int64", (None, None))())
    with pytest.raises(ValueError, match="1-d or 2-d"):
        softmax(TensorType("float32", (None, None, None))())
    with pytest.raises(IndexError):
        softmax(TensorType("float32", ())())


def test_identity() -> None:
    assert Softmax() == Softmax(-1) != Softmax(0)
    assert hash(SoftmaxGrad(1)) == hash(SoftmaxGrad(1))
    assert str(Softmax()) == "Softmax"
