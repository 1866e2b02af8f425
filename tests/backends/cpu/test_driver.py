"""What a graph repeats is written once in its driver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.backends.cpu.alike import form_of
from croton.backends.cpu.driver import SYMBOL, emit_driver
from croton.plan import program as p


def _layers(n: int) -> tuple[Any, list[Any]]:
    x = T.matrix("x")
    h, weights = x, [theano.shared(np.eye(3) + k) for k in range(n)]
    for w in weights:
        h = T.tanh(T.dot(h, w) / 8)
    return theano.function([x], h, mode=theano.Mode("cpu", "fast_run")), weights


def _lines(f: Any) -> tuple[int, int]:
    text = emit_driver(f.compiled.plan, SYMBOL)
    return text.count("\n"), text.count("alloca")


def test_a_layer_more_takes_few_lines_and_no_stack() -> None:
    (few, before), (many, after) = _lines(_layers(8)[0]), _lines(_layers(16)[0])
    assert after == before
    assert many - few < 8 * 60


def test_layers_compute_and_fail_as_if_each_had_lines_of_its_own() -> None:
    f, weights = _layers(6)
    x = np.linspace(-1, 1, 12).reshape(4, 3)
    h = x
    for w in weights:
        h = np.tanh(h @ w.get_value() / 8)
    np.testing.assert_allclose(f(x), h, rtol=1e-12)
    weights[4].set_value(np.ones((5, 3)))
    with pytest.raises(ValueError, match=r"(?s)3.*5"):
        f(x)
    weights[4].set_value(np.eye(3))
    assert f(x).shape == (4, 3)


def test_functions_of_numbers_are_called_where_there_are_many() -> None:
    x = T.dscalar("x")
    y = sum(T.sin(x + k) for k in range(9))
    f = theano.function([x], y, mode=theano.Mode("cpu", "fast_run"))
    assert emit_driver(f.compiled.plan, SYMBOL).count("call double @sin.float64.1") == 9
    np.testing.assert_allclose(f(0.3), sum(np.sin(0.3 + k) for k in range(9)), rtol=1e-13)


def test_what_is_given_is_no_part_of_a_form_but_all_else_is() -> None:
    a, b = p.Reg(1, "ptr"), p.Reg(2, "ptr")

    def call(at: p.Reg, n: p.Number, value: float) -> p.Call:
        return p.Call(
            "rt_fill", (p.I64(8), p.I32(1), p.I64s((n,)), at, p.I64s((8,)), p.Ref(value, "float64"))
        )

    n, m, narrow = p.Reg(3, "int64"), p.Reg(4, "int64"), p.Reg(5, "int32")
    form, given = form_of(call(a, n, 0.0))
    assert given == (p.I32(1), n, a)
    assert form_of(call(b, m, 0.0))[0] == form
    for other in (call(a, 3, 0.0), call(a, narrow, 0.0), call(a, n, -0.0)):
        assert form_of(other)[0] != form
