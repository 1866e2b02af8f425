"""Hyperbolic functions spelled out, and what lies near 1 or 0 taken from 1, against the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.array([-700.0, -40.0, -2.0, -1e-9, 1e-12, 0.3, 5.0, 40.0, 700.0])
FAR = np.array([-1e300, -800.0, -2.0, -1e-9, 1e-300, 0.3, 5.0, 40.0, 800.0])
POSITIVE = np.array([1e-300, 1e-9, 0.3, 5.0, 40.0, 800.0, 1e300])
UNIT = np.array([-0.99999, -0.3, -1e-9, 1e-17, 0.5, 0.99])

sigmoid = T.nnet.sigmoid
softplus = T.nnet.softplus


def sp(mp: Any, x: Any) -> Any:
    return mp.log1p(mp.exp(x))


def log_cosh(mp: Any, x: Any) -> Any:
    return abs(x) + sp(mp, -2 * abs(x)) - mp.log(2)


CASES = [
    ("local_exp_minus_exp", lambda x: T.exp(x) - T.exp(-x), X, lambda mp, x: 2 * mp.sinh(x)),
    (
        "local_exp_minus_exp",
        lambda x: (T.exp(2 * x) - T.exp(-2 * x)) / 2,
        X / 2,
        lambda mp, x: mp.sinh(2 * x),
    ),
    ("local_exp_plus_exp", lambda x: (T.exp(x) + T.exp(-x)) / 2, X, lambda mp, x: mp.cosh(x)),
    ("local_sigmoid_minus_sigmoid", lambda x: sigmoid(x) - sigmoid(-x), FAR, lambda mp, x: mp.tanh(x / 2)),
    ("local_log_cosh", lambda x: T.log(T.cosh(x)), FAR, log_cosh),
    ("local_log_sinh", lambda x: T.log(T.sinh(x)), POSITIVE, lambda mp, x: x + mp.log(-mp.expm1(-2 * x) / 2)),
    ("local_log_expm1", lambda x: T.log(T.exp(x) - 1), POSITIVE, lambda mp, x: x + mp.log(-mp.expm1(-x))),
    (
        "local_log_one_minus_sqr_tanh",
        lambda x: T.log(1 - T.tanh(x) ** 2),
        FAR,
        lambda mp, x: -2 * log_cosh(mp, x),
    ),
    (
        "local_log_one_minus_tanh",
        lambda x: T.log(1 - T.tanh(x)),
        FAR,
        lambda mp, x: mp.log(2) - sp(mp, 2 * x),
    ),
    (
        "local_log_one_plus_tanh",
        lambda x: T.log(1 + T.tanh(x)),
        FAR,
        lambda mp, x: mp.log(2) - sp(mp, -2 * x),
    ),
    ("local_log_mul", lambda x: T.log((1 + T.tanh(x)) / 2), FAR, lambda mp, x: -sp(mp, -2 * x)),
    ("local_log_mul", lambda x: T.log(3 * T.cosh(x)), FAR, lambda mp, x: mp.log(3) + log_cosh(mp, x)),
    ("local_log_ratio", lambda x: 0.5 * T.log((1 + x) / (1 - x)), UNIT, lambda mp, x: mp.atanh(x)),
    ("local_one_and_tanh", lambda x: 1 - T.tanh(x), X / 2, lambda mp, x: 2 / (1 + mp.exp(2 * x))),
    ("local_one_and_tanh", lambda x: (T.tanh(x) + 1) / 2, X / 2, lambda mp, x: 1 / (1 + mp.exp(-2 * x))),
    ("local_sigmoid_minus_half", lambda x: 2 * sigmoid(2 * x) - 1, FAR, lambda mp, x: mp.tanh(x)),
    (
        "local_scaled_one_and_tanh",
        lambda x: 0.5 + 0.5 * T.tanh(x),
        FAR,
        lambda mp, x: 1 / (1 + mp.exp(-2 * x)),
    ),
    ("local_scaled_one_and_tanh", lambda x: 3 - 3 * T.tanh(x), FAR, lambda mp, x: 6 / (1 + mp.exp(2 * x))),
    ("local_scaled_one_and_tanh", lambda x: -2 * T.tanh(x) + 2, FAR, lambda mp, x: 4 / (1 + mp.exp(2 * x))),
    ("local_sigmoid_minus_half", lambda x: 0.5 - sigmoid(x), FAR, lambda mp, x: -mp.tanh(x / 2) / 2),
    ("local_one_minus_cos", lambda x: 1 - T.cos(x), UNIT, lambda mp, x: 2 * mp.sin(x / 2) ** 2),
    ("local_one_minus_cos", lambda x: T.cos(x) - 1, UNIT, lambda mp, x: -2 * mp.sin(x / 2) ** 2),
    ("local_difference_of_squares", lambda x: (1 - x**2) / (1 - x), UNIT, lambda mp, x: 1 + x),
    ("local_difference_of_squares", lambda x: (1 - x**2) / (1 + x), UNIT, lambda mp, x: 1 - x),
    ("local_softplus_minus", lambda x: softplus(x) - x, X, lambda mp, x: sp(mp, -x)),
    ("local_softplus_minus", lambda x: x - T.log(1 + T.exp(x)), X, lambda mp, x: -sp(mp, -x)),
    ("local_softplus_minus", lambda x: softplus(-x) + x, FAR, sp),
    ("local_exp_neg_softplus", lambda x: T.exp(-softplus(x)), X, lambda mp, x: 1 / (1 + mp.exp(x))),
    ("local_exp_neg_softplus", lambda x: T.exp(x - softplus(x)), X, lambda mp, x: 1 / (1 + mp.exp(-x))),
    ("local_logit_of_sigmoid", lambda x: softplus(2 * x) - softplus(-2 * x), FAR, lambda mp, x: 2 * x),
]


@pytest.mark.parametrize(("rule", "build", "values", "exact"), CASES)
def test_digits_are_kept(fires: Any, rule: str, build: Any, values: Any, exact: Any) -> None:
    fires(rule, build, values, exact=exact, rtol=1e-13)


def test_functions_that_others_need_stay(ops: Any) -> None:
    x = T.dvector("x")
    t, s = T.tanh(x), sigmoid(x)
    assert ops(theano.function([x], [1 - t, t])) == ["tanh", "sub"]
    assert ops(theano.function([x], [1 - s, s])) == ["sigmoid", "sub"]
    assert ops(theano.function([x], [1 - s, (1 - s) ** 2])) == ["neg", "sigmoid", "sqr"]


def test_slopes_of_cross_entropies_of_tanh() -> None:
    x = T.dvector("x")
    cost = -(0.3 * T.log((T.tanh(x) + 1) / 2) + 0.7 * T.log((1 - T.tanh(x)) / 2))
    value, slope = theano.function([x], [cost, T.grad(cost.sum(), x)])(FAR)
    assert np.isfinite(value).all()
    np.testing.assert_allclose(slope, np.tanh(FAR) + 0.4, rtol=1e-13)
