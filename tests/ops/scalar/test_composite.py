"""Scalar operations made of others: values, types, slopes, identity."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops import variable as _operators  # noqa: F401  tensors have operators
from croton.ops.elemwise import Elemwise
from croton.ops.reduce import sum as sum_of
from croton.ops.scalar.arithmetic import mul
from croton.ops.scalar.composite import Composite
from croton.ops.scalar.exponential import exp
from croton.ops.scalar.types import float32, float64, floats, int8
from croton.vartypes.tensor import TensorType


def product_and_exponential() -> Composite:
    x, y = floats("xy")
    return Composite([x, y], [x * y + exp(x)])


def test_value_and_text() -> None:
    made = product_and_exponential()
    assert made.impl(1.0, 2.0) == pytest.approx(2 + np.e)
    assert str(made) == "Composite{((i0 * i1) + exp(i0))}"
    assert (made.nin, made.nout) == (2, 1)
    assert made(float64("x"), float64("y")).type == float64


def test_types_follow_the_inputs() -> None:
    made = product_and_exponential()
    assert made(float32("x"), float32("y")).type == float32
    assert made(int8("x"), int8("y")).type == float32
    (found,) = made.compute(np, [np.ones(2, "float32"), np.ones(2, "float32")])
    assert found.dtype == np.float32


def test_on_tensors_with_broadcasting_and_its_slope() -> None:
    x, y = TensorType("float64", (None, None))("x"), TensorType("float64", (1, None))("y")
    z = Elemwise(product_and_exponential())(x, y)
    gx, gy = grad(sum_of(z), [x, y])
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, -1.0]])
    value, at_x, at_y = function([x, y], [z, gx, gy], mode="FAST_COMPILE")(a, b)
    np.testing.assert_allclose(value, a * b + np.exp(a))
    np.testing.assert_allclose(at_x, b + np.exp(a))
    np.testing.assert_allclose(at_y, a.sum(axis=0, keepdims=True))


def test_several_outputs_and_one_that_is_an_input() -> None:
    x, y = floats("xy")
    made = Composite([x, y], [x, x - y, mul(x, 2)])
    a, b = np.ones((2, 1)), np.zeros((1, 3))
    same, difference, double = made.compute(np, [a, b])
    assert same.shape == difference.shape == double.shape == (2, 3)
    assert not np.shares_memory(same, a)
    np.testing.assert_array_equal(difference, np.ones((2, 3)))
    np.testing.assert_array_equal(double, np.full((2, 3), 2.0))


def test_identity() -> None:
    one, two = product_and_exponential(), product_and_exponential()
    assert one == two and hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    x, y = floats("xy")
    assert one != Composite([x, y], [x * y + exp(y)])


def test_what_it_can_not_be_made_of() -> None:
    x, y = floats("xy")
    with pytest.raises(ValueError, match="none of its inputs"):
        Composite([x], [x * y])
