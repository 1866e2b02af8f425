"""Connectionist temporal classification against the sum over all paths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.nnet.ctc import ctc
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

X = TensorType("float32", (None, None, None))
LABELS, LENGTHS = TensorType("int32", (None, None)), TensorType("int32", (None,))


def spelt(path: tuple[int, ...]) -> list[int]:
    """What a path says: without repeats, then without blanks."""
    return [p for i, p in enumerate(path) if p != 0 and (i == 0 or path[i - 1] != p)]


def cost_by_enumeration(activations: np.ndarray, labels: list[int]) -> float:
    """Minus the logarithm of the probability that a path says `labels`."""
    e = np.exp(activations.astype("float64"))
    p = e / e.sum(axis=1, keepdims=True)
    steps, classes = p.shape
    paths = itertools.product(range(classes), repeat=steps)
    total = sum(np.prod([p[t, c] for t, c in enumerate(path)]) for path in paths if spelt(path) == labels)
    return float(-np.log(total))


@pytest.mark.parametrize("labels", [[1, 2], [1, 1], [2], []])
def test_cost_and_gradient(labels: list[int]) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(4, 2, 3)).astype("float32")
    padded = np.array([labels + [-1] * (2 - len(labels)), [2, -1]], "int32")
    lengths = np.array([4, 3], "int32")
    a, b, c = X(), LABELS(), LENGTHS()
    cost = ctc(a, b, c)
    run = function([a, b, c], [cost, grad(sum_of(cost), a)], mode="FAST_COMPILE")
    costs, slope = run(x, padded, lengths)
    np.testing.assert_allclose(costs[0], cost_by_enumeration(x[:, 0], labels), rtol=1e-5)
    np.testing.assert_allclose(costs[1], cost_by_enumeration(x[:3, 1], [2]), rtol=1e-5)
    step = rng.normal(size=x.shape)
    step[3, 1] = 0
    ends = [
        cost_by_enumeration(x[:, 0] + s * 1e-4 * step[:, 0], labels)
        + cost_by_enumeration(x[:3, 1] + s * 1e-4 * step[:3, 1], [2])
        for s in (1, -1)
    ]
    np.testing.assert_allclose((slope * step).sum(), (ends[0] - ends[1]) / 2e-4, rtol=1e-3, atol=1e-4)
    assert not slope[3, 1].any()


def test_labels_that_do_not_fit() -> None:
    a, b, c = X(), LABELS(), LENGTHS()
    run = function([a, b, c], ctc(a, b, c), mode="FAST_COMPILE")
    assert run(np.zeros((1, 1, 3), "float32"), np.array([[1, 2]], "int32"), np.array([1], "int32")) == np.inf
    with pytest.raises(ValueError, match="length 2 of example 0"):
        run(np.zeros((1, 1, 3), "float32"), np.array([[1]], "int32"), np.array([2], "int32"))
    with pytest.raises(TypeError, match="float32"):
        ctc(TensorType("float64", (None,) * 3)(), b, c)
