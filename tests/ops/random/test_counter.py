"""Distributions over random bits: tails, discrete laws, shapes, gradients and mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import theano
import theano.tensor as T
from croton.ops.random.bits import cosine, radius_unit
from theano.tensor import random

from .laws import KEY, drawn

N = 20_000


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tails_are_long(dtype):
    sample = abs(drawn(lambda s: random.normal(s, size=5_000_000, dtype=dtype)))
    for edge in (3, 4, 4.8):
        wanted = 2 * stats.norm.sf(edge) * len(sample)
        assert abs((sample > edge).sum() - wanted) < 5 * np.sqrt(wanted)


def test_discrete_laws():
    die = drawn(lambda s: random.integers(s, 1, 6, size=60_000, endpoint=True))
    assert stats.chisquare(np.bincount(die, minlength=7)[1:]).pvalue > 1e-3
    coins = drawn(lambda s: random.bernoulli(s, np.array([0.0, 0.3, 1.0]), size=(N, 3)))
    assert coins[:, 0].sum() == 0 and coins[:, 2].sum() == N
    assert abs(coins[:, 1].mean() - 0.3) < 5 * np.sqrt(0.21 / N)
    p = np.array([0.1, 0.2, 0.0, 0.7])
    for sample in (
        drawn(lambda s: random.categorical(s, p, size=N)),
        drawn(lambda s: random.categorical(s, logits=np.log(p + 1e-300) + 3, size=N)),
        drawn(lambda s: random.choice(s, 4, size=N, p=p)),
    ):
        counts = np.bincount(sample, minlength=4)
        assert counts[2] == 0
        assert stats.chisquare(counts[[0, 1, 3]], N * p[[0, 1, 3]]).pvalue > 1e-3


def test_the_tail_of_float64_goes_on_where_the_bits_of_the_radius_are_zero():
    """The bits that the radius shares with the angle: what lies beyond 6.7 comes as often as it should."""
    low = np.arange(2**20, dtype="uint64") << np.uint64(
        12
    )  # the other word of elements whose first one is 0, in part
    x = T.TensorType("uint64", (None,))()
    z = T.sqrt(-2 * T.log(radius_unit["float64"](x))) * cosine["float64"](x)
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        beyond = abs(theano.function([x], z, mode=mode)(low | np.uint64(0x5A5)))
        for edge in (6.8, 7.2):
            # The share of elements beyond, of one in 2^31.
            assert (beyond > edge).mean() / 2**31 == pytest.approx(2 * stats.norm.sf(edge), rel=0.02)


def test_outcomes_by_rows():
    p = np.array([[0.0, 0.5, 0.5, 0.0], [3.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1e-30]])
    with np.errstate(divide="ignore"):
        scores = np.log(p) + 700
    for draw in (
        lambda s, **k: random.categorical(s, p, **k),
        lambda s, **k: random.categorical(s, logits=scores, **k),
    ):
        for mode in ("FAST_RUN", "FAST_COMPILE"):
            rows = drawn(lambda s, draw=draw: draw(s, size=(N, 3)), mode)
            counts = np.array([np.bincount(rows[:, i], minlength=4) for i in range(3)])
            assert (counts[p == 0] == 0).all()
            wanted = p / p.sum(axis=1, keepdims=True)
            assert abs(counts / N - wanted).max() < 5 / np.sqrt(N)
            assert drawn(draw, mode).shape == (3,)
    many = np.full(50_000, 1e-3, "float32")
    sample = drawn(lambda s: random.categorical(s, many, size=N))
    assert stats.kstest((sample + 0.5) / len(many), "uniform").pvalue > 1e-3


def test_integers_over_great_ranges():
    least, greatest = -(2**62), 2**62
    sample = drawn(lambda s: random.integers(s, least, greatest, size=N))
    assert stats.kstest(sample / 2.0**63 + 0.5, "uniform").pvalue > 1e-3
    assert drawn(lambda s: random.integers(s, 5, size=100, dtype="int8")).dtype == "int8"
    for dtype, least, above in (("int64", -(2**63), 2**63), ("uint64", 0, 2**64), ("int8", -128, 128)):
        sample = drawn(lambda s, r=(least, above), d=dtype: random.integers(s, *r, size=N, dtype=d))
        assert sample.dtype == dtype
        place = (sample.astype("float64") - least + 0.5) / (float(above) - least)
        assert stats.kstest(place, "uniform").pvalue > 1e-3
    above = np.array([2**63 + 5, 2**64 - 1], "uint64")
    wide = drawn(lambda s: random.integers(s, 2**63, above, size=(N, 2), dtype="uint64"))
    assert set(wide[:, 0]) == set(range(2**63, 2**63 + 5))
    assert stats.kstest(wide[:, 1] / 2.0**63 - 1, "uniform").pvalue > 1e-3
    s, low, high = T.TensorType("uint64", (None,))(), T.lscalar(), T.lscalar()
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([s, low, high], random.integers(s, low, high, size=N, endpoint=True), mode=mode)
        sample = f(KEY, -(2**63), 2**63 - 1)
        assert stats.kstest(sample / 2.0**64 + 0.5, "uniform").pvalue > 1e-3
        assert (f(KEY, 7, 7) == 7).all()
        g = theano.function([s, low, high], random.integers(s, low, high, size=9, dtype="uint8"), mode=mode)
        assert g(KEY, 0, 256).max() > 9
        for bounds in ((0, 257), (-1, 4)):
            with pytest.raises(ValueError, match="uint8 lie from 0 to 255"):
                g(KEY, *bounds)
    assert (drawn(lambda s: random.integers(s, 3, 4, size=100)) == 3).all()


def test_permutations_and_choice():
    order = drawn(lambda s: random.permutation(s, 50))
    assert sorted(order) == list(range(50)) and list(order) != list(range(50))
    rows = drawn(lambda s: random.permutation(s, np.arange(10).reshape(5, 2)))
    assert sorted(map(tuple, rows.tolist())) == [(2 * i, 2 * i + 1) for i in range(5)]
    few = drawn(lambda s: random.choice(s, [5, 6, 7, 8], size=4, replace=False))
    assert sorted(few) == [5, 6, 7, 8]
    likely = drawn(lambda s: random.choice(s, 4, size=2, replace=False, p=[0.0, 0.5, 0.5, 0.0]))
    assert sorted(likely) == [1, 2]
    assert drawn(lambda s: random.choice(s, [5, 6, 7])) in (5, 6, 7)
    assert drawn(lambda s: random.choice(s, 9, replace=False)) in range(9)
    table = drawn(lambda s: random.choice(s, 12, size=(3, 4), replace=False))
    assert table.shape == (3, 4) and sorted(table.ravel()) == list(range(12))
    grid = np.arange(12).reshape(3, 4)
    columns = drawn(lambda s: random.choice(s, grid, size=3, replace=False, axis=1))
    assert columns.shape == (3, 3) and set(map(tuple, columns.T)) <= set(map(tuple, grid.T))
    assert drawn(lambda s: random.choice(s, grid)).tolist() in grid.tolist()
    turned = drawn(lambda s: random.permutation(s, grid, axis=-1))
    assert sorted(map(tuple, turned.T)) == sorted(map(tuple, grid.T))
    many = drawn(lambda s: random.choice(s, [5, 6, 7], size=(3, 4)))
    assert many.shape == (3, 4) and set(many.ravel()) <= {5, 6, 7}


def test_first_places_of_permutations_are_even():
    s = theano.shared(KEY)
    f = theano.function([], random.permutation(s, 4)[0], updates={s: random.moved(s)})
    assert stats.chisquare(np.bincount([f() for _ in range(2000)])).pvalue > 1e-3


def test_shapes_by_broadcasting():
    low, high = np.zeros((3, 1)), np.ones(4) * 5
    s = T.TensorType("uint64", (None,))()
    v = T.dvector()
    for draw, shape in (
        (random.uniform(s, low, high), (3, 4)),
        (random.uniform(s, low, high, size=(2, 3, 4)), (2, 3, 4)),
        (random.normal(s), ()),
        (random.normal(s, v, 1.0), (6,)),
        (random.normal(s, v, low), (3, 6)),
        (random.exponential(s, v, size=(2, v.shape[0])), (2, 6)),
        (random.uniform(s, size=T.as_tensor_variable([2, 5])), (2, 5)),
        (random.uniform(s, size=v.shape), (6,)),
        (random.uniform(s, size=(0, 3)), (0, 3)),
        (random.categorical(s, np.full((5, 3), 1 / 3)), (5,)),
        (random.categorical(s, np.full((5, 3), 1 / 3), size=(4, 5)), (4, 5)),
        (random.categorical(s, [0.5, 0.5]), ()),
    ):
        f = theano.function([s, v], draw, on_unused_input="ignore")
        assert f(KEY, np.arange(6.0)).shape == shape
    # Elements differ along axes that parameters lack.
    assert len(np.unique(drawn(lambda s: random.uniform(s, low, high)))) == 12


def test_gradients_by_reparametrisation():
    s = T.TensorType("uint64", (None,))()
    a, b = T.dscalar(), T.dscalar()
    for draw in (random.normal, random.laplace, random.gumbel, random.logistic, random.uniform):
        x = draw(s, a, b, size=(7,), dtype="float64")
        f = theano.function([s, a, b], [x, *theano.grad((x**2).sum(), [a, b])])
        _, da, db = f(KEY, 0.3, 1.5)
        h = 1e-6
        for got, (up, down) in (
            (da, ((0.3 + h, 1.5), (0.3 - h, 1.5))),
            (db, ((0.3, 1.5 + h), (0.3, 1.5 - h))),
        ):
            costs = [(f(KEY, *at)[0] ** 2).sum() for at in (up, down)]
            assert got == pytest.approx((costs[0] - costs[1]) / (2 * h), rel=1e-5)
    for draw in (random.exponential, lambda s, a, **k: random.weibull(s, a, **k), random.pareto):
        x = draw(s, a, size=(7,), dtype="float64")
        f = theano.function([s, a], [x, theano.grad(x.sum(), a)])
        difference = (f(KEY, 1.5 + h)[0] - f(KEY, 1.5 - h)[0]).sum() / (2 * h)
        assert f(KEY, 1.5)[1] == pytest.approx(difference, rel=1e-5)


def test_masks_are_made_where_they_are_used():
    s, x = T.TensorType("uint64", (None,))(), T.matrix()
    y = x * random.bernoulli(s, 0.5, size=x.shape, dtype=x.dtype)
    f = theano.function([s, x], [y, theano.grad(y.sum(), x)])
    value, slope = f(KEY, np.full((50, 40), 2.0, x.dtype))
    assert np.array_equal(value, 2 * slope) and set(np.unique(slope)) == {0, 1}
    g = theano.function([s, x], y)
    assert sum(line.startswith("  k") for line in str(theano.explain(g)).splitlines()) == 1


def test_mistakes():
    s = T.TensorType("uint64", (None,))()
    with pytest.raises(TypeError, match="integers"):
        random.uniform(s, size=(2.5,))
    with pytest.raises(TypeError, match="integers"):
        random.uniform(s, size=(T.dscalar(), 2))
    with pytest.raises(ValueError, match="parameters of 2 axes"):
        random.normal(s, np.zeros((2, 2)), size=3)
    with pytest.raises(TypeError, match="floating point"):
        random.normal(s, dtype="int32")
    with pytest.raises(TypeError, match="between integers"):
        random.integers(s, 0.5, 3)
    with pytest.raises(TypeError, match="one of p and logits"):
        random.categorical(s)
    with pytest.raises(ValueError, match="axis of outcomes"):
        random.categorical(s, 0.5)
    with pytest.raises(ValueError, match="parameters of 2 axes"):
        random.categorical(s, np.ones((2, 2, 2)), size=3)
    with pytest.raises(TypeError, match="permutations"):
        random.permutation(s, 2.5)
    with pytest.raises(ValueError, match="vector"):
        random.choice(s, 3, p=np.ones((3, 1)))
    with pytest.raises(ValueError, match="Without replacement"):
        random.choice(s, 9, size=(2, 5), replace=False)
    with pytest.raises(ValueError, match="no more elements"):
        random.choice(s, 3, size=4, replace=False)
    for low, high in ((5, 5), (3, -1), (0, 0)):
        with pytest.raises(ValueError, match="leave none"):
            random.integers(s, low, high)
    assert drawn(lambda s: random.integers(s, 5, 5, size=3, endpoint=True)).tolist() == [5, 5, 5]
    n = T.lscalar()
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([s, n], random.integers(s, 0, T.stack([3, n])), mode=mode)
        assert f(KEY, 1)[1] == 0
        with pytest.raises(ValueError, match="leave none"):
            f(KEY, 0)
        f = theano.function([s, n], random.choice(s, 4, size=n, replace=False), mode=mode)
        assert sorted(f(KEY, 4)) == [0, 1, 2, 3]
        with pytest.raises(ValueError, match="no more elements"):
            f(KEY, 5)
    with pytest.raises(ValueError, match="negative length"):
        theano.function([s, n], random.uniform(s, size=n))(KEY, -1)
    # Elementwise operations say where lengths do not fit.
    v = T.dvector()
    with pytest.raises(ValueError, match="mis-match"):
        theano.function([s, v], random.normal(s, v, size=(2, 4)))(KEY, np.zeros(3))


def test_a_size_of_one_does_not_stretch():
    """Numbers that were as many as the parameter's, but all made of the same bits."""
    s, v = T.TensorType("uint64", (None,))(), T.dvector()
    for draw in (random.normal, random.exponential, random.poisson, random.bernoulli):
        with pytest.raises(ValueError, match="length 1 on axis -1. Its length there is 3"):
            draw(s, np.full(3, 0.5), size=1)
        for mode in ("FAST_RUN", "FAST_COMPILE"):
            f = theano.function([s, v], draw(s, v, size=(1,)), mode=mode)
            assert f(KEY, np.full(1, 0.5)).shape == (1,)
            with pytest.raises(ValueError, match="does not broadcast to a draw that has length 1"):
                f(KEY, np.full(3, 0.5))
    for draw, given in ((random.normal, np.zeros((2, 4))), (random.dirichlet, np.ones((4, 2)))):
        with pytest.raises(ValueError, match="length 3 on axis -1. Its length there is 4"):
            draw(s, given, size=(2, 3))


