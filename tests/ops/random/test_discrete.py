"""Counts: their laws, over all ranges of parameters; shapes, types, mistakes, and that threads change nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

import theano
import theano.tensor as T
from croton.ops.random.arrays import ARRAYS
from croton.ops.random.methods import BinomialMethod, PoissonMethod
from theano.tensor import random
from theano.tensor.random import RandomStream

from .laws import KEY, drawn

N = 40_000

FAMILIES = {
    "poisson": (random.poisson, stats.poisson),
    "binomial": (random.binomial, stats.binom),
    "geometric": (random.geometric, stats.geom),
    "negative_binomial": (random.negative_binomial, stats.nbinom),
}
LAWS = [
    *(("poisson", m) for m in (0.0, 1e-9, 0.01, 0.7, 3.0, 9.999, 10.0, 10.5, 17.0, 64.0, 1e3, 1e6, 1e9)),
    *(("binomial", n, p) for n, p in (
        (0, 0.5), (1, 0.3), (7, 0.0), (7, 1.0), (15, 0.6), (40, 0.01), (20, 0.5), (25, 0.4), (30, 0.62), (200, 0.06),
        (1000, 0.97), (10**6, 1e-6), (10**6, 0.3), (10**12, 0.5))),
    *(("geometric", p) for p in (0.9, 0.3, 1e-3)),
    *(("negative_binomial", n, p) for n, p in ((1, 0.5), (0.4, 0.1), (8.5, 0.3), (300, 0.5), (5, 1.0))),
]  # fmt: skip


@cache
def compiled(family, mode):
    """Draws of a family, of a state, parameters and a size."""
    s, size, *given = T.TensorType("uint64", (None,))(), T.lvector(), T.dscalar(), T.dscalar()
    given = given[: FAMILIES[family][1].numargs]
    draw = FAMILIES[family][0](s, *given, size=[size[0], size[1]])
    return theano.function([s, *given, size], draw, mode=mode)


def chance(sample, law):
    """The p-value of chi-squared over classes of at least 20 expected numbers."""
    if law.std() < 1e-9:
        return float((sample == round(law.mean())).all())
    edges = np.unique(law.ppf(np.linspace(0, 1, 60)[1:-1]))
    below = np.concatenate([[0.0], law.cdf(edges), [1.0]])
    wanted = np.diff(below) * len(sample)
    counts = np.bincount(np.searchsorted(edges, sample), minlength=len(wanted))
    merged, seen, total, got = [], [], 0.0, 0
    for w, c in zip(wanted, counts, strict=True):
        total, got = total + w, got + c
        if total >= 20:
            merged.append(total)
            seen.append(got)
            total, got = 0.0, 0
    if not merged:
        return 1.0
    merged[-1] += total
    seen[-1] += got
    if len(merged) == 1:
        return 1.0
    return stats.chisquare(seen, np.array(merged) * sum(seen) / sum(merged)).pvalue


@pytest.mark.parametrize("case", LAWS, ids=str)
def test_laws(case):
    family, *given = case
    law = FAMILIES[family][1](*given)
    sample = compiled(family, "FAST_RUN")(KEY, *given, [N, 1])[:, 0]
    assert sample.dtype == "int64" and sample.shape == (N,)
    assert chance(sample, law) > 1e-4
    assert abs(sample.mean() - law.mean()) <= 5 * law.std() / np.sqrt(N) + 1e-9


@pytest.mark.parametrize("case", LAWS, ids=str)
def test_the_reference_agrees(case):
    family, *given = case
    native, reference = (
        compiled(family, mode)(KEY, *given, [9, 70]) for mode in ("FAST_RUN", "FAST_COMPILE")
    )
    assert (native == reference).mean() > 0.999


def test_hats_lie_above():
    """What is compared with a uniform number is a probability: at most 1, whatever the parameters."""
    side = np.geomspace(1e-6, 0.5, 4000)
    u = np.concatenate([side, 1 - side])
    bits = (u * 2.0**52).astype("uint64")
    one = (bits >> np.uint64(26) << np.uint64(38)) | (bits % np.uint64(2**26) << np.uint64(6))
    sure = np.full(
        len(u), 2**64 - 1, "uint64"
    )  # a uniform number of 1: only what lies above the hat is taken
    with np.errstate(all="ignore"):
        for lam in np.geomspace(10, 1e7, 150):
            assert not PoissonMethod().attempt(ARRAYS, one, sure, np.full(len(u), lam))[1].any()
        for p in (0.5, 0.4, 0.1, 1e-3):
            for n in np.floor(10 / p * np.geomspace(1.001, 1e5, 60)) + 1:
                tries = BinomialMethod().attempt(ARRAYS, one, sure, np.full(len(u), n), np.full(len(u), p))
                assert not tries[1].any()


def test_extremes():
    assert (drawn(lambda s: random.geometric(s, 1.0, size=100)) == 1).all()
    assert drawn(lambda s: random.geometric(s, 1e-300, size=100)).max() == 2**62
    huge = drawn(lambda s: random.poisson(s, 2.0**53, size=1000))
    assert abs((huge - 2.0**53).std() / 2**26.5 - 1) < 0.1
    huge = drawn(lambda s: random.binomial(s, 2.0**53, 0.5, size=1000))
    assert abs((huge - 2.0**52).std() / 2**25.5 - 1) < 0.1


def test_parameters_of_both_kinds_side_by_side():
    lam = np.array([[0.5, 200.0], [9.0, 11.0]])
    counts = drawn(lambda s: random.poisson(s, lam, size=(20_000, 2, 2)))
    for at in np.ndindex(2, 2):
        assert chance(counts[(slice(None), *at)], stats.poisson(lam[at])) > 1e-4
    n, p = np.array([3.0, 3000.0]), np.array([[0.2], [0.9]])
    counts = drawn(lambda s: random.binomial(s, n, p, size=(20_000, 2, 2)))
    for i, j in np.ndindex(2, 2):
        assert chance(counts[:, i, j], stats.binom(n[j], p[i, 0])) > 1e-4
    corr = np.corrcoef(counts.reshape(-1, 4).T)
    assert abs(corr - np.eye(4)).max() < 0.04


def test_multinomial():
    p = np.array([0.2, 0.0, 0.5, 0.3])
    counts = drawn(lambda s: random.multinomial(s, 50, p, size=N))
    assert counts.shape == (N, 4) and counts.dtype == "int64"
    assert (counts.sum(axis=1) == 50).all() and (counts >= 0).all() and (counts[:, 1] == 0).all()
    for j in (0, 2, 3):
        assert chance(counts[:, j], stats.binom(50, p[j])) > 1e-4
    wanted = 50 * (np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(np.cov(counts.T), wanted, atol=0.4)
    # Weights need not add up to 1; n and they broadcast.
    weights = np.array([[[1.0, 3.0]], [[0.0, 9.0]]])
    rows = drawn(lambda s: random.multinomial(s, [10, 10**9, 0], weights))
    assert (
        rows.shape == (2, 3, 2) and (rows.sum(axis=-1) == [10, 10**9, 0]).all() and (rows[1, :, 0] == 0).all()
    )
    assert abs(rows[0, 1, 0] / 1e9 - 0.25) < 1e-3
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        for shape in ((0,), (0, 4), (5,)):
            made = drawn(lambda s, shape=shape: random.multinomial(s, 3, np.ones(2), size=shape), mode)
            assert made.shape == (*shape, 2)
        assert drawn(lambda s: random.multinomial(s, 3, np.ones(1)), mode).tolist() == [3]
    native, reference = (
        drawn(lambda s: random.multinomial(s, [[20], [400]], np.arange(7.0), size=(2, 300)), mode)
        for mode in ("FAST_RUN", "FAST_COMPILE")
    )
    assert (native == reference).mean() > 0.999


def test_shapes_and_types():
    s, v = T.TensorType("uint64", (None,))(), T.fvector()
    for draw, shape, dtype in (
        (random.poisson(s), (), "int64"),
        (random.poisson(s, v), (3,), "int64"),
        (random.poisson(s, v, size=(2, 3), dtype="int32"), (2, 3), "int32"),
        (random.binomial(s, np.int32(9), v), (3,), "int64"),
        (random.binomial(s, np.ones((4, 1), "int8"), v, dtype="uint8"), (4, 3), "uint8"),
        (random.geometric(s, v, size=v.shape), (3,), "int64"),
        (random.negative_binomial(s, 3, v), (3,), "int64"),
        (random.multinomial(s, 3, v), (3,), "int64"),
        (random.multinomial(s, 3, v, size=(0, 2)), (0, 2, 3), "int64"),
        (random.poisson(s, v[:0]), (0,), "int64"),
        (random.poisson(s, v[::-1]), (3,), "int64"),
    ):
        for mode in ("FAST_RUN", "FAST_COMPILE"):
            f = theano.function([s, v], draw, on_unused_input="ignore", mode=mode)
            made = f(KEY, np.array([0.5, 0.25, 0.75], "float32"))
            assert made.shape == shape and made.dtype == dtype == draw.type.dtype


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_parameters_that_do_not_fit(mode):
    for wrong in (-1.0, np.nan, np.inf, 1e17):
        with pytest.raises(ValueError, match="from 0 to 2\\^53"):
            drawn(lambda s, wrong=wrong: random.poisson(s, np.array([1.0, wrong])), mode)
    for n, p in ((-1, 0.5), (3, 1.5), (3, -0.1), (3, np.nan), (2.0**54, 0.5)):
        with pytest.raises(ValueError, match="p from 0 to 1"):
            drawn(lambda s, n=n, p=p: random.binomial(s, n, p), mode)
    for p in (0.0, -0.5, 1.1, np.nan):
        with pytest.raises(ValueError, match="above 0"):
            drawn(lambda s, p=p: random.geometric(s, p), mode)
    for n, p in ((-1, 0.5), (3, 0.0), (3, np.nan)):
        with pytest.raises(ValueError, match="got others, or NaN"):
            drawn(lambda s, n=n, p=p: random.negative_binomial(s, n, p), mode)
    s, n = T.TensorType("uint64", (None,))(), T.lscalar()
    for draw in (random.poisson(s, 2.0, size=n), random.multinomial(s, 2, [0.5, 0.5], size=n)):
        with pytest.raises(ValueError, match="negative length"):
            theano.function([s, n], draw, mode=mode)(KEY, -1)
    v = T.dvector()
    with pytest.raises(ValueError):
        theano.function([s, v], random.poisson(s, v, size=(2, 4)), mode=mode)(KEY, np.ones(3))


def test_other_mistakes():
    s = T.TensorType("uint64", (None,))()
    with pytest.raises(TypeError, match="whole numbers"):
        random.multinomial(s, 3, [0.5, 0.5], dtype="complex64")
    with pytest.raises(ValueError, match="axis of probabilities"):
        random.multinomial(s, 3, 0.5)
    with pytest.raises(ValueError, match="parameters of 1 axes"):
        random.binomial(s, [3, 4], 0.5, size=())


def test_no_gradient_goes_through_them():
    s, x, v = T.TensorType("uint64", (None,))(), T.dscalar(), T.dvector()
    for drawn_counts, by in (
        (random.poisson(s, x), x),
        (random.binomial(s, 3, x), x),
        (random.negative_binomial(s, x, 0.5), x),
        (random.geometric(s, x), x),
        (random.multinomial(s, 3, v), v),
        (random.bernoulli(s, x, dtype="float64"), x),
        (random.categorical(s, v), v),
    ):
        cost = T.cast(drawn_counts, "float64").sum()
        with pytest.raises(theano.gradient.DisconnectedInputError):
            theano.grad(cost, by)
        # What else depends on a parameter has its gradient.
        slope = theano.grad(cost * T.log(by).sum(), by)
        theano.function([s, by], slope)(KEY, np.full((3,)[: by.type.ndim], 0.25))


def test_threads_and_vectors_change_nothing():
    """An element is the same wherever it is drawn: among others of its kind or not, in whole blocks or the rest."""
    lam = np.concatenate([np.linspace(0, 30, 700), np.full(50, 3.0)])
    together = drawn(lambda s: random.poisson(s, lam))
    apart = drawn(lambda s: random.poisson(s, lam[:300]))
    assert np.array_equal(together[:300], apart)
    shape = np.linspace(0.1, 9, 600)
    together = drawn(lambda s: random.gamma(s, shape, dtype="float64"))
    np.testing.assert_array_equal(
        together[:41], drawn(lambda s: random.gamma(s, shape[:41], dtype="float64"))
    )


def test_streams_have_them():
    stream = RandomStream(3)
    draws = [
        stream.poisson(4.0, size=9), stream.binomial(9, 0.3, size=9), stream.geometric(0.1, size=9),
        stream.negative_binomial(4, 0.3, size=9), stream.multinomial(9, [0.25] * 4),
    ]  # fmt: skip
    f = theano.function([], draws)
    one, other = f(), f()
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert "python!" not in str(theano.explain(f))


def test_as_many_terms_as_matter():
    """Of what is drawn by adding up probabilities: none exceeds the number of terms but by less than a last digit."""
    means = np.concatenate([np.geomspace(1e-12, 1.0, 200), np.linspace(1.0, 10.0, 200)])
    assert (stats.poisson(means).sf(PoissonMethod().terms(ARRAYS, means)) < 1e-18).all()
    for n in (1, 2, 5, 10, 20, 100, 10**4, 10**9):
        n = np.full(len(means), float(n))
        p = np.minimum(means / n, 0.5)
        for chance in (p, 1 - p):
            terms = BinomialMethod().terms(ARRAYS, n, chance)
            assert (terms <= n).all() and (stats.binom(n, p).sf(terms) < 1e-18).all()


def test_small_means_beside_greater_ones():
    """How many terms a block of numbers takes is not to be seen in them."""
    lam = np.where(np.arange(2000) % 7 == 0, 9.5, 0.01)
    alone = drawn(lambda s: random.poisson(s, np.full(2000, 0.01)))
    mixed = drawn(lambda s: random.poisson(s, lam))
    few = lam < 1
    assert np.array_equal(alone[few], mixed[few]) and mixed[~few].mean() == pytest.approx(9.5, rel=0.1)


@cache
def compiled_hypergeometric(mode):
    """Draws of a state, the three counts and a length."""
    s, n, *given = T.TensorType("uint64", (None,))(), T.lscalar(), T.dscalar(), T.dscalar(), T.dscalar()
    return theano.function([s, *given, n], random.hypergeometric(s, *given, size=n), mode=mode)


COUNTS = [
    (5, 20, 7), (20, 5, 7), (20, 5, 20), (5, 20, 22), (10, 10, 10), (19, 19, 19), (40, 40, 40), (60, 30, 45),
    (39, 41, 40), (900, 100, 500), (100, 900, 500), (1000, 1000, 300), (10**6, 10**6, 15),
    (15, 10**6, 10**5), (10**3, 10**6, 10**4),
]  # fmt: skip


@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_hypergeometric(counts):
    good, bad, drawn_ones = counts
    native, reference = (compiled_hypergeometric(mode) for mode in ("FAST_RUN", "FAST_COMPILE"))
    sample = native(KEY, *counts, N)
    assert sample.dtype == "int64" and chance(sample, stats.hypergeom(good + bad, good, drawn_ones)) > 1e-4
    assert (sample[:700] == reference(KEY, *counts, 700)).mean() > 0.999


@pytest.mark.parametrize(
    "counts", [(15, 10**9, 10**8), (10**5, 10**9, 10**6), (10**12, 10**12, 10**12), (2**52, 9, 2**51)]
)
def test_hypergeometric_of_great_counts(counts):
    good, bad, drawn_ones = map(float, counts)
    sample = compiled_hypergeometric("FAST_RUN")(KEY, *counts, N)
    both = good + bad
    mean = drawn_ones * good / both
    spread = np.sqrt(mean * (bad / both) * ((both - drawn_ones) / (both - 1)))
    assert abs((sample - mean).mean()) < 5 * spread / np.sqrt(N)
    assert (sample - mean).std() / spread == pytest.approx(1, abs=0.03)


def test_the_rectangle_of_hypergeometric_holds_all():
    """What a number is drawn for is inside: a point within its width, at the height of its probability's root."""
    rng = np.random.default_rng(5)
    for _ in range(300):
        both = int(np.exp(rng.uniform(np.log(45), np.log(1e6))))
        c = int(rng.integers(11, both // 2 + 1))
        a = int(np.ceil(10 * both / c * np.exp(rng.uniform(0, 2))))
        if a > c:
            continue
        law, mean = stats.hypergeom(both, a, c), a * c / both
        spread = np.sqrt(mean * (1 - a / both) * (both - c) / (both - 1) + 0.5)
        k = np.arange(max(0, int(mean - 12 * spread)), min(a, int(mean + 12 * spread)) + 1)
        height = np.exp(0.5 * (law.logpmf(k) - law.logpmf((a + 1) * (c + 1) // (both + 2))))
        far = np.maximum(abs(k - mean - 0.5), abs(k + 0.5 - mean))
        assert (2 * far * height).max() <= 1.7155277699214135 * spread + 0.8989161620588988


def test_hypergeometric_where_there_is_no_choice():
    for counts, number in (
        ((1, 0, 1), 1),
        ((0, 5, 3), 0),
        ((5, 0, 3), 3),
        ((0, 0, 0), 0),
        ((7, 9, 16), 7),
        ((7, 9, 0), 0),
    ):
        for mode in ("FAST_RUN", "FAST_COMPILE"):
            assert (compiled_hypergeometric(mode)(KEY, *counts, 300) == number).all()


def test_what_can_not_be_drawn():
    for counts in ((3, 2, 6), (-1, 2, 1), (3, 2, -1), (np.nan, 2, 1), (2.0**53, 2, 1)):
        for mode in ("FAST_RUN", "FAST_COMPILE"):
            with pytest.raises(ValueError, match="no more are drawn than there are; got others"):
                compiled_hypergeometric(mode)(KEY, *counts, 3)
