"""repeat, tile and roll."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import lscalar, lvector, matrix, row, vector
from croton.ops.convert import as_tensor_variable
from croton.ops.repeat import RepeatOp, Tile, repeat, roll, tile
from croton.rules.shapes import ShapeTable

A = np.arange(6.0).reshape(2, 3)


def run(inputs: list[Any], outputs: Any, *values: Any) -> Any:
    """What `outputs` come to."""
    return function(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")(*values)


def check(x: Any, y: Any, want: np.ndarray, inputs: list[Any], *values: Any) -> None:
    """Value, lengths, and that each copy's cotangent comes back to its element."""
    lengths = [as_tensor_variable(n) for n in ShapeTable().lengths(y)]
    made, slope, *found = run([x, *inputs], [y, grad(y.sum(), x), *lengths], A, *values)
    assert np.array_equal(made, want)
    assert tuple(map(int, found)) == want.shape
    assert np.array_equal(slope.reshape(-1), np.bincount(want.reshape(-1).astype("int64"), minlength=6))


@pytest.mark.parametrize(
    ("counts", "axis"),
    [(2, None), (3, 0), (0, 1), (1, -1), ([1, 2], 0), ([1, 0, 2], -1), ([1, 2, 0, 1, 1, 3], None)],
)
def test_repeat(counts: Any, axis: int | None) -> None:
    x = matrix(dtype="float64")
    want = np.repeat(A, counts, axis)
    check(x, repeat(x, counts, axis), want, [])
    k: Any = lscalar() if isinstance(counts, int) else lvector()
    check(x, repeat(x, k, axis), want, [k], counts)
    if isinstance(counts, int):
        check(x, RepeatOp(axis)(x, k), want, [k], counts)


@pytest.mark.parametrize("reps", [2, (2, 1), (1, 2), (2, 2, 2), (), (3,)])
def test_tile(reps: Any) -> None:
    x = matrix(dtype="float64")
    check(x, tile(x, reps), np.tile(A, reps), [])


def test_tile_by_variables() -> None:
    x, n, k = matrix(dtype="float64"), lscalar(), lvector()
    check(x, tile(x, (n, 2)), np.tile(A, (3, 2)), [n], 3)
    check(x, tile(x, k, ndim=2), np.tile(A, (3, 2)), [k], [3, 2])
    assert np.array_equal(run([x, k], Tile(2)(x, k), A, [1, 2]), np.tile(A, (1, 2)))
    assert tile(row(), (1, 2)).type.broadcastable == (True, False)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("shift", [-7, -1, 0, 1, 100])
def test_roll(shift: int, axis: int | None) -> None:
    x, n = matrix(dtype="float64"), lscalar()
    for by in (shift, n):
        y = roll(x, by, axis)
        assert np.array_equal(run([x, n], y, A, shift), np.roll(A, shift, axis))
        assert np.array_equal(run([x, n], grad((y * y).sum(), x), A, shift), 2 * A)
    assert run([x], roll(x, shift, 0), np.ones((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda x: repeat(x, 1.5), TypeError),
        (lambda x: repeat(x, vector(dtype="uint64"), axis=0), TypeError),
        (lambda x: repeat(x, 2, axis=5), ValueError),
        (lambda x: repeat(x, matrix(dtype="int8")), ValueError),
        (lambda x: tile(x, 1.5), ValueError),
        (lambda x: tile(x, (2, 2), ndim=1), ValueError),
        (lambda x: tile(x, lvector()), ValueError),
        (lambda x: roll(x, 1, axis=2), IndexError),
    ],
)
def test_refusals(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make(matrix())
