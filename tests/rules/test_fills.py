"""Numbers that are repeated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.arange(12.0).reshape(3, 4) / 7 - 0.5
ROW = np.array([1.0, -2.0, 3.0, 0.5])
A = np.array(1.75)
N = np.array(3)

CASES = [
    ("local_elemwise_alloc", lambda x, r, a, n: T.alloc(a, x.shape[0], x.shape[1]) * x, {"mul"}),
    ("local_elemwise_alloc", lambda x, r, a, n: T.alloc(r, x.shape[0], r.shape[0]) + T.exp(x), {"add", "exp"}),
    ("local_elemwise_alloc", lambda x, r, a, n: x.T / T.alloc(a, x.shape[1], x.shape[0]), {"true_div"}),
    ("local_elemwise_alloc", lambda x, r, a, n: T.maximum(T.alloc(a, 3, 4), T.specify_shape(x, (3, 4))),
     {"maximum", "SpecifyShape"}),
    ("local_alloc_unary", lambda x, r, a, n: T.exp(T.alloc(a, n, 2)), {"exp", "Alloc"}),
    ("local_alloc_unary", lambda x, r, a, n: 3 * T.alloc(a, n, 2), {"mul", "Alloc"}),
    ("local_dimshuffle_alloc", lambda x, r, a, n: T.alloc(a, n, 2).dimshuffle(1, "x", 0), {"Alloc"}),
    ("local_alloc_of_alloc", lambda x, r, a, n: T.alloc(T.alloc(a, n), 2, n), {"Alloc"}),
    ("local_canonicalize_alloc", lambda x, r, a, n: T.alloc(r.dimshuffle("x", 0), n, r.shape[0]), {"Alloc"}),
    ("local_canonicalize_alloc", lambda x, r, a, n: T.alloc(a, 1, 1), set()),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "build", "left"), CASES)
def test_repeated_numbers(fires: Any, ops: Any, rule: str, build: Any, left: set[str]) -> None:
    assert set(ops(fires(rule, build, X, ROW, A, N))) - {"DimShuffle", "Shape_i", "Stack"} <= left


def test_lengths_that_may_differ_are_checked() -> None:
    x, a, n = T.dmatrix("x"), T.dscalar("a"), T.lscalar("n")
    f = theano.function([x, a, n], T.alloc(a, n, x.shape[1]) + x)
    np.testing.assert_array_equal(f(X, 1.0, 3), X + 1)
    with pytest.raises(ValueError, match=r"3|5"):
        f(X, 1.0, 5)