def test_sizes():
    s = T.TensorType("uint64", (None,))()
    for size, shape in (
        (np.array(2), (2,)),
        (np.array([2, 3]), (2, 3)),
        (np.int64(2), (2,)),
        ([], ()),
        ((), ()),
    ):
        assert drawn(lambda s, size=size: random.uniform(s, size=size)).shape == shape
    for size in (-1, (2, -1), np.array([-3])):
        with pytest.raises(ValueError, match="axis of negative length"):
            random.uniform(s, size=size)
    with pytest.raises(ValueError, match=r"Give the lengths one by one, as in size=\(n\[0\], n\[1\]\)"):
        random.uniform(s, size=T.lvector("n"))


def test_data_types_as_numpy_says_them():
    s = T.TensorType("uint64", (None,))()
    for dtype in (np.float32, np.dtype("float32"), "float32"):
        assert random.normal(s, dtype=dtype).dtype == random.poisson(s, dtype=dtype).dtype == "float32"
    assert random.gamma(s, 2.0, dtype="floatX").dtype == theano.config.floatX
    assert random.integers(s, 5, dtype=np.uint8).dtype == "uint8"
    for draw in (random.binomial, random.bernoulli):
        coins = drawn(lambda s, draw=draw: draw(s, p=0.3, size=N, dtype="float32"))
        assert coins.dtype == "float32" and abs(coins.mean() - 0.3) < 0.02
    with pytest.raises(TypeError, match="complex"):
        random.normal(s, 1j)
    with pytest.raises(TypeError, match="whole numbers"):
        random.poisson(s, dtype="complex64")
    with pytest.raises(TypeError, match="Integers have a data type of integers"):
        random.integers(s, 5, dtype="float32")


