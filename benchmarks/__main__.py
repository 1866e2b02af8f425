"""Measures this machine: Croton beside what else is installed, in one run.

    python -m benchmarks [--peers PYTHON] [--original PYTHON] [--threads 1] [--only TEXT] [--rounds 7] [--long]

Each library works in a process of its own. The processes take turns, round by round, so that what disturbs the
machine disturbs all; a figure is the median of the rounds. Compare figures of one run only.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MODULES = {"jax": "jax", "torch": "torch", "torch.compile": "torch", "pytensor": "pytensor"}


def cases(long):
    """What is measured: name and case."""
    found = {}
    for n, shape in ((1, "a number"), (10, "10 numbers")):
        case = {"kind": "elementwise", "what": "double", "n": [] if n == 1 else n, "dtype": "float64"}
        found[f"call 2*x, {shape}"] = case
    sizes = (1_000, 10_000, 100_000, 1_000_000, 10_000_000) if long else (1_000, 100_000, 1_000_000)
    for what, text in (("sigmoid", "1/(1+exp(-x))"), ("mixed", "2x+3y²-√|z|")):
        for dtype in ("float32", "float64"):
            for n in sizes:
                found[f"{text}, {n:.0e}, {dtype}"] = {
                    "kind": "elementwise",
                    "what": what,
                    "n": n,
                    "dtype": dtype,
                }
    for name, layers in (
        ("logistic regression step", [784, 10]),
        ("784-500-10 network step", [784, 500, 10]),
    ):
        for dtype in ("float32", "float64"):
            found[f"{name}, {dtype}"] = {"kind": "training", "layers": layers, "dtype": dtype}
    return found


class Worker:
    """A process with one library."""

    def __init__(self, name, python, threads, cache):
        many = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"), str(threads)
        )
        flags = f"device=cpu,base_compiledir={cache}"
        if name == "theano":
            flags += ",blas.ldflags=-lopenblas"
        env = {**os.environ, **many, "THEANO_FLAGS": flags, "PYTENSOR_FLAGS": f"base_compiledir={cache}"}
        env["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'false' if threads == 1 else 'true'}"
        env["PYTHONPATH"] = str(HERE.parent / "src") if name == "croton" else ""
        self.process = subprocess.Popen(
            [python, "-W", "ignore", str(HERE / "worker.py"), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True,
        )  # fmt: skip
        self.imported = json.loads(self.process.stdout.readline() or '{"import": null}')["import"]

    def ask(self, **what):
        """One question, one answer."""
        try:
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')
        except OSError as error:
            return {"error": str(error)}

    def end(self):
        """Let it go."""
        self.process.stdin.close()
        self.process.wait()


def libraries(asked):
    """Names and interpreters of what is there."""
    found = {"croton": sys.executable, "numpy": sys.executable}
    for name, module in MODULES.items():
        if name == "torch.compile" and not asked.long:
            continue  # it takes half a minute per function
        for python in (asked.peers, sys.executable):
            if (
                python
                and not subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode
            ):
                found[name] = python
                break
    if asked.original:
        found["theano"] = asked.original
    return found


def measure(name, case, workers, rounds, budget):
    """Seconds per call of each library, and seconds to the first result."""
    first = {library: worker.ask(load=case) for library, worker in workers.items()}
    right = first["numpy"].get("check", 0.0)
    good = {}
    for library, answer in first.items():
        if "error" in answer:
            print(f"  {name}: {library}: {answer['error'].splitlines()[0]}", file=sys.stderr)
        elif abs(answer["check"] - right) > 1e-3 * max(abs(right), 1):
            print(f"  {name}: {library} gives {answer['check']}, NumPy {right}", file=sys.stderr)
        else:
            good[library] = []
    for _ in range(rounds):
        for library, times in good.items():
            times.append(workers[library].ask(run=budget)["best"])
    return {library: statistics.median(times) for library, times in good.items()}, first


_LABELS = {
    "cold": "compile network step, nothing cached",
    "warm": "compile network step, cached",
    "import cold": "import, with NumPy, nothing cached",
    "import warm": "import, with NumPy",
}


def compile_times(found, threads):
    """Seconds from the expression of a network step to its first result, cold and then again; and to import."""
    case = cases(False)["784-500-10 network step, float32"]
    table = {}
    for library, python in found.items():
        if library == "numpy":
            continue
        with tempfile.TemporaryDirectory() as cache:
            for which in ("cold", "warm"):
                worker = Worker(library, python, threads, cache)
                answer = worker.ask(load=case)
                worker.end()
                table.setdefault(which, {})[library] = answer.get("seconds")
                table.setdefault(f"import {which}", {})[library] = worker.imported
    return {_LABELS[which]: row for which, row in table.items()}


def shown(seconds):
    """A duration in a unit that fits."""
    if seconds is None:
        return "–"
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def row(name, times, names):
    """A line of the table: Croton's time, and of the others how many times that."""
    ours = times.get("croton")
    cells = [shown(ours)]
    for library in names:
        time = times.get(library)
        cells.append("–" if time is None or not ours else f"{time / ours:.2f}")
    return f"{name:42}{cells[0]:>10}" + "".join(f"{cell:>15}" for cell in cells[1:])


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="a Python with JAX, PyTorch or PyTensor, where this one has none")
    parser.add_argument("--original", help="a Python with the original Theano")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="measure only what has this text in its name")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--budget", type=float, default=0.1, help="seconds per round")
    parser.add_argument("--long", action="store_true", help="more sizes, and torch.compile")
    parser.add_argument("--json", help="write the seconds to this file too")
    asked = parser.parse_args()
    found = libraries(asked)
    others = [name for name in found if name != "croton"]
    print(f"{asked.threads} thread(s). Croton's time; for the others, how many times as long they take.\n")
    print(f"{'':42}{'croton':>10}" + "".join(f"{name:>15}" for name in others), flush=True)
    results = {}
    with tempfile.TemporaryDirectory() as cache:
        workers = {name: Worker(name, python, asked.threads, cache) for name, python in found.items()}
        for name, case in cases(asked.long).items():
            if asked.only in name:
                results[name], _ = measure(name, case, workers, asked.rounds, asked.budget)
                print(row(name, results[name], others), flush=True)
        for worker in workers.values():
            worker.end()
    if asked.only in "compile network step":
        for name, times in compile_times(found, asked.threads).items():
            results[name] = times
            print(row(name, times, others), flush=True)
    if asked.json:
        Path(asked.json).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
