"""Lengths of axes: read and promised."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import matrix, scalar, tensor3, vector
from croton.ops.creation import zeros
from croton.ops.shape import (
    Rebroadcast,
    addbroadcast,
    patternbroadcast,
    shape,
    shape_i,
    size,
    specify_shape,
    unbroadcast,
)
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


def test_what_is_known_to_broadcast_stands_for_what_may_not() -> None:
    x = matrix(dtype="float64")
    row, column = TensorType("float64", (1, None))(), TensorType("float64", (None, 1))()
    f = function([row], x * 2, givens={x: row})
    assert f(A[0][:1]).tolist() == (A[0][:1] * 2).tolist()
    with pytest.raises(TypeError, match="Cannot convert"):
        row.type.filter_variable(column)


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
