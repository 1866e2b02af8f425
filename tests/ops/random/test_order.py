"""Random orders and subsets: every order as likely, whatever the backend, at all lengths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

import theano
import theano.tensor as T
from theano.tensor import random

from .laws import KEY, drawn

LENGTHS = (0, 1, 2, 10, 2047, 2048, 2049, 5000, 16_384, 16_385, 100_000)


def states(count):
    for number in range(count):
        yield np.array([KEY[0], number], "uint64")


def test_orders_of_all_lengths():
    s, n = T.TensorType("uint64", (None,))(), T.lscalar()
    order = random.permutation(s, n)
    native, reference = (theano.function([s, n], order, mode=mode) for mode in ("FAST_RUN", "FAST_COMPILE"))
    for length in LENGTHS:
        made = native(KEY, length)
        np.testing.assert_array_equal(made, reference(KEY, length))
        np.testing.assert_array_equal(np.sort(made), np.arange(length))
        assert length < 10 or (made != np.arange(length)).mean() > 0.6
    for f in (native, reference):
        with pytest.raises(ValueError, match="negative length"):
            f(KEY, -1)


def test_orders_are_equally_likely():
    s = T.TensorType("uint64", (None,))()
    f = theano.function([s], random.permutation(s, 4))
    orders = {order: i for i, order in enumerate(itertools.permutations(range(4)))}
    seen = np.bincount([orders[tuple(f(state))] for state in states(12_000)], minlength=24)
    assert stats.chisquare(seen).pvalue > 1e-3


def test_great_orders():
    """Where numbers come, and how far from those that were beside them: evenly, across buckets and within."""
    n = 50_000
    s = T.TensorType("uint64", (None,))()
    f = theano.function([s], random.permutation(s, n))
    places = np.array([np.argsort(f(state)) for state in states(60)])
    assert stats.kstest(places[:, ::500].ravel() / n, "uniform").pvalue > 1e-3
    apart = np.diff(places, axis=1)[:, ::300].ravel() / n
    assert stats.kstest(apart, stats.triang(0.5, -1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(places[:, 7] / n, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("is_known", [True, False])
def test_subsets(is_known):
    s, n, k = T.TensorType("uint64", (None,))(), T.lscalar(), T.lscalar()
    for count, wanted in (
        (100, 3),
        (100, 12),
        (100, 13),
        (100, 100),
        (10**9, 2000),
        (9, 0),
        (65, 8),
        (8001, 1000),
    ):
        if count > 10**6 and not is_known:
            continue
        draw = random.choice(s, count, wanted, False) if is_known else random.choice(s, n, k, False)
        for mode in ("FAST_RUN", "FAST_COMPILE"):
            made = theano.function([s, n, k], draw, mode=mode, on_unused_input="ignore")(KEY, count, wanted)
            assert made.shape == (wanted,) and len(np.unique(made)) == wanted
            assert wanted == 0 or (made.min() >= 0 and made.max() < count)


def test_subsets_are_even():
    s = T.TensorType("uint64", (None,))()
    for wanted in (2, 10):
        f = theano.function([s], random.choice(s, 20, wanted, False))
        many = np.array([f(state) for state in states(4000)])
        for column in (many[:, 0], many[:, -1]):
            assert stats.chisquare(np.bincount(column, minlength=20)).pvalue > 1e-3
        pairs = np.bincount(many[:, 0] * 20 + many[:, 1], minlength=400).reshape(20, 20)
        assert (np.diag(pairs) == 0).all()
        assert stats.chisquare(pairs[~np.eye(20, dtype=bool)]).pvalue > 1e-3


def test_rows_in_random_order():
    x = np.arange(24).reshape(2, 3, 4)
    made = drawn(lambda s: random.permutation(s, x, axis=1))
    assert sorted(map(tuple, made[0])) == sorted(map(tuple, x[0]))
    assert (made[1] - made[0] == 12).all()
