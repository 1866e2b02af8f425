"""Values put or added into parts of tensors."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.arange(20.0).reshape(4, 5) / 7 - 0.5
ROW = np.array([1.0, -2.0, 3.0, 0.5, 2.0])

CASES = [
    ("local_subtensor_inc_subtensor", lambda x, r: T.set_subtensor(x[1], 3.0 * x[0])[1], 1),
    ("local_subtensor_inc_subtensor", lambda x, r: T.inc_subtensor(x[1], r)[2], 0),
    ("local_useless_inc_subtensor", lambda x, r: T.set_subtensor(x[1], x[1]), 0),
    ("local_useless_inc_subtensor", lambda x, r: T.set_subtensor(x[:], 2 * x), 0),
    ("local_useless_inc_subtensor", lambda x, r: T.set_subtensor(x[:], 2.0), 0),
    ("local_useless_inc_subtensor", lambda x, r: T.inc_subtensor(x[1], 0.0), 0),
    ("local_setsubtensor_twice", lambda x, r: T.set_subtensor(T.set_subtensor(x[1], r)[1], 2 * r), 1),
    ("local_useless_inc_subtensor", lambda x, r: T.set_subtensor(T.zeros_like(x)[1:], 0.0), 0),
    ("local_setsubtensor_twice", lambda x, r: T.inc_subtensor(T.set_subtensor(x[1], r)[1], 2 * r), 1),
    ("local_setsubtensor_twice", lambda x, r: T.inc_subtensor(T.inc_subtensor(x[1:], 2.0)[1:], 3.0), 1),
    ("local_set_to_inc_subtensor", lambda x, r: T.set_subtensor(x[1], x[1] + r), 1),
    ("local_set_to_inc_subtensor", lambda x, r: T.set_subtensor(x[1:], r + x[1:]), 1),
    ("local_incsubtensor_of_zeros_to_setsubtensor", lambda x, r: T.inc_subtensor(T.zeros((4, 5))[1], r), 1),
    ("local_incsubtensor_serialize",
     lambda x, r: T.inc_subtensor(T.zeros((4, 5))[1], r) + T.inc_subtensor(T.zeros((4, 5))[1:3], 2.0), 2),
    ("local_incsubtensors_to_join", lambda x, r: _put(x, [slice(2, None), slice(None, 2)]), 0),
    ("local_incsubtensor_of_zeros_to_setsubtensor", lambda x, r: _put(x, [slice(0, 2), slice(3, None)]), 2),
    ("local_incsubtensor_of_zeros_to_setsubtensor", lambda x, r: _put(x, [slice(0, 3), slice(2, None)]), 2),
]  # fmt: skip


def _put(x: Any, stretches: list[slice]) -> Any:
    """The sine of some columns of a matrix of known lengths, put where they were, each by itself."""
    x = T.specify_shape(x, (4, 5))
    return reduce(add, [T.inc_subtensor(T.zeros((4, 5))[:, at], T.sin(x[:, at])) for at in stretches])


@pytest.mark.parametrize(("rule", "build", "left"), CASES)
def test_parts(fires: Any, ops: Any, rule: str, build: Any, left: int) -> None:
    names = ops(fires(rule, build, X, ROW))
    assert names.count("IncSubtensor") <= left
    assert "add" not in names


def test_what_broadcasts_at_run_time_is_not_taken_for_the_part() -> None:
    x, v = T.dvectors("x", "v")
    f = theano.function([x, v], T.set_subtensor(x[0:3], v)[0:3])
    np.testing.assert_array_equal(f(np.zeros(5), [7.0]), [7, 7, 7])


def test_gradients_of_parts_are_added_into_one_tensor(ops: Any) -> None:
    x, k = T.dvector("x"), T.lvector("k")
    f = theano.function([x, k], T.grad((x[1:] * x[:-1]).sum() + T.sqr(x[k]).sum(), x))
    assert f.maker.stats.fired["local_incsubtensor_serialize"]
    assert "add" not in ops(f)
    values, places = np.array([1.0, -2.0, 4.0]), np.array([0, 0, 2])
    wanted = np.array([-2.0, 5.0, -2.0])
    np.add.at(wanted, places, 2 * values[places])
    np.testing.assert_allclose(f(values, places), wanted)
