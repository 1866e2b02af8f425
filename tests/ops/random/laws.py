"""What the tests of distributions share: a state, and the value of a draw of it."""

from __future__ import annotations

import numpy as np

import theano
import theano.tensor as T

KEY = np.array([20_111, 0], dtype="uint64")


def drawn(expression, mode=None):
    """The value of an expression of the state."""
    s = T.TensorType("uint64", (None,))()
    return theano.function([s], expression(s), mode=mode)(KEY)
