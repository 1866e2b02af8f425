"""Reductions down columns, which visit the rows of an array in strips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("croton.backends.cpu._runtime")

from croton.backends.cpu.codegen.strips import BLOCK, STRIP, TILE
from croton.compile.function import function
from croton.ops.argmax import argmax
from croton.ops.reduce import max as max_of
from croton.ops.reduce import prod
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

# As in runtime/launch.c.
MANY_ROWS = 512

RNG = np.random.default_rng(11)
ROWS = [1, STRIP - 1, STRIP + 1, BLOCK, BLOCK + 1, 2 * BLOCK + STRIP + 3]
COLUMNS = [1, 15, 33, 100, TILE - 1, TILE + 70]


def reduced(dtype: str) -> Any:
    given: Any = TensorType(dtype, (None, None))()
    outs = [sum_of(given, axis=0), max_of(given, axis=0), argmax(given, axis=0), prod(given, axis=0)]
    return [function([given], out) for out in outs]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool"])
def test_all_rows_and_columns_take_part(dtype: str) -> None:
    functions = reduced(dtype)
    for n in ROWS:
        for m in COLUMNS:
            x = RNG.normal(1, 0.05, size=(n, m)) if dtype[0] == "f" else RNG.integers(0, 2, size=(n, m))
            x = x.astype(dtype)
            total, top, place, product = (f(x) for f in functions)
            np.testing.assert_allclose(total, x.sum(0), rtol=1e-5)
            np.testing.assert_array_equal(top, x.max(0))
            np.testing.assert_array_equal(place, x.argmax(0))
            np.testing.assert_allclose(product, x.prod(0), rtol=1e-3)


def test_sums_of_nothing() -> None:
    total, _, _, product = reduced("float64")
    np.testing.assert_array_equal(total(np.zeros((0, 40))), np.zeros(40))
    np.testing.assert_array_equal(product(np.zeros((0, 40))), np.ones(40))
    assert total(np.zeros((40, 0))).shape == (0,)


def test_a_column_has_the_same_bits_wherever_it_stands() -> None:
    """However wide the array is, whatever part of it a thread does."""
    given: Any = TensorType("float64", (None, None))()
    f = function([given], sum_of((given - 0.5) ** 2, axis=0))
    x = RNG.normal(size=(2 * BLOCK + 77, TILE + 200))
    whole = f(x)
    for columns in (slice(0, 1), slice(5, 64), slice(700, 1900), slice(TILE - 3, TILE + 3)):
        np.testing.assert_array_equal(f(x[:, columns]), whole[columns])
    np.testing.assert_array_equal(f(np.ascontiguousarray(x[:, 700:1900])), whole[700:1900])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 7, 16, 31])
def test_rows_of_few_columns_are_done_several_at_once(dtype: str, columns: int) -> None:
    given: Any = TensorType(dtype, (None, None))()
    outs = [sum_of((given - 3) * given, axis=0), max_of(given, axis=0)]
    total, top = (function([given], out) for out in outs)
    for n in (MANY_ROWS - 1, MANY_ROWS, MANY_ROWS + 1, 40 * BLOCK + 3, 32 * BLOCK):
        x = (100 * RNG.normal(size=(n, columns + 2))).astype(dtype)
        for value in (x[:, 1:-1], np.ascontiguousarray(x[:, 1:-1])):
            exact = ((value - 3) * value).astype("float64" if dtype[0] == "f" else dtype)
            np.testing.assert_allclose(total(value), exact.sum(0), rtol=1e-5)
            np.testing.assert_array_equal(top(value), value.max(0))


def test_places_of_what_is_not_a_number() -> None:
    given: Any = TensorType("float32", (None, None))()
    x = RNG.normal(size=(3 * BLOCK, 50)).astype("float32")
    x[[BLOCK + 3, 2 * BLOCK], 7] = np.nan
    np.testing.assert_array_equal(function([given], argmax(given, axis=0))(x), np.argmax(x, axis=0))
