"""Other variables in graphs, and in those of loops."""

from __future__ import annotations

import numpy as np

import theano
import theano.tensor as T
from theano.scan_module.scan_utils import map_variables


def test_variables_are_replaced_in_loops_too():
    x, k = T.dvector("x"), T.dscalar("k")
    bias = theano.shared(10.0, "bias")

    def marked(variable):
        variable.name = "marked"
        return variable

    inner, _ = theano.scan(lambda a, s: marked(s * k) + a, x, T.zeros((), "float64"))
    outer = marked(inner.sum()) * 2

    def add_bias(variable):
        return variable + bias if variable.name == "marked" else variable

    (changed,) = map_variables(add_bias, [outer])
    f = theano.function([x, k], [outer, changed])
    state, total = 0.0, 0.0
    for a in (1.0, 2.0):
        state = state * 0.5 + 10 + a
        total += state
    np.testing.assert_allclose(f([1.0, 2.0], 0.5), [2 * (1.0 + 2.5), 2 * (total + 10)])
