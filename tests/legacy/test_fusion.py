"""Elementwise operations put together by rewrites."""

from __future__ import annotations

import numpy as np

import theano
import theano.tensor as T
from theano.gof import FunctionGraph
from theano.scalar import Composite
from theano.tensor.elemwise import Elemwise
from theano.tensor.opt import (
    FusionOptimizer,
    InplaceElemwiseOptimizer,
    in2out,
    local_add_mul_fusion,
    local_elemwise_fusion,
    local_elemwise_fusion_op,
)

x, y = T.dmatrices("x", "y")
v = T.dvector("v")
A, B = np.array([[0.5, 1.0], [2.0, 3.0]]), np.array([[1.0, -1.0], [0.25, 2.0]])


def fused(*outputs, local=local_elemwise_fusion):
    graph = FunctionGraph([x, y, v], outputs)
    FusionOptimizer(local).optimize(graph)
    f = theano.function(graph.inputs, graph.outputs, on_unused_input="ignore")
    g = theano.function([x, y, v], outputs, on_unused_input="ignore")
    for made, want in zip(f(A, B, A[0]), g(A, B, A[0]), strict=True):
        np.testing.assert_allclose(made, want, rtol=1e-12)
    return graph.toposort()


def test_a_chain_is_one_operation():
    (node,) = fused(T.exp(x + y * 2.0) / x)[-1:]
    assert isinstance(node.op.scalar_op, Composite) and len(node.inputs) == 2
    assert sum(isinstance(n.op, Elemwise) for n in fused(T.exp(x + y * 2.0) / x)) == 1


def test_what_is_read_elsewhere_or_broadcasts_is_left():
    e = T.exp(x)
    assert [n.op for n in fused(e + 1.0 + y, e)].count(T.exp) == 1
    assert sum(isinstance(n.op, Elemwise) for n in fused(T.exp(v) * x)) == 2


def test_the_number_of_inputs_and_the_operation_are_for_the_caller_to_say():
    one = local_elemwise_fusion_op(Elemwise, max_input_fct=lambda node: 1)
    assert not any(isinstance(n.op.scalar_op, Composite) for n in fused(T.exp(x) * y, local=one))
    named = local_elemwise_fusion_op(Elemwise, maker=lambda node, C: Elemwise(C, name="mine"))
    assert str(fused(T.exp(x) * y, local=named)[-1].op) == "mine"


def test_sums_of_sums_are_one():
    graph = FunctionGraph([x, y], [x + (y + (x * (y * 2.0)))])
    in2out(theano.gof.opt.FromFunctionLocalOptimizer(local_add_mul_fusion)).optimize(graph)
    assert [len(n.inputs) for n in graph.toposort() if n.op in (T.add, T.mul)] == [3, 3]


def test_in_place_is_told_where_nothing_else_reads():
    graph = FunctionGraph([x, y], [T.log(T.exp(x) + y), T.exp(y.T)])
    InplaceElemwiseOptimizer(Elemwise).optimize(graph)
    told = [
        (n.op.scalar_op.name, n.op.inplace_pattern) for n in graph.toposort() if isinstance(n.op, Elemwise)
    ]
    assert told == [("exp", {}), ("add", {0: 0}), ("log", {0: 0}), ("exp", {})]
    value = A.copy()
    theano.function(graph.inputs, graph.outputs)(value, B)
    np.testing.assert_array_equal(value, A)
