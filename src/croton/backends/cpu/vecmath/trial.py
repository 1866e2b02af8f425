"""One vector function on trial: as a loop over arrays, and measured against mpmath in units in the last place.

For the tests and `benchmarks/vecmath.py`; nothing that compiles a graph comes here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import llvmlite.binding as llvm
import mpmath as mp
import numpy as np
import numpy.typing as npt

from croton.backends.cpu.codegen.emitter import Emitter, memory_type
from croton.backends.cpu.vecmath import FUNCTIONS, emit
from croton.util.record import record

Array = npt.NDArray[Any]
BLOCK = 64
"""Arrays are padded to a multiple of this: of every width tried."""


def loop_text(name: str, dtype: str, width: int, scales: int = 0) -> str:
    """IR of `void loop(in..., out, n)`, which applies the function to n numbers, `width` at a time."""
    e, arity = Emitter(scales), FUNCTIONS[name].arity
    lane, vector = memory_type(dtype), memory_type(dtype, width)
    align = 8 if dtype == "float64" else 4
    e.begin()
    e.jump("loop")
    e.block("loop")
    i, place = e.phi_slot("i64")
    values = []
    for k in range(arity):
        address = e.assign(f"getelementptr {lane}, ptr %in{k}, i64 {i}")
        values.append(e.assign(f"load {vector}, ptr {address}, align {align}"))
    result = emit(e, name, values, dtype, width)
    address = e.assign(f"getelementptr {lane}, ptr %out, i64 {i}")
    e.put(f"store {vector} {result}, ptr {address}, align {align}")
    following = e.assign(f"add i64 {i}, {width}")
    e.fill_phi(place, [("0", "entry"), (following, e.label)])
    e.branch(e.assign(f"icmp slt i64 {following}, %n"), "loop", "exit")
    e.block("exit")
    e.put("ret void")
    given = ", ".join(f"ptr noalias %in{k}" for k in range(arity))
    e.end(f"define void @loop({given}, ptr noalias %out, i64 %n)")
    return e.text()


@record(frozen=True)
class Loop:
    """A compiled loop; call it with arrays of one length."""

    address: int
    arity: int
    assembly: str
    engine: llvm.ExecutionEngine
    """Owns the code."""

    def __call__(self, *inputs: Array) -> Array:
        n = len(inputs[0])
        padded = [np.concatenate([x, np.ones(-n % BLOCK, x.dtype)]) for x in inputs]
        out = np.empty_like(padded[0])
        self.prepared()(*(x.ctypes.data for x in padded), out.ctypes.data, len(out))
        return out[:n]

    def prepared(self) -> Callable[..., None]:
        """The bare function of addresses and a length."""
        return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (self.arity + 1), ctypes.c_int64)(self.address)


def compile_loop(
    name: str, dtype: str, width: int, cpu: str = "", features: str = "", scales: int = 0
) -> Loop:
    """Compile the loop, for this machine or a named one, with no optimisation passes."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(loop_text(name, dtype, width, scales))
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu or llvm.get_host_cpu_name(),
        features=features if cpu else llvm.get_host_cpu_features().flatten(),
        opt=2,
    )
    assembly = machine.emit_assembly(module)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return Loop(engine.get_function_address("loop"), FUNCTIONS[name].arity, assembly, engine)


# Inputs


def points(dtype: str, n: int, rng: np.random.Generator) -> Array:
    """Finite numbers of all kinds: any bits, all sizes, around 0 and 1, where exp and gamma live."""
    integer = np.uint64 if dtype == "float64" else np.uint32
    any_bits = rng.integers(0, np.iinfo(integer).max, n, dtype=integer, endpoint=True).view(dtype)
    kinds = [
        any_bits[np.isfinite(any_bits)],
        rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-8, 3, n),
        1 + rng.normal(0, 1, n) * 10.0 ** rng.uniform(-8, 0, n),
        rng.normal(0, 2, n),
        rng.uniform(-1, 1, n),
        rng.uniform(-40, 40, n),
        rng.uniform(-750, 712, n),
    ]
    return np.concatenate([np.asarray(k, dtype) for k in kinds])


