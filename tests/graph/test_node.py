"""Graphs are pickled and copied whole, with what they share, however deep they are."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda what: pickle.loads(pickle.dumps(what)),
    "pickle 0": lambda what: pickle.loads(pickle.dumps(what, 0)),
    "pickle 2": lambda what: pickle.loads(pickle.dumps(what, 2)),
    "pickle in Python": lambda what: pickle._loads(pickle._dumps(what)),  # type: ignore[attr-defined]
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("how", COPIES)
def test_what_variables_share_stays_shared(how: str) -> None:
    x = T.dvector("x")
    y = T.exp(x) + x
    z = y * 2
    y.tag.note = "kept"
    for order in ([x, y, z], [z, y, x], [y, z, x]):
        made = COPIES[how](order)
        again = {v.name or str(v.owner.op): v for v in made}
        a, b, c = again["x"], again[str(y.owner.op)], again[str(z.owner.op)]
        assert c.owner.inputs[0] is b and b.owner.inputs[1] is a and b.owner.inputs[0].owner.inputs[0] is a
        assert b.tag.note == "kept" and b.owner.outputs[0] is b
        np.testing.assert_allclose(theano.function([a], c)([0.0, 1.0]), [2, 2 * np.e + 2])
    node = COPIES[how](z.owner)
    assert node.outputs[0].owner is node and node.op == z.owner.op
    assert y.__dict__.keys() == T.exp(x).__dict__.keys(), "nothing is left behind on what was copied"


@pytest.mark.parametrize("how", COPIES)
def test_deep_graphs(how: str) -> None:
    x = T.dvector("x")
    y: Any = x
    for _ in range(3000):
        y = T.tanh(y)
    made, first = COPIES[how]([y, x])
    depth = 0
    while made.owner is not None:
        made, depth = made.owner.inputs[0], depth + 1
    assert made is first and depth == 3000


def test_a_shallow_copy_has_the_same_owner() -> None:
    x = T.dvector("x")
    y = T.exp(x)
    made = copy.copy(y)
    assert made is not y and made.owner is y.owner and made.type == y.type
