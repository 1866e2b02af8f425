"""Quotients whose two sides overflow or vanish together, against the truth; and slopes that come to such."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import theano
import theano.tensor as T

FAR = np.array([-1e300, -800.0, -2.0, -1e-9, 1e-300, 0.3, 5.0, 40.0, 800.0])
NEAR = np.array([-800.0, -40.0, -2.0, -1e-9, 0.3, 5.0, 40.0, 800.0])

sigmoid = T.nnet.sigmoid


CASES = [
    ("local_sinh_over_cosh", lambda x: T.sinh(x) / T.cosh(x), FAR, lambda mp, x: mp.tanh(x)),
    ("local_sinh_over_cosh", lambda x: T.sinh(x) ** 2 / T.cosh(x) ** 2, FAR, lambda mp, x: mp.tanh(x) ** 2),
    ("local_sinh_over_cosh", lambda x: (T.exp(x) - T.exp(-x)) / (T.exp(x) + T.exp(-x)), FAR, lambda mp, x: mp.tanh(x)),
    ("local_cosh_over_sinh", lambda x: T.cosh(x) / T.sinh(x), NEAR, lambda mp, x: 1 / mp.tanh(x)),
    ("local_exp_over_expm1", lambda x: T.exp(x) / T.expm1(x), NEAR, lambda mp, x: -1 / mp.expm1(-x)),
    ("local_expm1_over_exp", lambda x: T.expm1(x) / T.exp(x), np.abs(NEAR), lambda mp, x: -mp.expm1(-x)),
    ("local_expm1_times_sigmoid", lambda x: (T.exp(2 * x) - 1) / (T.exp(2 * x) + 1), FAR, lambda mp, x: mp.tanh(x)),
    ("local_expm1_times_sigmoid", lambda x: (1 - T.exp(-x)) / (1 + T.exp(-x)), FAR, lambda mp, x: mp.tanh(x / 2)),
    ("local_exp_over_sum_exp", lambda x: T.exp(x) / (T.exp(x) + 2), NEAR, lambda mp, x: 1 / (1 + 2 * mp.exp(-x))),
    ("local_exp_over_sum_exp", lambda x: T.exp(x) / (T.exp(x) + 3 * T.exp(-x)), NEAR,
     lambda mp, x: 1 / (1 + 3 * mp.exp(-2 * x))),
    ("local_exp_over_sum_exp", lambda x: T.exp(x) / (2 * T.exp(x) + T.exp(2 * x) + 5), NEAR / 3,
     lambda mp, x: 1 / (2 + mp.exp(x) + 5 * mp.exp(-x))),
    ("local_mul_exp_to_exp_add", lambda x: T.exp(3 * x) / T.exp(2 * x), NEAR / 2, lambda mp, x: mp.exp(x)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "build", "values", "exact"), CASES)
def test_quotients(fires: Any, rule: str, build: Any, values: Any, exact: Any) -> None:
    without = ("local_rational_in_exp",)
    fires(rule, build, values, exact=exact, rtol=2e-13, without=without)


SLOPES = [
    (lambda x: T.log(T.exp(x) - 1), lambda mp, x: -1 / mp.expm1(-x)),
    (lambda x: T.log(T.sinh(x)), lambda mp, x: 1 / mp.tanh(x)),
    (lambda x: T.log(T.cosh(x)), lambda mp, x: mp.tanh(x)),
    (lambda x: T.log(T.exp(x) + T.exp(-x)), lambda mp, x: mp.tanh(x)),
    (lambda x: T.log(2 + T.exp(x)), lambda mp, x: 1 / (1 + 2 * mp.exp(-x))),
    (lambda x: T.exp(x) / (1 + T.exp(x)), lambda mp, x: 1 / (2 + mp.exp(x) + mp.exp(-x))),
    (lambda x: 1 / (T.exp(x) - 1), lambda mp, x: 1 / (2 - mp.exp(x) - mp.exp(-x))),
    (lambda x: T.log(0.5 * (1 + T.erf(x))), lambda mp, x: 2 * mp.exp(-x * x) / mp.sqrt(mp.pi) / mp.erfc(-x)),
]


@pytest.mark.parametrize(("build", "exact"), SLOPES)
def test_slopes(build: Any, exact: Any) -> None:
    x = T.dvector("x")
    values = np.array([-600.0, -37.0, -0.5, 1e-3, 0.3, 5.0, 25.0])
    got = theano.function([x], T.grad(build(x).sum(), x))(values)
    with mpmath.workdps(400):
        wanted = [float(exact(mpmath, mpmath.mpf(v))) for v in values]
    np.testing.assert_allclose(got, wanted, rtol=1e-11)


def test_a_share_is_what_it_was_where_it_is_spelled_out(fires: Any) -> None:
    fires("local_less_its_sigmoid", lambda x: sigmoid(x) - sigmoid(x) ** 2, NEAR / 2,
          exact=lambda mp, x: 1 / (2 + mp.exp(x) + mp.exp(-x)), rtol=1e-13)  # fmt: skip
    fires(
        "local_sigmoid_minus_one",
        lambda x: sigmoid(x) - 1,
        NEAR / 2,
        exact=lambda mp, x: -1 / (1 + mp.exp(x)),
    )


MATRIX = np.array([[0.3, -1.2, 2.0], [5.0, 4.0, -3.0]])
REPEATED = [
    lambda x: T.exp(x) * T.exp(x) / T.exp(x).sum(axis=1, keepdims=True),
    lambda x: T.exp(x) / T.exp(x).sum(axis=1, keepdims=True) / T.exp(x).sum(axis=1, keepdims=True),
    lambda x: T.exp(x) * T.exp(x) / (2 * T.exp(x)).sum(axis=1, keepdims=True),
    lambda x: (
        T.exp(x) / (x * T.exp(x)).sum(axis=1, keepdims=True) / (x * T.exp(x)).sum(axis=1, keepdims=True)
    ),
    lambda x: T.exp(x) * T.exp(x) / T.dot(T.exp(x), T.ones(3)).dimshuffle(0, "x"),
    lambda x: T.exp(-x * x) * T.exp(-x * x) / T.erfc(x),
    lambda x: T.exp(-x * x) / T.erfc(x) / T.erfc(x),
    lambda x: T.expm1(x) * T.expm1(x) / (1 + T.exp(x)),
    lambda x: T.expm1(x) / (1 + T.exp(x)) / (1 + T.exp(x)),
    lambda x: (1 - x**2) * (1 - x**2) / (1 - x),
    lambda x: (1 - x**2) / (1 - x) / (1 - x),
    lambda x: T.sinh(x) * T.sinh(x) / T.cosh(x),
    lambda x: T.sinh(x) / T.cosh(x) / T.cosh(x),
    lambda x: T.exp(x) * T.exp(x) / (T.exp(x) + T.exp(2 * x)),
    lambda x: T.exp(x) / (T.exp(x) + T.exp(2 * x)) / (T.exp(x) + T.exp(2 * x)),
    lambda x: T.exp(x) * T.exp(x) / T.expm1(x),
    lambda x: T.nnet.sigmoid(x) ** 2 - T.nnet.sigmoid(x) ** 3,
]


@pytest.mark.parametrize("build", REPEATED)
@pytest.mark.parametrize("backend", ["py", "cpu"])
def test_what_stands_there_twice_is_replaced_once(backend: str, build: Any) -> None:
    x = T.dmatrix("x")
    plain, made = (
        theano.function([x], build(x), mode=theano.Mode(backend, optimizer))(MATRIX)
        for optimizer in (None, "fast_run")
    )
    np.testing.assert_allclose(made, plain, rtol=1e-12)


SECOND = [
    lambda x: T.log(T.erfc(x)), lambda x: T.log(T.exp(x).sum(axis=1)),
    lambda x: T.log((2 * x**2 * T.exp(x)).sum(axis=1)), lambda x: T.log(T.dot(T.exp(x), T.ones(3))),
    lambda x: T.log(T.exp(x) + T.exp(-x)), lambda x: T.log(T.exp(x) + 2), lambda x: T.log(T.cosh(x)),
    lambda x: T.log(1 - T.tanh(x)), lambda x: T.nnet.sigmoid(x) * T.nnet.softplus(x), lambda x: T.logaddexp(x, -x),
    lambda x: T.exp(x) / T.exp(x).sum(axis=1, keepdims=True), lambda x: 1 / (T.exp(x) - 1), lambda x: T.tanh(x) ** 2,
]  # fmt: skip


@pytest.mark.parametrize("build", SECOND)
def test_second_derivatives(build: Any) -> None:
    x = T.dmatrix("x")
    slope = T.grad(T.sqr(build(x)).sum(), x)
    second = T.grad((slope * np.arange(6.0).reshape(2, 3)).sum(), x)
    plain, made = (
        theano.function([x], second, mode=theano.Mode("py", optimizer))(MATRIX)
        for optimizer in (None, "fast_run")
    )
    np.testing.assert_allclose(made, plain, rtol=1e-8, atol=1e-12)