def arguments(name: str, dtype: str, n: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Arguments for the function; for two, pairs that have something to do with one another too."""
    x = points(dtype, n, rng)
    if FUNCTIONS[name].arity == 1:
        return (x,)
    y = rng.permutation(points(dtype, n, rng)[: len(x)])
    x = x[: len(y)]
    if name == "pow":
        reach = 745.0 if dtype == "float64" else 100.0
        with np.errstate(all="ignore"):
            z = np.asarray(rng.uniform(-reach, reach, len(x)) / np.log(np.abs(x).astype(np.float64)), dtype)
        return np.concatenate([np.abs(x), x]), np.concatenate([np.where(np.isfinite(z), z, 1), y])
    near = x * np.asarray(rng.uniform(-1, 1, len(x)), dtype)
    return np.concatenate([x, x]), np.concatenate([y, near])


# Truth


def _erfcinv(q: Any) -> Any:
    if mp.mpf("0.3") < q < mp.mpf("1.7"):
        return mp.erfinv(1 - q)
    tail = 2 - q if q > 1 else q
    level = -mp.log(tail)
    y = mp.sqrt(level) * mp.mpf("0.9")
    for _ in range(60):
        step = (mp.log(mp.erfc(y)) + level) * mp.exp(y * y) * mp.erfc(y) * mp.sqrt(mp.pi) / 2
        y += step
        if abs(step) < mp.mpf(10) ** -40:
            break
    return -y if q > 1 else y


def _erfinv(x: Any) -> Any:
    return mp.erfinv(x) if abs(x) < mp.mpf("0.7") else mp.sign(x) * _erfcinv(1 - abs(x))


TRUTH: dict[str, Callable[..., Any]] = {
    "exp": mp.exp, "exp2": lambda x: mp.mpf(2) ** x, "exp10": lambda x: mp.mpf(10) ** x, "expm1": mp.expm1,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "softplus": lambda x: mp.log1p(mp.exp(x)),
    "log1mexp": lambda x: mp.log(-mp.expm1(x)) if x > -1 else mp.log1p(-mp.exp(x)),
    "tanh": mp.tanh, "sinh": mp.sinh, "cosh": mp.cosh, "log": mp.log, "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": mp.log10, "log1p": mp.log1p, "arcsinh": mp.asinh, "arccosh": mp.acosh, "arctanh": mp.atanh,
    "pow": lambda x, y: x**y, "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "hypot": mp.hypot,
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "arcsin": mp.asin, "arccos": mp.acos, "arctan": mp.atan,
    "arctan2": mp.atan2, "erf": mp.erf, "erfc": mp.erfc, "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "erfinv": _erfinv, "erfcinv": _erfcinv, "gamma": mp.gamma, "gammaln": lambda x: mp.log(abs(mp.gamma(x))),
    "psi": mp.digamma, "tri_gamma": lambda x: mp.psi(1, x),
}  # fmt: skip

DOMAIN: dict[str, Callable[..., bool]] = {
    **dict.fromkeys(("exp", "exp2", "exp10", "expm1", "sigmoid", "softplus", "sinh", "cosh", "tanh"),
                    lambda x: abs(x) < 2000),
    "log1mexp": lambda x: -2000 < x < 0,
    **dict.fromkeys(("log", "log2", "log10"), lambda x: x > 0), "log1p": lambda x: x > -1,
    "arccosh": lambda x: x >= 1, **dict.fromkeys(("arctanh", "erfinv"), lambda x: abs(x) < 1),
    **dict.fromkeys(("arcsin", "arccos"), lambda x: abs(x) <= 1),
    "pow": lambda x, y: x > 0 and abs(y * mp.log(x)) < 2000,
    **dict.fromkeys(("erf", "erfc", "erfcx"), lambda x: abs(x) < 3000), "erfcinv": lambda x: 0 < x < 2,
    "gamma": lambda x: -180 < x < 300 and x not in (0, -1, -2, -3),
    # on the negative side they have zeros, near which no more than the absolute error is promised
    "gammaln": lambda x: 0 < x < 1e8, "psi": lambda x: 0 < x < 1e8,
    "tri_gamma": lambda x: -300 < x < 1e6 and not (x <= 0 and x == int(x)),
}  # fmt: skip
"""Where the truth is worth its time: elsewhere the result is a special value."""


def _everywhere(*_: Any) -> bool:
    return True


def ulp_error(got: float, truth: Any, dtype: str) -> float:
    """Distance of a result from the truth in units of the truth's last place (subnormal ones included)."""
    info = np.finfo(dtype)
    if np.isnan(got):
        return float("inf")
    if np.isinf(got):
        limit = mp.mpf(float(info.max)) * (1 + mp.mpf(2) ** -(info.nmant + 2))
        return 0.0 if abs(truth) >= limit and (truth > 0) == (got > 0) else float("inf")
    exponent = mp.frexp(truth)[1] - 1 if truth else info.minexp
    return float(abs(mp.mpf(got) - truth) / mp.mpf(2) ** (max(exponent, info.minexp) - info.nmant))


def measured(
    name: str, dtype: str, loop: Loop, inputs: tuple[Array, ...]
) -> Iterator[tuple[float, tuple[float, ...]]]:
    """The error in ulp and the argument, for each that lies in the function's domain."""
    inside: Callable[..., bool] = DOMAIN.get(name, _everywhere)
    for row in zip(*inputs, loop(*inputs), strict=True):
        *given, got = (float(v) for v in row)
        far = name in ("sin", "cos", "tan") and abs(given[0]) > 1e15
        with mp.workprec(1200 if far else 260 if name == "pow" else 180):
            exact = [mp.mpf(v) for v in given]
            if inside(*exact):
                yield ulp_error(got, TRUTH[name](*exact), dtype), tuple(given)
