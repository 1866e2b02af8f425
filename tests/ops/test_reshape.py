"""Other lengths of axes, the elements in their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import lscalar, lvector, matrix, row, scalar, tensor3, vector
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros
from croton.ops.reshape import Reshape, flatten, reshape
from croton.ops.shape import (
    Shape_i,
)
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType

A = np.arange(24.0).reshape(2, 3, 4)


def run(inputs: list[Any], outputs: Any, *values: Any) -> Any:
    """What `outputs` come to."""
    return function(inputs, outputs, mode="FAST_COMPILE")(*values)


@pytest.mark.parametrize(
    ("new", "pattern", "static"),
    [
        ((4, 6), (False, False), (4, 6)),
        ((-1,), (False,), (None,)),
        ((1, -1), (True, False), (1, None)),
        ((2, 1, 12, 1), (False, True, False, True), (2, 1, 12, 1)),
        (np.array([12, 2]), (False, False), (12, 2)),
        ([3, -1, 2], (False, False, False), (3, None, 2)),
    ],
)
def test_reshape_by_numbers(new: Any, pattern: Any, static: Any) -> None:
    x = tensor3(dtype="float64")
    y = reshape(x, new)
    assert y.type.broadcastable == pattern
    assert y.type.shape == static
    assert np.array_equal(run([x], y, A), A.reshape(new))


def test_reshape_by_variables() -> None:
    x, n, s = tensor3(dtype="float64"), lscalar(), lvector()
    y = reshape(x, (n, -1, x.shape[2]))
    lengths = [as_tensor_variable(v) for v in ShapeTable().lengths(y)]
    made, *found = run([x, n], [y, *lengths], A, 3)
    assert np.array_equal(made, A.reshape(3, 2, 4))
    assert [int(v) for v in found] == [3, 2, 4]
    again = reshape(x, (n, s[0]), ndim=2)
    lengths = [as_tensor_variable(v) for v in ShapeTable().lengths(again)]
    for given in ((-1, 4), (8, -1), (8, 3)):
        made, *found = run([x, n, s], [again, *lengths], A, given[0], [given[1]])
        assert made.shape == tuple(int(v) for v in found) == A.reshape(given).shape
    assert run([x, s], reshape(x, s, ndim=2), A, [6, 4]).shape == (6, 4)
    with pytest.raises(ValueError, match="cannot be automatically determined"):
        reshape(x, s)


def test_what_is_left_for_a_length_is_known_where_the_others_are() -> None:
    assert reshape(zeros((4, 6)), (3, -1)).type.shape == (3, 8)
    assert reshape(zeros((2, 3)), (6, -1)).type.broadcastable == (False, False)
    x = row()
    assert reshape(x, x.shape).type.broadcastable == (True, False)


def test_reshape_of_nothing() -> None:
    x = matrix(dtype="float64")
    assert run([x], reshape(x, (3, 0, -1, 2)[:2]), np.zeros((0, 3))).shape == (3, 0)
    assert run([x], reshape(x, []), np.ones((1, 1))).shape == ()


def test_reshape_goes_back_in_the_gradient() -> None:
    x = row(dtype="float64")
    slope = grad((reshape(x, (2, 2)) * np.array([[1.0, 2.0], [3.0, 4.0]])).sum(), x)
    assert slope.type.broadcastable == (True, False)
    assert run([x], slope, np.ones((1, 4))).tolist() == [[1.0, 2.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("new", "error"),
    [((2.0, 3.0), TypeError), (6, TypeError), (lscalar(), TypeError), (vector(dtype="float64"), TypeError)],
)
def test_what_is_no_shape(new: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        reshape(matrix(), new)


def test_elements_must_fit() -> None:
    x = tensor3(dtype="float64")
    with pytest.raises(ValueError, match=r"Cannot reshape input of shape \(2, 3, 4\), which has 24 elements"):
        run([x], reshape(x, (5, 5)), A)
    with pytest.raises(ValueError, match="needs 3 lengths; got 2"):
        reshape(x, (4, 6), ndim=3)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_flatten(ndim: int) -> None:
    x = tensor3(dtype="float64")
    assert np.array_equal(run([x], flatten(x, ndim), A), A.reshape((*A.shape[: ndim - 1], -1)))


def test_flatten_keeps_what_broadcasts() -> None:
    assert flatten(TensorType("int8", (1, None, None))(), 2).type.broadcastable == (True, False)
    assert flatten(zeros((1, 1))).type.broadcastable == (True,)
    assert flatten(scalar()).type.broadcastable == (True,)
    for ndim in (0, 3):
        with pytest.raises(ValueError, match="out of bound"):
            flatten(matrix(), ndim)


def test_operations_are_equal_by_their_fields() -> None:
    assert Reshape(2) == Reshape(2, name="x") != Reshape(3)
    assert str(Reshape(2)) == "Reshape{2}"
    assert Shape_i(0) != Shape_i(1)


def test_flatten_keeps_lengths_beside_an_empty_batch():
    x = tensor3(dtype="float64")
    f = function([x], x.flatten(2))
    assert f(np.zeros((0, 3, 4))).shape == (0, 12)
    assert f(np.zeros((3, 0, 4))).shape == (3, 0)
    slope = function([x], grad(x.flatten(2).sum(), x))
    assert slope(np.zeros((0, 3, 4))).shape == (0, 3, 4)


def test_minus_one_beside_a_length_of_zero_is_refused():
    x, n, m = matrix(dtype="float64"), lscalar(), lscalar()
    f = function([x, n, m], x.reshape((n, m)))
    for dims in ((-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="Cannot reshape"):
            f(np.zeros((0, 3)), *dims)
    assert f(np.zeros((0, 3)), -1, 3).shape == (0, 3)
