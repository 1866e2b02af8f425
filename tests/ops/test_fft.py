"""Fourier transforms of real batches: values, norms, there and back, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.fft import irfft, rfft, rfft_op
from croton.ops.fourier import fft
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(6)


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [TensorType(a.dtype.name, (None,) * a.ndim)() for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


@pytest.mark.parametrize("shape", [(2, 6), (3, 5), (2, 3, 4), (1, 2, 3, 5)])
def test_there_and_back(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    plain = np.fft.rfftn(x, axes=range(1, x.ndim))
    made = value(rfft, x)
    np.testing.assert_allclose(made, np.stack([plain.real, plain.imag], axis=-1), atol=1e-12)
    odd = bool(shape[-1] % 2)
    for norm in (None, "ortho"):
        np.testing.assert_allclose(value(lambda v, n=norm: irfft(rfft(v, n), n, odd), x), x, atol=1e-12)
    size = np.prod(shape[1:])
    np.testing.assert_allclose(value(lambda v: rfft(v, "ortho"), x), made / np.sqrt(size), atol=1e-12)
    np.testing.assert_allclose(value(lambda v: irfft(rfft(v), "no_norm", odd), x), x * size, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 6), (2, 5), (2, 3, 4)])
def test_gradients(shape: tuple[int, ...]) -> None:
    x, step = RNG.normal(size=shape), RNG.normal(size=shape)
    weights = RNG.normal(size=value(rfft, x).shape)
    for cost in (
        lambda v: sum_of(rfft(v) * weights),
        lambda v: sum_of(irfft(rfft(v) * weights, is_odd=bool(shape[-1] % 2)) ** 2),
    ):
        found = value(lambda v, c=cost: grad(c(v), v), x)
        expected = (value(cost, x + 1e-6 * step) - value(cost, x - 1e-6 * step)) / 2e-6
        np.testing.assert_allclose((found * step).sum(), expected, rtol=1e-5)


def test_types_and_refusals() -> None:
    assert value(rfft_op, np.ones((2, 4), "float32")).dtype == "float32"
    with pytest.raises(TypeError, match="batches"):
        rfft(TensorType("float64", (None,))())
    with pytest.raises(TypeError, match="real and imaginary"):
        irfft(TensorType("float64", (None, None))())
    with pytest.raises(ValueError, match="norm"):
        rfft(TensorType("float64", (None, None))(), norm="huge")
    with pytest.raises(ValueError, match="odd"):
        irfft(TensorType("float64", (None,) * 3)(), is_odd=2)


def test_transform_along_one_axis_to_complex_numbers() -> None:
    x = RNG.normal(size=(3, 4))
    np.testing.assert_allclose(value(lambda v: fft(v, 4, 1), x), np.fft.fft(x))
    np.testing.assert_allclose(value(lambda v: fft(v, 2, 0), x), np.fft.fft(x, 2, axis=0))
    assert fft(TensorType("float64", (3, None))(), None, 0).type.shape == (3, None)
    with pytest.raises(TypeError, match="index of the transformed axis"):
        fft(TensorType("float64", (None, None))(), 4, -1)
