"""Streams of NumPy's legacy generator: recorded values, states and updates."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.shared_randomstreams import RandomStreams

MODES = ["FAST_RUN", "FAST_COMPILE"]

# Recorded from Theano 1.0.5: (method, arguments, floatX, what two calls give).
RECORDED = [
    ("uniform", ((2, 3),), "float64",
     [[[0.12672381400898758, 0.9709159656786431, 0.13989097862581312],
       [0.887548254199325, 0.3197141503373775, 0.47584376667160355]],
      [[0.24129163169315337, 0.4204608139408894, 0.44078224324312],
       [0.26993380578438486, 0.14317276763412234, 0.43571539064778886]]]),
    ("normal", ((2, 3),), "float32",
     [[[-0.26708242, -1.9933232, -0.46045026], [-1.497656, -1.6708407, -0.43006513]],
      [[-0.20102806, -1.1158547, 0.2762379], [0.3235222, 0.3963471, 0.8021799]]]),
    ("binomial", ((3, 2),), "float32", [[[0, 1], [0, 1], [0, 0]], [[0, 0], [0, 0], [0, 0]]]),
    ("choice", ((4,), 5), "float32", [[4, 1, 0, 2], [1, 2, 3, 1]]),
    ("poisson", ((4,), 5), "float32", [[4, 4, 8, 4], [4, 9, 5, 4]]),
    ("permutation", ((), 6), "float32", [[5, 3, 2, 0, 1, 4], [2, 0, 4, 3, 1, 5]]),
    ("multinomial", ((2,), [1, 5], [0.5, 0.5]), "float32", [[[0, 1], [5, 0]], [[0, 1], [4, 1]]]),
    ("shuffle_row_elements", (np.arange(12).reshape(3, 4),), "float32",
     [[[3, 1, 2, 0], [5, 7, 6, 4], [8, 10, 11, 9]], [[0, 3, 2, 1], [7, 4, 5, 6], [9, 8, 10, 11]]]),
]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("method", "arguments", "float_x", "wanted"), RECORDED, ids=[r[0] for r in RECORDED])
def test_recorded_values(method, arguments, float_x, wanted, mode):
    with theano.configparser.change_flags(floatX=float_x):
        f = theano.function([], getattr(RandomStreams(234), method)(*arguments), mode=mode)
        for values in wanted:
            found = f()
            assert np.array_equal(found, np.asarray(values, dtype=found.dtype))


def test_seeding_anew_repeats_all_draws():
    streams = RandomStreams(seed=234)
    u, n = streams.uniform((2, 2)), streams.normal((2,))
    f = theano.function([], [u, n])
    first = f()
    streams.seed(902340)
    other = f()
    streams.seed(234)
    again = f()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_states_can_be_read_and_set():
    u = RandomStreams(234).uniform((2,))
    f = theano.function([], u)
    state = u.rng.get_value().get_state()
    first = f()
    borrowed = u.rng.get_value(borrow=True)
    borrowed.set_state(state)
    u.rng.set_value(borrowed, borrow=True)
    assert np.array_equal(f(), first)


def test_a_copy_of_a_state_is_a_generator_of_its_own():
    u = RandomStreams(234).uniform((2,))
    f = theano.function([], u)
    before = u.rng.get_value()
    f()
    assert before.get_state()[2] == np.random.RandomState(0).get_state()[2]
    assert not theano.tensor.raw_random.random_state_type.values_eq(before, u.rng.get_value(borrow=True))


def test_without_default_updates_nothing_moves():
    u = RandomStreams(5).uniform((3,))
    f = theano.function([], u)
    still = theano.function([], u, no_default_updates=True)
    only = theano.function([], u, no_default_updates=[u.rng])
    first = still()
    assert np.array_equal(still(), first)
    assert np.array_equal(only(), first)
    assert np.array_equal(f(), first)
    assert not np.array_equal(f(), first)


def test_updates_given_by_hand():
    streams = RandomStreams(5)
    u = streams.uniform((3,))
    f = theano.function([], u, updates=streams.updates())
    assert not np.array_equal(f(), f())


def test_two_draws_are_independent_and_one_graph_draws_once():
    streams = RandomStreams(5)
    u, v = streams.uniform((3,)), streams.uniform((3,))
    a, b, c = theano.function([], [u, v, u + 0])()
    assert np.array_equal(a, c)
    assert not np.array_equal(a, b)


def test_a_function_with_streams_can_be_pickled():
    u = RandomStreams(5).uniform((3,))
    f = theano.function([], u)
    twin = pickle.loads(pickle.dumps(f))
    assert np.array_equal(twin(), f())


def test_a_shared_state_is_a_copy_unless_borrowed():
    state = np.random.RandomState(3)
    own, borrowed = theano.shared(state), theano.shared(state, borrow=True)
    assert own.get_value(borrow=True) is not state
    assert borrowed.get_value(borrow=True) is state
    assert own.type == borrowed.type == theano.tensor.raw_random.random_state_type


def test_symbolic_sizes():
    n = T.lscalar()
    f = theano.function([n], RandomStreams(1).uniform((n, 3)))
    assert f(2).shape == (2, 3)
    assert f(0).shape == (0, 3)
    size = T.lvector()
    g = theano.function([size], RandomStreams(1).normal(size, ndim=2))
    assert g([4, 1]).shape == (4, 1)
    with pytest.raises(ValueError, match="axes"):
        g([4])


def test_minus_one_means_the_length_of_a_parameter():
    low = T.vector()
    f = theano.function([low], RandomStreams(1).uniform((2, -1), low=low, high=low + 1))
    found = f(np.arange(3).astype(theano.config.floatX))
    assert found.shape == (2, 3)
    assert (np.floor(found) == np.arange(3)).all()


def test_mistakes():
    streams = RandomStreams(1)
    with pytest.raises(ValueError, match="ndim"):
        streams.uniform((2,), ndim=3)
    with pytest.raises(ValueError, match="parameters of 2 axes"):
        streams.uniform((2,), low=np.zeros((3, 2)))
    with pytest.raises(TypeError, match="size"):
        streams.poisson()
    with pytest.raises(ValueError, match="length -3"):
        streams.normal((-3,))
    with pytest.raises(TypeError, match="integers"):
        streams.uniform(T.vector(), ndim=1)
    with pytest.raises(theano.gradient.NullTypeGradError, match="random"):
        avg = T.vector()
        theano.grad(streams.normal(avg.shape, avg=avg, ndim=1).sum(), avg)


def test_a_state_is_moved_on_in_place_where_nothing_else_reads_it():
    u = RandomStreams(5).uniform((3,))
    f, both = theano.function([], u), theano.function([], [u, u.rng.default_update])
    state = u.rng.get_value(borrow=True)
    f()
    assert u.rng.get_value(borrow=True) is state
    _, shown = both()
    assert u.rng.get_value(borrow=True) is not state
    before = shown.get_state()[1].copy()
    f()
    assert np.array_equal(shown.get_state()[1], before)
    # An update that is not the draw's own: the draw reads a copy.
    given = theano.shared(np.random.RandomState(3), borrow=True)
    other = given.get_value(borrow=True)
    drawn = theano.tensor.raw_random.uniform(given, (2,))[1]
    g = theano.function([], drawn)
    assert np.array_equal(g(), g()) and given.get_value(borrow=True) is other
