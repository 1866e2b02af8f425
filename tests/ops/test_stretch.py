"""NumPy's names for what makes shapes fit, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.ops import stretch
from croton.ops.elementwise import isfinite, logical_and, logical_not, logical_or, logical_xor
from croton.vartypes.tensor import TensorType


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    made = make(*variables)
    known = dict(zip(variables, given, strict=True))
    return (
        [m.eval({v: known[v] for v in variables}) for m in made]
        if isinstance(made, list)
        else made.eval(known)
    )


def test_stretching() -> None:
    x = np.arange(3.0)
    np.testing.assert_array_equal(
        value(lambda v: stretch.broadcast_to(v, (2, 3)), x), np.broadcast_to(x, (2, 3))
    )
    np.testing.assert_array_equal(value(lambda v: stretch.broadcast_to(v, 4), 2.0), [2, 2, 2, 2])
    with pytest.raises(ValueError, match="more than the 1"):
        stretch.broadcast_to(TensorType("float64", (None, None))(), (3,))


@pytest.mark.parametrize("ndim", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("name", ["atleast_1d", "atleast_2d", "atleast_3d"])
def test_axes_in_front(name: str, ndim: int) -> None:
    x = np.arange(float(2**ndim)).reshape((2,) * ndim)
    np.testing.assert_array_equal(value(getattr(stretch, name), x), getattr(np, name)(x))


def test_several_come_as_a_list() -> None:
    a, b = TensorType("float64", ())(), TensorType("float64", (None,))()
    assert [v.type.ndim for v in stretch.atleast_2d(a, b)] == [2, 2]


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), ()])
def test_turning_round(axis: Any) -> None:
    x = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(value(lambda v: stretch.flip(v, axis), x), np.flip(x, axis))
    with pytest.raises(ValueError, match="no axis 3"):
        value(lambda v: stretch.flip(v, 3), x)


@pytest.mark.parametrize("name", ["hstack", "vstack", "dstack"])
@pytest.mark.parametrize("shape", [(2,), (2, 2), (2, 2, 2)])
def test_stacking(name: str, shape: tuple[int, ...]) -> None:
    x, y = np.ones(shape), np.zeros(shape)
    found = value(lambda *vs: getattr(stretch, name)(vs), x, y)
    np.testing.assert_array_equal(found, getattr(np, name)([x, y]))


def test_truth_of_numbers() -> None:
    x, y = np.array([0.0, 0.0, 2.0, np.nan]), np.array([0, 3, 1, 0])
    for ours, numpys in (
        (logical_and, np.logical_and), (logical_or, np.logical_or), (logical_xor, np.logical_xor),
    ):  # fmt: skip
        np.testing.assert_array_equal(value(ours, x, y), numpys(x, y))
    np.testing.assert_array_equal(value(logical_not, x), np.logical_not(x))
    np.testing.assert_array_equal(
        value(isfinite, np.array([1.0, np.inf, -np.inf, np.nan])), [True, False, False, False]
    )
    assert isfinite(TensorType("int32", ())()).type.dtype == "bool"
