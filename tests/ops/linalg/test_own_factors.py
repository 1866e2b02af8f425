"""Factors and equations of real numbers on our own kernels: halves, edges of panels, what is no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("croton.backends.cpu._runtime")

from croton.compile.function import function
from croton.ops.linalg.inverse import det
from croton.ops.linalg.solve import (
    Cholesky,
    cholesky,
    solve,
    solve_lower_triangular,
    solve_upper_triangular,
)
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(12)
# Around vectors, corners, panels, halves, and the sizes from which matrices are cut.
ORDERS = (1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 129, 255, 257, 300, 384, 600)
DTYPES = ("float32", "float64")


def native(make: Any, dtype: str, count: int) -> Any:
    given = [TensorType(dtype, (None, None))() for _ in range(count)]
    return function(given, make(*given), mode="FAST_RUN")


def matrix(n: int, dtype: str) -> np.ndarray:
    return RNG.normal(size=(n, n)).astype(dtype)


def assert_solves(A: np.ndarray, x: np.ndarray, b: np.ndarray) -> None:
    """What is left over is a few roundings of what was added up."""
    left = np.abs(A.astype("float64") @ x - b)
    sizes = np.abs(A).max() * max(1.0, np.abs(x).max()) * len(A)
    assert left.max() <= 4 * np.finfo(x.dtype).eps * sizes


@pytest.mark.parametrize("dtype", DTYPES)
def test_equations(dtype: str) -> None:
    plain, turned = native(solve, dtype, 2), native(lambda A, b: solve(A.T, b), dtype, 2)
    for n in ORDERS:
        A = matrix(n, dtype)
        for k in (1, 2, 17, 70):
            b = RNG.normal(size=(n, k)).astype(dtype)
            assert_solves(A, plain(A, b), b)
            assert_solves(A.T, turned(A, b), b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("upper", [False, True])
def test_equations_with_triangles(upper: bool, dtype: str) -> None:
    f = native(solve_upper_triangular if upper else solve_lower_triangular, dtype, 2)
    for n in ORDERS:
        A = (matrix(n, dtype) / np.sqrt(n) + 2 * np.eye(n)).astype(dtype)
        for k in (2, 33, 130):
            b = RNG.normal(size=(n, k)).astype(dtype)
            for given in (A, np.asfortranarray(A)):
                assert_solves(np.triu(A) if upper else np.tril(A), f(given, b), b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky(dtype: str) -> None:
    below, above = native(cholesky, dtype, 1), native(Cholesky(lower=False), dtype, 1)
    for n in ORDERS:
        A = matrix(n, dtype)
        A = (A @ A.T / n + np.eye(n)).astype(dtype)
        for factor in (below(A), above(A).T):
            assert (np.triu(factor, 1) == 0).all()
            left = np.abs(factor.astype("float64") @ factor.T - A).max()
            assert left <= 4 * np.finfo(dtype).eps * np.abs(A).max()


@pytest.mark.parametrize("dtype", DTYPES)
def test_pivots_are_the_greatest_and_count_their_exchanges(dtype: str) -> None:
    f = native(det, dtype, 1)
    for n in (2, 9, 40, 401):
        turned = np.roll(np.eye(n), 1, axis=0).astype(dtype) * 2 ** (1 / n)
        expected = 2.0 * (-1) ** (n - 1)
        np.testing.assert_allclose(f(turned), expected, rtol=n * np.finfo(dtype).eps)
    small = np.array([[1e-20, 1], [1, 1]], dtype)
    np.testing.assert_allclose(
        native(solve, dtype, 2)(small, np.eye(2, dtype=dtype)), [[-1, 1], [1, 0]], atol=1e-6
    )


@pytest.mark.parametrize("n", [3, 30, 130, 401])
def test_what_is_no_number_comes_out_as_none(n: int) -> None:
    A, b = matrix(n, "float64"), np.ones((n, 3))
    A[n // 2, n // 3] = np.nan
    assert np.isnan(native(solve, "float64", 2)(A, b)).any()
    A = np.eye(n)
    A[n - 1, n - 1] = np.nan
    with pytest.raises(np.linalg.LinAlgError, match=f"leading minor of order {n}"):
        native(cholesky, "float64", 1)(A)
    A = np.eye(n)
    b[1, 1] = np.inf
    made = native(solve_lower_triangular, "float64", 2)(A, b)
    assert np.isinf(made[1, 1]) and np.isfinite(made[:, 0]).all()


@pytest.mark.parametrize("n", [3, 30, 130, 401])
def test_singular_matrices_are_told(n: int) -> None:
    A = matrix(n, "float64")
    A[:, n // 2] = 0
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        native(solve, "float64", 2)(A, np.ones((n, 2)))


def test_empty_ones() -> None:
    assert native(solve, "float64", 2)(np.empty((0, 0)), np.empty((0, 3))).shape == (0, 3)
    assert native(solve, "float64", 2)(np.eye(3), np.empty((3, 0))).shape == (3, 0)
    assert native(cholesky, "float64", 1)(np.empty((0, 0))).shape == (0, 0)
