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
