"""Cross-entropies: values, classes out of range, gradients, and digits that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.nnet.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy_softmax_1hot,
    crossentropy_softmax_argmax_1hot_with_bias,
    crossentropy_softmax_max_and_argmax_1hot,
    sigmoid_binary_crossentropy,
)
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(2)
X = RNG.normal(size=(3, 4))
Y = np.array([0, 3, 1])
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


def test_classes_and_distributions_agree() -> None:
    expected = -np.log(P[np.arange(3), Y])
    np.testing.assert_allclose(value(categorical_crossentropy, P, Y), expected)
    np.testing.assert_allclose(value(categorical_crossentropy, P, np.eye(4)[Y]), expected)
    loss, softmax = value(crossentropy_softmax_1hot, X, Y)
    np.testing.assert_allclose(loss, expected)
    np.testing.assert_allclose(softmax, P)
    _, _, best, place = value(crossentropy_softmax_max_and_argmax_1hot, X, Y)
    np.testing.assert_allclose(best, P.max(axis=1))
    np.testing.assert_array_equal(place, P.argmax(axis=1))


def test_gradients() -> None:
    np.testing.assert_allclose(
        value(lambda x, y: grad(sum_of(crossentropy_softmax_1hot(x, y)[0]), x), X, Y), P - np.eye(4)[Y]
    )
    found = value(lambda p, y: grad(sum_of(categorical_crossentropy(p, y)), p), P, Y)
    np.testing.assert_allclose(found, -np.eye(4)[Y] / P)
    bias = RNG.normal(size=4)
    cost = lambda x, b, y: sum_of(crossentropy_softmax_argmax_1hot_with_bias(x, b, y)[1][:, 0])  # noqa: E731
    dx, db = value(lambda x, b, y: grad(cost(x, b, y), [x, b]), X, bias, Y)
    step = RNG.normal(size=4)
    expected = (value(cost, X, bias + 1e-6 * step, Y) - value(cost, X, bias - 1e-6 * step, Y)) / 2e-6
    np.testing.assert_allclose((db * step).sum(), expected, rtol=1e-6)
    np.testing.assert_allclose(dx.sum(axis=0), db)


def test_classes_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="y_i value out of bounds"):
        value(crossentropy_softmax_1hot, X, np.array([0, 4, 1]))
    with pytest.raises(IndexError):
        value(categorical_crossentropy, P, np.array([0, 4, 1]))
    with pytest.raises(ValueError, match="does not match length of y"):
        value(crossentropy_softmax_1hot, X, np.array([0]))
    x, one = TensorType("float64", (None, None))(), TensorType("int64", (1,))()
    with pytest.raises(ValueError, match="does not match length of y"):
        function([x, one], crossentropy_softmax_1hot(x, one)[0])(X, np.array([0]))
    with pytest.raises(TypeError, match="integer vector required"):
        categorical_crossentropy(TensorType("float32", (None, None))(), TensorType("uint8", (None,))())
    with pytest.raises(TypeError, match="rank mismatch"):
        categorical_crossentropy(TensorType("float32", (None, None))(), TensorType("float32", (None,) * 3)())


def test_binary() -> None:
    o, t = RNG.uniform(0.1, 0.9, (2, 3)), RNG.uniform(size=(2, 3))
    np.testing.assert_allclose(value(binary_crossentropy, o, t), -(t * np.log(o) + (1 - t) * np.log(1 - o)))
    logit = np.log(o / (1 - o))
    np.testing.assert_allclose(value(sigmoid_binary_crossentropy, logit, t), value(binary_crossentropy, o, t))


def test_binary_crossentropy_of_the_sigmoid_keeps_its_digits() -> None:
    x = np.array([40.0, -40.0, 700.0, 0.0])
    t = np.array([1.0, 0.0, 1.0, 0.5])
    expected = [np.log1p(np.exp(-40.0)), np.log1p(np.exp(-40.0)), np.log1p(np.exp(-700.0)), np.log(2)]
    np.testing.assert_allclose(value(sigmoid_binary_crossentropy, x, t), expected, rtol=1e-15)
    found = value(lambda v, w: grad(sum_of(sigmoid_binary_crossentropy(v, w)), v), x, t)
    assert found[3] == 0
