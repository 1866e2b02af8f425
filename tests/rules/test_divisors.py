"""Integers divided by zero."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.raise_op import CheckedDivisor


def _checks(f):
    return [n for n in f.maker.fgraph.toposort() if isinstance(n.op, CheckedDivisor)]


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
@pytest.mark.parametrize("divided", [lambda x, y: x // y, lambda x, y: x % y])
@pytest.mark.parametrize("shape", [(), (2,), (3, 2)])
def test_division_by_zero_raises_and_names_the_line(mode, divided, shape):
    x = T.TensorType("int32", [None] * len(shape))("x")
    y = T.TensorType("uint8", [None] * min(len(shape), 1))("y")
    f = theano.function([x, y], divided(x, y), mode=mode)
    values = np.full(shape, -7, "int32")
    divisors = np.full(shape[-1:], 2, "uint8")
    np.testing.assert_array_equal(f(values, divisors), divided(values, divisors))
    divisors[...] = 0
    with pytest.raises(ZeroDivisionError, match="integer division or modulo by zero") as caught:
        f(values, divisors)
    assert f'File "{__file__}"' in str(caught.value)


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "NUMPY"])
def test_zeros_that_divide_nothing_are_no_error(mode):
    x, y, n = T.lmatrix("x"), T.lvector("y"), T.lscalar("n")
    f = theano.function([x, y], x // y, mode=mode)
    g = theano.function([x, n], x % n, mode=mode)
    assert f(np.ones((0, 3), "int64"), [0, 1, 0]).shape == (0, 3)
    assert g(np.ones((2, 0), "int64"), 0).shape == (2, 0)
    with pytest.raises(ZeroDivisionError):
        f(np.ones((1, 3), "int64"), [0, 1, 0])
    with pytest.raises(ZeroDivisionError):
        g(np.ones((2, 1), "int64"), 0)


def test_a_divisor_is_checked_once_and_only_where_it_may_be_zero():
    x, n = T.lvector("x"), T.lscalar("n")
    assert len(_checks(theano.function([x, n], [x // n, x % n]))) == 1
    assert not _checks(theano.function([x], [x // 2, x % -3, x / 0, x // T.maximum(x, 1)]))
    assert not _checks(theano.function([x], T.cast(x, "float64") // 0))
    with pytest.raises(ZeroDivisionError):
        theano.function([x], x // 0)([1])


def test_lengths_are_divided_by_zero_without_error():
    x = T.dmatrix("x")
    assert theano.function([x], x.reshape((0, -1)).shape)(np.ones((0, 3))).tolist() == [0, 0]


def test_inner_graphs_are_checked():
    x, n = T.lscalars("x", "n")
    op = theano.OpFromGraph([x, n], [x // n])
    f = theano.function([x, n], op(x, n))
    assert f(7, 2) == 3
    with pytest.raises(ZeroDivisionError):
        f(7, 0)
