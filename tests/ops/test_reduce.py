"""Reductions: values, data types, axes, empties, gradients where elements tie or are zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.argmax import argmax, argmin, max_and_argmax
from croton.ops.closeness import allclose, isclose
from croton.ops.covariance import cov
from croton.ops.reduce import CAReduce, Max, Sum, prod
from croton.ops.reduce import max as max_of
from croton.ops.reduce import min as min_of
from croton.ops.reduce import sum as sum_of
from croton.ops.scalar.logic import xor
from croton.ops.statistics import mean, ptp, std, var
from croton.ops.truth import all as all_of
from croton.ops.truth import any as any_of
from croton.vartypes.tensor import TensorType


def like(a: np.ndarray) -> Any:
    """A variable that can hold `a`."""
    return TensorType(a.dtype.name, (None,) * a.ndim)()


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [like(a) for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


def gradient(make: Any, *arrays: np.ndarray) -> Any:
    """The gradient of the sum of `make` of variables with respect to the first."""
    return value(lambda *v: grad(sum_of(make(*v)), v[0]), *arrays)


M = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]])


@pytest.mark.parametrize(
    ("dtype", "result", "accumulator"),
    [
        ("bool", "int64", "int64"),
        ("int8", "int64", "int64"),
        ("uint8", "uint64", "uint64"),
        ("float16", "float16", "float32"),
        ("float32", "float32", "float64"),
        ("float64", "float64", "float64"),
        ("complex64", "complex64", "complex128"),
    ],
)
def test_sum_widens_integers_and_accumulators(dtype: str, result: str, accumulator: str) -> None:
    made = Sum()(TensorType(dtype, (None,))())
    assert made.type.dtype == result
    assert made.owner.op.acc_dtype == accumulator


def test_sum_accumulates_as_asked_and_rounds_once() -> None:
    many = np.full(100_000, 0.1, dtype="float32")
    assert value(sum_of, many) == np.float32(many.astype("float64").sum())
    assert value(lambda x: sum_of(x, dtype="int8"), np.array([100, 100], "uint8")) == np.int8(-56)
    with pytest.raises(TypeError, match="precision would be lost"):
        sum_of(TensorType("float64", (None,))(), acc_dtype="float32")


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), [1], np.int64(1), np.array([0, -1])])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes_are_numpy_s(axis: Any, keepdims: bool) -> None:
    as_numpy = tuple(np.atleast_1d(axis).tolist()) if isinstance(axis, (list, np.ndarray)) else axis
    for ours, numpys in (
        (sum_of, np.sum),
        (prod, np.prod),
        (max_of, np.max),
        (min_of, np.min),
        (mean, np.mean),
    ):
        np.testing.assert_allclose(
            value(lambda x, f=ours: f(x, axis=axis, keepdims=keepdims), M),
            numpys(M, axis=as_numpy, keepdims=keepdims),
        )


@pytest.mark.parametrize(
    ("axis", "error"),
    [(2, ValueError), (-3, ValueError), ("a", ValueError), (1.5, TypeError), (True, TypeError)],
)
def test_wrong_axes_are_refused_when_the_graph_is_built(axis: Any, error: type[Exception]) -> None:
    for reduction in (sum_of, max_of, mean, all_of, argmax):
        with pytest.raises(error, match=None if axis in (2, -3) else "must be integers"):
            reduction(like(M), axis=axis)


def test_static_shapes_of_reductions() -> None:
    x = TensorType("float32", (2, 1, None))()
    assert sum_of(x, axis=0).type.shape == (1, None)
    assert sum_of(x, axis=0, keepdims=True).type.shape == (1, 1, None)
    assert argmax(x, axis=2).type.shape == (2, 1)
    assert max_of(x).type.shape == ()


def test_empty_reductions() -> None:
    empty = np.zeros((0, 2), "float32")
    np.testing.assert_array_equal(value(lambda x: sum_of(x, axis=0), empty), [0, 0])
    assert value(prod, empty) == 1
    assert value(all_of, empty)
    assert not value(any_of, empty)
    assert np.isnan(value(mean, empty))
    for reduction in (max_of, min_of, argmax, argmin):
        with pytest.raises(ValueError, match="empty|zero-size"):
            value(lambda x, f=reduction: f(x, axis=0), empty)


def test_nan_wins_and_the_first_of_several_is_found() -> None:
    with_nan = np.array([[np.nan, 1.0, 2.0], [1.0, np.nan, 0.0]])
    np.testing.assert_array_equal(value(lambda x: min_of(x, axis=0), with_nan), [np.nan, np.nan, 0.0])
    np.testing.assert_array_equal(value(lambda x: argmin(x, axis=0), with_nan), [0, 1, 1])
    best, place = value(lambda x: max_and_argmax(x, axis=1), M)
    np.testing.assert_array_equal(best, [3.0, 2.0])
    np.testing.assert_array_equal(place, [1, 0])
    assert value(argmax, M) == 1
    tensor = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(value(lambda x: argmax(x, axis=(2, 0)), tensor), [7, 7, 7])


def test_extrema_of_small_integers_do_not_wrap() -> None:
    assert value(min_of, np.array([-128, 3], "int8")) == -128
    assert value(argmin, np.array([3, 0], "uint8")) == 1
    with pytest.raises(NotImplementedError, match="least"):
        min_of(TensorType("complex64", (None,))())


def test_all_ties_get_the_gradient_of_an_extremum() -> None:
    np.testing.assert_array_equal(gradient(lambda x: max_of(x, axis=1), M), [[0, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(gradient(lambda x: min_of(x, axis=1), M), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(gradient(lambda x: max_and_argmax(x, axis=1)[0], M), [[0, 1, 1], [1, 1, 0]])


def test_gradient_of_a_product_with_zeros() -> None:
    x = np.array([[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0]])
    np.testing.assert_allclose(gradient(lambda v: prod(v, axis=1), x), [[12, 8, 6], [12, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(
        gradient(lambda v: prod(v, axis=1, no_zeros_in_input=True), x[:1]), [[12, 8, 6]]
    )


def test_any_scalar_operation_can_reduce() -> None:
    x = np.array([[5, 3, 6], [1, 1, 1]], "int16")
    np.testing.assert_array_equal(value(CAReduce(xor, axis=1), x), [0, 1])
    assert value(CAReduce(Max.scalar_op), x) == 6


def test_statistics() -> None:
    np.testing.assert_allclose(value(lambda x: var(x, axis=1), M), M.var(axis=1))
    np.testing.assert_allclose(
        value(lambda x: var(x, axis=1, ddof=1, corrected=True), M), M.var(axis=1, ddof=1)
    )
    np.testing.assert_allclose(
        value(lambda x: std(x, axis=0, keepdims=True), M), M.std(axis=0, keepdims=True)
    )
    np.testing.assert_allclose(value(lambda x: ptp(x, axis=1), M), np.ptp(M, axis=1))
    np.testing.assert_allclose(value(cov, M), np.cov(M))
    assert mean(TensorType("int8", (None,))()).type.dtype == "float64"
    assert mean(TensorType("float16", (None,))()).type.dtype == "float16"
    halves = np.full(70_000, 2.0, "float16")
    assert value(mean, halves) == 2.0


def test_closeness() -> None:
    a = np.array([np.nan, np.inf, np.inf, 1.0, 1.0])
    b = np.array([np.nan, np.inf, -np.inf, 1.0, 1.1])
    np.testing.assert_array_equal(value(isclose, a, b), [False, True, False, True, False])
    np.testing.assert_array_equal(value(lambda x, y: isclose(x, y, equal_nan=True), a, b)[:1], [True])
    assert value(allclose, a[3:4], b[3:4])


@pytest.mark.parametrize("reduced", [all_of, any_of, max_of, min_of, sum_of, prod])
def test_reduction_over_an_axis_of_length_one_and_another(reduced: Any) -> None:
    x = TensorType("int8", (1, None))()
    f = function([x], reduced(x))
    assert f(np.array([[1, 0, 1]], "int8")) == reduced(np.array([[1, 0, 1]], "int8")).eval()


def test_integers_are_not_added_up_in_types_that_hold_less() -> None:
    with pytest.raises(TypeError, match="precision would be lost"):
        sum_of(TensorType("int64", (None,))(), acc_dtype="uint32")
    assert sum_of(TensorType("int64", (None,))(), acc_dtype="float32").type.dtype == "int64"


def test_statistics_over_no_axis() -> None:
    counts = np.array([1, 2], "uint32")
    np.testing.assert_array_equal(value(lambda x: mean(x, axis=()), counts), [1.0, 2.0])
    assert mean(TensorType("uint32", (None,))(), axis=()).type.dtype == "float64"
    np.testing.assert_array_equal(value(lambda x: var(x, axis=()), counts), [0.0, 0.0])


def test_the_sum_of_nothing_has_no_sign() -> None:
    x = TensorType("float64", (None, None))()
    f = function([x], [sum_of(x), sum_of(x, axis=0), sum_of(x, axis=1), sum_of(sum_of(x, axis=0))])
    for shape in ((0, 3), (2, 0), (0, 0)):
        assert not any(np.signbit(total).any() for total in f(np.zeros(shape)))
