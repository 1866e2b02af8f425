"""Choices and comparisons whose outcome is known; casts that change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.array([-3.0, 0.0, 0.25, 2.0])
Y = np.array([1.5, -2.0, 8.0, 0.125])
K = np.array([1, -2, 0, 5])


def test_switches(fires: Any, ops: Any) -> None:
    assert ops(fires("local_useless_switch", lambda x, y: T.switch(1, x, y), X, Y)) == []
    assert ops(fires("local_useless_switch", lambda x, y: T.switch(x > 0, y, y), X, Y)) == []
    made = fires("local_nested_switch", lambda x, y: T.switch(x > 0, T.switch(x > 0, x, y), y), X, Y)
    assert ops(made).count("switch") == 1
    fires("local_nested_switch", lambda x, y: T.switch(x > 0, x, T.switch(x > 0, x, y)), X, Y)


def test_gradients_of_switches_do_not_see_the_other_side() -> None:
    x = T.dvector("x")
    for out in (T.switch(x > 0, T.log(x), 0.0), T.switch(x > 0, T.sqrt(x) * T.exp(x), 0.0)):
        f = theano.function([x], T.grad(out.sum(), x))
        assert np.isfinite(f([0.0, 4.0, -1.0])).all()


def test_products_of_choices(fires: Any) -> None:
    fires("local_mul_switch_sink", lambda x, y: T.switch(x > 0, y, 0) * x, X, Y)
    fires("local_mul_switch_sink", lambda x, y: x * T.switch(x > 0, 0, y), X, Y)
    fires("local_div_switch_sink", lambda x, y: T.switch(x > 0, y, 0) / y, X, Y)


def test_extrema_of_numbers(fires: Any, ops: Any) -> None:
    made = fires("local_useless_extremum", lambda x: T.maximum(T.maximum(x, 0.5), 0.1), X)
    assert ops(made) == ["maximum"]
    assert ops(fires("local_useless_extremum", lambda x: T.minimum(1, T.minimum(2, x)), X)) == ["minimum"]


EXACT = [("int8", "float32", "float64"), ("int8", "float64", "int8"), ("bool", "int32", "float32"),
         ("int32", "float64", "int64"), ("uint8", "float16", "int16")]  # fmt: skip
INEXACT = [("int64", "float64", "int64"), ("int32", "float32", "float64"), ("int64", "int32", "int64"),
           ("float64", "float32", "float64"), ("int16", "float32", "int8")]  # fmt: skip


@pytest.mark.parametrize(("first", "between", "last"), EXACT + INEXACT)
def test_casts_by_way_of_a_type_that_holds_all(ops: Any, first: str, between: str, last: str) -> None:
    x = T.TensorType(first, [False])("x")
    f = theano.function([x], T.cast(T.cast(x, between), last))
    values = np.array([0, 1, 100, 2**30 + 1]).astype(first)
    assert len(ops(f)) == (2 if (first, between, last) in INEXACT else first != last)
    if (first, last) != ("int16", "int8"):
        np.testing.assert_array_equal(f(values), values.astype(between).astype(last))


@pytest.mark.parametrize("name", ["eq", "neq", "lt", "gt", "le", "ge"])
def test_whole_numbers_equal_themselves(fires: Any, name: str) -> None:
    fires("local_useless_elemwise_comparison", lambda k: getattr(T, name)(k, k), K)
    x = T.dvector("x")
    assert not theano.function([x], T.eq(x, x))([np.nan])[0]


def test_lengths_are_not_negative(fires: Any, ops: Any) -> None:
    for build in (
        lambda x: T.lt(x.shape[0], 0),
        lambda x: T.ge(x.shape[0], 0),
        lambda x: T.gt(0, x.shape[0]),
    ):
        assert not {"lt", "ge", "gt"} & set(ops(fires("local_useless_elemwise_comparison", build, X)))
    fires("local_useless_extremum", lambda x: T.maximum(x.shape[0], 0), X)
    fires("local_useless_extremum", lambda x: T.minimum(x, x), X)


def test_other_things_that_are_known(fires: Any) -> None:
    fires("local_useless_clip", lambda x: T.clip(T.clip(x, 0, 1), 0, 1), X)
    fires("local_known_to_be_finite", lambda k: T.isnan_(k), K)


@pytest.mark.parametrize(
    ("dtype", "through"),
    [("float32", "float64"), ("int8", "int32"), ("float64", "float64"), ("uint8", "int16")],
)
def test_casts(fires: Any, ops: Any, dtype: str, through: str) -> None:
    made = (
        fires("local_useless_cast", lambda x: T.cast(T.cast(x, through), dtype), np.array([1, 2, 3], dtype))
        if (dtype != through)
        else None
    )
    assert made is None or ops(made) == []


def test_casts_that_lose_something_stay() -> None:
    x = T.dvector("x")
    f = theano.function([x], T.cast(T.cast(x, "float32"), "float64"))
    assert f([0.1])[0] == np.float64(np.float32(0.1))
    assert f.maker.stats.fired["local_useless_cast"] == 0
