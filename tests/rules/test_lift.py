"""Indexing moves towards the inputs; parts of parts are one part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.convert import Stack
from croton.rules import index

X = np.arange(20.0).reshape(4, 5) / 7 - 0.5
Y = X[::-1].copy()
ROW = np.array([1.0, -2.0, 3.0, 0.5, 2.0])

CASES = [
    ("local_subtensor_lift", lambda x, y, r: T.exp(x)[1], {"exp"}),
    ("local_subtensor_lift", lambda x, y, r: (T.exp(x) + r)[1:, ::2], {"exp", "add"}),
    ("local_subtensor_lift", lambda x, y, r: (x + r.dimshuffle("x", 0))[:, 2], {"add"}),
    ("local_take_all", lambda x, y, r: T.exp(x)[T.arange(x.shape[0])], {"exp"}),
    ("local_subtensor_of_dimshuffle", lambda x, y, r: x.T[1], set()),
    ("local_subtensor_of_dimshuffle", lambda x, y, r: x.dimshuffle(1, "x", 0)[2:, 0, 1], set()),
    ("local_subtensor_of_dimshuffle", lambda x, y, r: T.exp(x).T[:, 1:], {"exp"}),
    ("local_subtensor_of_reduction", lambda x, y, r: x.sum(axis=1)[2], {"Sum"}),
    ("local_subtensor_of_reduction", lambda x, y, r: T.max(x, axis=0)[1:], {"Max"}),
    ("local_subtensor_of_dot", lambda x, y, r: T.dot(x, y.T)[1:, 2], {"Dot"}),
    ("local_subtensor_of_dot", lambda x, y, r: T.dot(x, r)[:2], {"Dot"}),
    ("local_subtensor_of_dot", lambda x, y, r: T.dot(r, y.T)[1:], {"Dot"}),
    ("local_subtensor_of_alloc", lambda x, y, r: T.alloc(r[0], 4, 3)[1], {"Alloc"}),
    ("local_subtensor_of_alloc", lambda x, y, r: T.alloc(r[0], 4, 3)[1:, 1], {"Alloc"}),
    ("local_subtensor_of_join", lambda x, y, r: T.stack([x, y, x])[1], set()),
    ("local_subtensor_of_join", lambda x, y, r: T.stack([x, y, x])[-1, 0], set()),
    ("local_subtensor_of_join", lambda x, y, r: T.join(0, x, y)[: x.shape[0]], set()),
    ("local_subtensor_of_join", lambda x, y, r: T.join(1, x, y)[:, x.shape[1] :], set()),
    ("local_subtensor_of_stack", lambda x, y, r: Stack()(x, y)[1], set()),
    ("local_useless_slice", lambda x, y, r: x[:, :], set()),
    ("local_subtensor_make_vector", lambda x, y, r: T.as_tensor_variable([x[0, 0], r[1]])[1], set()),
    ("local_subtensor_merge", lambda x, y, r: x[1][2:], set()),
    ("local_subtensor_merge", lambda x, y, r: x[::-1][::-1], set()),
    ("local_subtensor_merge", lambda x, y, r: x[::-1][1], set()),
    ("local_subtensor_merge", lambda x, y, r: x[1:][2], set()),
    ("local_subtensor_merge", lambda x, y, r: x[:, 1:][:, 1:4:2], set()),
    ("local_subtensor_merge", lambda x, y, r: r[:4:2][1:], set()),
    ("local_subtensor_merge", lambda x, y, r: r[1::2][0], set()),
    ("local_useless_slice", lambda x, y, r: x[0 : x.shape[0], : x.shape[1]], set()),
    ("local_subtensor_of_stack", lambda x, y, r: Stack()(x, y, x)[1:], {"Stack"}),
    ("local_subtensor_of_softmax", lambda x, y, r: T.nnet.softmax(x)[1:], {"Softmax"}),
    ("local_subtensor_of_softmax", lambda x, y, r: T.nnet.softmax(x)[1], {"Softmax"}),
]


@pytest.mark.parametrize(("rule", "build", "left"), CASES)
def test_parts_of_what_is_computed(fires: Any, ops: Any, rule: str, build: Any, left: set[str]) -> None:
    names = ops(fires(rule, build, X, Y, ROW, rtol=1e-13))
    views = {"Subtensor", "DimShuffle", "Shape_i", "sub", "maximum", "minimum", "int_div", "neg"}
    assert set(names) - views <= left


def test_a_part_comes_before_what_is_computed_from_it(fires: Any, ops: Any) -> None:
    names = ops(fires("local_subtensor_lift", lambda x: T.exp(x)[0], X))
    assert names == ["Subtensor", "exp"]


def test_what_is_needed_whole_is_computed_once(ops: Any) -> None:
    x = T.dmatrix("x")
    e = T.exp(x)
    assert ops(theano.function([x], [e, e[0]])).count("exp") == 1


BOUNDS = [None, 0, 1, 2, 4, 7, -1, -3]
STEPS = [None, 1, 2, 3, -1, -2]
ENTRIES = [slice(a, b, s) for a in BOUNDS for b in BOUNDS for s in STEPS]


@pytest.mark.parametrize("first", [e for e in ENTRIES if e.start in (None, 1, 2)], ids=str)
def test_a_part_of_a_part_is_what_the_index_says(first: slice) -> None:
    numbers = np.arange(6)
    for second in (*ENTRIES[::5], 0, 1, 2, -1):
        entry = index._through(first, second)
        if entry is None:
            continue
        for n in range(7):
            if isinstance(second, int) and not -len(numbers[:n][first]) <= second < len(numbers[:n][first]):
                assert not -n <= entry < n
            else:
                np.testing.assert_array_equal(numbers[:n][entry], numbers[:n][first][second])
