"""The vector functions against mpmath, against NumPy's special values, and against themselves at other widths."""

from __future__ import annotations

import ctypes
import itertools
import platform
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mpmath")
special = pytest.importorskip("scipy.special")

from croton.backends.cpu import jit  # noqa: E402
from croton.backends.cpu.codegen.emitter import Emitter  # noqa: E402
from croton.backends.cpu.vecmath import FUNCTIONS, emit  # noqa: E402
from croton.backends.cpu.vecmath.trial import Loop, arguments, compile_loop, measured  # noqa: E402

DTYPES = ("float64", "float32")
CASES = [pytest.param(n, d, id=f"{n}-{d}") for n, d in itertools.product(FUNCTIONS, DTYPES)]
WIDTHS = {"float64": (1, 4, 8), "float32": (1, 8, 16)}
INTEGERS = {"float64": np.uint64, "float32": np.uint32}
_loops: dict[tuple[str, str, int], Loop] = {}

REFERENCE: dict[str, Any] = {
    "exp10": special.exp10, "sigmoid": special.expit, "softplus": lambda x: np.logaddexp(x, 0),
    "log1mexp": lambda x: np.log(-np.expm1(x)), "pow": np.power,
    "erf": special.erf, "erfc": special.erfc, "erfcx": special.erfcx, "erfinv": special.erfinv,
    "erfcinv": special.erfcinv, "gamma": special.gamma, "gammaln": special.gammaln, "psi": special.psi,
    "tri_gamma": lambda x: special.polygamma(1, x),
}  # fmt: skip


def loop(name: str, dtype: str, width: int) -> Loop:
    """Compiled once in this file."""
    key = name, dtype, width
    if key not in _loops:
        _loops[key] = compile_loop(*key)
    return _loops[key]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_error_is_within_the_stated_ulp(name: str, dtype: str) -> None:
    inputs = arguments(name, dtype, 12, np.random.default_rng(7))
    worst = max(measured(name, dtype, loop(name, dtype, WIDTHS[dtype][-1]), inputs))
    assert worst[0] <= FUNCTIONS[name].ulp[DTYPES.index(dtype)], worst


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_bits_do_not_depend_on_the_width(name: str, dtype: str) -> None:
    inputs = arguments(name, dtype, 40, np.random.default_rng(11))
    results = [loop(name, dtype, width)(*inputs) for width in WIDTHS[dtype]]
    for other in results[1:]:
        np.testing.assert_array_equal(np.isnan(results[0]), np.isnan(other))
        numbers = ~np.isnan(other)
        np.testing.assert_array_equal(*(r[numbers].view(INTEGERS[dtype]) for r in (results[0], other)))


def _agrees(got: float, want: float) -> bool:
    if np.isnan(got) or np.isnan(want) or want in (0.0, np.inf, -np.inf):
        return bool(np.isnan(got) and np.isnan(want)) or bool(
            got == want and np.signbit(got) == np.signbit(want)
        )
    return abs(got - want) <= 8 * abs(float(np.spacing(want)))


EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 2.5, 1e4, -1e4, np.inf, -np.inf, np.nan)
# where SciPy itself is not right: the sign of zero, an early overflow, large errors near a zero, or in its own way
NOT_TAKEN = {("erfinv", -0.0), ("gammaln", -0.5), ("log1mexp", -3.0), ("log1mexp", -1e4)}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_special_values_are_those_of_numpy(name: str, dtype: str) -> None:
    arity = FUNCTIONS[name].arity
    rows = list(itertools.product(EDGES, repeat=arity))
    inputs = [np.array(column, dtype) for column in zip(*rows, strict=True)]
    got = loop(name, dtype, WIDTHS[dtype][-1])(*inputs)
    want = np.asarray(REFERENCE.get(name, getattr(np, name, None))(*inputs), dtype)
    wrong = [
        (row, g, w)
        for row, g, w in zip(rows, got.tolist(), want, strict=True)
        if not any(name == n and str(row[0]) == str(v) for n, v in NOT_TAKEN) and not _agrees(g, w)
    ]
    assert not wrong


@pytest.mark.parametrize("dtype", DTYPES)
def test_subnormal_arguments_keep_their_digits(dtype: str) -> None:
    tiny = np.array([1, 3, 1000, 12345], INTEGERS[dtype]).view(dtype)
    for name in ("expm1", "log1p", "tanh", "sinh", "arcsinh", "arctanh", "sin", "tan", "arcsin", "arctan"):
        np.testing.assert_array_equal(loop(name, dtype, WIDTHS[dtype][-1])(tiny), tiny, err_msg=name)


