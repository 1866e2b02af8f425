"""The error function and its complement, against the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.array([-25.0, -6.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 3.0, 9.0, 26.0])

CASES = [
    ("local_one_minus_erf", lambda x: 1 - T.erf(x), lambda mp, x: mp.erfc(x)),
    ("local_one_plus_erf", lambda x: 1 + T.erf(x), lambda mp, x: mp.erfc(-x)),
    ("local_erf_minus_one", lambda x: T.erf(x) - 1, lambda mp, x: -mp.erfc(x)),
    ("local_one_minus_erfc", lambda x: 1 - T.erfc(x), lambda mp, x: mp.erf(x)),
    ("local_erfc_minus_one", lambda x: T.erfc(x) - 1, lambda mp, x: -mp.erf(x)),
    ("local_scaled_one_plus_erf", lambda x: 0.5 + 0.5 * T.erf(x), lambda mp, x: mp.erfc(-x) / 2),
    ("local_scaled_one_plus_erf", lambda x: 0.5 - 0.5 * T.erf(x), lambda mp, x: mp.erfc(x) / 2),
    ("local_scaled_one_plus_erf", lambda x: 0.5 * T.erf(x) - 0.5, lambda mp, x: -mp.erfc(x) / 2),
    ("local_log_erfc", lambda x: T.log(T.erfc(x)), lambda mp, x: mp.log(mp.erfc(x))),
    ("local_log_half_erfc", lambda x: T.log(0.5 * (1 + T.erf(x))), lambda mp, x: mp.log(mp.erfc(-x) / 2)),
    (
        "local_grad_log_erfc_neg",
        lambda x: T.exp(-T.sqr(x)) / T.erfc(x),
        lambda mp, x: mp.exp(-x * x) / mp.erfc(x),
    ),
]


@pytest.mark.parametrize(("rule", "build", "exact"), CASES)
def test_tails(fires: Any, rule: str, build: Any, exact: Any) -> None:
    fires(rule, build, X, exact=exact, rtol=3e-13)


def test_far_tails() -> None:
    x = T.dvector("x")
    out = T.log(T.erfc(x))
    f = theano.function([x], [out, T.grad(out.sum(), x)])
    value, slope = f([1e4, -1e4, np.inf, -np.inf])
    np.testing.assert_allclose(
        value, [-1e8 - np.log(1e4 * np.sqrt(np.pi)), np.log(2), -np.inf, np.log(2)], rtol=1e-15
    )
    np.testing.assert_allclose(slope[:2], [-2e4, 0], rtol=1e-8)


@pytest.mark.parametrize("rule", ["local_erf_neg_minus_one", "local_erfc_neg_minus_one"])
def test_before_sums_have_their_form(fires: Any, rule: str) -> None:
    f = T.erf if "erfc" not in rule else T.erfc
    truth = (lambda mp, x: -mp.erfc(x)) if f is T.erf else (lambda mp, x: -mp.erf(x))
    fires(rule, lambda x: f(x) - 1, X, exact=truth, rtol=3e-13, without=("local_add_canonizer",))
