"""The vector functions: nanoseconds an element against NumPy and SciPy, and errors in units in the last place.

Run:      python -m benchmarks.vecmath [name ...]           speed, code size and compile time
          python -m benchmarks.vecmath --avx2 [name ...]    the same code for AVX2
          python -m benchmarks.vecmath --ulp [name ...]     largest error over a long sweep (minutes)
          python -m benchmarks.vecmath --ulp --markdown     the same as the table of docs/accuracy.md
          python -m benchmarks.vecmath --ulp --span -1 1    the same, densely on an interval: the sweep is too thin
                                                            to find the last tenths
Method:   8192 numbers, best of 300 passes, one thread; no pass of LLVM's optimiser runs, as in compiled graphs.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special as special

from croton.backends.cpu.vecmath import FUNCTIONS
from croton.backends.cpu.vecmath.trial import Array, Loop, arguments, compile_loop, measured

SIZE, PASSES = 8192, 300
AVX2 = ("haswell", "+avx2,+fma,+bmi,+bmi2,+lzcnt,+f16c")
WIDTHS = {False: (("float64", 8), ("float32", 16)), True: (("float64", 4), ("float32", 8))}
OTHERS: dict[str, Callable[..., Any]] = {
    "exp10": special.exp10, "sigmoid": special.expit, "softplus": lambda x: np.logaddexp(x, 0),
    "log1mexp": lambda x: np.log(-np.expm1(x)), "pow": np.power, "erf": special.erf, "erfc": special.erfc,
    "erfcx": special.erfcx, "erfinv": special.erfinv, "erfcinv": special.erfcinv, "gamma": special.gamma,
    "gammaln": special.gammaln, "psi": special.psi, "tri_gamma": lambda x: special.polygamma(1, x),
}  # fmt: skip
SPANS = {**dict.fromkeys(("arcsin", "arccos", "arctanh", "erfinv", "erfcinv"), (0.05, 0.95)),
         "arccosh": (1.1, 9.0), "log1mexp": (-3.0, -0.1)}  # fmt: skip


def best(act: Callable[[], object], passes: int) -> float:
    """Shortest time of a pass, in nanoseconds an element."""
    shortest = float("inf")
    for _ in range(passes):
        start = time.perf_counter_ns()
        act()
        shortest = min(shortest, time.perf_counter_ns() - start)
    return shortest / SIZE


def numbers(name: str, dtype: str) -> list[Array]:
    """Ordinary arguments."""
    rng = np.random.default_rng(3)
    return [
        np.asarray(rng.uniform(*SPANS.get(name, (0.1, 4.0)), SIZE), dtype)
        for _ in range(FUNCTIONS[name].arity)
    ]


def spent(loop: Loop, inputs: Sequence[Array]) -> float:
    """The loop's time."""
    out, bare = np.empty_like(inputs[0]), loop.prepared()
    addresses = [x.ctypes.data for x in (*inputs, out)]
    return best(lambda: bare(*addresses, SIZE), PASSES)


def cost(loop: Loop) -> str:
    """Instructions, and stores to the stack among them."""
    lines = [line for line in loop.assembly.splitlines() if re.match(r"\t[a-z]", line)]
    stores = sum(bool(re.search(r"%[xyz]mm\d+, -?\d*\(%rsp\)", line)) for line in lines)
    return f"{len(lines):5d} {stores:4d}"


def show_speed(names: Sequence[str], avx2: bool) -> None:
    """The table of times."""
    print(
        f"{'':10} {'':8} {'ours':>6} {'NumPy/SciPy':>12} {'ratio':>6}   instructions, stack stores, compile ms"
    )
    for name in names:
        for dtype, width in WIDTHS[avx2]:
            inputs, other = numbers(name, dtype), OTHERS.get(name, getattr(np, name, None))
            assert other is not None
            start = time.perf_counter()
            loop = compile_loop(name, dtype, width, *(AVX2 if avx2 else ()))
            compiled = (time.perf_counter() - start) * 500  # the text is compiled twice: to run, and to read
            ours, theirs = spent(loop, inputs), best(lambda f=other, x=inputs: f(*x), 30)  # type: ignore[misc]
            row = f"{name:10} {dtype:8} {ours:6.2f} {theirs:12.2f} {theirs / ours:6.1f}"
            print(f"{row}   {cost(loop)} {compiled:6.1f}", flush=True)


def tried(name: str, dtype: str, count: int, seed: int, span: Sequence[float] | None) -> tuple[Array, ...]:
    """Numbers of all kinds, or evenly spread ones of an interval."""
    rng = np.random.default_rng(seed)
    if span is None:
        return arguments(name, dtype, count, rng)
    return tuple(np.asarray(rng.uniform(*span, count), dtype) for _ in range(FUNCTIONS[name].arity))


def show_table(names: Sequence[str], count: int, seed: int) -> None:
    """Each function's largest error found and the bound that is stated, as a table of a page."""
    print("| | float64 | stated | float32 | stated |\n|---|---:|---:|---:|---:|")
    for name in names:
        cells = [f"`{name}`"]
        for (dtype, width), allowed in zip(WIDTHS[False], FUNCTIONS[name].ulp, strict=True):
            loop = compile_loop(name, dtype, width)
            worst, _ = max(measured(name, dtype, loop, tried(name, dtype, count, seed, None)))
            cells += [f"{worst:.2f}", f"{allowed:g}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def show_errors(names: Sequence[str], count: int, seed: int, span: Sequence[float] | None) -> None:
    """The table of errors, and where they are."""
    for name in names:
        for (dtype, width), allowed in zip(WIDTHS[False], FUNCTIONS[name].ulp, strict=True):
            loop = compile_loop(name, dtype, width)
            found = list(measured(name, dtype, loop, tried(name, dtype, count, seed, span)))
            if not found:
                continue  # the interval lies outside the function's domain
            worst, where = max(found)
            mark = "" if worst <= allowed else "  MORE THAN STATED"
            print(
                f"{name:10} {dtype:8} {worst:7.3f} of {allowed:.1f} ({len(found)} points) at {where}{mark}",
                flush=True,
            )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(FUNCTIONS))
    parser.add_argument("--ulp", action="store_true")
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--markdown", action="store_true", help="for --ulp: a table for a page")
    parser.add_argument("--count", type=int, default=2000, help="numbers of each kind for --ulp")
    parser.add_argument("--seed", type=int, default=5, help="of the numbers for --ulp")
    parser.add_argument(
        "--span", type=float, nargs=2, help="for --ulp: evenly spread numbers of this interval"
    )
    options = parser.parse_args()
    if options.ulp and options.markdown:
        show_table(options.names, options.count, options.seed)
    elif options.ulp:
        show_errors(options.names, options.count, options.seed, options.span)
    else:
        show_speed(options.names, options.avx2)


if __name__ == "__main__":
    main()
