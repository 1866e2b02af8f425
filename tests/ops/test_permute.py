"""Rows in another order."""

from __future__ import annotations

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.compile.mode import Mode
from croton.ops.constructors import lmatrix, lvector, matrix, vector
from croton.ops.permute import inverse_permutation, permute_row_elements

A = np.arange(6.0).reshape(2, 3)
ORDERS = np.array([[2, 0, 1], [1, 0, 2]])


def test_each_row_by_its_own_order_and_back() -> None:
    x, p = matrix(dtype="float64"), lmatrix()
    there = permute_row_elements(x, p)
    back = permute_row_elements(there, p, inverse=1)
    made, again = function([x, p], [there, back], mode="FAST_COMPILE")(A, ORDERS)
    assert np.array_equal(made, np.take_along_axis(A, ORDERS, axis=1))
    assert np.array_equal(again, A)


def test_one_order_for_all_rows_and_its_gradient() -> None:
    x, p = matrix(dtype="float64"), lvector()
    y = permute_row_elements(x, p)
    made, slope = function([x, p], [y, grad((y * A).sum(), x)], mode="FAST_COMPILE")(A, ORDERS[0])
    assert np.array_equal(made, A[:, ORDERS[0]])
    assert np.array_equal(slope, A[:, np.argsort(ORDERS[0])])


def test_one_row_in_many_orders_adds_up_its_cotangents() -> None:
    v, p = vector(dtype="float64"), lmatrix()
    y = permute_row_elements(v, p)
    made, slope = function([v, p], [y, grad(y.sum(), v)], mode="FAST_COMPILE")(A[0], ORDERS)
    assert np.array_equal(made, A[0][ORDERS])
    assert slope.tolist() == [2.0, 2.0, 2.0]


def test_inverse_permutations() -> None:
    p = lmatrix()
    made = function([p], inverse_permutation(p), mode="FAST_COMPILE")(ORDERS)
    assert np.array_equal(made, np.argsort(ORDERS, axis=1))


def test_refusals() -> None:
    x, p = matrix(dtype="float64"), lvector()
    with pytest.raises(AssertionError, match="must be integers"):
        permute_row_elements(x, vector(dtype="float32"))
    with pytest.raises(ValueError, match="Dimension mismatch: 3, 2"):
        function([x, p], permute_row_elements(x, p), mode="FAST_COMPILE")(A, [0, 1])


@pytest.mark.parametrize("backend", ["cpu", "py"])
def test_places_from_the_end_and_beyond_it_on_both_backends(backend: str) -> None:
    mode = Mode(backend, None)
    x, p = matrix(dtype="float64"), lmatrix()
    there = function([x, p], permute_row_elements(x, p), mode=mode)
    back = function([x, p], permute_row_elements(x, p, inverse=1), mode=mode)
    order = ORDERS - 3
    assert np.array_equal(there(A, order), np.take_along_axis(A, order, axis=1))
    assert np.array_equal(back(there(A[:1], order), order), np.repeat(A[:1], 2, axis=0))
    with pytest.raises(IndexError):
        there(A, ORDERS + 1)
