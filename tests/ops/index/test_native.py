"""Indexing in native code, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.compile.mode import Mode
from croton.compile.shared import shared
from croton.ops.index.assign import inc_subtensor, set_subtensor
from croton.ops.index.take import nonzero
from croton.vartypes.tensor import TensorType

CPU = Mode("cpu", None)
RNG = np.random.default_rng(11)


def compiled(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays, compiled as it is written."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    made = function(variables, make(*variables), mode=CPU, on_unused_input="ignore")
    return made(*given)


@pytest.mark.parametrize("step", [1, 2, -1, -3, 7])
def test_slices_are_pythons(step: int) -> None:
    ends = [None, 0, 1, 3, 4, 5, 9, -1, -4, -5, -6, -9]
    x = np.arange(5)
    vector, *bounds = (TensorType("int64", shape)() for shape in ((None,), (), (), ()))
    start, stop, by = bounds
    both = function([vector, start, stop, by], vector[start:stop:by], mode=CPU)
    for a in ends:
        for o in ends:
            np.testing.assert_array_equal(compiled(lambda v, a=a, o=o: v[a:o:step], x), x[a:o:step])
            if a is not None and o is not None:
                np.testing.assert_array_equal(both(x, a, o, step), x[a:o:step])
    with pytest.raises(ValueError, match="step cannot be zero"):
        both(x, 0, 3, 0)


INDICES: dict[str, Any] = {
    "vector": lambda i, j, m: (i,),
    "matrix": lambda i, j, m: (i.reshape((2, 2)),),
    "behind": lambda i, j, m: (slice(None), i),
    "two": lambda i, j, m: (i, j),
    "apart": lambda i, j, m: (i, slice(None), j),
    "outer": lambda i, j, m: (i.reshape((2, 2)), j[:2]),
    "integer": lambda i, j, m: (1, slice(None, None, -1), i),
    "mask": lambda i, j, m: (m,),
    "mask and slice": lambda i, j, m: (m, slice(1, None)),
    "slice and vector": lambda i, j, m: (slice(None, None, 2), i, None),
}


@pytest.mark.parametrize("dtype", ["float32", "int8", "complex128", "bool", "float16"])
@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("turned", [False, True])
def test_arrays_of_places(name: str, dtype: str, turned: bool) -> None:
    x = (RNG.normal(size=(3, 3, 5)) * 3).astype(dtype)
    if turned:
        x = x.transpose(1, 0, 2)[:, :, ::-1]
    i, j, mask = np.array([2, 0, -1, 2]), np.array([1, 1, 0, -3]), RNG.normal(size=(3, 3)) > 0
    index = INDICES[name]
    at = index(i, j, mask)
    part = x[at]
    found = compiled(lambda x, i, j, m: x[index(i, j, m)], x, i, j, mask)
    np.testing.assert_array_equal(found, part)
    new = (RNG.normal(size=part.shape) * 3).astype(dtype)
    expected = x.copy()
    expected[at] = new
    found = compiled(lambda x, i, j, m, y: set_subtensor(x[index(i, j, m)], y), x, i, j, mask, new)
    np.testing.assert_array_equal(found, expected)
    expected = x.copy()
    np.add.at(expected, at, new)
    found = compiled(lambda x, i, j, m, y: inc_subtensor(x[index(i, j, m)], y), x, i, j, mask, new)
    np.testing.assert_allclose(found, expected, rtol=1e-3 if dtype == "float16" else 1e-6)


def test_places_outside_are_named() -> None:
    x = np.zeros((3, 4))
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 1 with size 4"):
        compiled(lambda x, i: x[:, i], x, np.array([0, 4, 9]))
    with pytest.raises(IndexError, match="index -4 is out of bounds for axis 0 with size 3"):
        compiled(lambda x, i: x[i], x, np.int64(-4))
    with pytest.raises(IndexError, match="boolean index did not match"):
        compiled(lambda x, m: x[m], x, np.array([True, False]))
    with pytest.raises(IndexError, match="could not be broadcast"):
        compiled(lambda x, i, j: x[i, j], x, np.array([0, 1]), np.array([0, 1, 2]))


def test_a_shared_array_is_written_in_its_place() -> None:
    table = shared(np.zeros((4, 3)), borrow=True)
    before = table.get_value(borrow=True)
    places, rows = TensorType("int64", (None,))(), TensorType("float64", (None, None))()
    step = function([places, rows], updates=[(table, inc_subtensor(table[places], rows))], mode=CPU)
    step(np.array([1, 1, 3]), np.ones((3, 3)))
    np.testing.assert_array_equal(table.get_value(), [[0] * 3, [2] * 3, [0] * 3, [1] * 3])
    assert table.get_value(borrow=True) is before


def test_values_that_lie_in_what_is_changed() -> None:
    x = np.arange(6.0)
    found = compiled(lambda x: set_subtensor((x * 1)[1:], (x * 1)[:-1]), x)
    np.testing.assert_array_equal(found, [0, 0, 1, 2, 3, 4])

    def shifted(x: Any) -> Any:
        y = x * 2
        return set_subtensor(y[1:], y[:-1])

    np.testing.assert_array_equal(compiled(shifted, x), [0, 0, 2, 4, 6, 8])


def test_where_something_is() -> None:
    x = RNG.integers(-1, 2, size=(4, 5, 3))
    np.testing.assert_array_equal(
        compiled(lambda x: nonzero(x, return_matrix=True), x), np.stack(np.nonzero(x))
    )
    np.testing.assert_array_equal(compiled(lambda x: nonzero(x)[0], np.array([np.nan, 0.0, -0.0, 1])), [0, 3])
