"""How nodes are grouped."""

import numpy as np

import theano
import theano.tensor as T
from croton.plan.fuse import MOST_NODES


def test_a_long_chain_becomes_kernels_of_bounded_size():
    x = T.dvector("x")
    y = x
    for _ in range(2 * MOST_NODES):
        y = T.tanh(y) + x
    f = theano.function([x], y)
    kernels = f.compiled.plan.kernels
    assert len(kernels) > 1 and max(len(k.nodes) for k in kernels) <= MOST_NODES
    want = np.zeros(3) + 0.5
    for _ in range(2 * MOST_NODES):
        want = np.tanh(want) + 0.5
    np.testing.assert_allclose(f([0.5] * 3), want)


def test_a_row_value_of_length_1_may_be_stretched():
    x = T.drow("x")
    total = x.sum(axis=1)
    f = theano.function([x], [total, T.switch(x > total.dimshuffle("x", 0), x, 2 * total.dimshuffle("x", 0))])
    total, chosen = f([[1.0, -2.0, 5.0]])
    assert total.tolist() == [4.0] and chosen.tolist() == [[8.0, 8.0, 5.0]]
