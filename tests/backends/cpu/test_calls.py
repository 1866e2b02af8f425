"""Functions that a kernel computes often are called, with the bits of those that are written where they are needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from croton.backends.cpu.call import call_nest, nest_ranges
from croton.backends.cpu.codegen.calls import OFTEN
from croton.backends.cpu.codegen.kernel import kernel_text
from croton.backends.cpu.codegen.target import Target
from croton.backends.cpu.jit import engine
from croton.loops.build import Builder
from croton.loops.ir import Kernel
from croton.loops.primitives import PRIMITIVES
from croton.loops.verify import verify

TARGETS = {"host": None, "narrow": Target(16, masks=False), "avx2": Target(32, masks=False)}
CALLED = [
    ("exp", "float64"),
    ("sin", "float32"),
    ("pow", "float64"),
    ("gammaln", "float32"),
    ("tanh", "float16"),
]


def shifted(name: str, dtype: str, shifts: Sequence[int]) -> Kernel:
    """An output of the function of x + k for each shift k."""
    b = Builder("E")
    x, ys = b.buffer("x", dtype), [b.buffer(f"y{k}", dtype) for k in shifts]
    with b.loop("o"), b.loop("v", kind="vector"):
        v = b.load(x)
        for k, y in zip(shifts, ys, strict=True):
            b.store(y, b.prim(name, *[v + k] * PRIMITIVES[name].arity))
    return verify(b.kernel())


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize(("name", "dtype"), CALLED)
def test_called_functions_have_the_bits_of_written_ones(name: str, dtype: str, target: str) -> None:
    machine = TARGETS[target] or engine().target
    shifts = range(OFTEN)
    assert "define internal <" in kernel_text(shifted(name, dtype, shifts), machine)
    assert "define internal" not in kernel_text(shifted(name, dtype, shifts[:1]), machine)
    x = np.random.default_rng(1).standard_normal((1, 1, 199)).astype(dtype) * 9
    x[..., :6] = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e4], dtype)
    called = [np.zeros_like(x) for _ in shifts]
    call_nest(shifted(name, dtype, shifts), [x, *called], nest_ranges(*x.shape), machine)
    for k, found in zip(shifts, called, strict=True):
        written = np.zeros_like(x)
        call_nest(shifted(name, dtype, [k]), [x, written], nest_ranges(*x.shape), machine)
        np.testing.assert_array_equal(found, written)
        some = ~np.isnan(found)
        np.testing.assert_array_equal(np.signbit(found)[some], np.signbit(written)[some])
