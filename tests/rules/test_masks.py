"""Masks as indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.arange(20.0).reshape(4, 5) / 7 - 1.5
V = np.array([2.0, -1.0, 0.0, 3.0])

CASES = [
    ("local_masked_number_to_switch", lambda x, v: T.set_subtensor(x[x > 0], 2.0)),
    ("local_masked_number_to_switch", lambda x, v: T.set_subtensor(x[(x > 0).nonzero()], v[1])),
    ("local_masked_number_to_switch", lambda x, v: T.inc_subtensor(x[(x > 0).nonzero()], v[1])),
    ("local_masked_number_to_switch", lambda x, v: T.set_subtensor(v[v.nonzero()], 5.0)),
    ("local_masked_number_to_switch", lambda x, v: T.inc_subtensor(x[x[:, 0] > -1], v[0])),
    ("local_masked_number_to_switch", lambda x, v: T.grad(x[x > 0].sum(), x)),
    ("local_sum_of_masked", lambda x, v: x[x > 0].sum()),
    ("local_sum_of_masked", lambda x, v: T.sqr(v)[v.nonzero()].sum() + x[(x < 0).nonzero()].sum()),
]


@pytest.mark.parametrize(("rule", "build"), CASES)
def test_no_places_are_looked_for(fires: Any, ops: Any, rule: str, build: Any) -> None:
    names = ops(fires(rule, build, X, V))
    assert not [name for name in names if ("Subtensor" in name and name != "Subtensor") or name == "Nonzero"]


def test_what_is_masked_out_does_not_count_though_it_is_no_number() -> None:
    x = T.dvector()
    f = theano.function([x], x[T.invert(T.isnan(x))].sum())
    assert f(np.array([1.0, np.nan, 2.0])) == 3.0


def test_masks_of_other_lengths_stay_errors_and_places_of_less_stay_places() -> None:
    x, v = T.dvectors("x", "v")
    with pytest.raises(IndexError):
        theano.function([x, v], T.set_subtensor(x[v > 0], 1.0))(np.zeros(3), np.ones(2))
    made = theano.function([x, v], T.set_subtensor(x[v.nonzero()], 1.0))(np.zeros(3), np.ones(2))
    assert made.tolist() == [1.0, 1.0, 0.0]


def test_several_values_are_put_in_their_places() -> None:
    x, v = T.dvectors("x", "v")
    made = theano.function([x, v], T.set_subtensor(x[x > 0], v))(
        np.array([1.0, -1.0, 2.0]), np.array([7.0, 8.0])
    )
    assert made.tolist() == [7.0, -1.0, 8.0]
