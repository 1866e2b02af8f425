"""Lists whose elements are of one type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.ops import lists
from croton.ops.constructors import fmatrix, fvector, lscalar
from croton.vartypes.lists import TypedListType

VALUES = [np.arange(3, dtype="float32"), np.ones(2, dtype="float32")]
KIND = TypedListType(fvector)
X, L, I = fvector("x"), KIND("l"), lscalar("i")  # noqa: E741 - the letters say it


def run(outputs: Any, *values: Any) -> Any:
    """What `outputs` of a list, a vector and a number come to."""
    return function([L, X, I], outputs, mode="FAST_COMPILE", on_unused_input="ignore")(*values)


@pytest.mark.parametrize(
    ("make", "want"),
    [
        (lambda: L.append(X), [*VALUES, VALUES[0]]),
        (lambda: L.extend(L), [*VALUES, *VALUES]),
        (lambda: L.insert(I, X), [VALUES[0], VALUES[0], VALUES[1]]),
        (lambda: L.remove(X), [VALUES[1]]),
        (lambda: L.reverse(), VALUES[::-1]),
        (lambda: L[1:], VALUES[1:]),
        (lambda: lists.make_list([X, X]), [VALUES[0], VALUES[0]]),
    ],
)
def test_changes_make_new_lists(make: Any, want: list[np.ndarray]) -> None:
    given = list(VALUES)
    made = run(make(), given, VALUES[0], 1)
    assert len(given) == 2
    assert all(np.array_equal(a, b) for a, b in zip(made, want, strict=True))


def test_reading() -> None:
    outs = [L[0], L[I], lists.length(L), L.count(X), L.ind(X)]
    first, second, length, count, place = run(outs, VALUES, VALUES[1], 1)
    assert np.array_equal(first, VALUES[0])
    assert np.array_equal(second, VALUES[1])
    assert (int(length), count, place) == (2, 1.0, 1.0)
    with pytest.raises(IndexError):
        run(L[5], VALUES, VALUES[0], 0)
    with pytest.raises(ValueError, match="no element"):
        run(L.ind(X), VALUES, np.zeros(9, "float32"), 0)


def test_types() -> None:
    deep = TypedListType(fvector, 2)
    assert str(deep) == "TypedList <TypedList <TypedList <TensorType(float32, vector)>>>"
    assert (deep.get_depth(), KIND.get_depth()) == (2, 0)
    assert deep != KIND == TypedListType(fvector)
    assert hash(KIND) == hash(TypedListType(fvector))
    assert (L.ttype, L.dtype, L.ndim) == (fvector, "float32", 2)
    assert KIND.filter(VALUES) is VALUES
    for wrong in (3, [np.ones((2, 2), "float32")]):
        with pytest.raises(TypeError):
            KIND.filter(wrong)
    with pytest.raises(ValueError, match="depth"):
        TypedListType(fvector, -1)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: lists.make_list([X, fmatrix()]), TypeError),
        (lambda: lists.make_list([]), ValueError),
        (lambda: L.append(fmatrix()), AssertionError),
        (lambda: lists.append(X, X), AssertionError),
        (lambda: L[X], TypeError),
    ],
)
def test_refusals(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()
