"""Axes put in another order, added and taken away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.ops.axes import (
    atleast_nd,
    expand_dims,
    moveaxis,
    shape_padaxis,
    shape_padleft,
    shape_padright,
    squeeze,
    swapaxes,
    transpose,
)
from croton.ops.constructors import matrix, tensor3, vector
from croton.vartypes.tensor import TensorType

A = np.arange(6.0).reshape(1, 2, 3)


@pytest.mark.parametrize(
    ("make", "want"),
    [
        (lambda x: shape_padleft(x, 2), A[None, None]),
        (lambda x: shape_padright(x), A[..., None]),
        (lambda x: shape_padaxis(x, -2), A[:, :, None]),
        (lambda x: expand_dims(x, (0, -1)), A[None, ..., None]),
        (lambda x: squeeze(x), A[0]),
        (lambda x: swapaxes(x, 0, -1), A.swapaxes(0, -1)),
        (lambda x: moveaxis(x, 0, -1), np.moveaxis(A, 0, -1)),
        (lambda x: moveaxis(x, (0, 1), (2, 0)), np.moveaxis(A, (0, 1), (2, 0))),
        (lambda x: transpose(x), A.T),
        (lambda x: transpose(x, (1, 2, 0)), A.transpose(1, 2, 0)),
        (lambda x: x.T, A.T),
        (lambda x: x.transpose(2, 0, 1), A.transpose(2, 0, 1)),
        (lambda x: x.transpose([2, 0, 1]), A.transpose(2, 0, 1)),
        (lambda x: atleast_nd(x, 4), A[None]),
        (lambda x: atleast_nd(x, 4, left=False), A[..., None]),
    ],
)
def test_as_numpy(make: Any, want: np.ndarray) -> None:
    x = TensorType("float64", (1, None, None))()
    assert np.array_equal(function([x], make(x), mode="FAST_COMPILE")(A), want)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda x: shape_padaxis(x, 5), IndexError),
        (lambda x: expand_dims(x, (0, 0)), IndexError),
        (lambda x: swapaxes(x, 0, 3), IndexError),
        (lambda x: moveaxis(x, 0, 7), ValueError),
        (lambda x: transpose(x, (0, 1)), ValueError),
        (lambda x: squeeze(x, 1), ValueError),
    ],
)
def test_axes_that_are_not_there(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make(tensor3())


def test_a_transposed_variable_has_a_name_of_its_own() -> None:
    assert str(matrix("x").T) == "x.T"
    assert vector("v").T.name == "v"


def test_axes_are_numbers_that_there_are() -> None:
    x = matrix("x")
    with pytest.raises(TypeError, match="takes axis numbers, and 'x'.*got 'y'"):
        x.dimshuffle("y", 0)
    with pytest.raises(IndexError, match="2 axes; there is none of number 2"):
        x.swapaxes(0, 2)
    with pytest.raises(TypeError, match=r"T\.nlinalg\.norm"):
        x.norm("fro")
