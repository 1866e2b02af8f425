"""Long sums are taken in pieces, to the same bits."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

import theano
import theano.scalar as S
import theano.tensor as T
from croton.ops.elemwise import Elemwise
from croton.plan.expand import MOST_TERMS, PIECE


@pytest.mark.parametrize("op", [T.add, T.mul], ids=str)
def test_many_terms(op):
    kinds = [T.fvector(), T.fscalar(), T.TensorType("float32", (True,))()]
    xs = [kinds[i % 3].type() for i in range(5 * MOST_TERMS)]
    rng = np.random.default_rng(3)
    values = [(rng.random([1 if b else 7 for b in x.broadcastable]) + 0.5).astype("float32") for x in xs]
    f = theano.function(xs, op(*xs))
    np.testing.assert_array_equal(f(*values), reduce(np.add if op is T.add else np.multiply, values))


def test_kernels_read_from_few_places():
    xs = T.dvectors(200)
    f = theano.function(xs, sum(x * x.sum() for x in xs))
    widest = max(len(kernel.body.buffers) for kernel in f.compiled.plan.kernels)
    assert PIECE < widest <= 64
    values = [np.full(3, i, "float64") for i in range(200)]
    np.testing.assert_array_equal(f(*values), [3 * sum(i * i for i in range(200))] * 3)


def test_what_no_kernel_holds_is_left_to_python():
    inner = [S.float64() for _ in range(100)]
    less = Elemwise(S.Composite(inner, [reduce(S.sub, inner)]))
    xs = T.dvectors(100)
    f = theano.function(xs, less(*xs) * 2)
    assert [callback.node.op for callback in f.compiled.plan.callbacks] == [less]
    values = [np.full(3, i, "float64") for i in range(100)]
    np.testing.assert_array_equal(f(*values), [-2.0 * sum(range(100))] * 3)
