"""Computing cheap values again takes less memory and changes no bit."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compile.mode import get_mode

from .test_order import most_blocks

LAYERS, WIDTH = 5, 6
KEEPING = get_mode("FAST_RUN")
AGAIN = KEEPING.including("recompute")


def normed(z):
    return T.nnet.relu((z - z.mean(axis=1, keepdims=True)) / T.sqrt(z.var(axis=1, keepdims=True) + 1e-5))


ACTIVATIONS = {
    "swish": lambda z: z * T.nnet.sigmoid(z),
    "gelu": lambda z: 0.5 * z * (1 + T.erf(z / np.sqrt(2))),
    "relu": T.nnet.relu,
    "elu": T.nnet.elu,
    "softplus": T.nnet.softplus,
    "normed": normed,
    "turned": lambda z: (z[::-1] * T.nnet.sigmoid(z)).T.dimshuffle(1, 0)[::-1],
}


def step(activation, bias, mode):
    """What three steps give, the parameters after them, and how much memory they took."""
    rng = np.random.default_rng(0)
    weights = [theano.shared(rng.normal(size=(WIDTH, WIDTH)) / WIDTH) for _ in range(LAYERS)]
    biases = [theano.shared(rng.normal(size=WIDTH)) for _ in range(LAYERS * bias)]
    x = T.dmatrix("x")
    h = x
    for at, w in enumerate(weights):
        h = T.dot(h, w)
        h = ACTIVATIONS[activation](h + biases[at] if bias else h)
    cost, parameters = T.mean(h**2), weights + biases
    updates = [(v, v - 0.1 * g) for v, g in zip(parameters, T.grad(cost, parameters), strict=True)]
    f = theano.function([x], cost, updates=updates, mode=mode)
    value = rng.normal(size=(7, WIDTH))
    costs = [float(f(value)) for _ in range(3)]
    return costs, [v.get_value() for v in parameters], most_blocks(f), f


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_steps_take_less_memory_and_give_the_same_bits(activation, bias):
    costs, parameters, kept, _ = step(activation, bias, KEEPING)
    again, others, less, _ = step(activation, bias, AGAIN)
    assert costs == again
    for one, other in zip(parameters, others, strict=True):
        np.testing.assert_array_equal(one, other)
    assert less <= kept - LAYERS + 1
    if activation not in ("normed", "turned"):
        assert less <= LAYERS + 4  # one array for each layer, and what is in hand


def test_what_a_layer_keeps_anyway_is_not_computed_again():
    rng = np.random.default_rng(0)
    x, weights = T.dmatrix("x"), [theano.shared(rng.normal(size=(3, 3))) for _ in range(LAYERS)]
    h = x
    for w in weights:
        h = T.tanh(T.dot(h, w))
    f = theano.function([x], T.grad(h.sum(), weights), mode=AGAIN)
    assert not copies(f)


def copies(f):
    return [node for node in f.maker.fgraph.apply_nodes if "recompute" in getattr(node.tag, "story", ())]


def test_copies_tell_what_they_are():
    _, _, _, f = step("swish", False, AGAIN)
    found = copies(f)
    assert found
    for node in found:
        told = theano.explain(f, node=node).story
        assert "then recompute" in told or "made by recompute" in told
        assert __file__ in told
    assert not copies(step("swish", False, KEEPING)[3])
    assert not copies(step("swish", False, AGAIN.excluding("recompute"))[3])


def test_sums_keep_their_bits():
    x = T.dvector("x")
    h = x
    for _ in range(LAYERS):
        h = T.tanh(h - h.mean()) * 1.5
    both = [h.sum(), T.grad(T.mean(h**2), x)]
    value = np.random.default_rng(0).normal(size=100_000)
    made, again = (theano.function([x], both, mode=mode)(value) for mode in (KEEPING, AGAIN))
    for one, other in zip(made, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_state_that_is_written_over_is_not_read_again():
    s, x = theano.shared(np.linspace(0, 1, 12).reshape(3, 4)), T.dmatrix("x")
    h = T.exp(s)
    z = h
    for _ in range(4):
        z = T.dot(z, x)
    for mode in (KEEPING, AGAIN):
        s.set_value(np.linspace(0, 1, 12).reshape(3, 4))
        f = theano.function([x], (z * h).sum(), updates=[(s, s + 1)], mode=mode)
        first = f(np.eye(4) * 0.5)
        np.testing.assert_allclose(first, (np.exp(np.linspace(0, 1, 12)) ** 2).sum() / 16)
        np.testing.assert_allclose(s.get_value(), np.linspace(0, 1, 12).reshape(3, 4) + 1)
