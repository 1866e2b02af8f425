"""Casts of tensors, and the types that Python numbers take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.config import config
from croton.ops import variable as _operators  # noqa: F401  tensors have operators
from croton.ops.cast import CASTS, cast
from croton.ops.reduce import sum as sum_of
from croton.vartypes.dtype import ALL, autocast, autocast_float, autocast_float_as, is_complex
from croton.vartypes.tensor import TensorType


@pytest.mark.parametrize("dtype", ALL)
def test_from_every_type(dtype: str) -> None:
    a = np.array([0, 1, 2, 100]).astype(dtype)
    x = TensorType(dtype, (None,))()
    for other in ALL:
        if is_complex(dtype) and not is_complex(other):
            with pytest.raises(TypeError, match="Casting from complex to real is ambiguous"):
                cast(x, other)
            continue
        y = cast(x, other)
        assert (y is x) == (dtype == other) and y.type.dtype == other
        found = function([x], y, mode="FAST_COMPILE")(a)
        assert found.dtype == other
        np.testing.assert_array_equal(found, a.astype(other))


def test_names_of_types() -> None:
    x: Any = TensorType("int32", ())()
    assert cast(x, "floatX").type.dtype == config.floatX
    assert cast(x, np.float32).type.dtype == "float32" and x.astype("int8").type.dtype == "int8"
    assert str(CASTS["float32"]) == "Elemwise{Cast{float32}}"
    with pytest.raises(TypeError, match="Unsupported dtype"):
        cast(x, "float128")


def test_gradient_passes_between_floats_and_ends_at_integers() -> None:
    x = TensorType("float32", (None,))()
    g = grad(sum_of(cast(x, "float64") * 3), x)
    assert g.type.dtype == "float32"
    assert function([x], g, mode="FAST_COMPILE")(np.ones(2, "float32")).tolist() == [3, 3]
    none = grad(sum_of(cast(x, "int8") * 3.0), x)
    assert function([x], none, mode="FAST_COMPILE")(np.ones(2, "float32")).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("floatX", "value", "dtype"),
    [
        ("float64", 1, "int8"), ("float64", 128, "int16"), ("float64", -32769, "int32"),
        ("float64", 2**40, "int64"),
        ("float64", 1.5, "float32"), ("float64", 0.1, "float64"), ("float64", 1e300, "float64"),
        ("float32", 0.1, "float32"),
        ("float32", 1e300, "float32"), ("float16", 0.1, "float16"), ("float64", 1j, "complex128"),
        ("float64", True, "int8"),
        ("float64", np.float64(1), "float64"),
    ],
)  # fmt: skip
def test_python_numbers(floatX: str, value: Any, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "floatX", floatX)
    assert autocast(value).dtype == dtype


def test_choice_of_float_types_in_a_block() -> None:
    with autocast_float_as("float32"):
        assert autocast(0.1).dtype == "float32"
    with autocast_float_as("float16", "float64"):
        assert autocast(1.5).dtype == "float16" and autocast(1e6).dtype == "float64"
    with pytest.raises(ValueError, match="takes floating-point types"):
        autocast_float_as("int8")


def test_the_caster_of_floats_says_what_it_tries() -> None:
    assert autocast_float(0.5).dtype == "float32" and autocast_float(3).dtype == "float32"
    assert autocast_float(0.1).dtype == "float64" and autocast_float(np.float64(1)).dtype == "float64"
    with autocast_float_as("float16", "float64"):
        assert autocast_float.dtypes == ("float16", "float64")
        assert autocast_float(0.5).dtype == "float16"
