"""Reductions of less, and with what is the same for all elements done after them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.arange(12.0).reshape(3, 4) / 7 - 0.5
ROW = np.array([1.0, -2.0, 3.0, 0.5])
COLUMN = np.array([2.0, -1.0, 0.25])


@pytest.mark.parametrize(
    "build",
    [
        lambda x, r: (2 * x).sum(), lambda x, r: (-x).sum(axis=0), lambda x, r: (x / 3).sum(axis=1),
        lambda x, r: (x * r).sum(axis=0), lambda x, r: (x / r).sum(axis=0), lambda x, r: (x * x.shape[0]).sum(),
    ],
)  # fmt: skip
def test_what_is_the_same_for_all_terms(fires: Any, build: Any) -> None:
    fires("local_sum_prod_mul_by_scalar", build, X, ROW, rtol=1e-13)


def test_powers_and_products(fires: Any, ops: Any) -> None:
    fires("local_prod_of_power", lambda x: T.prod(T.sqr(x), axis=0), X, rtol=1e-13)
    fires("local_prod_of_power", lambda x: T.prod(abs(x), axis=1), X, rtol=1e-13)


def test_equal_elements(fires: Any, ops: Any) -> None:
    for build in (
        lambda x: T.alloc(x[0, 0], 5, 3).sum(),
        lambda x: T.alloc(x[0, 0], 5, 3).sum(axis=1),
        lambda x: T.alloc(np.float32(1.5), x.shape[0], 3).prod(axis=0),
        lambda x: T.alloc(np.int8(3), x.shape[0], x.shape[1]).sum(),
        lambda x: T.fill(x, 2.0).sum(axis=0),
    ):
        assert not {"Sum", "Prod"} & set(ops(fires("local_opt_alloc", build, X)))
    x = T.dmatrix("x")
    f = theano.function([x], [T.fill(x, 2.0).sum(), T.fill(x, 2.0).prod(axis=0)])
    total, product = f(np.zeros((0, 4)))
    assert total == 0
    np.testing.assert_array_equal(product, np.ones(4))


@pytest.mark.parametrize("f", [T.sum, T.prod, T.max, T.min, T.all, T.any])
def test_axes(fires: Any, ops: Any, f: Any) -> None:
    values = X > 0.5 if f in (T.all, T.any) else X
    made = fires("local_reduce_broadcastable", lambda x: f(x.dimshuffle(0, "x", 1), axis=1), values)
    assert not {"Sum", "Prod", "Max", "Min", "All", "Any"} & set(ops(made))
    fires("local_reduce_broadcastable", lambda x: f(x.dimshuffle(0, "x", 1), axis=(0, 1)), values)
    fires("local_reduce_join_axes", lambda x: f(f(x, axis=0)), values)
    fires("local_sum_sum_of_transpose", lambda x: f(x.T, axis=0), values)
    fires("local_reduce_join", lambda x, y: f(T.stack([x, y, x]), axis=0), values, values[::-1].copy())


@pytest.mark.parametrize("dtype", ["int8", "uint8", "bool", "float16", "float32"])
def test_stacked_values_of_other_types(fires: Any, dtype: str) -> None:
    x = np.array([100, 0, 1]).astype(dtype)
    fires("local_reduce_join", lambda v: T.sum(T.stack([v, v, v]), axis=0), x)


GROWING = [
    (lambda x, s: T.max(T.exp(x), axis=0), "exp"),
    (lambda x, s: T.min(T.tanh(x)), "tanh"),
    (lambda x, s: T.max(2 * x + 1, axis=1), "add"),
    (lambda x, s: T.max(1 - 3 * x, axis=1), "sub"),
    (lambda x, s: T.min(-x), "neg"),
    (lambda x, s: T.max(x + s, axis=0), "add"),
]


@pytest.mark.parametrize(("build", "after"), GROWING)
def test_extrema_of_growing_functions(fires: Any, ops: Any, build: Any, after: str) -> None:
    names = ops(fires("local_max_of_growing", build, X, ROW))
    assert names.index(after) > next(i for i, name in enumerate(names) if name in ("Max", "Min"))


def test_extrema_keep_what_is_no_number() -> None:
    x = T.dvector("x")
    f = theano.function([x], [T.max(T.exp(x)), T.min(2 * x + 1), T.max(-x)])
    assert np.isnan(f([1.0, np.nan, 2.0])).all()
    with pytest.raises(ValueError, match="zero-size"):
        f([])


def test_greatest_and_least(fires: Any, ops: Any) -> None:
    assert "neg" not in ops(
        fires("local_max_to_min", lambda x: -T.max(-x, axis=0), X, without=("local_max_of_growing",))
    )


PLACES = [
    (lambda x: T.argmax(T.exp(x), axis=1), {"Argmax"}),
    (lambda x: T.argmax(T.nnet.softmax(x), axis=1), {"Argmax"}),
    (lambda x: T.argmax(T.log(T.nnet.softmax(x)), axis=-1), {"Argmax"}),
    (lambda x: T.argmin(T.nnet.sigmoid(x), axis=0), {"Argmin"}),
    (lambda x: T.argmax(-x, axis=0), {"Argmin"}),
]


@pytest.mark.parametrize(("build", "left"), PLACES)
def test_places_of_growing_functions(fires: Any, ops: Any, build: Any, left: set[str]) -> None:
    assert set(ops(fires("local_argmax_pushdown", build, X))) == left


def test_places_where_values_vanish() -> None:
    x = T.dmatrix("x")
    f = theano.function([x], T.argmax(T.nnet.sigmoid(x), axis=1))
    np.testing.assert_array_equal(f([[50.0, 90.0, 70.0]]), [1])


def test_what_is_stacked_is_reduced_by_name(fires: Any, ops: Any) -> None:
    for build in (
        lambda x: T.prod(x.shape),
        lambda x: x.shape.sum(),
        lambda x: T.max(T.stack([x[0, 0], x[1, 1]])),
    ):
        assert "Stack" not in ops(fires("local_reduce_join", build, X))
