"""Compile times by the size of the graph, with the exponent by which they grow.

    python -m benchmarks.compiling [--backend cpu|numpy] [--only TEXT] [--rounds 3]
    THEANO_FLAGS=base_compiledir=$(mktemp -d) python -m benchmarks.compiling --rounds 1     nothing cached

A chain of elementwise operations, a network of residual layers with its gradients and updates, a plain network with
its gradients, a function of many outputs, and a training step. Times are CPU seconds of this process, all its threads
together, from the expression to the function, the best of several rounds. The exponent is the slope of a line through
the logarithms: 1 is time in proportion to the graph.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import theano
import theano.tensor as T

Program = tuple[list[Any], Any, list[tuple[Any, Any]]]


def chain(n: int) -> Program:
    """n elementwise operations, one after the other."""
    x = T.vector("x")
    steps = (T.tanh, lambda v: v * 1.1, lambda v: v + x, T.exp, lambda v: v - 2)
    y: Any = x
    for at in range(n):
        y = steps[at % len(steps)](y)
    return [x], y, []


def _layers(n: int) -> list[tuple[Any, Any]]:
    return [(theano.shared(np.eye(4) * 0.1), theano.shared(np.zeros(4))) for _ in range(n)]


def residual(n: int) -> Program:
    """A step of gradient descent for n residual layers."""
    x = T.matrix("x")
    h: Any = x
    layers = _layers(n)
    for w, b in layers:
        h = h + T.tanh(T.dot(h, w) + b)
    cost = T.sqr(h).mean()
    weights = [v for layer in layers for v in layer]
    return [x], cost, [(w, w - 0.1 * g) for w, g in zip(weights, T.grad(cost, weights), strict=True)]


def network(n: int) -> Program:
    """The gradients of n plain layers."""
    x = T.matrix("x")
    h: Any = x
    layers = _layers(n)
    for w, b in layers:
        h = T.tanh(T.dot(h, w) + b)
    return [x], T.grad(T.sqr(h).mean(), [v for layer in layers for v in layer]), []


def step(n: int) -> Program:
    """A step of gradient descent for n hidden layers of 500 units that read digits."""
    x, y = T.fmatrix("x"), T.lvector("y")
    sizes = [784, *[500] * n, 10]
    weights = [
        (theano.shared(np.zeros((a, b), "float32")), theano.shared(np.zeros(b, "float32")))
        for a, b in pairwise(sizes)
    ]
    h: Any = x
    for w, b in weights[:-1]:
        h = T.tanh(T.dot(h, w) + b)
    w, b = weights[-1]
    cost = T.nnet.categorical_crossentropy(T.nnet.softmax(T.dot(h, w) + b), y).mean()
    parameters = [v for layer in weights for v in layer]
    updates = [
        (v, v - np.float32(0.1) * g) for v, g in zip(parameters, T.grad(cost, parameters), strict=True)
    ]
    return [x, y], cost, updates


def outputs(n: int) -> Program:
    """n sums of a matrix."""
    x = T.matrix("x")
    return [x], [T.tanh(x * at).sum() for at in range(n)], []


WORKLOADS: dict[str, tuple[Callable[[int], Program], tuple[int, ...]]] = {
    "chain": (chain, (60, 125, 250, 500)),
    "residual": (residual, (30, 60, 120, 300)),
    "network": (network, (12, 25, 50)),
    "outputs": (outputs, (75, 150, 300)),
    "step": (step, (1, 2, 4)),
}


def seconds(build: Callable[[int], Program], n: int, mode: Any, rounds: int) -> float:
    """The least CPU time of several compiles."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        inputs, out, updates = build(n)
        theano.function(inputs, out, updates=updates, mode=mode)
        best = min(best, time.process_time() - begin)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    mode = theano.Mode(asked.backend, "fast_run")
    theano.function([], T.constant(1.0) + theano.shared(2.0), mode=mode)()
    for name, (build, sizes) in WORKLOADS.items():
        if asked.only not in name:
            continue
        found = [seconds(build, n, mode, asked.rounds) for n in sizes]
        slope = np.polyfit(np.log(sizes), np.log(found), 1)[0]
        row = "  ".join(f"{n:4}: {1e3 * s:6.0f} ms" for n, s in zip(sizes, found, strict=True))
        print(f"{name:10} {row}   exponent {slope:.2f}", flush=True)


if __name__ == "__main__":
    main()
