"""Make the polynomial coefficients of croton.backends.cpu.vecmath (file `coefficients.py`).

Run:      python tools/minimax.py            writes the file anew
          python tools/minimax.py sin erf    shows the fits whose name starts so, writes nothing

Method:   weighted minimax fit by the exchange algorithm of Remez on a dense Chebyshev grid, in 60-digit arithmetic.
          The coefficients are rounded to the target format one after the other, lowest power first, and the
          remaining ones fitted anew after each of the first few roundings, so that later coefficients absorb the
          rounding of earlier ones.
Source:   E. W. Cheney, Introduction to Approximation Theory, ch. 3 (exchange algorithm); the functions themselves
          are mpmath's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import mpmath as mp
import numpy as np

mp.mp.dps = 60
Real = mp.mpf
Function = Callable[[Real], Real]

TARGET = Path(__file__).parents[1] / "src/croton/backends/cpu/vecmath/coefficients.py"


@dataclass(frozen=True, slots=True)
class Fit:
    """Approximate `f` on `interval` by a polynomial: minimise the largest |weight (polynomial - f)|.

    `degrees` are those for float64 and float32 (None: that format does without). `refits` is how many of the lowest
    coefficients are rounded before a last fit (none for variables that run over [-1, 1] or so). `says` is the
    formula, for the comment in the written file.
    """

    name: str
    says: str
    f: Function
    interval: tuple[Real | float, Real | float]
    degrees: tuple[int | None, int | None]
    weight: Function = lambda z: mp.mpf(1)
    refits: int = 4


def chebyshev_grid(low: Real, high: Real, count: int) -> list[Real]:
    """Points of [low, high], denser towards the ends."""
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    return [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def horner(coefficients: Sequence[Real], z: Real) -> Real:
    """The polynomial's value, lowest power first."""
    total = mp.mpf(0)
    for c in reversed(coefficients):
        total = total * z + c
    return total


def extrema(errors: Sequence[Real], count: int) -> list[int]:
    """Indices of `count` alternating extrema of the sampled error, the largest ones."""
    runs: list[int] = []
    for i, error in enumerate(errors):
        if runs and (errors[runs[-1]] > 0) == (error > 0):
            if abs(error) > abs(errors[runs[-1]]):
                runs[-1] = i
        else:
            runs.append(i)
    while len(runs) > count:
        runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
    return runs


def remez(grid: Sequence[Real], values: Sequence[Real], weights: Sequence[Real], n: int) -> list[Real]:
    """The n coefficients of the weighted minimax fit of `values`."""
    # Chebyshev extrema as the first reference
    chosen = [round((len(grid) - 1) * k / n) for k in range(n + 1)]
    rows = [[z**p for p in range(n)] for z in grid]
    best: list[Real] = []
    least = mp.inf
    for _ in range(40):
        system, right = mp.matrix(n + 1, n + 1), mp.matrix(n + 1, 1)
        for k, i in enumerate(chosen):
            for column in range(n):
                system[k, column] = rows[i][column]
            system[k, n] = (-1) ** k / weights[i]
            right[k] = values[i]
        solution = mp.lu_solve(system, right)
        coefficients = [solution[k] for k in range(n)]
        errors = [
            w * (mp.fdot(zip(coefficients, row, strict=True)) - v)
            for w, row, v in zip(weights, rows, values, strict=True)
        ]
        largest = max(abs(e) for e in errors)
        if largest < least:
            best, least = coefficients, largest
        found = extrema(errors, n + 1)
        if len(found) < n + 1 or largest <= abs(solution[n]) * mp.mpf("1.001"):
            break
        chosen = found
    return best


def rounded(c: Real, dtype: str) -> Real:
    """The nearest number of the format."""
    with mp.workprec(53 if dtype == "float64" else 24):
        return +c


def fit(task: Fit, degree: int, dtype: str) -> tuple[list[Real], Real]:
    """Rounded coefficients and the largest weighted error with them."""
    low, high = mp.mpf(task.interval[0]), mp.mpf(task.interval[1])
    grid = chebyshev_grid(low, high, 24 * (degree + 2))
    values = [task.f(z) for z in grid]
    weights = [abs(task.weight(z)) for z in grid]
    done: list[Real] = []
    refits = task.refits
    while len(done) <= degree:
        # what is left, divided by the power that is to come: powers alone are no Haar system around zero
        k = len(done)
        rest = [(v - horner(done, z)) / z**k for z, v in zip(grid, values, strict=True)]
        scaled = [w * abs(z) ** k for z, w in zip(grid, weights, strict=True)]
        # around a zero of the weight hardly anything is asked: the reference may not rest there
        floor, close = max(scaled) / 10_000, max(abs(z) for z in grid) / 20
        heard = [i for i, w in enumerate(scaled) if w > floor or abs(grid[i]) > close]
        free = remez(
            [grid[i] for i in heard], [rest[i] for i in heard], [scaled[i] for i in heard], degree + 1 - k
        )
        keep = 1 if refits > 0 else len(free)
        refits -= 1
        done += [rounded(c, dtype) for c in free[:keep]]
    done = polished(done, grid, values, weights, dtype)
    worst = max(w * abs(horner(done, z) - v) for w, v, z in zip(weights, values, grid, strict=True))
    return done, worst


