"""Dictionaries of updates."""

from __future__ import annotations

import pytest

import theano
import theano.tensor as T
from croton.compile.updates import OrderedUpdates


def test_order_and_keys():
    a, b = theano.shared(1.0, "a"), theano.shared(2.0, "b")
    made = OrderedUpdates([(b, b + 1), (a, a + 1)])
    assert list(made) == [b, a]
    theano.function([], [], updates=made)()
    assert (a.get_value(), b.get_value()) == (2, 3)
    with pytest.raises(TypeError, match="shared"):
        made[T.dscalar("x")] = a
    with pytest.raises(TypeError, match="shared"):
        OrderedUpdates({"a": a})


def test_sums_and_collisions():
    a, b = theano.shared(1.0, "a"), theano.shared(2.0, "b")
    new = a + 1
    first, second = OrderedUpdates({a: new}), OrderedUpdates({b: b * 2, a: new})
    assert list(first + second) == [a, b]
    assert list({b: a} + first) == [b, a]
    with pytest.raises(KeyError, match="two different updates"):
        first + {a: a + 2}
