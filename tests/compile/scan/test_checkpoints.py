"""Loops that store few values."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.scan.loop import Scan
from theano.scan_module import until

m, w, h = T.dmatrix("m"), T.dmatrix("w"), T.dvector("h")
RNG = np.random.default_rng(3)
WV, HV = RNG.normal(size=(3, 3)), RNG.normal(size=3)


def step(row, state, weights):
    return T.tanh(T.dot(state, weights) + row), row.sum() * state[0]


@pytest.mark.parametrize("length", [0, 3, 7, 9])
@pytest.mark.parametrize("n_steps", [None, "given"])
def test_every_nth_value_and_the_last(length, n_steps):
    rows = RNG.normal(size=(9, 3))
    steps = None if n_steps is None else length
    given = m[:length] if n_steps is None else m
    few, updates = theano.scan_checkpoints(step, [given], [h, None], [w], n_steps=steps, save_every_N=3)
    all_, _ = theano.scan(step, [given], [h, None], [w], n_steps=steps)
    places = sorted({*range(2, length, 3), length - 1} if length else [])
    f = theano.function([m, h, w], [*few, *(out[places] for out in all_)])
    a, b, c, d = f(rows, HV, WV)
    np.testing.assert_allclose(a, c)
    np.testing.assert_allclose(b, d)
    assert not updates


def test_gradients_are_those_of_the_loop():
    rows = RNG.normal(size=(11, 3))
    (few, _), _ = theano.scan_checkpoints(step, [m], [h, None], [w], save_every_N=4)
    (out, _), _ = theano.scan(step, [m], [h, None], [w])
    cost, plain = (few[-1] ** 2).sum(), (out[-1] ** 2).sum()
    f = theano.function([m, h, w], [*theano.grad(cost, [m, h, w]), *theano.grad(plain, [m, h, w])])
    found = f(rows, HV, WV)
    for one, other in zip(found[:3], found[3:], strict=True):
        np.testing.assert_allclose(one, other)


def test_only_one_stretch_at_a_time_is_stored():
    (few, _), _ = theano.scan_checkpoints(step, [m], [h, None], [w], save_every_N=4, padding=False)
    f = theano.function([m, h, w], theano.grad((few[-1] ** 2).sum(), [w, m]))
    loops = [node for node in f.maker.fgraph.toposort() if isinstance(node.op, Scan)]
    assert all(out.type.ndim < 3 for out in loops[0].outputs)
    f(RNG.normal(size=(8, 3)), HV, WV)
    with pytest.raises(ValueError, match="(?s)7|21"):
        f(RNG.normal(size=(7, 3)), HV, WV)


def test_errors():
    with pytest.raises(RuntimeError, match="taps"):
        theano.scan_checkpoints(lambda r, a, b: a, m, [{"initial": m, "taps": [-2, -1]}])
    with pytest.raises(RuntimeError, match="updates"):
        theano.scan_checkpoints(lambda r, s: (s + r, {theano.shared(1.0): s.sum()}), m, h)
    with pytest.raises(RuntimeError, match="end early"):
        theano.scan_checkpoints(lambda r, s: (s + r, until(s[0] > 1)), m, h)
    with pytest.raises(ValueError, match="1 or more"):
        theano.scan_checkpoints(lambda r, s: s + r, m, h, save_every_N=0)
