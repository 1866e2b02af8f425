"""Diagonals: taken out, made into matrices, filled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import imatrix, iscalar, lscalar, matrix, scalar, tensor3, vector
from croton.ops.diagonal import AllocDiag, ExtractDiag, diag, diagonal, fill_diagonal, fill_diagonal_offset

A = np.arange(12.0).reshape(3, 4)
T3 = np.arange(24.0).reshape(2, 3, 4)


def run(inputs: list[Any], outputs: Any, *values: Any) -> Any:
    """What `outputs` come to."""
    return function(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")(*values)


@pytest.mark.parametrize("offset", [-5, -1, 0, 2])
@pytest.mark.parametrize("axes", [(0, 1), (1, 2), (2, 0), (-1, -2)])
def test_taking_out_and_putting_back(offset: int, axes: tuple[int, int]) -> None:
    x, w = tensor3(dtype="float64"), matrix(dtype="float64")
    y = diagonal(x, offset, *axes)
    want = np.diagonal(T3, offset, *axes)
    weights = np.arange(1.0, want.size + 1).reshape(want.shape)
    made, slope = run([x, w], [y, grad((y * w).sum(), x)], T3, weights)
    assert np.array_equal(made, want)
    assert np.array_equal(np.diagonal(slope, offset, *axes), weights)
    assert slope.sum() == weights.sum()


@pytest.mark.parametrize("offset", [-1, 0, 2])
@pytest.mark.parametrize("axes", [(0, 1), (0, 2), (2, 1)])
def test_making_matrices_is_the_inverse(offset: int, axes: tuple[int, int]) -> None:
    x = matrix(dtype="float64")
    y = AllocDiag(offset, *axes)(x)
    made = run([x], y, A)
    assert np.array_equal(np.diagonal(made, offset, *axes), A)
    assert np.count_nonzero(made) == np.count_nonzero(A)
    assert np.array_equal(run([x], grad((y * y).sum(), x), A), 2 * A)


def test_diag_is_both() -> None:
    v, x = vector(dtype="float64"), matrix(dtype="float64")
    assert np.array_equal(run([v], diag(v, -1), A[0]), np.diag(A[0], -1))
    assert np.array_equal(run([x], diag(x, 1), A), np.diag(A, 1))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: diag(scalar()), ValueError),
        (lambda: diagonal(vector()), ValueError),
        (lambda: diagonal(tensor3(), 0, 1, 1), AssertionError),
        (lambda: ExtractDiag(axis2=5)(matrix()), ValueError),
        (lambda: AllocDiag()(scalar()), ValueError),
        (lambda: fill_diagonal(vector(), 1), TypeError),
        (lambda: fill_diagonal(matrix(), vector()), TypeError),
        (lambda: fill_diagonal(imatrix(), 1.5), TypeError),
        (lambda: fill_diagonal_offset(tensor3(), 1, 0), TypeError),
        (lambda: fill_diagonal_offset(matrix(), 1, 0.5), TypeError),
    ],
)
def test_what_has_no_diagonal(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


@pytest.mark.parametrize("a", [A, A.T, np.ones((7, 3)), np.ones((2, 2, 2)), np.ones((0, 3))])
def test_filling_the_main_diagonal(a: np.ndarray) -> None:
    x, v = matrix(dtype="float64") if a.ndim == 2 else tensor3(dtype="float64"), scalar(dtype="float64")
    y = fill_diagonal(x, v)
    want, on = a.copy(), np.zeros_like(a)
    places = (np.arange(min(a.shape)),) * a.ndim
    want[places], on[places] = 5.0, 1.0
    made, gx, gv = run([x, v], [y, *grad(y.sum(), [x, v])], a, 5.0)
    assert np.array_equal(made, want)
    assert np.array_equal(gx, 1 - on)
    assert gv == on.sum()


@pytest.mark.parametrize("offset", [-9, -1, 0, 1, 3, 9])
def test_filling_another_diagonal(offset: int) -> None:
    for a in (A, A.T):
        x, v, k = matrix(dtype="float64"), scalar(dtype="float64"), lscalar()
        y = fill_diagonal_offset(x, v, k)
        on = np.eye(*a.shape, offset)
        made, gx, gv = run([x, v, k], [y, *grad(y.sum(), [x, v])], a, 5.0, offset)
        assert np.array_equal(made, np.where(on, 5.0, a))
        assert np.array_equal(gx, 1 - on)
        assert gv == on.sum()


def test_more_than_two_axes_must_be_of_one_length() -> None:
    x = tensor3(dtype="float64")
    with pytest.raises(ValueError, match="equal length"):
        run([x], fill_diagonal(x, 1), T3)
    with pytest.raises(TypeError, match="must fit"):
        fill_diagonal(matrix(dtype="float32"), iscalar())
