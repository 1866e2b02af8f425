"""Reverse-mode differentiation: what is asked for, what comes, and what is refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import gradient as G

x, y, s = T.dvector("x"), T.dvector("y"), T.dscalar("s")
i, k = T.ivector("i"), T.iscalar("k")
XV, YV = np.array([2.0, 3.0]), np.array([0.5, -1.0])


class Doubled(theano.Op):
    """A user's operation of two vectors, whose gradient each test gives."""

    __props__ = ()

    def make_node(self, *inputs):
        return theano.Apply(self, list(inputs), [inputs[0].type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0] * 2


def doubled(grad: Any, **members: Any) -> theano.Op:
    return type("Doubled", (Doubled,), {"grad": grad, **members})()


def value(variable: Any) -> Any:
    given = {x: XV, y: YV, s: 0.5, i: np.array([1, 2], "int32"), k: np.int32(5)}
    f = theano.function(list(given), variable, on_unused_input="ignore", mode="FAST_COMPILE")
    return f(*given.values())


def test_one_list_tuple_and_their_names():
    cost = (x**2).sum()
    cost.name = "cost"
    assert theano.grad(cost, x).name == "(dcost/dx)"
    assert isinstance(theano.grad(cost, [x]), list)
    assert isinstance(theano.grad(cost, (x,)), tuple)
    assert theano.grad(cost, x, add_names=False).name is None


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (lambda: (x, x), TypeError, "cost must be a scalar"),
        (lambda: (3.0, x), AttributeError, "cost must be a variable"),
        (lambda: (None, x), ValueError, "a cost, or known_grads"),
        (lambda: (x.sum(), 3), TypeError, "Expected Variable, got 3"),
        (lambda: (x.sum(), y), G.DisconnectedInputError, "y"),
        (lambda: (x.sum(), y, None, "bad"), ValueError, "disconnected_inputs"),
        (lambda: (x.sum(), x, y), ValueError, "consider_constant"),
        (lambda: (x.sum(), x, [3]), TypeError, "consider_constant"),
        (lambda: (G.null_type(), x), ValueError, "NaN cost"),
        (lambda: (G.undefined_grad(x).sum(), x), G.NullTypeGradError, "undefined"),
    ],
)
def test_what_is_refused(arguments: Any, error: type, says: str):
    with pytest.raises(error, match=says):
        theano.grad(*arguments())


def test_what_is_disconnected():
    cost = x.sum()
    assert not value(theano.grad(cost, y, disconnected_inputs="ignore")).any()
    assert theano.grad(cost, y, disconnected_inputs="ignore", return_disconnected="None") is None
    found = theano.grad(cost, y, disconnected_inputs="ignore", return_disconnected="Disconnected")
    assert isinstance(found.type, G.DisconnectedType)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        theano.grad(cost, y, disconnected_inputs="warn")
    assert "not part of the computational graph" in str(said[0].message)
    with pytest.raises(G.DisconnectedInputError):
        theano.grad(x.shape[0] * s, x)


def test_an_error_names_the_users_line():
    unrelated = y * 2
    with pytest.raises(G.DisconnectedInputError, match="test_an_error_names_the_users_line"):
        theano.grad(x.sum(), unrelated)
    applied = Doubled()(x)
    with pytest.raises(Exception) as raised:
        theano.grad(applied.sum(), x)
    assert "test_grad.py" in raised.value.__notes__[0]


def test_known_gradients_stand_for_all_that_would_flow_there():
    square = x**2
    cost = T.exp(square).sum()
    np.testing.assert_allclose(value(theano.grad(cost, x, known_grads={square: y})), 2 * XV * YV)
    np.testing.assert_allclose(value(theano.grad(cost, x, known_grads={x: y})), YV)
    with pytest.raises(TypeError, match="known_grads"):
        theano.grad(None, x, known_grads={square: i})
    with pytest.raises(ValueError, match="axes"):
        theano.grad(None, x, known_grads={square: s})


def test_constants_and_unused_ways():
    square = x**2
    np.testing.assert_allclose(value(theano.grad((square * x).sum(), x, consider_constant=[square])), XV**2)
    np.testing.assert_allclose(value(theano.grad((square * x).sum(), square)), XV)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (lambda: (x * i).sum(), XV),
        (lambda: (x * T.cast(i, "float64")).sum(), XV),
        (lambda: T.exp(i).sum(), np.exp([1.0, 2.0])),
        (lambda: T.cast(i * 2, "float64").sum(), [0, 0]),
        (lambda: i.sum() * 1.0, [0, 0]),
    ],
)
def test_integers_are_differentiated_as_real_numbers_and_block_what_would_flow_through(
    cost: Any, expected: Any
):
    found = theano.grad(cost(), i)
    assert found.dtype == "float64"
    np.testing.assert_allclose(value(found), expected)


def test_what_is_broadcast_is_summed():
    m = T.dmatrix()
    cost = (m * x + s).sum()
    f = theano.function([m, x, s], theano.grad(cost, [x, s]), mode="FAST_COMPILE")
    gx, gs = f(np.arange(6.0).reshape(3, 2), XV, 1.0)
    np.testing.assert_allclose(gx, [6, 9])
    np.testing.assert_allclose(gs, 6)


