"""Running sums and products, differences, windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.cumulate import CumOp, CumprodOp, CumsumOp, cumprod, cumsum, diff
from croton.ops.reduce import sum as sum_of
from croton.ops.window import bartlett, cpu_contiguous
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(4)


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize(("ours", "numpys"), [(cumsum, np.cumsum), (cumprod, np.cumprod)])
def test_running_sums_and_products(ours: Any, numpys: Any, axis: int | None) -> None:
    x = RNG.uniform(0.5, 2.0, size=(3, 4))
    np.testing.assert_allclose(value(lambda v: ours(v, axis), x), numpys(x, axis))
    w = RNG.normal(size=numpys(x, axis).shape)
    step = RNG.normal(size=x.shape)
    found = value(lambda v: grad(sum_of(ours(v, axis) * w), v), x)
    expected = ((numpys(x + 1e-6 * step, axis) - numpys(x - 1e-6 * step, axis)) * w).sum() / 2e-6
    np.testing.assert_allclose((found * step).sum(), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "uint32", "int64", "float16", "float32"])
def test_integers_add_up_in_64_bits(dtype: str) -> None:
    x = (
        np.array([[1, 1], [1, 0], [1, 1]], dtype)
        if dtype == "bool"
        else np.array([[100, 50], [100, 3]], dtype)
    )
    wide = {"b": "int64", "i": "int64", "u": "uint64", "f": dtype}[np.dtype(dtype).kind]
    for axis in (None, 0, 1):
        found = value(lambda v, a=axis: cumsum(v, a), x)
        np.testing.assert_array_equal(found, np.cumsum(x, axis, dtype=wide))
        assert found.dtype == wide


def test_nothing_adds_up_to_nothing() -> None:
    assert value(lambda x: cumsum(x, 0), np.zeros((0, 3))).shape == (0, 3)


def test_names_and_refusals_of_cumulation() -> None:
    assert CumsumOp(axis=1) == CumOp(1, "add") != CumprodOp(axis=1)
    with pytest.raises(ValueError, match="out of bounds"):
        cumsum(TensorType("float64", (None,))(), axis=1)
    with pytest.raises(ValueError, match="Unknown mode"):
        CumOp(mode="sub")


@pytest.mark.parametrize(("n", "axis"), [(0, -1), (1, 0), (2, 1), (5, -1)])
def test_differences_are_numpy_s(n: int, axis: int) -> None:
    x = RNG.normal(size=(3, 5))
    np.testing.assert_allclose(value(lambda v: diff(v, n, axis), x), np.diff(x, n, axis))


def test_differences_of_truth_values_and_unsigned_numbers() -> None:
    np.testing.assert_array_equal(value(diff, np.array([True, False, False])), [True, False])
    np.testing.assert_array_equal(value(diff, np.array([3, 1], "uint8")), np.array([254], "uint8"))


def test_gradient_of_differences() -> None:
    found = value(lambda v: grad(sum_of(diff(v, 1, 0) ** 2), v), np.array([[1.0], [4.0], [9.0]]))
    np.testing.assert_allclose(found, [[-6], [-4], [10]])


def test_bartlett_and_contiguous() -> None:
    for n in (0, 1, 5):
        np.testing.assert_allclose(value(bartlett, np.int64(n)), np.bartlett(n))
    with pytest.raises(TypeError, match="integer"):
        bartlett(TensorType("float64", ())())
    x = RNG.normal(size=(4, 6))
    np.testing.assert_array_equal(value(lambda v: cpu_contiguous(v[:, ::2]), x), x[:, ::2])
