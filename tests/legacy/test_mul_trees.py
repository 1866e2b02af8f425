"""Products as trees."""

from __future__ import annotations

import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet import sigm
from theano.tensor.nnet.sigm import (
    compute_mul,
    is_1pexp,
    parse_mul_tree,
    perform_sigm_times_exp,
    simplify_mul,
)

x, y, z = T.dmatrices("x", "y", "z")
exp, sigmoid = T.exp, T.nnet.sigmoid


def spelled(tree):
    return [tree[0], [spelled(t) for t in tree[1]] if isinstance(tree[1], list) else tree[1]]


@pytest.mark.parametrize(
    ("product", "tree"),
    [
        (x * y, [False, [[False, x], [False, y]]]),
        (-(x * y), [True, [[False, x], [False, y]]]),
        (-x * y, [False, [[True, x], [False, y]]]),
        (-x, [True, x]),
        (T.neg(-x), [False, x]),
        ((x * y) * -z, [False, [[False, [[False, x], [False, y]]], [True, z]]]),
    ],
)
def test_trees_and_back(product, tree):
    assert parse_mul_tree(product) == tree == simplify_mul(tree)
    assert spelled(parse_mul_tree(compute_mul(tree))) == tree


def test_ones_go():
    assert simplify_mul([False, [[True, None], [False, x]]]) == [True, x]
    assert simplify_mul([True, [[False, None]]]) == [True, None]
    assert simplify_mul([True, [[True, [[False, None], [True, x]]]]]) == [True, x]
    with pytest.raises(ValueError, match="simplify_mul"):
        compute_mul([False, None])


@pytest.mark.parametrize(
    ("product", "left"),
    [
        (exp(x) * sigmoid(-x), "sigmoid(x)"),
        (exp(-x) * sigmoid(x), "sigmoid((-x))"),
        (y * exp(x) * z * sigmoid(-x), "((y * sigmoid(x)) * z)"),
        (-exp(x) * (-sigmoid(-x) * y), "(sigmoid(x) * y)"),
        (-exp(x) * sigmoid(-x), "(-sigmoid(x))"),
        (
            exp(x) * exp(y) * sigmoid(-y) * sigmoid(-x) * sigmoid(-x),
            "((sigmoid(x) * sigmoid(y)) * sigmoid((-x)))",
        ),
    ],
)
def test_exponentials_meet_sigmoids(product, left):
    tree = parse_mul_tree(product)
    assert perform_sigm_times_exp(tree)
    assert theano.pp(compute_mul(simplify_mul(tree))) == left
    assert not perform_sigm_times_exp(parse_mul_tree(exp(x) * sigmoid(x)))


def test_leaves_from_elsewhere():
    leaf = [False, sigmoid(-x)]
    tree = parse_mul_tree(exp(x) * y)
    assert perform_sigm_times_exp(tree, sigm_minus_x=[(x, leaf)]) and leaf == [False, None]
    assert theano.pp(compute_mul(tree)) == "(sigmoid(x) * y)"


def test_one_plus_an_exponential():
    assert is_1pexp(1 + exp(x)) == is_1pexp(exp(x) + 1.0) == (False, x)
    assert is_1pexp(2 + exp(x)) is is_1pexp(x) is is_1pexp(x + exp(x)) is None
    assert sigm.register_local_1msigmoid is False