# Functions with arguments for which their results are subnormal, zero beyond, or tiny next to a 1 on the way.
UNDERFLOWS = {
    "exp": (-1e9, -750.0, -745.0, -730.0, -708.4, -708.3, -104.5, -100.0, -87.4, -87.33, 0.0, 1.0),
    "exp2": (-1e9, -1075.0, -1040.0, -1022.5, -1021.0, -150.0, -140.5, -126.5, -125.0, 0.25),
    "exp10": (-1e9, -330.0, -310.0, -307.7, -307.6, -46.0, -40.0, -37.95, -37.9, 0.5),
    "erfc": (1e9, 27.5, 27.0, 26.6, 26.5, 10.5, 9.5, 9.2, 9.1, -3.0, 0.5),
    "softplus": (-1e9, 300.0, 60.0, 50.0, 40.0, 1.0, -3.0),
    "log1p": (1e-30, -1e-30, 1e-20, -1e-20, 1e-12, 1e-3, 1.0),
}
_CONTROL = """
declare void @llvm.x86.sse.ldmxcsr(ptr)
define void @control(i32 %word) {
  %at = alloca i32
  store i32 %word, ptr %at
  call void @llvm.x86.sse.ldmxcsr(ptr %at)
  ret void
}
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets a register of x86")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", list(UNDERFLOWS))
def test_no_product_is_subnormal(name: str, dtype: str) -> None:
    """Products that are would take a hundred cycles. They are none: the results stay when they are flushed to zero."""
    usual, flushing = 0x1F80, 0x9F80
    control = ctypes.CFUNCTYPE(None, ctypes.c_int32)(jit.compile_text(_CONTROL, "control", jit.Cache(None)))
    x = np.array(UNDERFLOWS[name], dtype)
    for width, scales in ((WIDTHS[dtype][-1], 0), (64 // x.itemsize, 64)):
        if scales and not jit.engine().target.scales:
            continue
        function = compile_loop(name, dtype, width, scales=scales)
        expected = function(x)
        control(flushing)
        try:
            flushed = function(x)
        finally:
            control(usual)
        np.testing.assert_array_equal(flushed, expected)
    worst = max(measured(name, dtype, function, [x]))
    assert worst[0] <= FUNCTIONS[name].ulp[DTYPES.index(dtype)], worst


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_angles_in_one_lane_leave_the_others_alone(dtype: str) -> None:
    x = np.full(64, 0.75, dtype)
    x[[5, 17]] = 1e30, -np.inf
    for name in ("sin", "cos", "tan"):
        got = loop(name, dtype, WIDTHS[dtype][-1])(x)
        alone = loop(name, dtype, 1)(x)
        np.testing.assert_array_equal(got, alone)
        assert np.isnan(got[17])
        np.testing.assert_allclose(got[5], getattr(np, name)(np.float64(x[5])), rtol=1e-6)


def test_powers_of_the_base_are_exact() -> None:
    k = np.arange(-300.0, 300.0)
    np.testing.assert_array_equal(loop("log2", "float64", 8)(2.0**k), k)
    tens = np.array([float(f"1e{int(n)}") for n in k])
    np.testing.assert_array_equal(loop("log10", "float64", 8)(tens), np.log10(tens))
    np.testing.assert_array_equal(loop("exp2", "float64", 8)(k), 2.0**k)


def test_sine_and_cosine_never_leave_the_unit_interval() -> None:
    x = np.linspace(-1e-3, 1e-3, 4096, dtype=np.float32)
    assert loop("cos", "float32", 16)(x).max() <= 1
    assert loop("sin", "float32", 16)(x + np.float32(np.pi / 2)).max() <= 1


def test_a_wrong_number_of_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match=r"pow takes 2 argument\(s\), got 1"):
        emit(Emitter(), "pow", ["%x"], "float64", 8)


@pytest.mark.skipif(not jit.engine().target.scales, reason="this machine has no instruction for y * 2^k")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp", "exp2", "exp10", "sigmoid", "softplus", "log1mexp", "pow"])
def test_bits_are_the_same_with_the_instruction_for_scaling(name: str, dtype: str) -> None:
    inputs = arguments(name, dtype, 200, np.random.default_rng(13))
    plain = loop(name, dtype, 1)(*inputs)
    for width in (2, 8, 32):
        scaled = compile_loop(name, dtype, width, scales=64)(*inputs)
        same = plain.view(INTEGERS[dtype]) == scaled.view(INTEGERS[dtype])
        assert (same | (np.isnan(plain) & np.isnan(scaled))).all()
