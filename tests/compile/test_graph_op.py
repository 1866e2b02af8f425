"""Operations made of graphs."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.graph_op import OpFromGraph
from croton.vartypes.null import DisconnectedType

ONES = np.ones((2, 2))


def test_is_applied_to_many_things():
    x, y = T.dmatrices("x", "y")
    op = OpFromGraph([x, y], [x + y * 2])
    a, b, c = T.dmatrices("a", "b", "c")
    f = theano.function([a, b, c], [op(a, b) - c, op(b, c), theano.grad(op(a, b).sum(), b)])
    first, second, gradient = f(ONES, ONES * 2, ONES * 3)
    assert (first[0, 0], second[0, 0], gradient[0, 0]) == (2, 8, 2)
    with pytest.raises(ValueError, match="takes 2 inputs"):
        op(a)
    with pytest.raises(TypeError):
        op(a, T.dvector())


def test_several_outputs_and_shared_variables():
    x = T.dvector("x")
    w = theano.shared(np.array([1.0, 2.0]), "w")
    op = OpFromGraph([x], [x * w, (x * w).sum()], inline=True)
    a = T.dvector("a")
    product, total = theano.function([a], op(a))([3, 4])
    assert (product.tolist(), float(total)) == ([3, 8], 11)
    w.set_value(np.zeros(2))
    assert theano.function([a], op(a)[1])([3, 4]) == 0
    g = theano.grad(op(a)[1], [a, w])
    w.set_value(np.array([1.0, 2.0]))
    by_a, by_w = theano.function([a], g)([3, 4])
    assert (by_a.tolist(), by_w.tolist()) == ([1, 2], [3, 4])


def test_the_gradient_adds_up_where_one_output_depends_on_another():
    x = T.dscalar("x")
    h = x * 3
    op = OpFromGraph([x], [h, h * h])
    a = T.dscalar("a")
    first, second = op(a)
    assert theano.function([a], theano.grad(first + second, a))(2) == 3 + 2 * 6 * 3


def test_shapes_are_known_without_computing():
    x = T.dmatrix("x")
    op = OpFromGraph([x], [T.concatenate([x, x], axis=1)])
    a = T.dmatrix("a")
    rows, columns = op.infer_shape(op(a).owner, [(a.shape[0], a.shape[1])])[0]
    assert theano.function([a], [rows, columns])(np.ones((2, 3))) == [2, 6]


def test_own_gradients():
    x, y = T.dscalars("x", "y")
    a, b = T.dscalars("a", "b")

    def both(inputs, grads):
        return [grads[0] * 10, grads[0] * 20]

    op = OpFromGraph([x, y], [x * y], grad_overrides=both)
    assert theano.function([a, b], theano.grad(op(a, b), [a, b]))(2, 3) == [10, 20]
    op = OpFromGraph([x, y], [x * y], lop_overrides=[lambda inputs, outputs, grads: outputs[0], "default"])
    assert theano.function([a, b], theano.grad(op(a, b), [a, b]))(2, 3) == [6, 2]
    op = OpFromGraph([x, y], [x * y], lop_overrides=[None, DisconnectedType()()])
    gradients = theano.grad(op(a, b), [a, b], disconnected_inputs="ignore")
    assert theano.function([a, b], gradients, on_unused_input="ignore")(2, 3) == [0, 0]
    with pytest.raises(ValueError, match="not both"):
        OpFromGraph([x], [x + 1], grad_overrides=both, lop_overrides=both)
    with pytest.raises(ValueError, match="2 inputs"):
        theano.grad(OpFromGraph([x, y], [x * y], lop_overrides=[None])(a, b), a)


def test_what_an_output_does_not_depend_on_is_disconnected():
    x, y = T.dscalars("x", "y")
    op = OpFromGraph([x, y], [x * 2, y * 3])
    a, b = T.dscalars("a", "b")
    assert op.connection_pattern(op(a, b)[0].owner) == [[True, False], [False, True]]
    assert theano.grad(op(a, b)[0], b, disconnected_inputs="ignore", return_disconnected="None") is None


def test_wrong_parts():
    x = T.dscalar("x")
    with pytest.raises(TypeError, match="list"):
        OpFromGraph([x], x)
    with pytest.raises(TypeError, match="variables"):
        OpFromGraph([3], [x])
    with pytest.raises(NotImplementedError):
        OpFromGraph([x], [x], givens={x: x + 1})


def test_pickle():
    x = T.dscalar("x")
    op = OpFromGraph([x], [x * 2], name="double")
    a = T.dscalar("a")
    op(a).eval({a: 1})
    again = pickle.loads(pickle.dumps(op))
    assert again(a).eval({a: 4}) == 8
    assert str(again) == "double{inline=False}"


def test_the_graph_is_rewritten_with_what_stands_around_it():
    x = T.dvector("x")
    softplus = theano.OpFromGraph([x], [T.log(1 + T.exp(x))])
    outer = theano.OpFromGraph([x], [softplus(x) * 2])
    f = theano.function([x], [outer(x), theano.grad(outer(x).sum(), x)])
    value, slope = f([1000.0, -1000.0])
    assert value.tolist() == [2000.0, 0.0] and slope.tolist() == [2.0, 0.0]
    assert not any(isinstance(n.op, theano.OpFromGraph) for n in f.maker.fgraph.toposort())
