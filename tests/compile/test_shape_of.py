"""Shapes of all variables of a graph."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.shape_of import shape_of_variables
from croton.vartypes.arrays import hash_from_ndarray


def test_shapes():
    x = T.dmatrix("x")
    y = T.dot(x, x.T)[1:]
    graph = theano.gof.FunctionGraph([x], [y], clone=False)
    found = {v: tuple(map(int, shape)) for v, shape in shape_of_variables(graph, {x: (3, 4)}).items()}
    assert found[x] == (3, 4)
    assert found[y.owner.inputs[0]] == (3, 3)
    assert found[y] == (2, 3)
    with pytest.raises(KeyError):
        shape_of_variables(graph, {})


def test_digests():
    assert hash_from_ndarray(np.arange(3)) == hash_from_ndarray(np.arange(3))
    assert hash_from_ndarray(np.arange(3)) != hash_from_ndarray(np.arange(3.0))
    assert hash_from_ndarray(np.zeros(4)) != hash_from_ndarray(np.zeros((2, 2)))
