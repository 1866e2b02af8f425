"""Distributions whose gradients follow from their laws: against quotients of differences, and in their tails."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import stats

import theano
import theano.tensor as T
from croton.ops.random.implicit import normal_between, normal_between_near
from croton.ops.random.von_mises_slope import von_mises_slope
from theano.tensor import random

from .laws import KEY, drawn

INF = np.inf
BOUNDS = [
    (-2, 2), (0, INF), (-INF, INF), (-INF, -3), (5, 6), (29.9, 31), (30.1, INF), (40, 41), (-41, -40), (100, INF),
    (1e4, 1e5), (-1, 30), (-40, 0.5), (1, 1 + 1e-6), (100, 100.0001),
]  # fmt: skip


def beyond(x):
    return mpmath.erfc(mpmath.mpf(float(x)) / mpmath.sqrt(2)) / 2


def number_between(share, near, far):
    """In 40 digits: the number with this share of all between the bounds beyond it."""
    with mpmath.workdps(40):
        wanted = beyond(far) + mpmath.mpf(float(share)) * (beyond(near) - beyond(far))
        low, high = (mpmath.mpf(float(np.clip(v, -40, 2e5))) for v in (near, far))
        for _ in range(120):
            middle = (low + high) / 2
            low, high = (middle, high) if beyond_precisely(middle) > wanted else (low, middle)
        return float(low)


def beyond_precisely(x):
    return mpmath.erfc(x / mpmath.sqrt(2)) / 2


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_truncated_normal_in_all_tails(bounds, dtype):
    low, high = np.asarray(bounds, dtype)
    if low == high:
        pytest.skip("these bounds are one number in this type")
    share = np.array([1e-9, 0.2, 0.7, 1 - 1e-7], dtype)
    left = high < -low
    near, far = (-high, -low) if left else (low, high)
    wanted = np.array([number_between(u, near, far) for u in share])
    u, v = T.vector(dtype=dtype), T.vector(dtype=dtype)
    a, b = T.scalar(dtype=dtype), T.scalar(dtype=dtype)
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([u, v, a, b], normal_between(u, v, a, b), mode=mode)
        made = -f(1 - share, share, low, high) if left else f(share, 1 - share, low, high)
        digits = {"float64": 1e-15, "float32": 4e-7}[dtype]
        np.testing.assert_allclose(made, wanted, rtol=digits, atol=digits)
        if near <= 10:
            g = theano.function([u, v, a, b], normal_between_near(u, v, a, b), mode=mode)
            np.testing.assert_array_equal(f(share, 1 - share, low, high), g(share, 1 - share, low, high))


@pytest.mark.parametrize(
    "bounds", [(-2.0, 2.0), (0.5, 9.0), (-1.0, INF), (32.0, 33.0), (-INF, -35.0)], ids=str
)
def test_gradients_of_truncated_normal(bounds):
    s, given = T.TensorType("uint64", (None,))(), T.dscalars("loc", "scale", "low", "high")
    x = random.truncated_normal(s, *given, size=9, dtype="float64")
    f = theano.function([s, *given], [x, *theano.grad((x**2).sum(), list(given))])
    at = [0.1, 1.2, 0.1 + 1.2 * bounds[0], 0.1 + 1.2 * bounds[1]]
    _, *slopes = f(KEY, *at)
    for i, slope in enumerate(slopes):
        if np.isinf(at[i]):
            assert slope == 0
            continue
        h = 1e-6
        up, down = ((f(KEY, *at[:i], at[i] + d, *at[i + 1 :])[0] ** 2).sum() for d in (h, -h))
        assert slope == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-6)


def test_truncated_normal_by_default_and_its_bounds():
    sample = drawn(lambda s: random.truncated_normal(s, 3.0, [0.1, 10.0], size=(50_000, 2)))
    assert (abs(sample - 3) <= [0.2, 20.0]).all() and (abs(sample - 3).max(axis=0) > [0.199, 19.9]).all()
    rows = drawn(
        lambda s: random.truncated_normal(s, 0.0, 1.0, [[-1.0], [2.0]], [[0.0], [np.inf]], size=(2, 500))
    )
    assert (rows[0] <= 0).all() and (rows[0] >= -1).all() and (rows[1] >= 2).all()
    assert drawn(lambda s: random.truncated_normal(s, low=1.0, high=1.0)) == 1.0
    # Less is computed where both bounds are known to be near.
    s, m = T.TensorType("uint64", (None,))(), T.dscalar()
    for draw, name in (
        (random.truncated_normal(s, m, size=3), "normal_between_near"),
        (random.truncated_normal(s, 0.0, 2.0, -1.0, np.inf, size=3), "normal_between_near"),
        (random.truncated_normal(s, m, low=0.0, high=1.0, size=3), "normal_between"),
        (random.truncated_normal(s, low=40.0, high=np.inf, size=3), "normal_between"),
    ):
        names = [
            node.op.scalar_op.name
            for node in theano.gof.graph.io_toposort([s, m], [draw])
            if hasattr(node.op, "scalar_op")
        ]
        assert [n for n in names if n.startswith("normal_between")] == [name]


# Draws of two parameters, and the laws that they have.
FAMILIES = {
    "wald": (random.wald, lambda m, c: stats.invgauss(m / c, scale=c), (1.3, 0.7)),
    "wald, narrow": (random.wald, lambda m, c: stats.invgauss(m / c, scale=c), (1.3, 40.0)),
    "invgamma": (random.invgamma, lambda a, b: stats.invgamma(a, scale=b), (2.3, 0.7)),
    "triangular": (lambda s, a, b, **k: random.triangular(s, a, 1.0, b, **k),
                   lambda a, b: stats.triang((1 - a) / (b - a), a, b - a), (0.2, 3.0)),
    "triangular, falling": (lambda s, a, b, **k: random.triangular(s, a, a, b, **k),
                            lambda a, b: stats.triang(0, a, b - a), (0.2, 3.0)),
    "halfnormal": (random.halfnormal, stats.halfnorm, (0.3, 2.0)),
    "vonmises": (random.vonmises, lambda m, k: stats.vonmises(k, m), (0.3, 2.0)),
    "halfcauchy": (random.halfcauchy, stats.halfcauchy, (0.3, 2.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_hold_the_share_of_lesser_numbers(name):
    draw, law, at = FAMILIES[name]
    s, a, b = T.TensorType("uint64", (None,))(), T.dscalar(), T.dscalar()
    x = draw(s, a, b, size=(8,), dtype="float64")
    f = theano.function([s, a, b], [x, *(theano.gradient.jacobian(x, p) for p in (a, b))])
    value, *slopes = f(KEY, *at)
    share = law(*at).cdf(value)
    for i, slope in enumerate(slopes):
        h = 1e-5 * np.eye(2)[i]
        moved = (law(*(at + h)).ppf(share) - law(*(at - h)).ppf(share)) / 2e-5
        np.testing.assert_allclose(slope, moved, rtol=2e-5, atol=1e-7)


def test_the_gradient_of_the_mean_of_f():
    s, b = T.TensorType("uint64", (None,))(), T.dscalar()
    mean = random.f(s, 20.0, b, size=(100_000,), dtype="float64").mean()
    slope = theano.function([s, b], theano.grad(mean, b))(KEY, 30.0)
    assert slope == pytest.approx(-2 / 28**2, rel=0.05)


def test_vonmises():
    mu = np.array([-3.0, 0.0, 3.1, 40.0])
    angles = drawn(lambda s: random.vonmises(s, mu, 5.0, size=(20_000, 4)))
    assert (abs(angles) <= np.pi).all()
    mean = np.angle(np.exp(1j * angles).mean(axis=0))
    np.testing.assert_allclose(np.exp(1j * mean), np.exp(1j * mu), atol=0.02)
    narrow = drawn(lambda s: random.vonmises(s, 0.0, [1e8, 1e16, 1e40], size=(20_000, 3), dtype="float64"))
    for column, kappa in zip(narrow.T, (1e8, 1e16, 1e40), strict=True):
        assert stats.kstest(column * np.sqrt(kappa), "norm").pvalue > 1e-3
    s, m, kappa = T.TensorType("uint64", (None,))(), T.dscalar(), T.dscalar()
    cost = random.vonmises(s, m, kappa, size=5, dtype="float64").sum()
    assert theano.function([s, m, kappa], theano.grad(cost, m))(KEY, 0.5, 2.0) == 5
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        with pytest.raises(ValueError, match="Kappa of a von Mises distribution"):
            theano.function([s, m, kappa], cost, mode=mode)(KEY, 0.0, -1.0)


@pytest.mark.parametrize("kappa", [0.0, 1e-3, 0.5, 3.0, 40.0, 1e3, 1e6])
def test_the_slope_of_vonmises(kappa):
    """Beside the quotient of integrals, in 30 digits: of the derivative of the share before, and of the density."""
    t = (
        np.pi * np.array([0.01, 0.2, 0.6, 0.97])
        if kappa < 5
        else np.array([0.01, 0.5, 2.0, 5.0]) / np.sqrt(kappa)
    )
    k, x = T.dscalar(), T.dvector()
    found = theano.function([k, x], von_mises_slope(k, x))(kappa, t)
    with mpmath.workdps(30):
        end = min(mpmath.pi, 40 / mpmath.sqrt(kappa)) if kappa else mpmath.pi

        def integral(f, first):
            pieces = mpmath.linspace(first, end, 9)
            return mpmath.quad(lambda s: f(s) * mpmath.exp(kappa * (mpmath.cos(s) - 1)), pieces)

        mean = integral(mpmath.cos, 0) / integral(lambda s: mpmath.mpf(1), 0)
        wanted = [
            integral(lambda s: mpmath.cos(s) - mean, mpmath.mpf(v)) / mpmath.exp(kappa * (mpmath.cos(v) - 1))
            for v in t
        ]
    np.testing.assert_allclose(found, np.array(wanted, "float64"), rtol=1e-10)


def test_multivariate_normal():
    mean, cov = np.array([1.0, -2.0, 0.0]), np.array([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
    sample = drawn(lambda s: random.multivariate_normal(s, mean, cov, size=(50, 1000)))
    assert sample.shape == (50, 1000, 3)
    flat = sample.reshape(-1, 3)
    np.testing.assert_allclose(flat.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(flat.T), cov, atol=0.04)
    assert drawn(lambda s: random.multivariate_normal(s, np.zeros((4, 3)), cov)).shape == (4, 3)
    assert drawn(lambda s: random.multivariate_normal(s, mean, cov)).shape == (3,)
    assert drawn(lambda s: random.multivariate_normal(s, mean, cov, size=0)).shape == (0, 3)
    stack = cov * np.array([1.0, 9.0])[:, None, None]
    pairs = drawn(lambda s: random.multivariate_normal(s, mean, stack, size=(20_000, 2)))
    for i in range(2):
        np.testing.assert_allclose(np.cov(pairs[:, i].T), stack[i], rtol=0.1, atol=0.3)
    assert drawn(lambda s: random.multivariate_normal(s, np.zeros((4, 1, 3)), stack)).shape == (4, 2, 3)
    s, m, c = T.TensorType("uint64", (None,))(), T.dvector(), T.dmatrix()
    x = random.multivariate_normal(s, m, c, size=200_000, dtype="float64")
    by_mean, by_cov = theano.function([s, m, c], theano.grad((x**2).mean(axis=0).sum(), [m, c]))(
        KEY, mean, cov
    )
    # That of the sum of the mean's squares and of the variances.
    np.testing.assert_allclose(by_mean, 2 * mean, atol=0.05)
    np.testing.assert_allclose(np.diag(by_cov), 1, atol=0.05)
    for bad in ((1.0, cov), (mean, mean)):
        with pytest.raises(ValueError, match="means along an axis, and a matrix"):
            random.multivariate_normal(s, *bad)
