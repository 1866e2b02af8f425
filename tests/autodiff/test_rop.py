"""Derivatives along a direction, against differences; and along rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import gradient as G

EXPRESSIONS: dict[str, tuple[Any, ...]] = {
    "dot": (T.dot, (3, 4), (4, 2)),
    "layer": (lambda w, x: T.tanh(T.dot(w, x)), (3, 4), (4,)),
    "softmax": (T.nnet.softmax, (3, 4)),
    "sum": (lambda x: x.sum(0), (3, 4)),
    "broadcast": (lambda x, b: x * b + b, (3, 4), (4,)),
    "widened": (lambda b: b + T.ones((3, 4)), (4,)),
    "reshape": (lambda x: x.reshape((4, 3)), (3, 4)),
    "part": (lambda x: x[1:, 0], (3, 4)),
    "set": (lambda x: T.set_subtensor(x[0], 2.0 * x[1]), (3,)),
    "taken": (lambda x: x[[0, 2, 1]], (3, 4)),
    "join": (lambda x: T.concatenate([x, x**2]), (3,)),
    "max": (lambda x: x.max(1), (3, 4)),
    "gradient": (lambda x: theano.grad((x**3).sum(), x), (3,)),
    "switch": (lambda x: T.switch(x > 0.5, x**2, x), (5,)),
    "inverse": (T.nlinalg.matrix_inverse, (3, 3)),
    "cumsum": (lambda x: T.cumsum(x, 0), (3, 4)),
    "sort": (lambda x: T.sort(x, 0), (3, 4)),
    "stack": (lambda x: T.stack([x, 2 * x]), (4,)),
    "complex": (lambda x: abs(T.complex(x, x**2) * T.complex(x, 3 * x)), (3,)),
    "complex_power": (lambda x: T.real(T.complex(x, x**2) ** 2), (3,)),
}


def drawn(shapes: Any, seed: int = 0) -> tuple[list[Any], list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    variables = [T.TensorType("float64", (None,) * len(s))() for s in shapes]
    return variables, [rng.uniform(0.2, 0.9, s) for s in shapes], [rng.normal(size=s) for s in shapes]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_against_differences(name: str):
    make, *shapes = EXPRESSIONS[name]
    xs, at, along = drawn(shapes)
    vs = [x.type() for x in xs]
    y = make(*xs)
    tangent = T.Rop(y, xs, vs)
    assert tangent.type == y.type
    f = theano.function(xs, y, mode="FAST_COMPILE")
    found = theano.function(xs + vs, tangent, on_unused_input="ignore", mode="FAST_COMPILE")(*at, *along)
    up, down = ([p + sign * 1e-6 * d for p, d in zip(at, along, strict=True)] for sign in (1, -1))
    np.testing.assert_allclose(found, (f(*up) - f(*down)) / 2e-6, atol=1e-6)


def test_lists_and_tuples():
    x, v = T.dvector(), T.dvector()
    assert isinstance(T.Rop([x**2, x], x, v), list)
    assert isinstance(T.Rop((x**2,), [x], [v]), tuple)
    assert isinstance(T.Lop([x**2, x], (x,), [v, v]), tuple)
    assert T.Rop(x, x, v) is v


def test_directions_are_of_the_shape_of_the_variable():
    x, column, row = T.dmatrix("x"), T.dcol("column"), T.drow("row")
    assert T.Rop(x * 2, x, row).type == x.type
    with pytest.raises(TypeError, match="addbroadcast"):
        T.Rop(column.sum(axis=0), column, x)


def test_what_does_not_move():
    x, y, v = T.dvector("x"), T.dvector("y"), T.dvector("v")
    with pytest.raises(G.DisconnectedInputError, match="wrt"):
        T.Rop(y * 2, x, v)
    assert T.Rop(y * 2, x, v, "ignore", "None") is None
    assert T.Rop([x * y], [x, y], [v, None])[0].eval({y: [3.0], v: [2.0]}) == 6
    assert not T.Rop(T.argmax(x), x, v).eval({x: [1.0, 2.0]})
    with pytest.raises(ValueError, match="dimensionality"):
        T.Rop(x * 2, x, T.dmatrix())
    with pytest.raises(ValueError, match="one eval_point"):
        T.Rop(x * 2, x, [v, v])


def test_operations_of_users():
    class Twice(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = inputs[0] * 2

    x, v = T.dvector(), T.dvector()
    with pytest.raises(NotImplementedError, match="R_op"):
        T.Rop(Twice()(x), x, v)
    backwards = type("Backwards", (Twice,), {"grad": lambda self, xs, gs: [gs[0] * 2]})()
    np.testing.assert_allclose(T.Rop(backwards(x), x, v).eval({v: [3.0]}), [6])
    forwards = type("Forwards", (Twice,), {"R_op": lambda self, xs, vs: [vs[0] * 2]})()
    np.testing.assert_allclose(T.Rop(forwards(x), x, v).eval({v: [3.0]}), [6])


def test_rows_add_up_where_one_output_depends_on_another():
    x, v = T.dvector("x"), T.dvector("v")
    y = x**2
    found = T.Lop([y, T.exp(y)], x, [v, v]).eval({x: [0.5], v: [1.0]})
    np.testing.assert_allclose(found, [1 + np.exp(0.25)])
    with pytest.raises(ValueError, match="one eval_point"):
        T.Lop([y, y], x, [v])
    with pytest.raises(G.DisconnectedInputError):
        T.Lop(y, T.dvector(), v)


def test_a_product_with_a_hessian():
    x, v, w = T.dvector("x"), T.dvector("v"), T.dmatrix("w")
    cost = (T.tanh(T.dot(w, x)) ** 2).sum()
    given = {x: np.array([0.3, -0.2]), v: np.array([1.0, 2.0]), w: np.array([[1.0, 0.5], [0.2, -1.0]])}
    product = T.Rop(theano.grad(cost, x), x, v)
    both = theano.function([x, v, w], [product, T.dot(T.hessian(cost, x), v)], mode="FAST_COMPILE")
    np.testing.assert_allclose(*both(*given.values()))
