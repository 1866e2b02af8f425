"""Streams on the counter-based generator: seeds, splitting, updates, loops."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.random import RandomStream

# What a seed gives is promised: programs can be run again with a later version.
FIRST = ([35, 88, 29, 72, 2, 34], [0.520817921309496, 0.9448609358641967])
SECOND = ([71, 20, 85, 83, 34, 44], [0.015863775135535496, 0.6931400616675222])

METHODS = {
    "uniform": ((0.0, 2.0), {}), "normal": ((1.0, 2.0), {}), "lognormal": ((), {}), "exponential": ((), {}),
    "laplace": ((), {}), "gumbel": ((), {}), "logistic": ((), {}), "cauchy": ((), {}), "weibull": ((2.0,), {}),
    "pareto": ((2.0,), {}), "bernoulli": ((0.5,), {}), "integers": ((0, 1000), {}),
    "categorical": (([0.1] * 10,), {}), "choice": ((1000,), {}),
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_draws_move_on_and_repeat_by_seed(method):
    arguments, more = METHODS[method]
    first, second = (
        theano.function([], getattr(RandomStream(3), method)(*arguments, size=(30,), **more))
        for _ in range(2)
    )
    one = [first(), first()]
    assert one[0].shape == (30,)
    assert not np.array_equal(*one)
    assert np.array_equal(one[0], second()) and np.array_equal(one[1], second())


def test_values_of_a_seed_stay_the_same():
    stream = RandomStream(1234)
    f = theano.function([], [stream.integers(0, 100, size=6), stream.uniform(size=2, dtype="float64")])
    first, second = f(), f()
    assert first[0].tolist() == FIRST[0] and second[0].tolist() == SECOND[0]
    np.testing.assert_array_equal(first[1], FIRST[1])
    np.testing.assert_array_equal(second[1], SECOND[1])


def test_permutations():
    f = theano.function([], RandomStream(3).permutation(20))
    one, other = f(), f()
    assert sorted(one) == sorted(other) == list(range(20))
    assert list(one) != list(other)


def test_seeds():
    def start(seed):
        return theano.function([], RandomStream(seed).integers(2**40, size=4))().tolist()

    assert start(5) == start(5)
    assert len({tuple(start(seed)) for seed in (5, 6, 2**80, [1, 2], [2, 1], None, None)}) == 7
    stream = RandomStream(5)
    f = theano.function([], [stream.uniform(size=3), stream.split(1)[0].uniform(size=3)])
    before = f()
    f()
    stream.seed(5)
    assert all(np.array_equal(a, b) for a, b in zip(before, f(), strict=True))
    stream.seed(6)
    assert not any(np.array_equal(a, b) for a, b in zip(before, f(), strict=True))


def test_split_streams_are_independent_and_reproducible():
    def draws():
        stream = RandomStream(8)
        left, right = stream.split(2)
        (later,) = stream.split(1)
        (deeper,) = left.split(1)
        return [s.uniform(size=2000) for s in (stream, left, right, later, deeper)]

    one, other = (theano.function([], draws())() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    together = np.corrcoef(np.array(one))
    assert abs(together - np.eye(5)).max() < 0.1
    with pytest.raises(ValueError, match="0 streams or more"):
        RandomStream(1).split(-1)


def test_updates():
    stream = RandomStream(5)
    u = stream.uniform(size=3)
    f, still = theano.function([], u), theano.function([], u, no_default_updates=True)
    first = still()
    assert np.array_equal(still(), first) and np.array_equal(f(), first) and not np.array_equal(f(), first)
    assert u.rng.get_value().tolist()[1] == 2
    ((state, expression),) = stream.updates()
    assert state is u.rng and u.update == (state, expression)
    by_hand = theano.function([], u, updates=[(state, expression)])
    by_hand()
    assert u.rng.get_value().tolist()[1] == 3
    fixed = theano.function([], u, givens={u.rng: np.array([1, 2], "uint64")}, no_default_updates=True)
    assert np.array_equal(fixed(), fixed())


def test_one_graph_draws_once():
    u = RandomStream(5).normal(size=(4, 4))
    a, b = theano.function([], [u.sum(axis=0), u])()
    np.testing.assert_allclose(a, b.sum(axis=0))


def test_functions_can_be_pickled():
    f = theano.function([], RandomStream(5).normal(size=3))
    f()
    twin = pickle.loads(pickle.dumps(f))
    assert np.array_equal(twin(), f())


def test_loops_draw_anew_in_each_step():
    stream = RandomStream(5)
    steps, updates = theano.scan(lambda: stream.normal(size=(3,)), n_steps=50)
    f = theano.function([], steps, updates=updates)
    one, other = f(), f()
    assert len(np.unique(np.concatenate([one, other]))) == 300
    x = T.scalar()
    walk, updates = theano.scan(lambda y: y + stream.uniform(-1.0, 1.0), outputs_info=x, n_steps=10)
    g = theano.function([x], walk, updates=updates)
    assert not np.array_equal(g(0), g(0))


def test_loops_draw_counts_and_pass_gradients_through_draws():
    stream = RandomStream(5)
    rate = T.dscalar()
    births, updates = theano.scan(
        lambda n, rate: n + stream.poisson(rate, size=(4,)),
        outputs_info=T.zeros((4,), "int64"), non_sequences=rate, n_steps=20,
    )  # fmt: skip
    f = theano.function([rate], births, updates=updates)
    one, other = f(3.0), f(3.0)
    assert one.shape == (20, 4) and (np.diff(one, axis=0) >= 0).all() and not np.array_equal(one, other)
    assert f(0.0).max() == 0
    sizes, updates = theano.scan(
        lambda x, rate: x + stream.gamma(rate, 2.0, dtype="float64"),
        outputs_info=T.zeros((), "float64"), non_sequences=rate, n_steps=400,
    )  # fmt: skip
    slope = theano.function([rate], theano.grad(sizes[-1], rate), updates=updates)(5.0)
    assert slope == pytest.approx(800, rel=0.1)


def test_no_python_runs():
    stream = RandomStream(5)
    x = T.matrix()
    f = theano.function(
        [x],
        [
            x * stream.bernoulli(0.8, size=x.shape, dtype=x.dtype),
            stream.normal(x, 1.0),
            stream.categorical(logits=x),
            stream.integers(5, size=x.shape[0]),
        ],
    )
    assert "python!" not in str(theano.explain(f))
