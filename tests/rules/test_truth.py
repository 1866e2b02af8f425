"""Truth values, bits and conditions told more simply."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.opt import Assert

X = np.array([-3.0, 0.0, np.nan, 2.0])
Y = np.array([1.5, -2.0, np.nan, 2.0])
K = np.array([1, -2, 0, 5])
M = np.array([1, 7, -1, 4])

CASES = [
    ("local_not_eq", lambda x, y, k, m: ~T.eq(x, y), {"neq"}),
    ("local_not_neq", lambda x, y, k, m: ~T.neq(x, y), {"eq"}),
    ("local_not_lt", lambda x, y, k, m: ~T.lt(k, m), {"ge"}),
    ("local_not_le", lambda x, y, k, m: ~T.le(k, m), {"gt"}),
    ("local_not_gt", lambda x, y, k, m: ~T.gt(k, m), {"le"}),
    ("local_not_ge", lambda x, y, k, m: ~T.ge(k, m), {"lt"}),
    ("local_switch_not", lambda x, y, k, m: T.switch(~(x < y), k, m), {"lt", "switch"}),
    ("local_compare_truth", lambda x, y, k, m: T.eq(x < y, 1), {"lt"}),
    ("local_compare_truth", lambda x, y, k, m: T.neq(0, x < y), {"lt"}),
    ("local_compare_truth", lambda x, y, k, m: T.eq(x < y, 0), {"lt", "invert"}),
    ("local_useless_bits", lambda x, y, k, m: T.and_(x < y, x < y), {"lt"}),
    ("local_useless_bits", lambda x, y, k, m: T.and_(k, 0), {"Alloc"}),
    ("local_useless_bits", lambda x, y, k, m: T.and_(k, -1), set()),
    ("local_useless_bits", lambda x, y, k, m: T.or_(0, k), set()),
    ("local_useless_bits", lambda x, y, k, m: T.or_(k, -1), {"Alloc"}),
    ("local_useless_bits", lambda x, y, k, m: T.or_(x < y, np.bool_(True)), {"Alloc"}),
    ("local_useless_bits", lambda x, y, k, m: T.xor(k, k), {"Alloc"}),
    ("local_merge_switch_same_cond",
     lambda x, y, k, m: T.switch(x < y, x, 0.0) + T.switch(x < y, 0.0, y) + k, {"lt", "switch", "add"}),
    ("local_remove_useless_assert", lambda x, y, k, m: Assert()(x, np.bool_(True)), set()),
    ("local_remove_useless_assert", lambda x, y, k, m: Assert()(x, np.bool_(True), T.eq(k[0], 1)),
     {"Assert", "eq", "Subtensor"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "build", "left"), CASES)
def test_conditions(fires: Any, ops: Any, rule: str, build: Any, left: set[str]) -> None:
    assert set(ops(fires(rule, build, X, Y, K, M))) - {"Shape_i"} <= left


def test_not_less_is_not_as_great_for_nan() -> None:
    x, y = T.dvectors("x", "y")
    np.testing.assert_array_equal(theano.function([x, y], ~(x < y))(X, Y), [False, True, True, True])


def test_both_sides_of_a_gradient_are_one_choice(ops: Any) -> None:
    x, w = T.dvector("x"), T.dvector("w")
    f = theano.function([x, w], T.grad(T.switch(x > 0, T.exp(w), T.sqr(w)).sum(), w))
    assert ops(f).count("switch") == 1
    np.testing.assert_allclose(f([1.0, -1.0], [2.0, 3.0]), [np.exp(2.0), 6.0])
