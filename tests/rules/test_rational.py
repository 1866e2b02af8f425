"""Derivatives of functions of exponentials, spelled out as users do: no overflow, no digits lost, against the truth."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.mode import Mode

RULE = "local_rational_in_exp"
X = np.array([-800.0, -300.0, -40.0, -1.3, -1e-3, 0.7, 20.0, 40.0, 700.0, 800.0])
TAIL = np.array([-1e3, -30.0, -5.0, -1.0, 0.3, 3.0])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def tanh(e: Any, x: Any) -> Any:
    return (e(x) - e(-x)) / (e(x) + e(-x))


# The function, in tensors and in mpmath; where; the order of the derivative that was infinite or no number.
CASES = {
    "log(1 + exp)": (lambda x: T.log(1 + T.exp(x)), lambda x: mpmath.log1p(mpmath.exp(x)), X, 2),
    "log(3 + exp)": (lambda x: T.log(3 + T.exp(x)), lambda x: mpmath.log(3 + mpmath.exp(x)), X, 2),
    "log(1 + 2 exp)": (lambda x: T.log(1 + 2 * T.exp(x)), lambda x: mpmath.log(1 + 2 * mpmath.exp(x)), X, 2),
    "log(exp - 1)": (lambda x: T.log(T.exp(x) - 1), lambda x: mpmath.log(mpmath.expm1(x)), X[X > 0.1], 2),
    "log(2 cosh)": (lambda x: T.log(2 * T.cosh(x)), lambda x: mpmath.log(2 * mpmath.cosh(x)), X, 2),
    "tanh by exp": (lambda x: tanh(T.exp, x), mpmath.tanh, X, 1),
    "tanh by exp, twice": (lambda x: tanh(T.exp, x), mpmath.tanh, X, 2),
    "tanh by exp(2x)": (lambda x: 1 - 2 / (T.exp(2 * x) + 1), mpmath.tanh, X, 2),
    "1 / cosh": (lambda x: 1 / T.cosh(x), mpmath.sech, X, 2),
    "1 / cosh²": (lambda x: 1 / T.cosh(x) ** 2, lambda x: mpmath.sech(x) ** 2, X, 2),
    "log(1 - tanh²)": (lambda x: T.log(1 - T.tanh(x) ** 2), lambda x: 2 * mpmath.log(mpmath.sech(x)), X, 2),
    "logistic by exp": (lambda x: T.exp(x) / (1 + T.exp(x)) ** 2, lambda x: sigmoid(x) * sigmoid(-x), X, 2),
    "cross-entropy": (
        lambda x: T.nnet.binary_crossentropy(T.nnet.sigmoid(x), 0.25),
        lambda x: -(mpmath.log(sigmoid(x)) + 3 * mpmath.log(sigmoid(-x))) / 4, X, 2,
    ),
    "cross-entropy of tanh": (
        lambda x: -(0.25 * T.log((1 + T.tanh(x)) / 2) + 0.75 * T.log((1 - T.tanh(x)) / 2)),
        lambda x: -(mpmath.log(sigmoid(2 * x)) + 3 * mpmath.log(sigmoid(-2 * x))) / 4, X, 2,
    ),
    "focal loss": (
        lambda x: -((1 - 1 / (1 + T.exp(-x))) ** 2) * T.log(1 / (1 + T.exp(-x))),
        lambda x: -(sigmoid(-x) ** 2) * mpmath.log(sigmoid(x)), X, 2,
    ),
    "logit": (lambda x: T.log(T.nnet.sigmoid(x) / (1 - T.nnet.sigmoid(x))), lambda x: x, X, 2),
    "log(1 - s²)": (
        lambda x: T.log(1 - T.nnet.sigmoid(x) ** 2), lambda x: mpmath.log(1 - sigmoid(x) ** 2), X, 1,
    ),
    "x logistic": (lambda x: x / (1 + T.exp(-x)), lambda x: x * sigmoid(x), X, 2),
    "log of a normal tail": (
        lambda x: T.log(0.5 * T.erfc(-x / 2)), lambda x: mpmath.log(mpmath.erfc(-x / 2) / 2), TAIL, 2,
    ),
    "ratio of normals": (
        lambda x: T.exp(-(x**2)) / T.exp(-((x - 1) ** 2)), lambda x: mpmath.exp(1 - 2 * x), TAIL[1:], 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_right_far_out(name: str) -> None:
    build, exact, values, order = CASES[name]
    x = T.dvector("x")
    y = build(x)
    for _ in range(order):
        y = T.grad(y.sum(), x)
    f = theano.function([x], y, mode=Mode("py", "fast_run"))
    if name not in ("log of a normal tail", "ratio of normals"):
        assert f.maker.stats.fired[RULE]
    with mpmath.workdps(800):
        wanted = [
            float(mpmath.diff(exact, mpmath.mpf(float(v)), order, h=mpmath.mpf(10) ** -250)) for v in values
        ]
    np.testing.assert_allclose(f(values), wanted, rtol=1e-9, atol=2e-15)


def spelled(x: Any) -> Any:
    return (2 * T.nnet.sigmoid(-x) + T.nnet.sigmoid(x) * T.nnet.sigmoid(-x)) * T.exp(x)


def told(x: Any) -> Any:
    return sigmoid(x) * (2 + sigmoid(x))


def test_a_factor_that_is_not_looked_into_stays_a_factor(fires: Any) -> None:
    y = np.linspace(-2, 3, len(X))
    exact = lambda mp, x, y: y * told(x)  # noqa: E731
    fires(RULE, lambda x, y: y * spelled(x), X, y, exact=exact, rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_fires_in_both_widths(fires: Any, dtype: str) -> None:
    values = np.array([-85.0, -3.0, 0.5, 80.0], dtype)
    fires(RULE, spelled, values, exact=lambda mp, x: told(x), rtol=1e-6)
