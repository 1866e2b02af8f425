"""Sums and products in one form."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.opt import Canonizer, in2out


def product(num, denum, aslist=False, out_type=None):
    value = np.prod([float(v) for v in num]) / np.prod([float(v) for v in denum])
    return ([] if value == 1 else [np.asarray(value, out_type.dtype)]) if aslist else np.int8(1)


MUL = Canonizer(T.mul, T.true_div, T.inv, product)
ADD = Canonizer(T.add, T.sub, T.neg, lambda n, d: sum(n) - sum(d))
x, y, z = T.dmatrices("x", "y", "z")
a, b, c, d = T.dscalars("a", "b", "c", "d")
v = T.dvector("v")
INPUTS = [x, y, z, a, b, c, d, v]

CASES = [
    (MUL, (x * y) / x, "y"),
    (MUL, x / y / x, "inv(y)"),
    (MUL, x / y / z, "((x / y) / z)"),
    (MUL, x / (y / z), "(x / (y / z))"),
    (MUL, (a / b) * (b / c) * (c / d), "(a / d)"),
    (MUL, (a * b) / (b * c) / (c * d), "(a / (c * c * d))"),
    (MUL, 2 * x / 2, "x"),
    (MUL, (2.0 * x) / (4.0 * y), "((TensorConstant{0.5} * x) / y)"),
    (MUL, x * v / v, "x"),
    (MUL, (a * 2.0) * x / (b * 4.0), "((TensorConstant{0.5} * a * x) / b)"),
    (MUL, x * 0.0, "(TensorConstant{0.0} * x)"),
    (MUL, T.inv(x) * x * y, "y"),
    (ADD, x + y - x, "y"),
    (ADD, x - y - x, "(-y)"),
    (ADD, (x + 2) - (y + 3), "((TensorConstant{-1} + x) - y)"),
    (ADD, x + 0.0, "x"),
    (ADD, -(x - y), "(-(x - y))"),
]  # fmt: skip


@pytest.mark.parametrize(("canonizer", "expression", "left"), CASES)
def test_what_is_left(canonizer, expression, left):
    graph = theano.gof.FunctionGraph(INPUTS, [expression])
    in2out(canonizer).optimize(graph)
    assert theano.pp(graph.outputs[0]) == left


@pytest.mark.parametrize("expression", [x / x, v + x - v - x, a * x / (x * a), x * 2 / (2 * x)])
def test_shapes_and_types_stay(expression):
    graph = theano.gof.FunctionGraph(INPUTS, [expression])
    in2out(ADD if expression.owner.op == T.sub else MUL).optimize(graph)
    assert graph.outputs[0].type == expression.type
    assert not {T.sub, T.true_div} & {node.op for node in graph.toposort()}
    given = {u: np.full((2,) * u.ndim, 3.0) for u in INPUTS}
    f = theano.function(graph.inputs, graph.outputs[0], on_unused_input="ignore")
    np.testing.assert_array_equal(f(*given.values()), expression.eval({u: given[u] for u in (x, v, a) if u in
        theano.gof.graph.ancestors([expression])}))  # fmt: skip


def test_parts_and_wholes():
    assert MUL.get_num_denum(x / (y / z)) == ([x, z], [y])
    assert MUL.get_num_denum(a * (x / b)) == ([a, x], [b])
    assert theano.pp(MUL.merge_num_denum([x, y], [z])) == "((x * y) / z)"
    assert theano.pp(MUL.merge_num_denum([], [x, y])) == "inv((x * y))"
    assert MUL.merge_num_denum([], []).data == 1 and MUL.merge_num_denum([x], []) is x
    whole = Canonizer(T.mul, T.true_div, T.inv, product, use_reciprocal=False)
    assert theano.pp(whole.merge_num_denum([], [x])) == "(TensorConstant{1} / x)"
    assert MUL.simplify_factors([x, x, y], [x, z]) == ([x, y], [z])


def test_simplifiers_of_users_are_applied_and_only_the_root_is_rewritten():
    mine = Canonizer(T.mul, T.true_div, T.inv, product)
    mine.add_simplifier(lambda num, denum: ([u for u in num if u is not y], denum), "without y")
    assert theano.pp(mine.transform((x * y * z).owner)[0]) == "(x * z)"
    inner = x / x
    theano.gof.FunctionGraph(INPUTS, [inner * y], clone=False)
    assert not MUL.transform(inner.owner) and MUL.transform((x / x).owner)
    assert T.mul in MUL.tracks() and "Canonizer" in str(MUL)
