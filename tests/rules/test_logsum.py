"""Logarithms of products, and of sums of exponentials, against the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.array([-1000.0, -37.5, -2.0, -1e-9, 0.0, 0.3, 5.0, 800.0])
BELOW = np.array([-1000.0, -37.5, -2.0, -0.7, -0.69, -1e-9, -1e-300])
POSITIVE = np.array([1e-300, 1e-160, 0.3, 1.0, 2.0, 1e160, 1e300])
TABLE = np.array([[1000.0, 999.0, -5.0], [-1000.0, -1001.0, -1002.0], [0.1, 0.2, 0.3]])


def logsumexp(values: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    greatest = values.max(axis=axis, keepdims=True)
    made = greatest + np.log(np.exp(values - greatest).sum(axis=axis, keepdims=True))
    return made if keepdims else made.sum(axis=axis)


ONE = [
    ("local_log_sqrt", lambda x: T.log(T.sqrt(x)), POSITIVE, lambda mp, x: mp.log(x) / 2),
    ("local_log_sqr", lambda x: T.log(T.sqr(x)), -POSITIVE, lambda mp, x: 2 * mp.log(-x)),
    ("local_log_inv", lambda x: T.log(T.inv(x)), POSITIVE, lambda mp, x: -mp.log(x)),
    ("local_log_square", lambda x: T.log(x * x), -POSITIVE, lambda mp, x: 2 * mp.log(-x)),
    ("local_log2_square", lambda x: T.log2(x * x), POSITIVE, lambda mp, x: 2 * mp.log(x, 2)),
    ("local_log10_square", lambda x: T.log10(x * x), POSITIVE, lambda mp, x: 2 * mp.log10(x)),
    ("local_log2_sqrt", lambda x: T.log2(T.sqrt(x)), POSITIVE, lambda mp, x: mp.log(x, 2) / 2),
    ("local_log2_sqr", lambda x: T.log2(T.sqr(x)), POSITIVE, lambda mp, x: 2 * mp.log(x, 2)),
    ("local_log2_inv", lambda x: T.log2(T.inv(x)), POSITIVE, lambda mp, x: -mp.log(x, 2)),
    ("local_log10_sqrt", lambda x: T.log10(T.sqrt(x)), POSITIVE, lambda mp, x: mp.log10(x) / 2),
    ("local_log10_sqr", lambda x: T.log10(T.sqr(x)), POSITIVE, lambda mp, x: 2 * mp.log10(x)),
    ("local_log10_inv", lambda x: T.log10(T.inv(x)), POSITIVE, lambda mp, x: -mp.log10(x)),
    ("local_log_pow", lambda x: T.log(x**3), POSITIVE, lambda mp, x: 3 * mp.log(x)),
    ("local_log_pow", lambda x: T.log(x**4), -POSITIVE, lambda mp, x: 4 * mp.log(-x)),
    ("local_log1mexp", lambda x: T.log(1 - T.exp(x)), BELOW, lambda mp, x: mp.log(-mp.expm1(x))),
    ("local_log1p_neg_exp", lambda x: T.log1p(-T.exp(x)), BELOW, lambda mp, x: mp.log(-mp.expm1(x))),
    ("local_xlogx", lambda x: x * T.log(x), np.array([0.0, *POSITIVE]), lambda mp, x: x * mp.log(x) if x else x),
    ("local_log_mul", lambda x: T.log(2 * T.exp(x)), X, lambda mp, x: mp.log(2) + x),
    ("local_log_mul", lambda x: T.log(T.nnet.sigmoid(x) / 3), X, lambda mp, x: -mp.log1p(mp.exp(-x)) - mp.log(3)),
    ("local_log_mul", lambda x: T.log(abs(x) / T.exp(x)), X[X != 0], lambda mp, x: mp.log(abs(x)) - x),
    ("local_log_mul", lambda x: T.log(T.exp(x) / T.sqrt(2 + T.cos(x))), X, lambda mp, x: x - mp.log(2 + mp.cos(x)) / 2),
    ("local_log_add_exp", lambda x: T.log(2 + T.exp(x)), X, lambda mp, x: mp.log(2 + mp.exp(x))),
    ("local_log_add_exp", lambda x: T.log(3 * T.exp(x) + T.exp(-x) / 2), X,
     lambda mp, x: mp.log(3 * mp.exp(x) + mp.exp(-x) / 2)),
    ("local_log_add_exp", lambda x: T.log(1 + T.exp(x) + T.exp(2 * x)), X,
     lambda mp, x: mp.log(1 + mp.exp(x) + mp.exp(2 * x))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "build", "values", "exact"), ONE)
def test_of_one_variable(fires: Any, rule: str, build: Any, values: Any, exact: Any) -> None:
    fires(rule, build, values, exact=exact, rtol=1e-14)


def test_of_two_variables(fires: Any) -> None:
    a = np.array([1000.0, -1000.0, 0.0, 1.0])
    b = np.array([999.0, -1000.0, 0.5, -800.0])
    fires("local_add_log_add_exp", T.logaddexp, np.append(a, 0.0), np.append(b, -40.0),
          exact=lambda mp, x, y: mp.log(mp.exp(x) + mp.exp(y)), rtol=1e-14)  # fmt: skip
    fires("local_log_add_exp", lambda x, y: T.log(T.exp(x) + T.exp(y)), a, b,
          exact=lambda mp, x, y: mp.log(mp.exp(x) + mp.exp(y)))  # fmt: skip
    x, y = T.dvectors("x", "y")
    f = theano.function([x, y], T.log(T.exp(x) + T.exp(y)))
    got = f([-np.inf, np.inf, -np.inf, np.nan], [-np.inf, np.inf, 3.0, 1.0])
    np.testing.assert_array_equal(got, [-np.inf, np.inf, 3.0, np.nan])


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_of_many(fires: Any, axis: Any, keepdims: bool) -> None:
    x = T.dmatrix("x")
    out = T.log(T.exp(x).sum(axis=axis, keepdims=keepdims))
    for backend in ("cpu", "py"):
        f = theano.function([x], out, mode=theano.Mode(backend, "fast_run"))
        assert f.maker.stats.fired["local_log_sum_exp"]
        np.testing.assert_allclose(f(TABLE), logsumexp(TABLE, axis, keepdims), rtol=1e-14)


def test_of_nothing_and_of_infinities() -> None:
    x = T.dmatrix("x")
    f = theano.function([x], T.log(T.exp(x).sum(axis=1)))
    np.testing.assert_array_equal(f(np.full((2, 3), -np.inf)), [-np.inf, -np.inf])
    np.testing.assert_array_equal(f(np.array([[np.inf, 1.0], [np.nan, 1.0]])), [np.inf, np.nan])
    np.testing.assert_array_equal(f(np.zeros((2, 0))), [-np.inf, -np.inf])


def test_gradients_share_their_forward_pass(ops: Any) -> None:
    x = T.dmatrix("x")
    out = T.log(T.exp(x).sum(axis=1))
    f = theano.function([x], [out, T.grad(out.sum(), x)])
    assert f.maker.stats.fired["local_softmax_from_exp"]
    assert ops(f).count("exp") == 1, "the exponentials are those of the forward pass"
    value, slope = f(TABLE)
    np.testing.assert_allclose(value, logsumexp(TABLE, 1), rtol=1e-14)
    np.testing.assert_allclose(slope, np.exp(TABLE - logsumexp(TABLE, 1, True)), rtol=1e-13)


def test_softmaxes_spelled_out(fires: Any) -> None:
    x = T.dmatrix("x")
    for axis in (0, 1, None):
        e = T.exp(x)
        f = theano.function([x], e / e.sum(axis=axis, keepdims=True))
        assert f.maker.stats.fired["local_softmax_from_exp"]
        np.testing.assert_allclose(f(TABLE), np.exp(TABLE - logsumexp(TABLE, axis, True)), rtol=1e-13)
    v = T.dvector("v")
    slope = theano.function([v], T.grad(T.log(T.exp(v).sum()), v))
    np.testing.assert_allclose(slope(TABLE[0]), np.exp(TABLE[0] - logsumexp(TABLE[0])), rtol=1e-13)


def test_logarithms_of_softmaxes(fires: Any) -> None:
    truth = TABLE - logsumexp(TABLE, 1, True)
    x, k = T.dmatrix("x"), T.lvector("k")
    picked = np.array([2, 0, 1])
    for out, wanted in (
        (T.log(T.nnet.softmax(x)[:, 1:]), truth[:, 1:]),
        (T.log(T.nnet.softmax(x)[T.arange(k.shape[0]), k]), truth[np.arange(3), picked]),
    ):
        f = theano.function([x, k], out, on_unused_input="ignore")
        assert f.maker.stats.fired["local_log_softmax_part"]
        np.testing.assert_allclose(f(TABLE, picked), wanted, rtol=1e-12)


def test_products(fires: Any) -> None:
    fires("local_prod_exp", lambda x: T.prod(T.exp(x)), np.array([7.0, 5.0, -12.5]))
    x = T.dvector("x")
    assert theano.function([x], T.prod(T.exp(x)))([700.0, 500.0, -1200.0]) == 1
    f = theano.function([x], T.log(T.prod(T.sqr(x))))
    assert f.maker.stats.fired["local_log_prod"]
    np.testing.assert_allclose(f([1e-200, -1e-200, 2.0]), 2 * np.log([1e-200, 1e-200, 2.0]).sum())
    # A product of two negative numbers has a logarithm; the numbers have none.
    assert theano.function([x], T.log(T.prod(x)))([-2.0, -3.0]) == np.log(6)
