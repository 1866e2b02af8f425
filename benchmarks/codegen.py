"""Compile times and run times of typical kernels, by the choices the code generator has.

    python -m benchmarks.codegen            times per kernel, cold and from the cache
    python -m benchmarks.codegen --levels   LLVM's optimisation levels of code generation
    python -m benchmarks.codegen --cut      one masked body against whole rounds and a rest

All times are the best of several, in CPU time of this thread; choices that are compared take turns, so that a busy
machine slows them alike. Run times hold the 0.2 ns or so per element that a call through ctypes costs.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from croton.backends.cpu import jit
from croton.backends.cpu.codegen import target as cutting
from croton.backends.cpu.codegen.kernel import kernel_text
from croton.loops.build import Builder, Value
from croton.loops.ir import Kernel
from croton.loops.text import kernel_key

N = 2048


def elementwise(
    body: Callable[[Builder, Value, Value], Value], dtype: str = "float64", salt: float = 0.0
) -> Kernel:
    b = Builder("E")
    x, w, y = (b.buffer(k, dtype) for k in "xwy")
    with b.loop("o"), b.loop("v", kind="vector"):
        b.store(y, body(b, b.load(x), b.load(w)) - salt)
    return b.kernel()


def row_sum(
    body: Callable[[Builder, Value, Value], Value], dtype: str = "float64", salt: float = 0.0
) -> Kernel:
    b = Builder("RI")
    x, w = (b.buffer(k, dtype) for k in "xw")
    y = b.buffer("y", dtype, "splat")
    with b.loop("o"):
        total = b.accumulator("add", dtype, salt)
        with b.loop("r"), b.loop("v", kind="vector"):
            total.update(body(b, b.load(x), b.load(w)))
        b.store(y, total.value)
    return b.kernel()


def column_sum(
    body: Callable[[Builder, Value, Value], Value], dtype: str = "float64", salt: float = 0.0
) -> Kernel:
    b = Builder("RO")
    x, w, y = (b.buffer(k, dtype) for k in "xwy")
    with b.loop("o"), b.loop("v", kind="vector"):
        total = b.accumulator("add", dtype, salt)
        with b.loop("r"):
            total.update(body(b, b.load(x), b.load(w)))
        b.store(y, total.value)
    return b.kernel()


def softmax(dtype: str, salt: float) -> Kernel:
    b = Builder("RI")
    x, w, y = (b.buffer(k, dtype) for k in "xwy")
    with b.loop("o"):
        top = b.accumulator("maximum", dtype)
        with b.loop("r"), b.loop("v", kind="vector"):
            top.update(b.load(x))
        total = b.accumulator("add", dtype, salt)
        with b.loop("r"), b.loop("v", kind="vector"):
            e = b.exp(b.load(x) - top.value)
            b.store(y, e)
            total.update(e)
        scale = 1 / total.value
        with b.loop("r"), b.loop("v", kind="vector"):
            b.store(y, b.load(y) * scale)
    del w
    return b.kernel()


def eight(b: Builder, x: Value, w: Value) -> Value:
    return (x * 2 + w) * (x - w) / (1 + abs(x)) + 0.5 * x


KERNELS: dict[str, Callable[[float], Kernel]] = {
    "E x + w": lambda s: elementwise(lambda b, x, w: x + w, salt=s),
    "E 8 operations": lambda s: elementwise(eight, salt=s),
    "E 8 operations, float32": lambda s: elementwise(eight, "float32", salt=s),
    "E sigmoid(x * w)": lambda s: elementwise(lambda b, x, w: 1 / (1 + b.exp(-x * w)), salt=s),
    "E exp, log, tanh": lambda s: elementwise(lambda b, x, w: b.exp(x) + b.log(abs(w)) * b.tanh(x), salt=s),
    "RI sum x * w": lambda s: row_sum(lambda b, x, w: x * w, salt=s),
    "RI sum exp(x - w)": lambda s: row_sum(lambda b, x, w: b.exp(x - w), salt=s),
    "RI softmax": lambda s: softmax("float64", s),
    "RI softmax, float32": lambda s: softmax("float32", s),
    "RO sum x * w": lambda s: column_sum(lambda b, x, w: x * w, salt=s),
    "RO sum exp(x - w)": lambda s: column_sum(lambda b, x, w: b.exp(x - w), salt=s),
}


def clock(work: Callable[[], object]) -> float:
    """CPU milliseconds."""
    start = time.thread_time()
    work()
    return 1e3 * (time.thread_time() - start)


def run_time(kernel: Kernel, engine: jit.Engine, level: int = 2) -> float:
    """Nanoseconds per element on arrays that stay in the first cache levels."""
    address = engine.compile_text(kernel_text(kernel, engine.target), "kernel", jit.Cache(None), level)
    dtype = kernel.buffers[0].dtype
    x, w, y = (np.linspace(0.1, 1.0, N).astype(dtype) for _ in range(3))
    size = x.itemsize
    p = (ctypes.c_int64 * 3)(*(a.ctypes.data for a in (x, w, y)))
    outer = kernel.form == "RO"
    zero, inner = (ctypes.c_int64 * 3)(), (ctypes.c_int64 * 3)(64 * size, 64 * size, 0)
    nr, nv = (N // 64, 64) if outer else (1, N)
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 5, ctypes.c_void_p)(address)

    def many() -> None:
        for _ in range(50):
            call(p, zero, inner if outer else zero, 0, 1, nr, 0, nv, None)

    many()
    return min(clock(many) for _ in range(15)) / 50 * 1e6 / N


def times(engine: jit.Engine) -> None:
    """The main table."""
    print(
        f"{'kernel':26} {'text':>6} {'object':>7} {'key':>6} {'link':>6} {'cold':>6} {'cached':>7} {'ns/elem':>8}  ms"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, make in KERNELS.items():
            rows = [_stages(engine, make, 1.0 + k, folder) for k in range(5)]
            best = [min(column) for column in zip(*rows, strict=True)]
            stages = " ".join(f"{ms:{w}.2f}" for ms, w in zip(best, (6, 7, 6, 6, 6, 7), strict=True))
            print(f"{name:26} {stages} {run_time(make(0.0), engine):8.3f}")


def _stages(engine: jit.Engine, make: Callable[[float], Kernel], salt: float, folder: str) -> list[float]:
    kernel = make(salt)
    texts: list[str] = []
    codes: list[bytes] = []
    text = clock(lambda: texts.append(kernel_text(kernel, engine.target)))
    code = clock(lambda: codes.append(engine.object_code(texts[0])))
    key = clock(lambda: kernel_key(kernel))
    name = f"kernel.{id(texts)}"
    linked = engine.object_code(texts[0].replace("@kernel(", f"@{name}("))
    link = clock(lambda: engine._link(linked, name))
    cold = clock(lambda: jit.Engine.compile_kernel(engine, kernel, jit.Cache(folder)))
    engine._loaded.clear()
    cached = clock(lambda: engine.compile_kernel(kernel, jit.Cache(folder)))
    return [text, code, key, link, cold, cached]


def compare(engine: jit.Engine, names: list[str], choose: Callable[[int], int]) -> None:
    """A table of compile times and run times by choice; `choose(k)` makes the k-th and says LLVM's level."""
    print(f"{'kernel':26}" + "".join(f"{name:>14}: ms  ns/elem" for name in names))
    for name, make in KERNELS.items():
        kernel = make(0.0)
        cost = [[1e9, 1e9] for _ in names]
        for _ in range(7):
            for k, best in enumerate(cost):
                level = choose(k)
                text = kernel_text(kernel, engine.target)
                best[0] = min(best[0], clock(lambda t=text, v=level: engine.object_code(t, v)))  # type: ignore[misc]
                best[1] = min(best[1], run_time(kernel, engine, level))
        print(f"{name:26}" + "".join(f"{ms:>16.2f}  {ns:8.3f}" for ms, ns in cost))


def levels(engine: jit.Engine) -> None:
    """What LLVM's levels cost and bring."""
    compare(engine, [f"level {k}" for k in range(4)], lambda k: k)


def cuts(engine: jit.Engine) -> None:
    """One masked body or two."""
    before = cutting.MASKED_ABOVE

    def choose(k: int) -> int:
        cutting.MASKED_ABOVE = (10**6, -1)[k]
        return jit.OPT_LEVEL

    compare(engine, ["two bodies", "one"], choose)
    cutting.MASKED_ABOVE = before


if __name__ == "__main__":
    chosen = {"--levels": levels, "--cut": cuts}.get(sys.argv[-1], times)
    chosen(jit.Engine())