def test_what_is_known_not_to_be_a_distribution():
    s = T.TensorType("uint64", (None,))()
    for draw, given, says in (
        (random.normal, (0.0, -1.0), "scale of normal must be at least 0; got -1.0"),
        (random.exponential, ([1.0, -2.0],), "scale of exponential"),
        (random.lognormal, (0.0, np.nan), "sigma of lognormal"),
        (random.beta, (0.0, 1.0), "a of beta must be above 0"),
        (random.weibull, (-1.0,), "shape of weibull"),
        (random.pareto, (0.0,), "a of pareto"),
        (random.standard_t, (0.0,), "df of standard_t"),
        (random.dirichlet, ([1.0, -1.0],), "alpha of dirichlet"),
        (random.wald, (0.0,), "mean of wald"),
        (random.bernoulli, (1.5,), "p of bernoulli must be from 0 to 1"),
        (random.bernoulli, (np.nan,), "p of bernoulli"),
        (random.vonmises, (0.0, -1.0), "kappa of vonmises"),
        (random.triangular, (0.0, 2.0, 1.0), "mode of triangular must be at most right"),
        (random.truncated_normal, (0.0, 1.0, 2.0, 1.0), "low of truncated_normal must be at most high"),
        (random.integers, (0, 300, None, "uint8"), "Integers of uint8 lie from 0 to 255"),
        (random.integers, (-(2**70), 3), "can't have the bound"),
        (random.categorical, (np.zeros((3, 0)),), "an outcome at least"),
        (random.choice, (3, None, True, [0.5, 0.5]), "as many probabilities"),
        (random.choice, (3, 3, False, [0.0, 0.5, 0.5]), "no more elements than there are"),
        (random.choice, (3, 2, False, [-1.0, 0.5, 0.5]), "p of choice must be at least 0"),
    ):
        with pytest.raises(ValueError, match=says):
            draw(s, *given)
    with pytest.raises(TypeError, match="comes first, a state: a vector of two uint64"):
        random.uniform(0.0, 1.0, size=3)


def test_outcomes_without_probabilities():
    s, p, rows = T.TensorType("uint64", (None,))(), T.dvector(), T.dmatrix()
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([s, p], random.categorical(s, p, size=5), mode=mode)
        g = theano.function([s, rows], random.categorical(s, logits=rows), mode=mode)
        assert (f(KEY, [0.0, 2.0]) == 1).all() and g(KEY, [[-np.inf, -900.0]]) == [1]
        for bad in ([0.0, 0.0], [0.5, -0.1], [0.5, np.nan], [0.5, np.inf], [-0.5, 1.0]):
            with pytest.raises(ValueError, match="Probabilities of outcomes are not negative"):
                f(KEY, bad)
        for bad in ([-np.inf, -np.inf], [np.nan, 0.0], [np.inf, 0.0]):
            with pytest.raises(ValueError, match="their logarithms not NaN"):
                g(KEY, [[0.0, 0.0], bad])
        h = theano.function([s, p], random.choice(s, 3, size=2, p=p), mode=mode)
        with pytest.raises(ValueError, match="as many probabilities"):
            h(KEY, [0.5, 0.5])
