"""Products of vectors and matrices without detours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.arange(12.0).reshape(3, 4) / 7 - 0.5
Y = np.arange(20.0).reshape(4, 5) / 3 - 2
Z = np.ones((3, 5))
V = np.array([1.0, -2.0, 3.0, 0.5])
B = np.arange(6.0).reshape(2, 3)

CASES = [
    ("local_dot_scaled", lambda x, y, z, v: T.dot(2 * x, y), {"Dot", "mul"}),
    ("local_dot_scaled", lambda x, y, z, v: T.dot(x, -y), {"Dot", "neg"}),
    ("local_dot_scaled", lambda x, y, z, v: T.dot(x / v[0], v), {"Dot", "true_div"}),
    ("local_dot_to_gemm", lambda x, y, z, v: z + 3 * T.dot(x, y), {"Gemm"}),
    ("local_dot_to_gemm", lambda x, y, z, v: 2 * z - T.dot(3 * x, y), {"Gemm"}),
    ("local_dot_to_gemm", lambda x, y, z, v: z[:, 0] + T.dot(x, v), {"Gemv"}),
    ("local_0_dot_x", lambda x, y, z, v: T.dot(x, T.zeros_like(y)), {"Alloc"}),
    ("local_0_dot_x", lambda x, y, z, v: T.dot(T.zeros_like(v), v), set()),
    ("local_dot_outer", lambda x, y, z, v: T.dot(v.dimshuffle(0, "x"), v.dimshuffle("x", 0)), {"mul"}),
    ("local_dot_of_filled", lambda x, y, z, v: T.dot(T.fill(T.dot(x, y), 2.0), y.T), {"Sum", "mul", "Alloc"}),
    (
        "local_dot_of_filled",
        lambda x, y, z, v: T.dot(x, T.alloc(v[0], x.shape[1], 2)),
        {"Sum", "mul", "Alloc"},
    ),
    ("local_dot_of_filled", lambda x, y, z, v: T.dot(T.ones_like(v), v), {"Sum"}),
    ("local_dot_of_filled", lambda x, y, z, v: T.dot(x, T.alloc(v[0], x.shape[1])), {"Sum", "mul"}),
    ("local_sum_of_dot", lambda x, y, z, v: T.dot(x, y).sum(), {"Sum", "Dot"}),
    ("local_sum_of_dot", lambda x, y, z, v: T.dot(x, y).sum(axis=0), {"Sum", "Dot"}),
    ("local_sum_of_dot", lambda x, y, z, v: T.dot(x, y).sum(axis=1), {"Sum", "Dot"}),
    ("local_sum_of_dot", lambda x, y, z, v: T.dot(x, v).sum(), {"Sum", "Dot"}),
    ("local_dot_chain", lambda x, y, z, v: T.dot(T.dot(z, y.T), v), {"Dot"}),
    ("local_dot_chain", lambda x, y, z, v: T.dot(v, T.dot(y, z.T)), {"Dot"}),
    ("local_lift_transpose_through_dot", lambda x, y, z, v: T.dot(x, y).T, {"Dot"}),
]


@pytest.mark.parametrize(("rule", "build", "left"), CASES)
def test_products(fires: Any, ops: Any, rule: str, build: Any, left: set[str]) -> None:
    names = set(ops(fires(rule, build, X, Y, Z, V, rtol=1e-12)))
    assert names - {"DimShuffle", "Subtensor", "Shape_i"} <= left


def test_pairs_of_a_batch(fires: Any, ops: Any) -> None:
    made = fires(
        "local_batched_dot_outer",
        lambda b: T.batched_dot(b.dimshuffle(0, 1, "x"), T.exp(b).dimshuffle(0, "x", 1)), B,
    )  # fmt: skip
    assert "BatchedDot" not in ops(made)
    b, c = T.dmatrices("b", "c")
    f = theano.function([b, c], T.batched_dot(b.dimshuffle(0, 1, "x"), c.dimshuffle(0, "x", 1)))
    with pytest.raises(ValueError, match=r"batch|differ|mismatch"):
        f(B, np.ones((3, 4)))


def test_products_of_complex_vectors() -> None:
    x = T.zvector("x")
    f = theano.function([x], T.dot(2 * x, x))
    np.testing.assert_allclose(f(V + 1j * V[::-1]), 2 * (V + 1j * V[::-1]) @ (V + 1j * V[::-1]))


def test_chains_begin_at_the_vector(ops: Any) -> None:
    x, y, v = T.dmatrix("x"), T.dmatrix("y"), T.dvector("v")
    for out in (T.dot(T.dot(x, y), v), T.dot(v, T.dot(y.T, x.T))):
        f = theano.function([x, y, v], out)
        assert all(
            node.outputs[0].type.ndim == 1 for node in f.maker.fgraph.toposort() if "dot" in str(node.op)
        )


def test_products_with_one_number_check_their_lengths() -> None:
    x, n = T.dmatrix("x"), T.lscalar("n")
    f = theano.function([x, n], T.dot(x, T.alloc(2.0, n)))
    with pytest.raises(ValueError, match="4"):
        f(X, 5)