def polished(
    start: Sequence[Real], grid: Sequence[Real], values: Sequence[Real], weights: Sequence[Real], dtype: str
) -> list[Real]:
    """Move one or two coefficients at a time by a unit in the last place, as long as the largest error shrinks."""
    done = list(start)
    step = [mp.mpf(float(abs(np.spacing(np.dtype(dtype).type(float(c)))))) for c in done]
    points = list(zip(grid, values, weights, strict=True))
    errors = np.array([float(w * (horner(done, z) - v)) for z, v, w in points])
    ups = np.array([[float(w * z**k * step[k]) for z, _, w in points] for k in range(len(done))])
    moves = np.concatenate([ups, -ups, np.zeros_like(ups[:1])])
    while True:
        best, chosen = np.abs(errors).max() * (1 - 1e-6), (-1, -1)
        for first, move in enumerate(moves):
            found = np.abs(errors + move + moves).max(axis=1)
            second = int(found.argmin())
            if found[second] < best:
                best, chosen = found[second], (first, second)
        if chosen[0] < 0:
            return done
        for which in chosen:
            errors = errors + moves[which]
            if which < 2 * len(done):
                k = which % len(done)
                done[k] += step[k] if which < len(done) else -step[k]


def text(number: Real, dtype: str) -> str:
    """Shortest decimal text that reads back as the same number of the format."""
    if dtype == "float64":
        return repr(float(number))
    return repr(float(str(np.float32(float(number)))))


@dataclass(frozen=True, slots=True)
class Parts:
    """A constant as a sum of numbers of the format. All but the last keep `bits` bits (None: all)."""

    name: str
    says: str
    value: Real
    bits: tuple[int | None, int | None] = (None, None)
    count: int = 2


def split(task: Parts, bits: int | None, dtype: str) -> list[Real]:
    """The parts, largest first."""
    parts: list[Real] = []
    for i in range(task.count):
        with mp.workprec(1000):
            rest = task.value - mp.fsum(parts)
        if bits is None or i == task.count - 1:
            parts.append(rounded(rest, dtype))
        else:
            with mp.workprec(bits):
                parts.append(+rest)
    return parts


def written(task: Fit | Parts) -> str:
    """The task's rows in the coefficient file."""
    lines = [f"# source: tools/minimax.py: {task.says}", f"{task.name}: Table = {{"]
    for i, dtype in enumerate(("float64", "float32")):
        if isinstance(task, Parts):
            numbers = split(task, task.bits[i], dtype)
        else:
            degree = task.degrees[i]
            if degree is None:
                continue
            numbers, worst = fit(task, degree, dtype)
            low, high = (float(end) for end in task.interval)
            lines.append(f"    # error 2^{float(mp.log(worst, 2)):.1f} on [{low:.6g}, {high:.6g}]")
        lines.append(f'    "{dtype}": (')
        lines += wrap(
            ", ".join(text(c, dtype) for c in numbers) + ",",
            98,
            initial_indent=" " * 8,
            subsequent_indent=" " * 8,
        )
        lines.append("    ),")
    return "\n".join([*lines, "}"])


def main(prefixes: Sequence[str]) -> None:
    """Write the coefficient file, or show some fits."""
    from minimax_tasks import TASKS

    chosen = [t for t in TASKS if not prefixes or any(t.name.lower().startswith(p.lower()) for p in prefixes)]
    blocks = [written(task) for task in chosen]
    if prefixes:
        print("\n\n".join(blocks))
        return
    head = '''"""Polynomial coefficients, lowest power first, and constants in parts.

Made by tools/minimax.py, not by hand.
"""

# fmt: off

from __future__ import annotations

Table = dict[str, tuple[float, ...]]

'''
    TARGET.write_text(head + "\n\n".join(blocks) + "\n")


if __name__ == "__main__":
    import minimax  # the module that minimax_tasks sees, not a second copy under the name __main__

    minimax.main(sys.argv[1:])
