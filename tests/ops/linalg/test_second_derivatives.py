"""Hessians through factors and solutions, as likelihoods with covariance matrices need them."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor import nlinalg, slinalg

Y = np.array([1.0, 2.0, 3.0])
COSTS = {
    "cholesky": lambda K: (slinalg.cholesky(K) ** 2 * np.arange(9).reshape(3, 3)).sum(),
    "upper": lambda K: slinalg.Cholesky(lower=False)(K).sum(),
    "lower": lambda K: (slinalg.solve_lower_triangular(slinalg.cholesky(K), Y) ** 2).sum(),
    "solve": lambda K: slinalg.solve(K, Y).sum(),
    "inverse": lambda K: nlinalg.matrix_inverse(K).sum(),
    "logdet": lambda K: T.log(nlinalg.det(K)),
    "eigh": lambda K: (nlinalg.eigh(K)[0] ** 3).sum(),
}


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
@pytest.mark.parametrize("name", COSTS)
def test_hessians(name: str, backend: str) -> None:
    v = T.dvector("v")
    cost = COSTS[name](T.diag(T.exp(v)) + T.outer(v, v))
    with theano.config.change_flags(backend=backend):
        slope, hessian = theano.function([v], T.grad(cost, v)), theano.function([v], T.hessian(cost, v))
    at, step = np.array([0.1, 0.5, -0.3]), 1e-5
    columns = [(slope(at + e) - slope(at - e)) / (2 * step) for e in step * np.eye(3)]
    np.testing.assert_allclose(hessian(at), np.stack(columns), rtol=1e-5, atol=1e-7)
