"""take, choose, compress, and the places of what is not zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.compile.mode import Mode
from croton.ops.constructors import matrix, scalar, vector
from croton.ops.index.take import choose, compress, flatnonzero, nonzero, nonzero_values, take
from croton.vartypes.tensor import TensorType

A = np.arange(12.0).reshape(3, 4) % 5


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
@pytest.mark.parametrize("places", [2, [0, 2, 2], [[0, 1], [1, 0]]])
def test_take(axis: int | None, mode: str, places: Any) -> None:
    assert np.array_equal(
        value(lambda x: take(x, places, axis, mode), A), np.take(A, places, axis, mode=mode)
    )


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_places_in_the_widest_unsigned_type(mode: str) -> None:
    places = np.array([0, 2, 5 if mode != "raise" else 1], "uint64")
    assert np.array_equal(
        value(lambda x, i: take(x, i, 0, mode), A, places), np.take(A, places.astype(int), 0, mode=mode)
    )


def test_take_beyond_the_end() -> None:
    assert np.array_equal(value(lambda x, i: take(x, i, 0, "wrap"), A, [5, -4]), A[[2, 2]])
    assert np.array_equal(value(lambda x, i: take(x, i, 0, "clip"), A, [5, -4]), A[[2, 0]])
    with pytest.raises(IndexError, match="out of bounds"):
        value(lambda x, i: take(x, i, 0), A, [5])
    with pytest.raises(IndexError, match="none of number 2"):
        take(matrix(), 0, axis=2)
    with pytest.raises(ValueError, match="mode of take"):
        take(matrix(), 0, mode="nearest")


def test_places_of_what_is_not_zero() -> None:
    for a in (A, np.zeros((0, 3)), np.zeros(2), A > 2):
        for made, want in zip(value(lambda x: list(nonzero(x)), a), np.nonzero(a), strict=True):
            assert np.array_equal(made, want)
        assert np.array_equal(value(flatnonzero, a), np.flatnonzero(a))
        assert np.array_equal(value(nonzero_values, a), a[np.nonzero(a)])
        assert np.array_equal(value(lambda x: nonzero(x, return_matrix=True), a), np.stack(np.nonzero(a)))
    with pytest.raises(ValueError, match="non-scalar"):
        nonzero(scalar())


def test_compress() -> None:
    assert np.array_equal(value(lambda x: compress([0, 1, 1], x, axis=0), A), A[1:])
    assert np.array_equal(value(lambda x, c: compress(c, x, axis=1), A, A[0] > 1), A[:, A[0] > 1])


@pytest.mark.parametrize("mode", ["wrap", "clip"])
def test_choose(mode: str) -> None:
    a: Any = np.array([5, -1, 1, 0])
    rows: Any = [A[0], A[0] + 1]
    assert np.array_equal(value(lambda i, c: choose(i, c, mode=mode), a, A), np.choose(a, A, mode=mode))
    listed = value(lambda i, c: choose(i, [c, c + 1], mode=mode), a, A[0])
    assert np.array_equal(listed, np.choose(a, rows, mode=mode))


def test_choose_refuses() -> None:
    with pytest.raises(ValueError, match="invalid entry"):
        value(choose, np.array([3]), A[:, :1])
    with pytest.raises(TypeError, match="int"):
        choose(vector(dtype="float32"), matrix())
    with pytest.raises(AssertionError, match="out must be None"):
        choose(vector(dtype="int8"), matrix(), out=matrix())


def test_choices_that_broadcast_at_run_time() -> None:
    a, choices = TensorType("int8", (None, None))(), TensorType("float32", (None,) * 3)()
    f = function([a, choices], choose(a, choices), mode=Mode("cpu", None))
    several = np.arange(12, dtype="float32").reshape(2, 2, 3)
    assert np.array_equal(f(np.int8([[1], [0]]), several), np.choose([[1], [0]], several))
    assert np.array_equal(f(np.int8([[1, 0, 1]]), several), np.choose([[1, 0, 1]], several))
    with pytest.raises(ValueError, match="invalid entry in choice array: 2 of 2"):
        f(np.int8([[2]]), several)
