"""Products with chosen blocks against loops over them."""

from __future__ import annotations

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.nnet.blocksparse import sparse_block_dot, sparse_block_outer
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(9)
W = RNG.normal(size=(3, 4, 2, 5))
H = RNG.normal(size=(2, 2, 2))
B = RNG.normal(size=(4, 5))
INTO = np.array([[0, 2], [1, 1]])
OUT = np.array([[3, 0, 1], [2, 2, 0]])


def by_loops(w: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The product, block by block."""
    made = B[OUT].copy()
    for n in range(2):
        for j in range(3):
            for i in range(2):
                made[n, j] += h[n, i] @ w[INTO[n, i], OUT[n, j]]
    return made


def test_product_and_gradient() -> None:
    w, h = TensorType("float64", (None,) * 4)(), TensorType("float64", (None,) * 3)()
    made = sparse_block_dot(w, h, INTO, B, OUT)
    weights = RNG.normal(size=(2, 3, 5))
    run = function([w, h], [made, *grad(sum_of(made * weights), [w, h])], mode="FAST_COMPILE")
    value, dw, dh = run(W, H)
    np.testing.assert_allclose(value, by_loops(W, H))
    for a, d, other in ((W, dw, lambda x: by_loops(x, H)), (H, dh, lambda x: by_loops(W, x))):
        step = RNG.normal(size=a.shape)
        expected = ((other(a + step) - other(a)) * weights).sum()
        np.testing.assert_allclose((d * step).sum(), expected)


def test_one_example_without_a_batch() -> None:
    w, h = TensorType("float64", (None,) * 4)(), TensorType("float64", (None, None))()
    made = function([w, h], sparse_block_dot(w, h, INTO[0], B, OUT[0]), mode="FAST_COMPILE")(W, H[0])
    np.testing.assert_allclose(made, by_loops(W, H)[:1])


def test_outer_products_are_added_to_blocks() -> None:
    o, x, y = (TensorType("float64", (None,) * n)() for n in (4, 3, 3))
    Y = RNG.normal(size=(2, 3, 5))
    made = function([o, x, y], sparse_block_outer(o, x, y, INTO, OUT, 0.5), mode="FAST_COMPILE")(W, H, Y)
    expected = W.copy()
    for n in range(2):
        for i in range(2):
            for j in range(3):
                expected[INTO[n, i], OUT[n, j]] += 0.5 * np.outer(H[n, i], Y[n, j])
    np.testing.assert_allclose(made, expected)
    with pytest.raises(TypeError, match="4 axes"):
        sparse_block_outer(x, x, y, INTO, OUT)
