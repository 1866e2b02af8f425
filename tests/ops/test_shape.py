"""Lengths of axes: read, promised, changed."""

from __future__ import annotations

import pickle
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
    Rebroadcast,
    Shape_i,
    addbroadcast,
    patternbroadcast,
    shape,
    shape_i,
    size,
    specify_shape,
    unbroadcast,
)
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType

A = np.arange(24.0).reshape(2, 3, 4)


def run(inputs: list[Any], outputs: Any, *values: Any) -> Any:
    """What `outputs` come to."""
    return function(inputs, outputs, mode="FAST_COMPILE")(*values)


def test_reading_lengths() -> None:
    x = tensor3(dtype="float64")
    assert run([x], [shape(x), size(x), shape_i(x, 1), x.shape.sum()], A)[0].tolist() == [2, 3, 4]
    assert [int(n) for n in run([x], [size(x), shape_i(x, 1), x.shape[-1]], A)] == [24, 3, 4]
    assert shape_i(zeros((2, 5)), 1).data == 5
    assert size(scalar()).data == 1
    assert shape(vector()).type.broadcastable == (False,)


def test_lengths_do_not_depend_on_elements() -> None:
    x = matrix(dtype="float64")
    slope = grad((x * x.shape[0]).sum(), x)
    assert np.array_equal(run([x], slope, np.ones((2, 3))), np.full((2, 3), 2.0))


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


def test_rebroadcast_is_checked_when_run() -> None:
    x = matrix(dtype="float64")
    y = addbroadcast(x, 0)
    assert y.type.broadcastable == (True, False)
    assert addbroadcast(x, -1).type.broadcastable == (False, True)
    assert unbroadcast(y, 0).type.broadcastable == (False, False)
    assert patternbroadcast(x, (False, False)) is x
    assert run([x], grad(y.sum(), x), np.ones((1, 3))).tolist() == [[1.0, 1.0, 1.0]]
    with pytest.raises(ValueError, match=r"supposed to be 1 \(got 2 instead\)"):
        run([x], y, np.ones((2, 3)))
    for axis in (2, -3):
        with pytest.raises(ValueError, match="non-existent dimension"):
            addbroadcast(x, axis)


def test_rebroadcast_is_named_by_its_axes() -> None:
    one = Rebroadcast((1, False), (0, True))
    assert one == Rebroadcast((0, True), (1, False)) != Rebroadcast((0, True))
    assert pickle.loads(pickle.dumps(one)) == one
    assert str(one) == "Rebroadcast{1,0}"
    with pytest.raises(TypeError, match="needs bool"):
        Rebroadcast((0, "a"))


def test_types_convert_to_more_specific_ones() -> None:
    x = matrix(dtype="float64")
    made = TensorType("float64", (1, None)).filter_variable(x)
    assert made.type.broadcastable == (True, False)


def test_specified_shapes_are_known_and_checked() -> None:
    x = matrix(dtype="float64")
    y = specify_shape(x, (2, 3))
    assert y.type.shape == (2, 3)
    assert y.type.broadcastable == specify_shape(x, (1, 3)).type.broadcastable == (False, False)
    assert np.array_equal(run([x], specify_shape(x, shape(x)), A[0]), A[0])
    with pytest.raises(AssertionError, match=r"got shape \(3, 4\), expected \(2, 3\)"):
        run([x], y, A[0])
    for wrong in ((2,), [2.0, 3.0]):
        with pytest.raises(AssertionError):
            specify_shape(x, wrong)


def test_operations_are_equal_by_their_fields() -> None:
    assert Reshape(2) == Reshape(2, name="x") != Reshape(3)
    assert str(Reshape(2)) == "Reshape{2}"
    assert Shape_i(0) != Shape_i(1)
