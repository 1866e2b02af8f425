"""Complex arithmetic by parts, natively, against NumPy node by node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.compile.mode import Mode
from croton.compile.shared import shared
from croton.diagnose.explain import explain
from croton.ops import elementwise as el
from croton.ops import reduce as reductions
from croton.ops.constructors import zmatrix, zscalar
from croton.ops.dot import dot
from croton.ops.statistics import mean
from croton.vartypes.tensor import TensorType

NATIVE, REFERENCE = Mode("cpu"), Mode("py")
RNG = np.random.default_rng(3)
X, Y = (RNG.normal(size=(5, 5)) + 1j * RNG.normal(size=(5, 5)) for _ in range(2))

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y * x,
    "neg": lambda x, y: -x,
    "sqr": lambda x, y: el.sqr(x),
    "true_div": lambda x, y: x / y,
    "inv": lambda x, y: el.inv(x),
    "sqrt": lambda x, y: el.sqrt(x),
    "abs": lambda x, y: abs(x),
    "exp": lambda x, y: el.exp(x),
    "log": lambda x, y: el.log(x),
    "log2": lambda x, y: el.log2(x),
    "log10": lambda x, y: el.log10(x),
    "sin": lambda x, y: el.sin(x),
    "cos": lambda x, y: el.cos(x),
    "tan": lambda x, y: el.tan(x),
    "sinh": lambda x, y: el.sinh(x),
    "cosh": lambda x, y: el.cosh(x),
    "tanh": lambda x, y: el.tanh(x),
    "real": lambda x, y: el.real(x),
    "imag": lambda x, y: el.imag(x),
    "conj": lambda x, y: el.conj(x),
    "angle": lambda x, y: el.angle(x),
    "complex": lambda x, y: el.complex(el.real(x), el.imag(y)),
    "polar": lambda x, y: el.complex_from_polar(abs(x), el.angle(y)),
    "eq": lambda x, y: el.eq(x, y),
    "neq": lambda x, y: el.neq(x, y),
    "isnan": lambda x, y: el.isnan_(x),
    "isinf": lambda x, y: el.isinf_(x),
    "switch": lambda x, y: el.switch(el.eq(x, y), x, y * 2),
    "switch on complex": lambda x, y: el.switch(x, y, x),
    "second": lambda x, y: el.second(x, y),
    "cast": lambda x, y: el.real(x).astype(x.dtype) * y,
    "mixed": lambda x, y: x * el.real(y) + el.imag(x),
    "sum": lambda x, y: reductions.sum(x * y, axis=0),
    "sum of all": lambda x, y: reductions.sum(x),
    "mean": lambda x, y: mean(x, axis=1),
    "turned": lambda x, y: (x * y).T + x.T,
    "outer": lambda x, y: x.dimshuffle(0, 1, "x") * y.dimshuffle(0, "x", 1),
    "part": lambda x, y: (x * y)[::-1, 1:] * 2,
    "number": lambda x, y: x[0, 0] * y[0, 0] + 1j,
    "product": lambda x, y: dot(x * y, y.T),
}


def _both(make: Callable[..., Any], dtype: str) -> tuple[Any, Any]:
    x, y = (TensorType(dtype, (None, None))() for _ in range(2))
    out = make(x, y)
    return tuple(function([x, y], out, mode=m, on_unused_input="ignore") for m in (NATIVE, REFERENCE))  # type: ignore[return-value]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_the_reference_and_without_python(name: str, dtype: str) -> None:
    native, reference = _both(FUNCTIONS[name], dtype)
    assert "python!" not in str(explain(native))
    near = 1e-5 if dtype == "complex64" else 1e-12
    x, y = X.astype(dtype), Y.astype(dtype)
    for a, b in ((x, y), (x[::-2, ::-1], y[::2]), (np.asfortranarray(x), y), (x, x)):
        made, wanted = native(a, b), reference(a, b)
        assert made.dtype == wanted.dtype
        assert np.allclose(made, wanted, rtol=near, atol=near)


@pytest.mark.parametrize("name", ["true_div", "sqrt", "abs", "log", "angle", "complex", "eq", "isnan"])
def test_at_zeros_infinities_and_beyond(name: str) -> None:
    ends = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e200, 1e-200]
    x = np.array([complex(a, b) for a in ends for b in ends]).reshape(9, 9)
    native, reference = _both(FUNCTIONS[name], "complex128")
    made, wanted = (f(x, x.T.copy()) for f in (native, reference))
    assert np.allclose(np.real(made), np.real(wanted), rtol=1e-12, atol=0, equal_nan=True)
    assert np.allclose(np.imag(made), np.imag(wanted), rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", ["exp", "sin", "cos", "sinh", "cosh", "tanh"])
def test_on_the_real_axis_as_for_real_numbers(name: str) -> None:
    native, _ = _both(FUNCTIONS[name], "complex128")
    x = np.array([[0.0, 1.0, -2.0, 30.0, 800.0, -800.0]])
    with np.errstate(over="ignore"):
        assert np.allclose(native(x + 0j, x + 0j).real, getattr(np, name)(x), rtol=1e-12)
    assert not native(x + 0j, x + 0j).imag.any()


def test_what_is_put_together_shares_no_memory_with_what_is_returned_beside_it() -> None:
    x = zmatrix()
    y = x * x + 1
    whole, re, im, turned = function([x], [y, el.real(y), el.imag(y), y.T], mode=NATIVE)(X)
    re[...] = im[...] = turned[...] = 0
    assert np.allclose(whole, X * X + 1)


def test_a_shared_state_turns() -> None:
    state = shared(X.copy())
    step = function([], el.real(state), updates=[(state, state * 1j + 1)], mode=NATIVE)
    assert np.allclose(step(), X.real)
    assert np.allclose(step(), (X * 1j + 1).real)
    assert np.allclose(state.get_value(), (X * 1j + 1) * 1j + 1)


def test_numbers() -> None:
    z = zscalar()
    f = function([z], [z * z, abs(z), el.exp(z) + 1j], mode=NATIVE)
    assert "python!" not in str(explain(f))
    assert np.allclose(f(1 + 2j), [(1 + 2j) ** 2, 5**0.5, np.exp(1 + 2j) + 1j])


@pytest.mark.parametrize("dtype", ["int64", "bool", "float32"])
def test_a_sum_asked_to_be_real_is_as_the_reference_has_it(dtype: str) -> None:
    x = zmatrix()
    native, reference = (function([x], reductions.sum(x, dtype=dtype), mode=m) for m in (NATIVE, REFERENCE))
    assert native(X).dtype == dtype
    assert native(X) == reference(X)


def test_a_sum_of_one_part_of_a_view_reads_where_it_lies() -> None:
    x = zmatrix()
    f = function([x], reductions.sum(el.log(x.diagonal())), mode=NATIVE)
    wide = np.zeros((40, 80), "complex128") + 2j
    assert np.allclose(f(wide[:, ::2]), np.log(2j) * 40)


def test_a_mismatch_names_the_inputs_of_the_user() -> None:
    x, y = zmatrix(), zmatrix()
    f = function([x, y], x + y, mode=NATIVE)
    with pytest.raises(ValueError, match=r"input\[0\].shape\[1\] = 5, input\[1\].shape\[1\] = 4"):
        f(X, Y[:, :4])
