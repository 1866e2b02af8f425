"""Continuous distributions over random bits: the laws they have, on every backend and in every data type."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from theano.tensor import random

from .laws import drawn

N = 20_000

# Draws with parameters, and the laws that they have.
LAWS = {
    "uniform": (lambda s, **k: random.uniform(s, -1.0, 3.0, **k), stats.uniform(-1, 4)),
    "normal": (lambda s, **k: random.normal(s, 2.0, 3.0, **k), stats.norm(2, 3)),
    "lognormal": (lambda s, **k: random.lognormal(s, 0.5, 0.25, **k), stats.lognorm(0.25, scale=np.exp(0.5))),
    "exponential": (lambda s, **k: random.exponential(s, 2.0, **k), stats.expon(scale=2)),
    "laplace": (lambda s, **k: random.laplace(s, 1.0, 2.0, **k), stats.laplace(1, 2)),
    "gumbel": (lambda s, **k: random.gumbel(s, 1.0, 2.0, **k), stats.gumbel_r(1, 2)),
    "logistic": (lambda s, **k: random.logistic(s, 1.0, 2.0, **k), stats.logistic(1, 2)),
    "cauchy": (lambda s, **k: random.cauchy(s, 1.0, 2.0, **k), stats.cauchy(1, 2)),
    "weibull": (lambda s, **k: random.weibull(s, 1.7, 2.0, **k), stats.weibull_min(1.7, scale=2)),
    "pareto": (lambda s, **k: random.pareto(s, 3.0, 2.0, **k), stats.pareto(3, scale=2)),
    "gamma 0.3": (lambda s, **k: random.gamma(s, 0.3, 2.0, **k), stats.gamma(0.3, scale=2)),
    "gamma 1": (lambda s, **k: random.gamma(s, 1.0, **k), stats.gamma(1)),
    "gamma 7.5": (lambda s, **k: random.gamma(s, 7.5, 0.5, **k), stats.gamma(7.5, scale=0.5)),
    "chisquare": (lambda s, **k: random.chisquare(s, 3.0, **k), stats.chi2(3)),
    "beta": (lambda s, **k: random.beta(s, 0.7, 2.5, **k), stats.beta(0.7, 2.5)),
    "truncated_normal": (lambda s, **k: random.truncated_normal(s, 1.0, 2.0, **k), stats.truncnorm(-2, 2, 1, 2)),
    "truncated_normal to the right": (
        lambda s, **k: random.truncated_normal(s, 1.0, 2.0, 2.0, np.inf, **k), stats.truncnorm(0.5, np.inf, 1, 2)
    ),
    "truncated_normal, a tail": (
        lambda s, **k: random.truncated_normal(s, low=-31.0, high=-30.5, **k), stats.truncnorm(-31, -30.5)
    ),
    "halfnormal": (lambda s, **k: random.halfnormal(s, 1.0, 2.0, **k), stats.halfnorm(1, 2)),
    "halfcauchy": (lambda s, **k: random.halfcauchy(s, 1.0, 2.0, **k), stats.halfcauchy(1, 2)),
    "rayleigh": (lambda s, **k: random.rayleigh(s, 2.0, **k), stats.rayleigh(scale=2)),
    "triangular": (lambda s, **k: random.triangular(s, -1.0, 0.0, 3.0, **k), stats.triang(0.25, -1, 4)),
    "triangular, falling": (lambda s, **k: random.triangular(s, 0.0, 0.0, 1.0, **k), stats.triang(0, 0, 1)),
    "wald": (lambda s, **k: random.wald(s, 2.0, 3.0, **k), stats.invgauss(2 / 3, scale=3)),
    "invgamma": (lambda s, **k: random.invgamma(s, 3.0, 2.0, **k), stats.invgamma(3, scale=2)),
    "f": (lambda s, **k: random.f(s, 5.0, 7.0, **k), stats.f(5, 7)),
    "vonmises": (lambda s, **k: random.vonmises(s, 0.0, 1.5, **k), stats.vonmises(1.5)),
    "vonmises, even": (lambda s, **k: random.vonmises(s, 0.0, 0.0, **k), stats.uniform(-np.pi, 2 * np.pi)),
    "vonmises, narrow": (lambda s, **k: random.vonmises(s, 0.0, 400.0, **k), stats.vonmises(400)),
    "standard_t": (lambda s, **k: random.standard_t(s, 4.0, **k), stats.t(4)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAWS)
def test_laws(name, dtype):
    draw, law = LAWS[name]
    sample = drawn(lambda s: draw(s, size=N, dtype=dtype))
    assert sample.dtype == dtype and np.isfinite(sample).all()
    assert stats.kstest(sample.astype("float64"), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", LAWS)
def test_the_reference_agrees(name):
    draw, _ = LAWS[name]
    native, reference = (
        drawn(lambda s: draw(s, size=(9, 70), dtype="float64"), mode) for mode in ("FAST_RUN", "FAST_COMPILE")
    )
    np.testing.assert_allclose(native, reference, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", LAWS)
def test_halves(name):
    sample = drawn(lambda s: LAWS[name][0](s, size=2000, dtype="float16"))
    assert sample.dtype == "float16" and not np.isnan(sample).any()
    low, high = LAWS[name][1].ppf([0.25, 0.75])
    assert 0.4 < np.mean((sample > low) & (sample < high)) < 0.6
