"""Processes that take turns: each has one library, or one version of one, and answers what it is asked."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import arrays, recurrent

HERE = Path(__file__).parent


def cases(long=False):
    """What is measured: name and case."""
    found = {}
    for n, shape in (([], "a number"), (10, "10 numbers")):
        found[f"call 2*x, {shape}"] = {"kind": "elementwise", "what": "double", "n": n, "dtype": "float64"}
    sizes = (1_000, 10_000, 100_000, 1_000_000, 10_000_000) if long else (1_000, 1_000_000)
    for what, text, extra in (
        ("sigmoid", "1/(1+exp(-x))", {}),
        ("mixed", "2x+3y²-√|z|", {}),
        ("options", "Black-Scholes", {"range": (1, 50)}),
        ("chain", "10 tanh", {}),
    ):
        for dtype in ("float32", "float64"):
            for n in sizes:
                case = {"kind": "elementwise", "what": what, "n": n, "dtype": dtype, **extra}
                found[f"{text}, {n:.0e}, {dtype}"] = case
    for what in (
        "sum of squares", "sum of rows", "sum of columns", "variance of rows", "logsumexp of rows",
    ):  # fmt: skip
        for dtype in ("float32", "float64"):
            case = {"kind": "elementwise", "what": what, "n": [1000, 1000], "dtype": dtype}
            found[f"{what}, 1000 x 1000, {dtype}"] = case
    return {**found, **_draws(), **_trainings(), **_gradients(), **arrays.cases(long), **recurrent.cases()}


def _draws():
    found = {}
    for what in ("uniform", "normal", "dropout"):
        for dtype in ("float32", "float64"):
            found[f"random: {what}, 1e+06, {dtype}"] = {
                "kind": "random",
                "what": what,
                "n": 1_000_000,
                "dtype": dtype,
            }
    return found


NETWORK = {"kind": "training", "model": "classes", "layers": [784, 500, 10], "batch": 128, "dtype": "float32"}


def _trainings():
    found = {}
    for dtype in ("float32", "float64"):
        base = {**NETWORK, "dtype": dtype}
        deep = {**base, "layers": [784, 256, 256, 256, 256, 10], "optimiser": "adam", "rate": 1e-3}
        coder = {"kind": "training", "model": "autoencoder", "batch": 20, "dtype": dtype}
        found[f"step: logistic regression, batch 600, {dtype}"] = {**base, "layers": [784, 10], "batch": 600}
        found[f"step: 784-500-10 network, batch 20, {dtype}"] = {**base, "batch": 20}
        found[f"step: 784-500-10 network, batch 128, {dtype}"] = base
        found[f"step: five layers, Adam, batch 128, {dtype}"] = deep
        found[f"step: denoising autoencoder, batch 20, {dtype}"] = coder
    return found


def _gradients():
    texts = {
        "hierarchical": "gradient: hierarchical regression",
        "mixture": "gradient: mixture of normals, 10 000 points",
        "gaussian process": "gradient: Gaussian process, 200 points",
    }
    return {text: {"kind": "gradient", "model": model, "dtype": "float64"} for model, text in texts.items()}


class Worker:
    """A process with one library."""

    def __init__(self, name, python, threads, cache, source=HERE.parent / "src"):
        many = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"), str(threads)
        )
        flags = f"device=cpu,base_compiledir={cache}"
        if name == "theano":
            flags += ",blas.ldflags=-lopenblas"
        env = {**os.environ, **many, "THEANO_FLAGS": flags, "PYTENSOR_FLAGS": f"base_compiledir={cache}"}
        env["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'false' if threads == 1 else 'true'}"
        env["PYTHONPATH"] = str(source) if name == "croton" else ""
        self.process = subprocess.Popen(
            [python, "-W", "ignore", str(HERE / "worker.py"), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True,
        )  # fmt: skip
        hello = json.loads(self.process.stdout.readline() or "{}")
        self.imported, self.version = hello.get("import"), hello.get("version")

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


def measure(name, case, workers, rounds, budget, cpu=False):
    """Seconds per call of each library that can do the case and agrees with NumPy, or with most of the others."""
    first = {library: worker.ask(load=case) for library, worker in workers.items()}
    checks = [answer["check"] for answer in first.values() if "check" in answer]
    right = first.get("numpy", {}).get("check", statistics.median_low(checks) if checks else 0.0)
    good = {}
    for library, answer in first.items():
        if "error" in answer:
            if library != "numpy":
                print(f"  {name}: {library}: {answer['error'].splitlines()[0]}", file=sys.stderr)
        elif abs(answer["check"] - right) > 1e-3 * max(abs(right), 1):
            print(f"  {name}: {library} gives {answer['check']}, not {right}", file=sys.stderr)
        else:
            good[library] = []
    order = list(good)
    for _ in range(rounds):
        order = order[1:] + order[:1]
        for library in list(order):
            answer = workers[library].ask(run=budget, cpu=cpu)
            if "best" in answer:
                good[library].append(answer["best"])
                continue
            print(f"  {name}: {library}: {answer['error'].splitlines()[0]}", file=sys.stderr)
            order.remove(library)
            del good[library]
    return {library: statistics.median(times) for library, times in good.items()}


def geometric_mean(ratios):
    """Of one number at least."""
    return statistics.geometric_mean(ratios)
