"""Indexing in every form: as NumPy does it, with lengths and gradients to match."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import lscalar, matrix, tensor3, vector
from croton.ops.convert import as_tensor_variable
from croton.ops.index.advanced import AdvancedSubtensor1, sparse_grad
from croton.ops.index.assign import inc_subtensor
from croton.ops.index.subtensor import Subtensor
from croton.ops.shape import Shape_i, patternbroadcast
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType

A = np.arange(24.0).reshape(2, 3, 4)


def tensor(a: np.ndarray, static: bool = False) -> Any:
    """A variable that can hold `a`."""
    return TensorType(a.dtype.name, a.shape if static else (None,) * a.ndim)()


@pytest.mark.parametrize(
    "at",
    [
        0,
        (slice(None), -1),
        (slice(1, None), slice(None, None, -1)),
        (Ellipsis, 2),
        (None, 1, Ellipsis, None),
        (slice(5, None),),
        (slice(None), np.array([2, 0, 0])),
        (np.array([0, 1]), np.array([[1], [2]])),
        (np.array([0, 1]), slice(None), np.array([1, 3])),
        (np.array([1]), None, 2),
        (slice(None), np.array([True, False, True])),
        (np.array([[True, False, True], [False, True, False]]), 1),
        (slice(1, None), 0, np.array([3, 0])),
        [1, 0],
        ([0, 1], [2, 2]),
        (),
    ],
)
def test_takes_what_numpy_takes(at: Any) -> None:
    x = tensor3(dtype="float64")
    assert np.array_equal(
        function([x], x[at], mode="FAST_COMPILE")(A), A[tuple(at) if isinstance(at, tuple) else at]
    )


# All forms of basic indices, NumPy's own strategy; two arrays of places now and then.
shapes = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)


@given(st.data())
def test_value_length_and_gradient_of_any_basic_index(data: Any) -> None:
    shape = data.draw(shapes)
    at = data.draw(arrays.basic_indices(shape, allow_newaxis=True))
    _check(np.arange(float(np.prod(shape))).reshape(shape), at, data.draw(st.booleans()))


@given(st.data())
def test_value_length_and_gradient_of_any_array_index(data: Any) -> None:
    shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=4))
    result = arrays.array_shapes(min_dims=1, max_dims=2, max_side=3)
    at = data.draw(arrays.integer_array_indices(shape, result_shape=result))
    kept = data.draw(st.integers(0, len(shape)))
    mixed = tuple(slice(None) if axis == kept else place for axis, place in enumerate(at))
    _check(np.arange(float(np.prod(shape))).reshape(shape), mixed, data.draw(st.booleans()))


def _check(a: np.ndarray, at: Any, static: bool) -> None:
    want = np.asarray(a[at])
    x, w = tensor(a, static), tensor(want)
    y = x[at]
    assert all(d is None or d == n for d, n in zip(y.type.shape, want.shape, strict=True))
    weights = np.arange(1.0, want.size + 1).reshape(want.shape)
    cost = (y * patternbroadcast(w, y.type.broadcastable)).sum()
    lengths = [as_tensor_variable(np.int64(n)) if isinstance(n, int) else n for n in ShapeTable().lengths(y)]
    outs = [y, grad(cost, x), *lengths]
    made, slope, *found = function([x, w], outs, mode="FAST_COMPILE", on_unused_input="ignore")(a, weights)
    assert np.array_equal(made, want)
    assert tuple(map(int, found)) == want.shape
    expected = np.zeros_like(a)
    np.add.at(expected, at, weights)
    assert np.array_equal(slope, expected)


@pytest.mark.parametrize("start", [-7, -2, 0, 1, 9, None])
@pytest.mark.parametrize("stop", [-7, -2, 0, 1, 9, None])
@pytest.mark.parametrize("step", [-2, -1, 1, 3])
def test_slices_by_variables(start: int | None, stop: int | None, step: int) -> None:
    x, a = vector(dtype="float64"), np.arange(5.0)
    marks = [None if n is None else lscalar() for n in (start, stop, step)]
    y = x[slice(*marks)]
    (n,) = ShapeTable().lengths(y)
    given_ones = [m for m in marks if m is not None]
    f = function([x, *given_ones], [y, n], mode="FAST_COMPILE")
    made, count = f(a, *[v for v in (start, stop, step) if v is not None])
    assert np.array_equal(made, a[start:stop:step])
    assert count == len(made)


def test_lengths_that_are_one_broadcast_only_where_the_type_says_so() -> None:
    row = TensorType("float32", (1, None))()
    patterns = {
        "row[:1]": row[:1],
        "row[::-1]": row[::-1],
        "row[-1:]": row[-1:],
        "matrix[0:1]": matrix()[0:1],
        "matrix[[0]]": matrix()[[0]],
    }
    assert {k: v.type.broadcastable[0] for k, v in patterns.items()} == {
        "row[:1]": True,
        "row[::-1]": True,
        "row[-1:]": False,
        "matrix[0:1]": False,
        "matrix[[0]]": True,
    }


def test_the_shape_is_read_length_by_length() -> None:
    x = matrix()
    assert x.shape[1].owner.op == Shape_i(1)
    assert x.shape[-2].owner.op == Shape_i(0)
    assert TensorType("int8", (4, None))().shape[0].data == 4
    with pytest.raises(IndexError, match="index 2 is out of bounds for the shape"):
        x.shape[2]


def test_known_places_are_kept_in_the_operation_unknown_ones_are_inputs() -> None:
    i = lscalar()
    node = matrix()[i, 1:].owner
    assert node.op == Subtensor((i.type, slice(1, None)))
    assert node.inputs[1:] == [i]
    assert isinstance(matrix()[[0, 2], ...].owner.op, AdvancedSubtensor1)


@pytest.mark.parametrize(
    ("at", "error"),
    [
        ((0, 0, 0), IndexError),
        ((Ellipsis, Ellipsis), IndexError),
        (1.5, TypeError),
        (True, TypeError),
        ([True, False], TypeError),
        ("a", TypeError),
        ([0.5], TypeError),
        (slice(0.5, None), TypeError),
        (vector(dtype="float32"), TypeError),
        (slice(vector(dtype="int64"), None), ValueError),
    ],
)
def test_what_is_no_index(at: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        matrix()[at]


def test_places_out_of_bounds_name_index_axis_and_length() -> None:
    x, i = matrix(dtype="float64"), lscalar()
    for y in (x[:, i], x[:, [i]], x[[0, 1], [i, i]]):
        with pytest.raises(IndexError, match=r"index \d+ is out of bounds for axis 1 with size 2"):
            function([x, i], y, mode="FAST_COMPILE")(np.ones((2, 2)), 2)


def test_a_mask_of_another_length_is_an_error() -> None:
    x, b = matrix(dtype="float64"), vector(dtype="bool")
    with pytest.raises(IndexError, match="boolean index did not match"):
        function([x, b], x[b], mode="FAST_COMPILE")(np.ones((2, 2)), np.array([True]))


def test_places_named_twice_have_both_cotangents_added() -> None:
    x = vector(dtype="float64")
    slope = function([x], grad(x[[0, 0, 2]].sum(), x), mode="FAST_COMPILE")(np.ones(3))
    assert slope.tolist() == [2.0, 0.0, 1.0]
    bumped = function([x], inc_subtensor(x[[0, 0, 2]], 1), mode="FAST_COMPILE")(np.ones(3))
    assert bumped.tolist() == [3.0, 1.0, 2.0]


def test_going_over_a_variable_needs_a_known_length() -> None:
    assert len(list(matrix().shape)) == 2
    with pytest.raises(ValueError, match="length not known"):
        list(vector())
    with pytest.raises(TypeError, match="set_subtensor"):
        vector("v")[0] = 1
    with pytest.raises(TypeError, match="does not support iteration"):
        list(matrix())


def test_rows_may_be_marked_for_a_gradient_with_few_rows() -> None:
    x, i = matrix(dtype="float64"), vector(dtype="int64")
    rows: Any = sparse_grad(x[i])
    assert rows.owner.op.sparse_grad and not x[i].owner.op.sparse_grad
    slope = function([x, i], grad(rows.sum(), x))(np.ones((3, 2)), [0, 2, 2])
    np.testing.assert_array_equal(slope, [[1, 1], [0, 0], [2, 2]])
    with pytest.raises(TypeError, match="places a vector of integers"):
        sparse_grad(x[0])
