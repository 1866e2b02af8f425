"""Axes put together or in between, before or after what is done element by element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.arange(12.0).reshape(3, 4) / 7 - 0.5
U = np.array([1.0, -2.0, 3.0])

CASES = [
    ("local_reshape_lift", lambda x, u: T.tanh(2 * x).flatten(), ["Reshape", "mul", "tanh"]),
    ("local_reshape_lift", lambda x, u: T.patternbroadcast(T.exp(x), (False, False))[:, :1].flatten(), None),
    ("local_reshape_to_dimshuffle", lambda x, u: u.reshape((1, u.shape[0])), ["DimShuffle"]),
    ("local_reshape_to_dimshuffle", lambda x, u: x.reshape((x.shape[0], 1, x.shape[1], 1)), ["DimShuffle"]),
    ("local_reshape_dimshuffle", lambda x, u: u.dimshuffle("x", 0).reshape((-1,)), []),
    ("local_reduce_reshape", lambda x, u: x.flatten().sum(), ["Sum"]),
    ("local_reduce_reshape", lambda x, u: T.max(x.reshape((-1,)), axis=0), ["Max"]),
    ("local_tensor_scalar_tensor", lambda x, u: T.tensor_from_scalar(T.scalar_from_tensor(u.sum())), ["Sum"]),
]


@pytest.mark.parametrize(("rule", "build", "left"), CASES)
def test_shapes(fires: Any, ops: Any, rule: str, build: Any, left: list[str] | None) -> None:
    names = [name for name in ops(fires(rule, build, X, U, rtol=1e-13)) if name not in ("Shape_i", "Stack")]
    assert left is None or names == left


def test_loops_are_not_cut_in_two(ops: Any) -> None:
    x, u = T.dmatrix("x"), T.dvector("u")
    assert ops(theano.function([x, u], T.tanh(x + u).flatten()))[-1] == "Reshape"


def test_shapes_that_may_not_fit_are_checked() -> None:
    x = T.dmatrix("x")
    f = theano.function([x], x.reshape((2, 4)).sum())
    with pytest.raises(ValueError, match="12"):
        f(X)


@pytest.mark.parametrize("build", [T.zeros_like, T.ones_like, lambda x: T.fill(x, 2.0)])
def test_numbers_repeated_to_another_shape_are_counted(build: Any) -> None:
    x = T.dmatrix("x")
    with pytest.raises(ValueError, match=r"which has 12 elements, to shape \(5, 5\)"):
        theano.function([x], build(x).reshape((5, 5)))(X)
