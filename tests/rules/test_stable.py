"""Sums with 1 of exponentials, logarithms of them, and logistic functions, against the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano.tensor as T

X = np.array([-700.0, -40.0, -2.0, -1e-9, 1e-12, 0.3, 5.0, 40.0, 700.0])
SMALL = np.array([-0.9, -1e-3, -1e-17, 1e-300, 1e-9, 0.5])

SIGMOID = lambda mp, x: 1 / (1 + mp.exp(-x))  # noqa: E731
CASES = [
    ("local_log1p", lambda x: T.log(1 + x), SMALL, lambda mp, x: mp.log1p(x)),
    ("local_log1p_of_difference", lambda x: T.log(1 - x), -SMALL, lambda mp, x: mp.log1p(-x)),
    ("local_expm1_of_sum", lambda x: T.exp(x) - 1, SMALL, lambda mp, x: mp.expm1(x)),
    ("local_one_minus_exp", lambda x: 1 - T.exp(x), SMALL, lambda mp, x: -mp.expm1(x)),
    ("local_sigm_times_exp", lambda x: 1 / (1 + T.exp(-x)), X, SIGMOID),
    ("local_sigm_times_exp", lambda x: 1 / (1 + T.exp(x)), X, lambda mp, x: SIGMOID(mp, -x)),
    ("local_sigm_times_exp", lambda x: T.exp(x) / (1 + T.exp(x)), X, SIGMOID),
    ("local_sigm_times_exp", lambda x: T.exp(-x) / (1 + T.exp(-x)), X, lambda mp, x: SIGMOID(mp, -x)),
    ("local_1msigmoid", lambda x: 1 - T.nnet.sigmoid(x), X, lambda mp, x: SIGMOID(mp, -x)),
    ("log1pexp_to_softplus", lambda x: T.log(1 + T.exp(x)), X, lambda mp, x: mp.log1p(mp.exp(x))),
    ("logsigm_to_softplus", lambda x: T.log(T.nnet.sigmoid(x)), X, lambda mp, x: -mp.log1p(mp.exp(-x))),
    ("logsigm_to_softplus", lambda x: T.log(1 - T.nnet.sigmoid(x)), X, lambda mp, x: -mp.log1p(mp.exp(x))),
    ("log1msigm_to_softplus", lambda x: T.log1p(-T.nnet.sigmoid(x)), X, lambda mp, x: -mp.log1p(mp.exp(x))),
    ("local_log1p_scaled_exp", lambda x: T.log(1 + 3 * T.exp(x)), 2 * X, lambda mp, x: mp.log1p(3 * mp.exp(x))),
    ("local_log1p_scaled_exp", lambda x: T.log1p(T.exp(x) / 4), 2 * X, lambda mp, x: mp.log1p(mp.exp(x) / 4)),
    ("local_log_one_minus_sqr_sigmoid", lambda x: T.log(1 - T.nnet.sigmoid(x) ** 2), 2 * X,
     lambda mp, x: mp.log1p(SIGMOID(mp, x)) - mp.log1p(mp.exp(x))),
    ("local_logit_of_sigmoid", lambda x: T.log(T.nnet.sigmoid(x)) - T.log(1 - T.nnet.sigmoid(x)), X, lambda mp, x: x),
    ("local_logit_of_sigmoid", lambda x: T.log(T.nnet.sigmoid(x) / (1 - T.nnet.sigmoid(x))), X, lambda mp, x: x),
    ("local_sigm_times_exp", lambda x: T.nnet.sigmoid(x) * T.exp(-x), X, lambda mp, x: SIGMOID(mp, -x)),
    ("local_sigm_times_exp", lambda x: T.nnet.sigmoid(x) ** 2 * T.exp(-x), X,
     lambda mp, x: SIGMOID(mp, x) * SIGMOID(mp, -x)),
    ("local_greedy_distributor",
     lambda x: (3 / T.nnet.sigmoid(x) + 2 / T.nnet.sigmoid(-x)) * T.nnet.sigmoid(x) * T.nnet.sigmoid(-x), X,
     lambda mp, x: 3 * SIGMOID(mp, -x) + 2 * SIGMOID(mp, x)),
]  # fmt: skip


# It would be there first.
WITHOUT = ("local_rational_in_exp",)


@pytest.mark.parametrize(("rule", "build", "values", "exact"), CASES)
def test_digits_are_kept(fires: Any, rule: str, build: Any, values: Any, exact: Any) -> None:
    fires(rule, build, values, exact=exact, rtol=2e-15 if "logit" in rule else 1e-14, without=WITHOUT)


@pytest.mark.parametrize(
    ("rule", "build", "exact"),
    [
        ("local_expm1", lambda x: T.exp(x) - 1, lambda mp, x: mp.expm1(x)),
        ("local_sigm_times_exp", lambda x: T.inv(1 + T.exp(-x)), SIGMOID),
    ],
)
def test_before_sums_and_products_have_their_form(fires: Any, rule: str, build: Any, exact: Any) -> None:
    fires(rule, build, SMALL, exact=exact, without=("local_add_canonizer", "local_mul_canonizer"))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
def test_sigmoids_of_whole_numbers(fires: Any, dtype: str) -> None:
    values = np.array([0, 1, 3, 9], dtype)
    fires("logsigm_to_softplus", lambda x: T.log(T.nnet.sigmoid(x)), values, rtol=2e-2)
