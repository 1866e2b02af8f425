"""Sums and products in one form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.array([-3.0, -0.5, 0.25, 2.0])
Y = np.array([1.5, -2.0, 8.0, 0.125])

PRODUCTS = [
    (lambda x, y: x * y / y, []),
    (lambda x, y: x / (y / x) * y, ["sqr"]),
    (lambda x, y: 1 / (1 / x), []),
    (lambda x, y: T.neg(T.neg(x)) * 1, []),
    (lambda x, y: 2 * (x * 3) / 6, []),
    (lambda x, y: (x * 1e30) * 1e-30 * y, ["mul"]),
    (lambda x, y: x * y * x / (x * y * x), ["second"]),
]
SUMS = [
    (lambda x, y: x + y - x, []),
    (lambda x, y: x - (x - y), []),
    (lambda x, y: 1 + x - 1, []),
    (lambda x, y: -(x - y) + 0, ["sub"]),
    (lambda x, y: (x + y) - (y + x), ["second"]),
]


@pytest.mark.parametrize(("build", "left"), PRODUCTS)
def test_products(fires: Any, ops: Any, build: Any, left: list[str]) -> None:
    assert set(ops(fires("local_mul_canonizer", build, X, Y))) <= {*left, "Alloc", "Shape_i", "add"}


@pytest.mark.parametrize(("build", "left"), SUMS)
def test_sums(fires: Any, ops: Any, build: Any, left: list[str]) -> None:
    assert set(ops(fires("local_add_canonizer", build, X, Y))) <= {*left, "Alloc", "Shape_i", "add"}


MULTIPLES = [
    (lambda x, y: x + x, ["mul"]),
    (lambda x, y: 2 * x + 3 * x, ["mul"]),
    (lambda x, y: x / 2 + x / 2, []),
    (lambda x, y: x - 2 * x, ["neg"]),
    (lambda x, y: 3 * x - x - 2 * x + y, []),
    (lambda x, y: 2 * x * y + y * x - 4 * y * x / 4, ["mul"]),
    (lambda x, y: x + 2 * y - 3 * x, ["mul", "sub"]),
    (lambda x, y: (x + y) + (x - y), ["mul"]),
]


@pytest.mark.parametrize(("build", "left"), MULTIPLES)
def test_multiples_are_brought_together(fires: Any, ops: Any, build: Any, left: list[str]) -> None:
    made = fires("local_add_canonizer", build, X, Y)
    assert set(ops(made)) <= set(left) and ops(made).count("mul") <= 2


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float32"])
def test_multiples_of_each_data_type(fires: Any, dtype: str) -> None:
    x, y = np.array([1, 2, 100]).astype(dtype), np.array([3, 100, 7]).astype(dtype)
    fires("local_add_canonizer", lambda a, b: a - 3 * a + b + b, x, y)


def test_sums_in_a_wider_type_do_not_overflow() -> None:
    x, y = T.fvector("x"), T.dvector("y")
    large = np.array([3e38], "float32")
    np.testing.assert_allclose(theano.function([x, y], T.add(x, x, y))(large, [0.0]), [6e38], rtol=1e-6)


def test_quotients(fires: Any, ops: Any) -> None:
    assert set(ops(fires("local_zero_div", lambda x: 0 / x, X))) <= {"Alloc", "Shape_i"}
    k = np.array([3, -7, 0])
    assert ops(fires("local_intdiv_by_one", lambda k: k // 1, k)) == []
    assert set(ops(fires("local_intdiv_by_one", lambda k: k % 1, k))) <= {"Alloc", "Shape_i"}


ZEROS = [
    lambda x: np.int8(0),
    lambda x: np.zeros((1, 1), "int8"),
    lambda x: T.zeros((), "int8"),
    lambda x: T.zeros((1, 1), "float32"),
    lambda x: T.zeros((x.shape[0], 1), "int8"),
    lambda x: T.zeros((1, x.shape[1]), "float32"),
    lambda x: T.zeros_like(x[0]).dimshuffle("x", 0),
    lambda x: x.sum(0) * 0,
]


@pytest.mark.parametrize("zero", ZEROS)
def test_zeros_that_broadcast_are_not_added(ops: Any, zero: Any) -> None:
    x = T.fmatrix("x")
    value = np.array([[-1.5, 0.25], [3.0, 7.0]], "float32")
    for made, kept in ((zero(x) + x, x), (x - zero(x), x), (zero(x) - x, -x)):
        f = theano.function([x], made)
        np.testing.assert_array_equal(f(value), -value if kept is not x else value)
        assert f(value).dtype == "float32"
        assert set(ops(f)) <= {"neg"}
    wide = theano.function([x], np.zeros((1, 1)) + x)(value)
    assert wide.dtype == "float64"
    np.testing.assert_array_equal(wide, value)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float32", "complex64"])
def test_the_laws_hold_for_each_data_type(fires: Any, dtype: str) -> None:
    x, y = np.array([1, 2, 100]).astype(dtype), np.array([3, 100, 7]).astype(dtype)
    fires("local_add_canonizer", lambda a, b: a + b - a + b, x, y)
    fires("local_mul_canonizer", lambda a, b: (a * 3) * (b * 2), x, y)


def test_what_numbers_a_type_does_not_hold_stay() -> None:
    x = T.fvector("x")
    f = theano.function([x], x * np.float32(1e30) * np.float32(1e30))
    assert np.isinf(f(np.ones(1, "float32"))).all()
    z = theano.function([x], x / 0 * 0)
    assert z(np.ones(1, "float32")).shape == (1,)


def test_products_with_nothing(fires: Any, ops: Any) -> None:
    assert "mul" not in ops(fires("local_mul_zero", lambda x, y: x * y * 0, X, Y))
    f = theano.function([x := T.dvector("x")], x * 0)
    np.testing.assert_array_equal(f([np.nan, np.inf]), [0, 0])


def test_truth_values_have_no_negative() -> None:
    x, b = T.dvector("x"), T.TensorType("bool", [False])("b")
    f = theano.function([x, b], T.zeros_like(x) - b)
    np.testing.assert_array_equal(f(X, np.array([True, False, True, True])), [-1, 0, -1, -1])
