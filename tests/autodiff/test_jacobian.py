"""Whole Jacobians and Hessians, their derivatives, and their shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import gradient as G

N = 10
RNG = np.random.default_rng(0)
XV, WV = RNG.uniform(0.2, 0.9, N), RNG.normal(size=(N, N))
x, w = T.dvector("x"), T.dmatrix("w")
layer = T.tanh(T.dot(w, x))


def at(variable: Any, mode: str | None = None) -> Any:
    return theano.function([x, w], variable, mode=mode, on_unused_input="ignore")(XV, WV)


def differences(variable: Any) -> np.ndarray:
    f = theano.function([x, w], variable, on_unused_input="ignore")
    return np.stack([(f(XV + 1e-6 * e, WV) - f(XV - 1e-6 * e, WV)) / 2e-6 for e in np.eye(N)], axis=-1)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", None])
def test_values(mode: str | None):
    slope = 1 - np.tanh(WV @ XV) ** 2
    np.testing.assert_allclose(at(T.jacobian(layer, x), mode), slope[:, None] * WV)
    expected = np.einsum("i,ij,k->ijk", slope, np.eye(N), XV)
    np.testing.assert_allclose(at(T.jacobian(layer, w), mode), expected)
    found = at(T.hessian((T.dot(w, x) ** 3).sum(), x), mode)
    np.testing.assert_allclose(found, WV.T @ np.diag(6 * WV @ XV) @ WV)


def test_what_is_made_of_a_jacobian_can_be_differentiated():
    square = (T.jacobian(layer, x) ** 2).sum()
    np.testing.assert_allclose(at(theano.grad(square, x)), differences(square), atol=1e-6)
    v = T.constant(RNG.normal(size=N))
    np.testing.assert_allclose(
        at(T.Rop(T.jacobian(layer, x), x, v)), differences(T.jacobian(layer, x)) @ v.data, atol=1e-6
    )


def test_few_rows_that_are_known_are_written_out():
    short = T.TensorType("float64", (3,))("short")
    made = T.jacobian(short**2, short)
    assert type(made.owner.op).__name__ == "Stack"
    np.testing.assert_allclose(made.eval({short: [1.0, 2.0, 3.0]}), np.diag([2.0, 4.0, 6.0]))


def test_shapes_of_what_is_empty_or_not_connected():
    f = theano.function([x, w], T.jacobian(layer, x), mode="FAST_COMPILE")
    assert f(XV, np.zeros((0, N))).shape == (0, N)
    s = T.dscalar()
    ignored = T.jacobian(x**2, [x, s], disconnected_inputs="ignore")
    assert [v.ndim for v in ignored] == [2, 1]
    assert not at(T.hessian(x.sum(), x)).any()


def test_scalars_lists_and_refusals():
    assert T.jacobian(x.sum(), x).ndim == 1
    assert isinstance(T.jacobian(layer, (x,)), tuple)
    assert isinstance(T.hessian(layer.sum(), [x]), list)
    with pytest.raises(ValueError, match="flatten"):
        T.jacobian(w, x)
    with pytest.raises(TypeError, match="Expected Variable"):
        T.jacobian(3, x)
    with pytest.raises(ValueError, match="vectors as `wrt`"):
        T.hessian((w**2).sum(), w)
    with pytest.raises(ValueError, match="scalar as `cost`"):
        T.hessian(x, x)
    with pytest.raises(G.DisconnectedInputError):
        T.jacobian(layer, T.dvector())


def test_test_values_go_through():
    with theano.config.change_flags(compute_test_value="raise"):
        v = T.dvector("v")
        v.tag.test_value = np.array([1.0, 2.0, 3.0])
        made = T.jacobian(v**2, v)
        np.testing.assert_allclose(made.tag.test_value, np.diag([2.0, 4.0, 6.0]))
        np.testing.assert_allclose(theano.grad(made.sum(), v).tag.test_value, [2, 2, 2])
