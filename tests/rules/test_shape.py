"""Shapes never compute what they are of; work that changes nothing is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.ifelse
import theano.tensor as T

X = np.arange(12.0).reshape(3, 4)

SHAPES = [
    lambda x: T.dot(x, x.T).shape,
    lambda x: T.exp(x)[1:, ::2].shape,
    lambda x: T.concatenate([x, T.exp(x)], axis=1).shape,
    lambda x: T.nnet.softmax(x).shape,
    lambda x: T.sort(x, axis=0).shape,
    lambda x: T.exp(x).reshape((-1, 2)).shape,
    lambda x: T.set_subtensor(T.exp(x)[0], 1.0).shape,
    lambda x: T.exp(x).sum(axis=0, keepdims=True).shape,
    lambda x: T.grad(T.exp(x).sum(), x).shape,
    lambda x: T.arange(x.shape[0]).shape,
]
FREE = {
    "Shape_i",
    "Stack",
    "add",
    "sub",
    "mul",
    "int_div",
    "neg",
    "maximum",
    "minimum",
    "switch",
    "lt",
    "Shape",
    "mod",
}


@pytest.mark.parametrize("build", SHAPES)
def test_a_shape_computes_nothing(ops: Any, build: Any) -> None:
    x = T.dmatrix("x")
    plain = theano.function([x], build(x), mode=theano.Mode("py", None))(X)
    for backend in ("py", "cpu"):
        f = theano.function([x], build(x), mode=theano.Mode(backend, "fast_run"))
        assert set(ops(f)) <= FREE
        np.testing.assert_array_equal(f(X), plain)


USELESS = [
    ("local_shape_to_shape_i", lambda x: x.shape, {"Shape_i", "Stack"}),
    ("local_make_vector", lambda x: T.opt.MakeVector("float64")(x[0, 1], 2.0), {"Stack", "Subtensor"}),
    ("local_useless_elemwise", lambda x: T.add(x) + 1, {"add"}),
    ("local_reshape_chain", lambda x: x.reshape((4, 3)).reshape((2, 6)), {"Reshape"}),
    ("local_useless_reshape", lambda x: x.reshape(x.shape), set()),
    ("local_useless_reshape", lambda x: x.reshape((x.shape[0], -1)), set()),
    ("local_useless_alloc", lambda x: T.alloc(x, x.shape[0], x.shape[1]), set()),
    ("local_useless_specify_shape", lambda x: T.specify_shape(T.zeros((2, 3)), (2, 3)), set()),
    ("local_dimshuffle_lift", lambda x: x.T.T, set()),
    ("local_fill_sink", lambda x: T.ones_like(x) * x * 2, {"mul"}),
    ("local_useless_fill", lambda x: T.fill(x[0, 0], 3.0), set()),
    ("local_fill_to_alloc", lambda x: T.fill(T.exp(x), 3.0), {"Alloc", "Shape_i"}),
    ("constant_folding", lambda x: T.exp(T.constant(1.0)) * x, {"mul"}),
    ("local_useless_rebroadcast", lambda x: T.Rebroadcast((0, False))(x), set()),
    ("local_remove_gradient_marks", lambda x: theano.gradient.grad_clip(x, -1, 1) + 1, {"add"}),
]


@pytest.mark.parametrize(("rule", "build", "left"), USELESS)
def test_work_that_changes_nothing(fires: Any, ops: Any, rule: str, build: Any, left: set[str]) -> None:
    assert set(ops(fires(rule, build, X))) - {"DimShuffle"} <= left


def test_equal_computations_are_one(ops: Any) -> None:
    x = T.dmatrix("x")
    f = theano.function([x], T.exp(x) + T.exp(x).sum() + T.exp(x + 0))
    assert ops(f).count("exp") == 1


def test_branches_that_are_one(ops: Any) -> None:
    c, x = T.lscalar("c"), T.dmatrix("x")
    f = theano.function([c, x], theano.ifelse.ifelse(c, x + 1, x + 1))
    assert f.maker.stats.fired["cond_remove_identical"]
    assert ops(f) == ["add"]
