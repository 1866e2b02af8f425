"""Copies of graphs with replacements."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.rebuild import rebuild, rebuild_collect_shared


def test_clone_replaces():
    x = T.dscalar("x")
    y = x**2
    assert theano.clone(y, replace={x: T.constant(np.float64(3))}).eval() == 9
    z = T.dscalar("z")
    assert theano.clone(y, {x: z + 1}).eval({z: 2}) == 9
    assert theano.clone(y, {x: x + 1}).eval({x: 2}) == 9
    first, second = theano.clone([y, y + 1], [(x, z)])
    assert (first.eval({z: 2}), second.eval({z: 2})) == (4, 5)


def test_clone_shares_inputs_unless_told():
    x = T.dscalar("x")
    y = x + 1
    assert theano.clone(y).eval({x: 1}) == 2
    assert theano.clone(y) is not y
    assert theano.clone(y).owner.inputs[0] is x
    apart = theano.clone(y, share_inputs=False)
    assert apart.owner.inputs[0] is not x


def test_clone_is_strict_about_types():
    x = T.dscalar("x")
    with pytest.raises(TypeError):
        theano.clone(x + 1, {x: T.dvector()})
    assert theano.clone(x + 1, {x: T.dvector()}, strict=False).ndim == 1


def test_rebuild_finds_shared_variables_and_their_updates():
    a, b = theano.shared(1.0, "a"), theano.shared(2.0, "b")
    a.default_update = a + b
    x = T.dscalar("x")
    made = rebuild([x * a], [x])
    assert made.shared == [a, b]
    assert list(made.updates) == [a]
    assert made.inputs[0] is not x
    assert made.inputs[0].name == "x"


def test_rebuild_collect_shared():
    a = theano.shared(np.ones(2), "a")
    x = T.dvector("x")
    inputs, output, (memo, updates, pairs, shared) = rebuild_collect_shared(x + a, [x], updates=[(a, a * 2)])
    assert inputs == [x]
    assert output.owner is not None
    assert (list(updates), [v for v, _ in pairs], shared) == ([a], [a], [a])
    assert memo[x] is x
    fresh, _, _ = rebuild_collect_shared([x + a], [x], copy_inputs_over=False)
    assert fresh[0] is not x


def test_numbers_stand_in_with_the_type_that_arrays_of_them_have():
    x, y = T.dscalars("x", "y")
    assert theano.clone(x + y, {x: 2.0}).eval({y: 1.0}) == 3.0
    assert theano.function([y], x + y, givens={x: 2.0})(1.0) == 3.0
    with pytest.raises(TypeError, match="int64"):
        theano.clone(x + y, {x: 2})


def test_no_default_updates_is_a_truth_value_or_a_list():
    s = theano.shared(1.0)
    with pytest.raises(TypeError, match="no_default_updates must be"):
        theano.function([], s, no_default_updates=3)
