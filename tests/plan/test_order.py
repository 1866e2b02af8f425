"""What leads to ends of a graph runs as soon as it can, and new values come after all that reads the old ones."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.plan import program as p

LAYERS, WIDTH = 6, 5


def most_blocks(f):
    """How many blocks of memory of its own a function holds at most."""
    held, most = 0, 0
    for statement in f.compiled.plan.statements:
        if isinstance(statement, p.Call):
            held += (statement.function == "rt_alloc") - (statement.function == "rt_free")
            most = max(most, held)
    return most


def network():
    rng = np.random.default_rng(0)
    weights = [theano.shared(rng.normal(size=(WIDTH, WIDTH)) / WIDTH) for _ in range(LAYERS)]
    biases = [theano.shared(np.zeros(WIDTH)) for _ in range(LAYERS)]
    x = T.dmatrix("x")
    h = x
    for w, b in zip(weights, biases, strict=True):
        h = T.tanh(T.dot(h, w) + b)
    return x, T.mean(h**2), [*weights, *biases]


def plain(parameters, slopes):
    return [(v, v - 0.1 * g) for v, g in zip(parameters, slopes, strict=True)]


def with_moments(parameters, slopes):
    count = theano.shared(0.0)
    updates = [(count, count + 1)]
    for v, g in zip(parameters, slopes, strict=True):
        first, second = (
            theano.shared(np.zeros_like(v.get_value())),
            theano.shared(np.zeros_like(v.get_value())),
        )
        a, b = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g * g
        step = 0.01 * (a / (1 - 0.9 ** (count + 1))) / (T.sqrt(b / (1 - 0.999 ** (count + 1))) + 1e-8)
        updates += [(first, a), (second, b), (v, v - step)]
    return updates


@pytest.mark.parametrize("rule", [plain, with_moments])
def test_what_a_layer_keeps_goes_when_its_step_is_made(rule):
    x, cost, parameters = network()
    updates = rule(parameters, T.grad(cost, parameters))
    before = [v.get_value() for v, _ in updates]
    f = theano.function([x], cost, updates=updates, mode="FAST_RUN")
    assert most_blocks(f) <= LAYERS + 4  # an array for each layer, and what is in hand
    weights = parameters[:LAYERS]
    lies = [v.get_value(borrow=True).ctypes.data for v in weights]
    value = np.random.default_rng(1).normal(size=(7, WIDTH))
    made = f(value)
    assert [v.get_value(borrow=True).ctypes.data for v in weights] == lies
    after = [v.get_value() for v, _ in updates]
    for (v, _), old in zip(updates, before, strict=True):
        v.set_value(old)
    reference = theano.function([x], cost, updates=updates, mode="NUMPY")
    np.testing.assert_allclose(made, reference(value))
    for (v, _), new in zip(updates, after, strict=True):
        np.testing.assert_allclose(new, v.get_value(), rtol=1e-6, atol=1e-12)


def test_slopes_that_are_returned_are_made_as_they_are_known():
    x, cost, parameters = network()
    f = theano.function([x], T.grad(cost, parameters), mode="FAST_RUN")
    assert most_blocks(f) <= LAYERS + 4


def test_states_that_read_each_other_change_places():
    a, b = theano.shared(np.arange(3.0)), theano.shared(np.arange(3.0) + 10)
    f = theano.function([], [], updates=[(a, b * 2), (b, a * 3)], mode="FAST_RUN")
    f()
    assert (a.get_value().tolist(), b.get_value().tolist()) == ([20, 22, 24], [0, 3, 6])


def test_what_python_runs_stays_in_its_order(capsys):
    x = T.dmatrix("x")
    first, second = theano.printing.Print("first")(x), theano.printing.Print("second")(x + 1)
    theano.function([x], [T.dot(first, first), T.dot(second, second)], mode="FAST_RUN")(np.ones((1, 1)))
    printed = capsys.readouterr().out
    assert printed.index("first") < printed.index("second")
