"""Activations, softmax in two steps, columns put in front of rows, and confusion matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.nnet.activation import elu, hard_sigmoid, relu, selu, softsign
from croton.ops.nnet.hierarchical import h_softmax
from croton.ops.nnet.rows import confusion_matrix, prepend_1_to_each_row, prepend_scalar_to_each_row
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

X = np.array([-2.0, -0.5, 0.0, 0.5, 3.0])


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


def test_activations() -> None:
    np.testing.assert_allclose(value(relu, X), np.maximum(X, 0))
    np.testing.assert_allclose(value(lambda x: relu(x, 0.1), X), np.where(X > 0, X, 0.1 * X))
    np.testing.assert_allclose(value(lambda x: elu(x, 2.0), X), np.where(X > 0, X, 2 * np.expm1(X)))
    np.testing.assert_allclose(value(selu, X)[-1], 3 * 1.0507009873554805)
    np.testing.assert_allclose(value(softsign, X), X / (1 + abs(X)))
    np.testing.assert_allclose(value(lambda x: grad(sum_of(relu(x)), x), X), [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(value(lambda x: grad(sum_of(softsign(x)), x), X), 1 / (1 + abs(X)) ** 2)


def test_an_array_as_slope_is_refused() -> None:
    with pytest.raises(ValueError, match="number or a variable"):
        relu(TensorType("float64", (None,))(), np.linspace(0, 1, 5))


def test_h_softmax_gives_probabilities() -> None:
    rng = np.random.default_rng(3)
    x, W1, b1 = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=2)
    W2, b2 = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 3))
    full = value(lambda *v: h_softmax(v[0], 3, 6, 2, 3, *v[1:]), x, W1, b1, W2, b2)
    np.testing.assert_allclose(full.sum(axis=1), 1)
    y = np.array([0, 5, 2])
    chosen = value(lambda *v: h_softmax(v[0], 3, 6, 2, 3, *v[1:5], target=v[5]), x, W1, b1, W2, b2, y)
    np.testing.assert_allclose(chosen, full[np.arange(3), y])


def test_columns_in_front() -> None:
    m = np.arange(6, dtype="float32").reshape(2, 3)
    made = value(prepend_1_to_each_row, m)
    assert made.dtype == "float32"
    np.testing.assert_array_equal(made, [[1, 0, 1, 2], [1, 3, 4, 5]])
    np.testing.assert_array_equal(value(lambda x: prepend_scalar_to_each_row(1.5, x), m)[:, 0], [1.5, 1.5])
    with pytest.raises(TypeError, match="Expected a matrix"):
        prepend_1_to_each_row(TensorType("float32", (None,))())


def test_confusion_matrix() -> None:
    counts, order = value(confusion_matrix, np.array([3, 5, 3]), np.array([3, 3, 5]))
    np.testing.assert_array_equal(counts, [[1, 1], [1, 0]])
    np.testing.assert_array_equal(order, [3, 5])


def test_hard_sigmoid() -> None:
    np.testing.assert_allclose(value(hard_sigmoid, X), np.clip(X / 5 + 0.5, 0, 1))
    assert hard_sigmoid(TensorType("int8", (None,))()).type.dtype == "float32"
