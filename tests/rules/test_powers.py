"""Powers, roots and exponentials, alone and in products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.array([-3.0, -0.5, 0.25, 1.0, 2.0, 7.0])
POSITIVE = X[X > 0]


@pytest.mark.parametrize("n", [0, 1, 2, 0.5, -1, -2, -0.5])
def test_small_powers(fires: Any, ops: Any, n: float) -> None:
    made = fires("local_pow_specialize", lambda x: x**n, POSITIVE)
    assert "pow" not in ops(made)


@pytest.mark.parametrize("n", [3, 5, 16, -3, -7, 1.5, 2.5, -1.5])
def test_powers_by_squaring(fires: Any, ops: Any, n: float) -> None:
    made = fires("local_pow_by_squaring", lambda x: x**n, POSITIVE if n % 1 else X)
    assert "pow" not in ops(made)


@pytest.mark.parametrize("dtype", ["int8", "int64"])
def test_powers_of_whole_numbers_wrap_around(fires: Any, dtype: str) -> None:
    fires("local_pow_by_squaring", lambda x: x ** np.int8(5), np.array([0, 1, 3, 100], dtype))


def test_powers_of_one(fires: Any, ops: Any) -> None:
    assert "pow" not in ops(fires("local_pow_canonicalize", lambda x: 1.0**x, X))


JOINED = [
    (lambda x: x**2 / x, []),
    (lambda x: x / T.sqrt(x), ["sqrt"]),
    (lambda x: x * x * x * x, ["sqr", "sqr"]),
    (lambda x: x**2 * x**3 / x**4, []),
    (lambda x: T.sqrt(x) / x**2 * x**1.5, []),
]


@pytest.mark.parametrize(("build", "left"), JOINED)
def test_powers_of_one_base(fires: Any, ops: Any, build: Any, left: list[str]) -> None:
    made = fires("local_mul_pow_to_pow_add", build, POSITIVE)
    found = [name for name in ops(made) if name not in ("switch", "ge")]
    assert found == left


@pytest.mark.parametrize(
    "build",
    [
        lambda x, y: x**y * x ** (2 * y),
        lambda x, y: x**y / x ** (2 * y),
        lambda x, y: 3 / x**y / x ** (y + 1),
        lambda x, y: x**y * y * x ** T.exp(y),
    ],
)
def test_powers_with_exponents_that_are_not_known(fires: Any, ops: Any, build: Any) -> None:
    made = fires("local_pow_of_sum", build, POSITIVE, np.array([0.5, -1.0, 2.0, 0.0]), rtol=1e-13)
    assert ops(made).count("pow") == 1


def test_powers_that_are_needed_anyway_stay(ops: Any) -> None:
    x, y = T.dvectors("x", "y")
    p, q = x**y, x ** (2 * y)
    assert ops(theano.function([x, y], [p, q, p * q])).count("pow") == 2


def test_roots_of_negatives_stay_without_value() -> None:
    x = T.dvector("x")
    for build in (
        lambda v: T.sqrt(v) * T.sqrt(v),
        lambda v: T.sqrt(v) * v**0.5 * v,
        lambda v: v**1.5 * v**0.5,
    ):
        assert np.isnan(theano.function([x], build(x))([-2.0])).all()


def test_squares(fires: Any, ops: Any) -> None:
    assert ops(fires("local_sqr_abs", lambda x: T.sqr(abs(x)), X)) == ["sqr"]
    fires("local_sqr_neg", lambda x: T.sqr(-x), X)
    assert ops(fires("local_mul_to_sqr", lambda x: x * x, X)) == ["sqr"]
    fires("local_mul_to_sqr", lambda x: x * x, np.array([[1, 2], [3, 100]], "int8"))


EXPONENTIALS = [
    (lambda x: T.exp(x) * T.exp(-x / 2) * x, lambda mp, x: mp.exp(x / 2) * x, 1),
    (lambda x: T.exp(x) * T.exp(3 - x), lambda mp, x: mp.exp(3), 1),
    (lambda x: x / T.exp(x), lambda mp, x: x * mp.exp(-x), 1),
    (lambda x: T.exp(x) / T.exp(2 * x), lambda mp, x: mp.exp(-x), 1),
]


@pytest.mark.parametrize(("build", "exact", "left"), EXPONENTIALS)
def test_products_of_exponentials(fires: Any, ops: Any, build: Any, exact: Any, left: int) -> None:
    values = np.array([-500.0, -1.0, 0.5, 700.0])
    without = ("local_rational_in_exp",)
    made = fires("local_mul_exp_to_exp_add", build, values, exact=exact, rtol=1e-13, without=without)
    assert ops(made).count("exp") == left


def test_exponentials_that_are_needed_anyway_stay(ops: Any) -> None:
    x, y = T.dvectors("x", "y")
    e, f = T.exp(x), T.exp(y)
    made = theano.function([x, y], [e, f, e * f])
    assert ops(made).count("exp") == 2


@pytest.mark.parametrize(
    ("build", "exact"),
    [
        (lambda x: T.sqr(T.exp(x)), lambda mp, x: mp.exp(2 * x)),
        (lambda x: T.sqrt(T.exp(x)), lambda mp, x: mp.exp(x / 2)),
        (lambda x: T.exp(x) ** 0.3, lambda mp, x: mp.exp(x * mp.mpf(0.3))),
    ],
)
def test_powers_of_exponentials(fires: Any, build: Any, exact: Any) -> None:
    values = np.array([-600.0, -1.0, 0.5, 300.0])
    fires("local_pow_exp", build, values, exact=exact, rtol=2e-13)


def test_sizes(fires: Any, ops: Any) -> None:
    x, y = np.array([-3.0, 0.25, 2.0]), np.array([1.5, -2.0, -8.0])
    assert ops(fires("local_abs_lift", lambda x: abs(-2 * x), x)) == ["abs_", "mul"]
    assert ops(fires("local_abs_merge", lambda x, y: abs(x) * abs(y), x, y)) == ["mul", "abs_"]
    assert ops(fires("local_abs_merge", lambda x, y: abs(x) / abs(y), x, y)) == ["true_div", "abs_"]
    assert ops(fires("local_mul_sgn", lambda x: x * T.sgn(x), x)) == ["abs_"]
