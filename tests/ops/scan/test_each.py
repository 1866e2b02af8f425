"""A graph computed for each element of sequences."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.scan.each import for_each
from croton.ops.scan.loop import Scan

x, w = T.dmatrix("x"), T.dvector("w")
XV, WV = np.arange(6.0).reshape(3, 2), np.array([2.0, -1.0])


def test_values_and_gradients():
    rows, heads = for_each(lambda row: [T.exp(row * w), row[0]], x)
    f = theano.function([x, w], [rows, heads, *theano.grad((rows**2).sum() + heads.sum(), [x, w])])
    e = T.exp(x * w)
    plain = theano.function([x, w], [e, x[:, 0], *theano.grad((e**2).sum() + x[:, 0].sum(), [x, w])])
    for found, expected in zip(f(XV, WV), plain(XV, WV), strict=True):
        np.testing.assert_allclose(found, expected)


def test_second_derivatives():
    (total,) = for_each(lambda row: [T.dot(row, w) ** 2], x)
    second = theano.grad(theano.grad(total.sum(), w).sum(), w)
    expected = theano.grad(theano.grad((T.dot(x, w) ** 2).sum(), w).sum(), w)
    np.testing.assert_allclose(*theano.function([x, w], [second, expected])(XV, WV))


def test_what_does_not_depend_on_the_element_is_computed_once():
    (made,) = for_each(lambda row: [row * T.exp(w).sum()], x)
    assert [str(node.op) for node in made.owner.op.graph.nodes if "exp" in str(node.op)] == []


def test_empty_sequences_and_sequences_of_different_lengths():
    (made,) = for_each(lambda row: [row * 2], x)
    assert made.eval({x: np.zeros((0, 4))}).shape == (0, 4)
    (both,) = for_each(lambda a, b: [a * b], x, w)
    with pytest.raises(ValueError, match="does 3 steps, but .* has 2 elements"):
        both.eval({x: XV, w: WV})


def test_equal_graphs_make_equal_operations():
    one, two = (for_each(lambda row: [T.exp(row) * w], x)[0].owner.op for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != for_each(lambda row: [T.exp(row) + w], x)[0].owner.op


def test_inner_graphs_are_rewritten_and_hold_only_what_is_read():
    rows, _ = for_each(lambda row: [T.log(T.exp(T.sort(row * w))), T.sin(row)], x)
    f = theano.function([x, w], rows)
    (node,) = [node for node in f.maker.fgraph.toposort() if isinstance(node.op, Scan)]
    assert len(node.outputs) == 1
    assert [str(inner.op).partition("{")[0] for inner in node.op.graph.nodes] == ["Elemwise", "SortOp"]
    np.testing.assert_allclose(f(XV, WV), np.sort(XV * WV))