def test_the_gradient_of_a_real_part_is_real_and_that_of_a_complex_number_is_complex():
    z = T.zvector()
    found = theano.grad((abs(z) ** 2).sum(), z)
    given = np.array([1 + 2j, -3j])
    np.testing.assert_allclose(theano.function([z], found, mode="FAST_COMPILE")(given), 2 * given)
    assert theano.grad(T.real(T.complex(x, y) ** 2).sum(), x).dtype == "float64"


# -- users' operations ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("grad", "error", "says"),
    [
        (lambda self, xs, gs: [gs[0], None], TypeError, "returned None"),
        (lambda self, xs, gs: [gs[0]], ValueError, "returned 1 terms"),
        (lambda self, xs, gs: gs[0], TypeError, "list or tuple"),
        (lambda self, xs, gs: [gs[0], T.ivector()], TypeError, "integers"),
        (lambda self, xs, gs: [gs[0].sum(), gs[0]], ValueError, "0 axes"),
    ],
)
def test_gradients_of_users_that_are_not_as_they_should_be(grad: Any, error: type, says: str):
    with pytest.raises(error, match=says):
        theano.grad(doubled(grad)(x, y).sum(), [x, y])


def test_users_say_what_is_connected_and_what_is_not_defined():
    apart = doubled(lambda self, xs, gs: [gs[0] * 2, G.disconnected_type()])
    np.testing.assert_allclose(value(theano.grad(apart(x, y).sum(), x)), [2, 2])
    with pytest.raises(G.DisconnectedInputError):
        theano.grad(apart(x, y).sum(), y)
    said = doubled(
        lambda self, xs, gs: [gs[0], gs[0]], connection_pattern=lambda self, node: [[True], [False]]
    )
    with pytest.raises(G.DisconnectedInputError):
        theano.grad(said(x, y).sum(), y)
    missing = doubled(lambda self, xs, gs: [gs[0], G.grad_not_implemented(self, 1, xs[1], "Soon.")])
    np.testing.assert_allclose(value(theano.grad(missing(x, y).sum(), x)), [1, 1])
    with pytest.raises(G.NullTypeGradError, match="input 1 .*not implemented. Soon."):
        theano.grad(missing(x, y * 2).sum(), y)
    found = theano.grad(missing(x, y).sum(), y, null_gradients="return")
    assert isinstance(found.type, G.NullType)


# -- marks ---------------------------------------------------------------------------------------------------
def test_values_with_gradients_of_their_own():
    np.testing.assert_allclose(value(theano.grad((G.zero_grad(x) * x).sum(), x)), XV)
    np.testing.assert_allclose(value(theano.grad((G.disconnected_grad(x) * x).sum(), x)), XV)
    np.testing.assert_allclose(value(theano.grad((G.consider_constant(x) * x).sum(), x)), XV)
    np.testing.assert_allclose(value(theano.grad((G.grad_clip(x, -1, 1) * 5).sum(), x)), [1, 1])
    np.testing.assert_allclose(value(theano.grad(G.grad_scale(x, 3).sum(), x)), [3, 3])
    with pytest.raises(G.DisconnectedInputError):
        theano.grad(G.disconnected_grad(x).sum(), x)
    with pytest.raises(ValueError, match="bound"):
        G.GradClip(1, -1)
    assert G.GradScale(2) == G.GradScale(2) != G.GradScale(3)


def test_marks_are_gone_once_compiled():
    f = theano.function([x], G.grad_clip(G.zero_grad(x), -1, 1) * 2)
    assert not any(isinstance(node.op, G.ViewOp) for node in f.maker.fgraph.toposort())


# -- size ----------------------------------------------------------------------------------------------------
def test_long_chains_take_neither_recursion_nor_quadratic_time():
    z = x
    for _ in range(10_000):
        z = T.tanh(z)
    found = theano.grad(z.sum(), x)
    assert found.owner is not None


def test_a_variable_that_is_used_often():
    cost = sum([(x * float(n)).sum() for n in range(200)])
    np.testing.assert_allclose(value(theano.grad(cost, x)), [19900, 19900])


# -- part by part --------------------------------------------------------------------------------------------
def test_a_graph_differentiated_part_by_part():
    w, v = T.dmatrix("w"), T.dvector("v")
    hidden = T.tanh(T.dot(w, x))
    cost = (hidden * v).sum() + (v**2).sum()
    (gv,), ends = theano.subgraph_grad([v], [hidden], cost=cost)
    (gw,), (gx,) = theano.subgraph_grad([w], [x], start=dict(zip([hidden], ends, strict=True)))
    whole = theano.grad(cost, [v, w, x])
    found = theano.function([w, v, x], [gv, gw, gx, *whole], mode="FAST_COMPILE")(np.eye(2), YV, XV)
    for part, all_at_once in zip(found[:3], found[3:], strict=True):
        np.testing.assert_allclose(part, all_at_once)
    with pytest.raises(ValueError, match="cost, or start"):
        theano.subgraph_grad([v], [hidden])
