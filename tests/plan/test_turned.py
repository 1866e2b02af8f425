"""Reductions of arrays that lie along another axis in memory than their last."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("croton.backends.cpu._runtime")

from croton.compile.function import function
from croton.ops.elementwise import exp
from croton.ops.reduce import max as max_of
from croton.ops.reduce import sum as sum_of
from croton.ops.statistics import var
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 37, 29))


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 1), (1, 2), (0, 2)])
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_do_not_depend_on_the_order_of_memory(axis: Any, order: tuple[int, ...], dtype: str) -> None:
    x = X.astype(dtype).transpose(order)
    given: Any = TensorType(dtype, (None, None, None))()
    shifted = given - max_of(given, axis=axis, keepdims=True)
    outs = [sum_of(given, axis=axis), var(given, axis=axis), sum_of(exp(shifted), axis=axis), exp(shifted)]
    made = function([given], outs)(x)
    centred = x.astype("float64") - x.max(axis, keepdims=True)
    expected = [x.sum(axis), x.var(axis), np.exp(centred).sum(axis), np.exp(centred)]
    for one, value in zip(made, expected, strict=True):
        np.testing.assert_allclose(one, value, rtol=1e-4 if dtype == "float32" else 1e-12, atol=1e-5)


def forms(f: Any) -> list[str]:
    """The forms of the kernels that have been compiled so far."""
    return [k.loops.form for k in f.compiled.plan.kernels if k.loops is not None]


def test_the_other_form_is_compiled_when_it_is_needed() -> None:
    given: Any = TensorType("float64", (None, None))()
    f = function([given], sum_of(given, axis=0))
    assert forms(f) == ["RO"]
    assert any(k.title.endswith("(of turned arrays)") for k in f.compiled.plan.kernels)
    x = RNG.normal(size=(50, 60))
    np.testing.assert_allclose(f(x), x.sum(0))
    assert forms(f) == ["RO"]
    np.testing.assert_allclose(f(x.T), x.sum(1))
    assert forms(f) == ["RO", "RI"]


@pytest.mark.parametrize("dtype", ["int8", "float32", "float64", "complex128"])
@pytest.mark.parametrize("shape", [(3, 5), (4, 4), (33, 70), (64, 32), (1, 9)])
def test_transposes_are_copied_whole(shape: tuple[int, int], dtype: str) -> None:
    x = (100 * RNG.normal(size=shape)).astype(dtype)
    given: Any = TensorType(dtype, (None, None))()
    np.testing.assert_array_equal(function([given], given.T)(x), x.T)
