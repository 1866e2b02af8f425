"""What exceptions of native code say."""

import numpy as np
import pytest

import theano
import theano.tensor as T


def _message(f, *args):
    with pytest.raises(Exception) as caught:
        f(*args)
    return str(caught.value)


def test_node_shapes_strides_values_and_line_are_named():
    x, v = T.dmatrix("x"), T.dvector("v")
    said = _message(theano.function([x, v], T.set_subtensor(x[0], v)), np.ones((2, 3)), [1.0, 2.0])
    assert "Apply node that caused the error: IncSubtensor{Set;0}(x, v)" in said
    assert "Inputs types: [TensorType(float64, matrix), TensorType(float64, vector)]" in said
    assert "Inputs shapes: [(2, 3), (2,)]" in said and "Inputs strides: [(24, 8), (8,)]" in said
    assert "Inputs values: ['not shown', array([1., 2.])]" in said
    assert f'File "{__file__}"' in said and "T.set_subtensor" not in said


def test_numbers_in_registers_have_values():
    n = T.iscalar("n")
    said = _message(theano.function([n], T.zeros((n, 3))), -1)
    assert "array(-1, dtype=int32)" in said


def test_what_a_kernel_refuses_is_described():
    x, t = T.dmatrix("x"), T.ivector("t")
    cost = T.nnet.categorical_crossentropy(T.nnet.softmax(x), t).mean()
    said = _message(theano.function([x, t], cost), np.ones((2, 3)), [1, 5])
    assert "Inputs shapes: [(2,), (), ()]" in said
    assert "array([1, 5], dtype=int32), array(2), array(3)" in said


def test_all_values_are_shown_on_request():
    x, v = T.dmatrix("x"), T.dvector("v")
    f = theano.function([x, v], x + v)
    with theano.config.change_flags(exception_verbosity="high"):
        said = _message(f, np.arange(6.0).reshape(2, 3), [1.0, 2.0])
    assert "[3., 4., 5.]" in said and "Input 0: x of type TensorType(float64, matrix)" in said


@pytest.mark.parametrize(
    ("make", "n", "wanted"),
    [
        (lambda n: T.zeros((n, n)), 1 << 33, "shape (8589934592, 8589934592), of 8 bytes per element"),
        (lambda n: T.zeros((n, n)), 1 << 62, "shape (4611686018427387904, 4611686018427387904)"),
        (lambda n: T.cumsum(T.ones((n, n)), axis=0)[0], 1 << 62, "more bytes than can be counted"),
        (lambda n: T.repeat(T.arange(5.0), n) + 1, 1 << 61, "more bytes than can be counted"),
    ],
)
def test_memory_that_is_not_there(make, n, wanted):
    size = T.lscalar("n")
    with theano.config.change_flags(floatX="float64"):
        f = theano.function([size], make(size))
    with pytest.raises(MemoryError) as caught:
        f(n)
    assert wanted in str(caught.value)
