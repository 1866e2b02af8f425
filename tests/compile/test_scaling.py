"""What a compile takes is in proportion to the graph, in calls of Python's: times would depend on the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

Program = tuple[list[Any], Any, list[tuple[Any, Any]]]

FEW, MANY = 12, 36


def _residual(n: int) -> Program:
    x = T.matrix("x")
    h: Any = x
    weights = [theano.shared(np.eye(4) * 0.1) for _ in range(n)]
    for w in weights:
        h = h + T.tanh(T.dot(h, w))
    gradients = T.grad(T.sqr(h).mean(), weights)
    return [x], h, [(w, w - 0.1 * g) for w, g in zip(weights, gradients, strict=True)]


def _recurrence(n: int) -> Program:
    """Steps that share their weights: the gradient is a sum of as many terms."""
    x, w = T.matrix("x"), theano.shared(np.eye(4))
    h: Any = x
    for _ in range(n):
        h = T.tanh(T.dot(h, w))
    return [x], T.grad(h.sum(), w), []


def _numbers(n: int) -> Program:
    x = T.scalar("x")
    y: Any = x
    for _ in range(n):
        y = T.sin(y) * x
    return [x], T.grad(y, x), []


def _sum(n: int) -> Program:
    x = T.vector("x")
    return [x], T.add(*[T.sqrt(x + float(k)) for k in range(n)]), []


def _choices(n: int) -> Program:
    x = T.vector("x")
    y: Any = x
    for k in range(n):
        y = T.switch(x > float(k), y, x * float(k))
    return [x], y, []


def _parts(n: int) -> Program:
    x = T.vector("x")
    y: Any = x
    for k in range(n):
        y = T.inc_subtensor(y[1:][k % 7], x[3])
    return [x], y, []


def _joins(n: int) -> Program:
    x = T.vector("x")
    y: Any = x
    for k in range(n):
        y = T.join(0, y[1:], x[k % 3 : k % 3 + 1])
    return [x], y, []


def _shapes(n: int) -> Program:
    x = T.matrix("x")
    y: Any = x
    for _ in range(n):
        y = (y.dimshuffle(1, 0).reshape((-1,)) + 1.0).reshape((3, -1))
    return [x], y, []


def _outputs(n: int) -> Program:
    x = T.matrix("x")
    return [x], [(x * float(k)).sum(axis=0) for k in range(n)], []


def _counters(n: int) -> Program:
    counters = [theano.shared(np.zeros(3)) for _ in range(n)]
    return [], [], [(c, c * 0.9 + 1) for c in counters]


def _calls(build: Callable[[int], Program], n: int) -> int:
    inputs, out, updates = build(n)
    mode = theano.Mode("cpu", "fast_run")
    count = 0

    def counting(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        theano.function(inputs, out, updates=updates, mode=mode)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "build",
    [
        _residual,
        _recurrence,
        _numbers,
        _sum,
        _choices,
        _parts,
        _joins,
        _shapes,
        _outputs,
        _counters,
    ],
)
def test_compiling_is_linear_in_the_graph(build: Callable[[int], Program]) -> None:
    _calls(build, 3)
    assert _calls(build, MANY) < 1.25 * MANY / FEW * _calls(build, FEW)
