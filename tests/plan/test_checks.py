"""A call that fails leaves all states as they were."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.plan import program as p

MODE = "FAST_RUN"


def check_unchanged(f, states, *arguments, raises=ValueError):
    before = [v.get_value() for v in states]
    with pytest.raises(raises) as caught:
        f(*arguments)
    for v, old in zip(states, before, strict=True):
        np.testing.assert_array_equal(v.get_value(), old)
    return str(caught.value)


def test_lengths_of_a_later_update():
    a, b, x, y = theano.shared(np.zeros(3)), theano.shared(np.zeros(3)), T.dvector("x"), T.dvector("y")
    f = theano.function([x, y], [], updates=[(a, a + x), (b, b + y)], mode=MODE)
    told = check_unchanged(f, [a, b], np.ones(3), np.ones(2))
    assert "2" in told and "3" in told
    f(np.ones(3), np.ones(3))
    assert (a.get_value().tolist(), b.get_value().tolist()) == ([1, 1, 1], [1, 1, 1])


def test_lengths_that_are_computed():
    a, b, x, n = theano.shared(np.zeros(3)), theano.shared(np.zeros(2)), T.dvector("x"), T.iscalar("n")
    f = theano.function([x, n], [], updates=[(a, a * 2 + x), (b, b + x[: n + 2])], mode=MODE)
    check_unchanged(f, [a, b], np.ones(3), 1)
    f(np.ones(3), 0)
    assert (a.get_value().tolist(), b.get_value().tolist()) == ([1, 1, 1], [1, 1])


def test_a_place_that_is_not_there():
    rng = np.random.default_rng(0)
    w, u, table = (theano.shared(rng.normal(size=(4, 4))) for _ in range(3))
    x, at = T.dmatrix("x"), T.lvector("at")
    cost = (T.dot(T.tanh(T.dot(x, w)), u) ** 2).sum()
    updates = [(v, v - 0.1 * g) for v, g in zip((w, u), T.grad(cost, [w, u]), strict=True)]
    f = theano.function([x, at], table[at].sum(), updates=updates, mode=MODE)
    check_unchanged(f, [w, u], np.ones((5, 4)), [7], raises=IndexError)


def test_what_python_raises():
    class Refuses(theano.Op):
        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, output_storage):
            raise ValueError("no")

    rng = np.random.default_rng(0)
    w, u = (theano.shared(rng.normal(size=(4, 4))) for _ in range(2))
    x = T.dmatrix("x")
    cost = (T.dot(T.tanh(T.dot(x, w)), u) ** 2).sum()
    updates = [(v, v - 0.1 * g) for v, g in zip((w, u), T.grad(cost, [w, u]), strict=True)]
    f = theano.function([x], [cost, Refuses()(cost * 2)], updates=updates, mode=MODE)
    check_unchanged(f, [w, u], np.ones((5, 4)))


def test_checks_of_a_deep_network_come_before_its_steps():
    rng = np.random.default_rng(0)
    weights, x = [theano.shared(rng.normal(size=(4, 4))) for _ in range(4)], T.dmatrix("x")
    h = x
    for w in weights:
        h = T.tanh(T.dot(h, w))
    cost = (h**2).mean()
    updates = [(w, w - 0.1 * g) for w, g in zip(weights, T.grad(cost, weights), strict=True)]
    f = theano.function([x], cost, updates=updates, mode=MODE)
    kinds = [
        "check" if isinstance(s, p.Fail) else s.function
        for s in f.compiled.plan.statements
        if isinstance(s, (p.Fail, p.Call))
    ]
    writes = [i for i, kind in enumerate(kinds) if kind == "rt_output_into"]
    assert len(writes) == 4
    assert max(i for i, kind in enumerate(kinds) if kind == "check") < writes[0]
    assert (
        kinds[writes[0] + 1 :].count("rt_gemm") > 4
    )  # the first step is made long before the last slope is known
