"""Many short rows: reductions along them are done side by side, with the same results as one after the other."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T

ROWS = 700
RNG = np.random.default_rng(5)


def rows(dtype, n):
    return (4 * RNG.normal(size=(ROWS, n))).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 3, 10, 40])
def test_stages_of_rows(dtype, n):
    x = T.matrix(dtype=dtype)
    outs = [T.nnet.softmax(x), x.sum(axis=1), T.argmax(x, axis=1), x - x.mean(axis=1, keepdims=True)]
    value = rows(dtype, n)
    if not n:
        with pytest.raises(ValueError):
            theano.function([x], T.argmax(x, axis=1))(value)
        assert theano.function([x], x.sum(axis=1))(value).tolist() == [0.0] * ROWS
        return
    softmax, total, place, centred = theano.function([x], outs)(value)
    e = np.exp(value - value.max(axis=1, keepdims=True))
    near = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(softmax, e / e.sum(axis=1, keepdims=True), rtol=near)
    np.testing.assert_allclose(total, value.sum(axis=1, dtype="float64"), rtol=near, atol=near)
    assert (place == value.argmax(axis=1)).all()
    np.testing.assert_allclose(centred, value - value.mean(axis=1, keepdims=True), atol=10 * near)


def test_layouts():
    x = T.matrix(dtype="float64")
    f = theano.function([x], [T.nnet.softmax(x), x.max(axis=1)])
    wide = rows("float64", 12)
    for value in (
        wide[:, ::3],
        wide[:, ::-1],
        np.asfortranarray(wide),
        wide[::-1, :5],
        np.repeat(wide, 2, 0)[::2],
    ):
        softmax, top = f(value)
        e = np.exp(value - value.max(axis=1, keepdims=True))
        np.testing.assert_allclose(softmax, e / e.sum(axis=1, keepdims=True))
        assert (top == value.max(axis=1)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_are_columns_of_a_transposed_array(dtype):
    x = T.matrix(dtype=dtype)
    outs = [x.sum(axis=0), T.argmax(x, axis=0), x.var(axis=0), T.nnet.softmax(x.T).T]
    f = theano.function([x], outs)
    for value in (rows(dtype, 4).T, rows(dtype, 9)[:, 1:8].T, rows(dtype, 9)[::-1].T, rows(dtype, 1).T):
        total, place, spread, softmax = f(value)
        e = np.exp(value - value.max(axis=0))
        np.testing.assert_allclose(total, value.sum(axis=0, dtype="float64"), rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(place, value.argmax(axis=0))
        np.testing.assert_allclose(spread, value.var(axis=0), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(softmax, e / e.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_few_long_columns(dtype):
    x = T.matrix(dtype=dtype)
    f = theano.function([x], [T.nnet.softmax(x.T).T, T.log(T.exp(x).sum(axis=0)), T.exp(x).sum(axis=0)])
    assert any("few columns" in kernel.title for kernel in f.compiled.plan.kernels)
    for value in (
        rows(dtype, 4),
        rows(dtype, 9)[:, 1:8],
        rows(dtype, 9)[::-1],
        rows(dtype, 1),
        rows(dtype, 20),
    ):
        softmax, log_total, total = f(value)
        e = np.exp(value.astype("float64") - value.max(axis=0))
        near = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(softmax, e / e.sum(axis=0), rtol=near)
        np.testing.assert_allclose(log_total, np.log(np.exp(value.astype("float64")).sum(axis=0)), rtol=near)
        np.testing.assert_allclose(total, np.exp(value.astype("float64")).sum(axis=0), rtol=near)


def test_rows_of_several_axes():
    x = T.tensor4(dtype="float64")
    value = RNG.normal(size=(20, 40, 2, 3))
    outs = [x.sum(axis=(2, 3)), x.argmax(axis=3), x.max(axis=3), x / (x**2).sum(axis=(2, 3), keepdims=True)]
    total, place, top, scaled = theano.function([x], outs)(value)
    np.testing.assert_allclose(total, value.sum(axis=(2, 3)))
    assert (place == value.argmax(axis=3)).all() and (top == value.max(axis=3)).all()
    np.testing.assert_allclose(scaled, value / (value**2).sum(axis=(2, 3), keepdims=True))


def test_the_second_kernel_waits_until_it_is_needed():
    x = T.matrix(dtype="float64")
    f = theano.function([x], T.nnet.softmax(x))
    kernels = f.compiled.plan.kernels
    (later,) = [kernel for kernel in kernels if "short rows" in kernel.title]
    f(rows("float64", 100))
    assert later.loops is None
    f(rows("float64", 4))
    assert later.loops is not None


def test_what_is_known_to_be_long_has_one_kernel():
    x = T.TensorType("float64", (None, 784))()
    f = theano.function([x], x.sum(axis=1))
    assert not any("short rows" in kernel.title for kernel in f.compiled.plan.kernels)
