"""How much memory the work of functions takes: Croton beside what else is installed.

    python -m benchmarks.memory [--peers PYTHON] [--without NAMES] [--only TEXT] [--threads 1] [--markdown FILE]

Each library does each case in a process of its own. A figure is the most memory that the process held while a function
was called several times, over what it held after a function of one number had been compiled and called: so the
library's own code is not in it, but the arrays that are given and kept are. That code has a row of its own. Linux only.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.__main__ import libraries
from benchmarks.rounds import NETWORK, Worker

CALLS = 4


def cases():
    """What is measured, large enough that arrays are most of it: name and case."""
    many = {"n": 10_000_000, "dtype": "float64"}
    network = {**NETWORK, "batch": 4096}
    layers = [784, 1024, 1024, 1024, 1024, 10]
    loop = {"kind": "recurrent", "hidden": 256, "batch": 64}
    found = {
        "10 tanh of 1e7 numbers": _values("chain", 10_000_000),
        "Black-Scholes, 1e7 numbers": _values("options", 10_000_000, range=(1, 50)),
        "sum of squares, 1e7 numbers": _values("sum of squares", [1000, 10_000]),
        "ten functions of 1e7 numbers, gradient": {"model": "deep", **many},
        "logistic loss of 1e7 numbers, gradient": {"model": "logistic", **many},
        "mixture of normals, 1e6 points, gradient": {**many, "model": "mixture", "n": 1_000_000},
        "Gaussian process, 2000 points, gradient": {**many, "model": "gaussian process", "n": 2000},
        "step: logistic regression, batch 40 000": {**network, "layers": [784, 10], "batch": 40_000},
        "step: 784-500-10 network, batch 4096": network,
        "step: 784-500-10 network, batch 4096, float64": {**network, "dtype": "float64"},
        "step: five layers of 1024, Adam, batch 1024": {
            **network, "layers": layers, "batch": 1024, "optimiser": "adam", "rate": 1e-3,
        },
        "step: denoising autoencoder, batch 4096": {**network, "model": "autoencoder"},
        "LSTM of 256 units, 100 steps, batch 64, gradient": {**loop, "what": "LSTM"},
        "GRU of 256 units, 100 steps, batch 64, gradient": {**loop, "what": "GRU"},
    }  # fmt: skip
    return {name: {"kind": "gradient", **case} for name, case in found.items()}


def _values(what, n, **more):
    return {"kind": "elementwise", "what": what, "n": n, "dtype": "float64", **more}


def peak(library, python, threads, case=None):
    """Bytes that the calls of a case take, or why it could not be done; without a case, those of the library."""
    with tempfile.TemporaryDirectory() as cache:
        worker = Worker(library, python, threads, cache)
        try:
            first = worker.ask(load=_values("double", []))
            before = first if "error" in first else worker.ask(memory=1)
            if case is None:
                return before.get("error") or before["held"]
            loaded = before if "error" in before else worker.ask(load=case)
            after = loaded if "error" in loaded else worker.ask(memory=CALLS)
        finally:
            worker.end()
    return after.get("error") or after["peak"] - before["held"]


def shown(found):
    """A figure as the table shows it: megabytes, or nothing."""
    return "–" if isinstance(found, str) else f"{found / 1e6:.0f} MB"


def arguments():
    """What was asked on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="a Python with JAX, PyTorch or PyTensor, where this one has none")
    parser.add_argument("--original", help="a Python with the original Theano")
    parser.add_argument("--without", default="", help="libraries to leave out, with commas")
    parser.add_argument("--only", default="", help="measure only what has this text in its name")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--markdown", help="write the table to this file too, as a page shows it")
    parser.set_defaults(long=False)
    return parser.parse_args()


def main():
    """Measure and print."""
    asked = arguments()
    found = libraries(asked)
    lines = [f"| | {' | '.join(found)} |", "|---|" + "---:|" * len(found)]
    print(f"{'':56}" + "".join(f"{library:>12}" for library in found))
    for name, case in {"library, and a function of one number": None, **cases()}.items():
        if asked.only not in name:
            continue
        row = [shown(peak(library, python, asked.threads, case)) for library, python in found.items()]
        print(f"{name:56}" + "".join(f"{figure:>12}" for figure in row), flush=True)
        lines.append(f"| {name} | {' | '.join(row)} |")
    if asked.markdown:
        Path(asked.markdown).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
