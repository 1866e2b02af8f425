"""Products of matrices take in what is added to them."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.blas import Gemm, Gemv


def products(f):
    """The names of the operations that multiply matrices, in order."""
    names = [type(node.op).__name__ for node in f.maker.fgraph.toposort()]
    return [name for name in names if name in ("Dot", "Gemm", "Gemv")]


@pytest.fixture
def matrices():
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape) for shape in ((4, 5), (4, 3), (3, 5), (4, 2), (2, 5))]


def test_one_product_after_the_other_is_added(matrices):
    z, a, b, c, d = T.dmatrices("z", "a", "b", "c", "d")
    f = theano.function([z, a, b, c, d], z - 0.5 * (T.dot(a, b) + T.dot(c, d)), mode="FAST_RUN")
    assert products(f) == ["Gemm", "Gemm"]
    Z, A, B, C, D = matrices
    np.testing.assert_allclose(f(Z, A, B, C, D), Z - 0.5 * (A @ B + C @ D))


def test_products_alone_are_added_to_the_first(matrices):
    a, b, c, d = T.dmatrices("a", "b", "c", "d")
    f = theano.function([a, b, c, d], T.dot(a, b) - 2 * T.dot(c, d), mode="FAST_RUN")
    assert products(f) == ["Dot", "Gemm"]
    _, A, B, C, D = matrices
    np.testing.assert_allclose(f(A, B, C, D), A @ B - 2 * C @ D)


def test_vectors_too(matrices):
    y, x, v = T.dvectors("y", "x", "v")
    a, c = T.dmatrices("a", "c")
    f = theano.function([y, a, x, c, v], 2 * y + T.dot(a, x) + T.dot(c, v), mode="FAST_RUN")
    assert products(f) == ["Gemv", "Gemv"]
    Z, A, B, C, D = matrices
    np.testing.assert_allclose(f(Z[:, 0], A, B[:, 0], C, D[:, 0]), 2 * Z[:, 0] + A @ B[:, 0] + C @ D[:, 0])


def test_a_product_that_is_read_elsewhere_stays(matrices):
    z, a, b = T.dmatrices("z", "a", "b")
    product = T.dot(a, b)
    f = theano.function([z, a, b], [z - product, product.sum()], mode="FAST_RUN")
    assert not any(isinstance(node.op, (Gemm, Gemv)) for node in f.maker.fgraph.toposort())
    Z, A, B, _, _ = matrices
    np.testing.assert_allclose(f(Z, A, B)[0], Z - A @ B)
