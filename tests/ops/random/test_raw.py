"""Draws from states that are arguments of a function."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor import raw_random
from theano.tensor.raw_random import RandomFunction, random_state_type

MODES = ["FAST_RUN", "FAST_COMPILE"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("draw", "numpy"),
    [
        (lambda r: raw_random.uniform(r, (3,)), lambda r: r.uniform(size=3)),
        (lambda r: raw_random.uniform(r, None, [0.0, 1.0], 2.0), lambda r: r.uniform([0.0, 1.0], 2.0)),
        (lambda r: raw_random.normal(r, (2, 2), 1.0, 3.0), lambda r: r.normal(1.0, 3.0, (2, 2))),
        (lambda r: raw_random.binomial(r, (3,), 5, 0.5), lambda r: r.binomial(5, 0.5, 3)),
        (lambda r: raw_random.poisson(r, (3,), 4.0), lambda r: r.poisson(4.0, 3)),
        (lambda r: raw_random.choice(r, (3,), 4), lambda r: r.choice(4, 3)),
        (lambda r: raw_random.choice(r, (3,), [5, 6, 7], False), lambda r: r.choice([5, 6, 7], 3, False)),
        (lambda r: raw_random.choice(r, (), 9), lambda r: r.choice(9)),
        (lambda r: raw_random.random_integers(r, (3,), 2, 9), lambda r: r.randint(2, 10, 3)),
        (lambda r: raw_random.permutation(r, None, 5), lambda r: r.permutation(5)),
        (lambda r: raw_random.multinomial(r, (2,), 3, [0.5, 0.5]), lambda r: r.multinomial(3, [0.5, 0.5], 2)),
    ],
)
def test_draws_are_numpys(draw, numpy, mode):
    r = random_state_type()
    moved, drawn = draw(r)
    f = theano.function([r], [drawn, moved], mode=mode)
    state = np.random.RandomState(11)
    found, after = f(state)
    wanted = numpy(copy.deepcopy(state))
    assert np.array_equal(found, np.asarray(wanted).astype(found.dtype))
    assert found.shape == np.shape(wanted)
    # The argument itself has not moved; drawing again gives the same, going on gives what NumPy gives.
    assert np.array_equal(f(state)[0], found)
    numpy(state)
    assert random_state_type.values_eq(after, state)


def test_a_state_that_is_updated():
    r = random_state_type("r")
    moved, v = raw_random.uniform(r, (3,), 0.0, 1.0)
    f = theano.function(
        [theano.In(r, value=np.random.RandomState(7), update=moved, mutable=True)], v, accept_inplace=True
    )
    state = np.random.RandomState(7)
    assert np.array_equal(f(), state.uniform(size=3).astype(theano.config.floatX))
    assert np.array_equal(f(), state.uniform(size=3).astype(theano.config.floatX))


def test_in_place_draws_move_the_state_itself():
    r = random_state_type()
    op = RandomFunction("random_sample", T.TensorType("float64", (False,)), inplace=True)
    state = np.random.RandomState(3)
    storage = [[None], [None]]
    node = op.make_node(r, (2,))
    op.perform(node, [state, np.array([2])], storage)
    assert storage[0][0] is state
    wanted = np.random.RandomState(3).random_sample(4)
    assert np.array_equal(storage[1][0], wanted[:2])
    assert np.array_equal(state.random_sample(2), wanted[2:])
    assert op.destroy_map == {0: [0]}


def test_equality_is_by_properties():
    one = RandomFunction("uniform", T.dvector)
    assert one == RandomFunction("uniform", T.dvector)
    assert hash(one) == hash(RandomFunction("uniform", T.dvector))
    assert one != RandomFunction("normal", T.dvector)
    assert one != RandomFunction("uniform", T.dvector, ndim_added=1)
    assert str(one) == "RandomFunction{uniform}"


def test_shapes_are_known_before_the_draw():
    r, n = theano.shared(np.random.RandomState(1)), T.lscalar()
    _, drawn = raw_random.uniform(r, (n, 3))
    f = theano.function([n], drawn.shape)
    assert f(5).tolist() == [5, 3]
    assert not any(isinstance(node.op, RandomFunction) for node in f.maker.fgraph.toposort())


def test_draws_over_parameters_that_broadcast():
    r = random_state_type()
    f = theano.function([r], raw_random.random_integers(r, None, [[0], [10]], [10, 15, 25])[1])
    found = f(np.random.RandomState(1))
    assert found.shape == (2, 3)
    assert (found <= [10, 15, 25]).all()
    assert (found[1] >= 10).all()
    p = np.array([[0.0, 1.0], [1.0, 0.0]])
    g = theano.function([r], raw_random.multinomial(r, None, [3, 4], p)[1])
    assert g(np.random.RandomState(1)).tolist() == [[0, 3], [4, 0]]


def test_mistakes():
    r = random_state_type()
    state = np.random.RandomState(1)
    with pytest.raises(TypeError, match="RandomStateType"):
        RandomFunction("uniform", T.dvector)(T.vector(), (3,))
    with pytest.raises(TypeError, match="integers"):
        RandomFunction("uniform", T.dvector)(r, T.vector())
    wrong = RandomFunction("uniform", T.dmatrix)(r, (3,))[1]
    with pytest.raises(ValueError, match="2 axes"):
        theano.function([r], wrong)(state)
    lengthy = RandomFunction(lambda state, shape: np.zeros(5), T.dvector)(r, (3,))[1]
    with pytest.raises(ValueError, match=r"\(3,\)"):
        theano.function([r], lengthy)(state)
    with pytest.raises(ValueError, match="more than 1"):
        theano.function([r], raw_random.multinomial(r, (1,), 3, [0.9, 0.9])[1])(state)
    with pytest.raises(ValueError, match="negative"):
        theano.function([r], raw_random.multinomial(r, (1,), 3, [-0.5, 0.9])[1])(state)
    with pytest.raises(ValueError, match="broadcast"):
        theano.function([r], raw_random.random_integers(r, (4,), [1, 2, 3], 9)[1])(state)
    with pytest.raises(ValueError, match="vector"):
        theano.function([r], raw_random.choice(r, (4,), np.zeros((2, 2)))[1])(state)
    with pytest.raises(TypeError, match="ndim"):
        raw_random.permutation(r, None, 4, ndim=2)


def test_the_type_holds_states_only():
    kind = random_state_type
    assert kind.is_valid_value(np.random.RandomState(1))
    assert not kind.is_valid_value(3)
    with pytest.raises(TypeError, match="RandomState"):
        kind.filter(np.random.default_rng(1))
    one, other = np.random.RandomState(1), np.random.RandomState(1)
    assert kind.values_eq(one, other)
    other.normal()
    assert not kind.values_eq(one, other)
    assert kind.may_share_memory(one, one) and not kind.may_share_memory(one, other)
    assert kind.get_size(kind.get_shape_info(one)) == 2496
