"""set_subtensor and inc_subtensor: what is assigned to, data types, lengths, gradients, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import matrix, vector
from croton.ops.index.advanced import AdvancedBooleanIncSubtensor
from croton.ops.index.assign import inc_subtensor, set_subtensor
from croton.vartypes.tensor import TensorType

A = np.arange(12.0).reshape(3, 4)
PLACES = [
    0,
    (slice(None), -1),
    (slice(1, None), slice(None, None, 2)),
    np.array([2, 0]),
    ([0, 2], [1, 1]),
    A > 5,
]


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


@pytest.mark.parametrize("at", PLACES)
def test_set_is_numpys_assignment(at: Any) -> None:
    want = A.copy()
    want[at] = -1
    given = A.copy()
    assert np.array_equal(value(lambda x: set_subtensor(x[at], -1), given), want)
    assert np.array_equal(given, A)


@pytest.mark.parametrize("at", PLACES)
def test_inc_adds_wherever_a_place_is_named(at: Any) -> None:
    want = A.copy()
    np.add.at(want, at, 10.0)
    assert np.array_equal(value(lambda x: inc_subtensor(x[at], 10), A), want)


@pytest.mark.parametrize("at", PLACES)
def test_gradients_go_to_what_is_kept_and_to_the_value(at: Any) -> None:
    x, w = matrix(dtype="float64"), matrix(dtype="float64")
    y = TensorType("float64", ())()
    for assign, kept in ((set_subtensor, 0.0), (inc_subtensor, 1.0)):
        cost = (assign(x[at], y) * w).sum()
        gx, gy = function([x, y, w], grad(cost, [x, y]), mode="FAST_COMPILE", on_unused_input="ignore")(
            A, 1.0, A
        )
        want = A.copy()
        want[at] *= kept
        assert np.array_equal(gx, want)
        assert gy == A[at].sum()


def test_what_was_indexed_is_what_comes_out() -> None:
    # Axes changed on the way are changed back, or stay changed, as in the original.
    assert value(lambda x: set_subtensor(x[1:][0], 7), A).shape == (2, 4)
    assert value(lambda x: set_subtensor(x.T[0], 7), A).shape == (4, 3)
    assert value(lambda x: set_subtensor(x[0:2].T, 7), A).shape == (4, 3)
    assert value(lambda x: inc_subtensor(x[:, None, 0], np.ones((3, 1))), A).shape == (3, 1, 4)
    assert value(lambda x: set_subtensor(x[0:2].reshape((8,)), np.arange(8)), A)[1].tolist() == [4, 5, 6, 7]
    assert value(lambda x: set_subtensor(x.shape[0], 7), A).tolist() == [7, 4]


@pytest.mark.parametrize(
    ("dtype", "y", "want"),
    [
        ("int8", 1.9, [1, 2]),
        ("float32", 2j, [0.0, 2.0]),
        ("uint8", -1, [255, 2]),
        ("float16", np.float64(3), [3.0, 2.0]),
    ],
)
def test_a_set_value_takes_the_data_type(dtype: str, y: Any, want: list[float]) -> None:
    made = value(lambda x: set_subtensor(x[0], y), np.array([1, 2], dtype=dtype))
    assert made.dtype == dtype
    assert made.tolist() == want


def test_a_value_is_added_only_where_numpy_would_add_it() -> None:
    for dtype, y in (("int32", 1.5), ("bool", 1), ("float32", 1j)):
        with pytest.raises(TypeError, match="Can't add"):
            inc_subtensor(vector(dtype=dtype)[:1], y)
    assert value(lambda x: inc_subtensor(x[0], -1), np.array([0], dtype="uint8")).tolist() == [255]


def test_the_value_must_fit_the_part() -> None:
    x, y = matrix(dtype="float64"), vector(dtype="float64")
    with pytest.raises(TypeError, match="1-dimensional subtensor with a 2-dimensional value"):
        set_subtensor(x[0], x)
    for assign in (set_subtensor, inc_subtensor):
        for part in (x[0], x[[0, 1]], x[x > 0]):
            if part.type.ndim < 1:
                continue
            with pytest.raises(ValueError, match="broadcast"):
                function([x, y], assign(part, y), mode="FAST_COMPILE")(A, np.ones(7))


@pytest.mark.parametrize("x", [matrix(), matrix() + 1, 3])
def test_only_parts_can_be_assigned_to(x: Any) -> None:
    with pytest.raises(TypeError, match="result of a subtensor operation"):
        set_subtensor(x, 0)


def test_in_place_is_no_way_to_overwrite_an_input() -> None:
    x = matrix()
    with pytest.raises(TypeError, match="is an input"):
        set_subtensor(x[0], 1, inplace=True)
    assert set_subtensor((x + 1)[0], 1, inplace=True).owner.op.inplace


def test_masks_keep_their_name() -> None:
    x = matrix()
    assert isinstance(set_subtensor(x[x > 0], 0).owner.op, AdvancedBooleanIncSubtensor)
