"""Rewrites of axes that broadcast, and of products of matrices."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor import blas, opt, opt_uncanonicalize

x, v = T.dmatrix("x"), T.dvector("v")
r, one = T.TensorType("float64", (False, True, False))("r"), T.col("c", dtype="float64")
n, m = T.lscalars("n", "m")
X = np.arange(6.0).reshape(2, 3)
VALUES = {x: X, v: X[0], r: X[:, None], one: X[:, :1], n: 2, m: 3}

CASES = [
    (opt_uncanonicalize.local_alloc_dimshuffle, T.alloc(v.dimshuffle("x", 0), n, m), {"Alloc"}),
    (opt_uncanonicalize.local_dimshuffle_alloc, T.alloc(v, n, m).dimshuffle("x", 0, 1), {"Alloc"}),
    (opt_uncanonicalize.local_dimshuffle_subtensor, r[:n, :, 1:m].dimshuffle(0, 2), {"Subtensor"}),
    (opt_uncanonicalize.local_dimshuffle_subtensor, r[0].dimshuffle(1), {"Subtensor"}),
    (opt_uncanonicalize.local_reshape_dimshuffle, T.reshape(x.dimshuffle(0, "x", 1), (m, n)), {"Reshape"}),
    (opt.local_useless_dimshuffle_in_reshape, T.reshape(one.dimshuffle(0), (1, n)), {"Reshape"}),
    (opt.local_reshape_to_dimshuffle, T.reshape(x, (1, m, 1, n)), {"Reshape", "DimShuffle"}),
]


@pytest.mark.parametrize(("rule", "expression", "left"), CASES)
def test_it_is_rewritten(rule, expression, left):
    (made,) = rule.transform(expression.owner)
    assert made.type == expression.type
    needed = {u: VALUES[u] for u in VALUES if u in theano.gof.graph.ancestors([expression])}
    np.testing.assert_array_equal(made.eval(needed), expression.eval(needed))
    ops = {type(node.op).__name__ for node in theano.gof.graph.io_toposort(list(VALUES), [made])}
    assert ops - {"Stack", "Elemwise"} == left


@pytest.mark.parametrize(
    ("rule", "expression"),
    [
        (opt_uncanonicalize.local_alloc_dimshuffle, T.alloc(v.dimshuffle(0, "x"), n, m)),
        (opt_uncanonicalize.local_alloc_dimshuffle, T.alloc(v, n, m)),
        (opt_uncanonicalize.local_dimshuffle_alloc, T.alloc(v, n, m).dimshuffle(1, 0)),
        (opt_uncanonicalize.local_dimshuffle_subtensor, r[:n].dimshuffle(2, 0)),
        (opt_uncanonicalize.local_reshape_dimshuffle, T.reshape(x.T, (n, m))),
        (opt_uncanonicalize.local_reshape_dimshuffle, T.reshape(x, (n, m))),
        (opt.local_reshape_to_dimshuffle, T.reshape(x, (n, m))),
    ],
)
def test_it_is_left(rule, expression):
    assert not rule.transform(expression.owner)


def test_products_take_numbers_and_columns():
    a, s = T.dmatrix("a"), T.dscalar("s")
    product = blas._dot22(x, a)
    for scaled in (product * s, product * 2.0, product * s * a):
        theano.gof.FunctionGraph([x, a, s], [scaled], clone=False)
        root = (
            scaled.owner if scaled.owner.inputs[0].owner.op == blas._dot22 else scaled.owner.inputs[0].owner
        )
        (made,) = blas.local_dot22_to_dot22scalar.transform(root)
        given = {x: X, a: X.T, **({s: 3.0} if s in theano.gof.graph.ancestors([made]) else {})}
        np.testing.assert_allclose(made.eval(given), root.outputs[0].eval(given))
        assert blas._dot22scalar in {node.op for node in theano.gof.graph.io_toposort([x, a, s], [made])}
        product = blas._dot22(x, a)
    assert not blas.local_dot22_to_dot22scalar.transform((x * s).owner)
    column, row = T.col("column", dtype="float64"), T.row("row", dtype="float64")
    for scale in (1.0, 0.0):
        added = blas.gemm(a, s, column, row, scale)
        (made,) = blas.local_gemm_to_ger.transform(added.owner)
        given = {a: X, s: 2.0, column: X[:, :1], row: X[:1]}
        want = added.eval(given)
        if a not in theano.gof.graph.ancestors([made]):
            del given[a]
        np.testing.assert_allclose(made.eval(given), want)
    assert not blas.local_gemm_to_ger.transform(blas.gemm(a, s, column, row, 2.0).owner)
    assert not blas.local_gemm_to_ger.transform(blas.gemm(a, s, x, x, 1.0).owner)


def test_who_makes_a_variable():
    y = T.exp(x)
    theano.gof.FunctionGraph([x], [y + 1, y], clone=False)
    assert blas.res_is_a(y, T.exp) and not blas.res_is_a(y, T.exp, 1) and not blas.res_is_a(x, T.exp)
    assert blas.res_is_a(y, T.exp, 2) and not blas.res_is_a(y, T.log)


def test_handles_of_several_rules():
    for expression, want in ((T.eq(n, n), 1), (T.mul(x), x), (x + 0.0, x), (T.add(x), x)):
        (made,) = opt.local_useless_elemwise.transform(expression.owner)
        assert made is want or T.get_scalar_constant_value(made) == want
    assert not opt.local_useless_elemwise.transform(T.exp(x).owner)
    assert opt.local_add_specialize.transform((x + 0.0).owner) == [x]
    assert opt.local_canonicalize_alloc.transform(T.alloc(T.alloc(v[0], 1), n).owner)
