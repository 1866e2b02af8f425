"""What is put one behind the other, and cut again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.arange(6.0).reshape(2, 3)
U = np.array([1.0, -2.0, 3.0])
V = np.array([0.5, 4.0])

CASES = [
    ("local_join_join", lambda x, u, v: T.concatenate([T.concatenate([u, v]), u]), {"Join"}),
    ("local_join_join", lambda x, u, v: T.join(1, x, T.join(1, x, 2 * x)), {"Join", "mul"}),
    ("local_join_empty", lambda x, u, v: T.concatenate([u, np.zeros(0), v]), {"Join"}),
    ("local_join_empty", lambda x, u, v: T.concatenate([u, np.zeros(0)]), set()),
    ("local_join_make_vector", lambda x, u, v: T.concatenate([T.stack([u[0], v[1]]), T.stack([v[0]])]), {"Stack"}),
    ("local_useless_split", lambda x, u, v: T.split(T.concatenate([u, v]), [u.shape[0], v.shape[0]], 2), set()),
    ("local_useless_split", lambda x, u, v: T.split(T.join(1, x, x), [x.shape[1], x.shape[1]], 2, axis=1), set()),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "build", "left"), CASES)
def test_joins(fires: Any, ops: Any, rule: str, build: Any, left: set[str]) -> None:
    assert set(ops(fires(rule, build, X, U, V))) - {"Subtensor", "DimShuffle", "Shape_i"} <= left


def test_other_cuts_stay(ops: Any) -> None:
    u, v = T.dvectors("u", "v")
    f = theano.function([u, v], T.split(T.concatenate([u, v]), [v.shape[0], u.shape[0]], 2))
    assert "Split" in ops(f)
    for got, want in zip(f(U, V), ([1.0, -2.0], [3.0, 0.5, 4.0]), strict=True):
        np.testing.assert_array_equal(got, want)
