"""Places: in kernels of all forms, over axes that do and do not merge."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.place import Place

RNG = np.random.default_rng(5)


def places_of(x):
    return Place()(*[x.shape[axis] for axis in range(x.ndim)])


def layouts(shape):
    """Arrays of a shape, laid out in several ways."""
    plain = RNG.normal(size=shape)
    yield plain
    yield np.asfortranarray(plain)
    yield RNG.normal(size=tuple(2 * n for n in shape))[tuple(slice(None, None, 2) for _ in shape)]
    yield plain[..., ::-1]


def kernels(f):
    return [line for line in str(theano.explain(f)).splitlines() if line.startswith("  k")]


@pytest.mark.parametrize("shape", [(7,), (130,), (3, 5), (40, 33), (2, 3, 70), (0, 3), (1, 4), (5, 1)])
def test_elementwise(shape):
    x = T.TensorType("float64", (None,) * len(shape))()
    f = theano.function([x], x * places_of(x))
    for value in layouts(shape):
        np.testing.assert_array_equal(f(value), value * np.arange(value.size).reshape(shape))
    assert len(kernels(f)) == 1


@pytest.mark.parametrize("axes", [a for n in (1, 2, 3, 4) for a in itertools.combinations(range(4), n)])
def test_reductions(axes):
    x = T.dtensor4()
    product = x * places_of(x)
    f = theano.function([x], [product.sum(axis=axes), product.max(axis=axes)])
    for value in layouts((3, 4, 5, 6)):
        wanted = value * np.arange(value.size).reshape(value.shape)
        total, greatest = f(value)
        np.testing.assert_allclose(total, wanted.sum(axis=axes), rtol=1e-12)
        np.testing.assert_array_equal(greatest, wanted.max(axis=axes))


def test_what_is_reduced_over_and_what_is_kept_stays_in_one_kernel():
    x = T.dmatrix()
    for axis in (0, 1):
        f = theano.function([x], (x * places_of(x)).sum(axis=axis))
        assert len(kernels(f)) == 1
    f = theano.function([x], T.nnet.softmax(x * places_of(x)))
    value = RNG.normal(size=(4, 70)) / 100
    product = np.exp(value * np.arange(280).reshape(4, 70))
    np.testing.assert_allclose(f(value), product / product.sum(axis=1, keepdims=True), rtol=1e-9)


def test_large_tensors_are_shared_between_threads():
    n = T.lscalar()
    f = theano.function([n], Place()(n, 1000) + 1)
    np.testing.assert_array_equal(f(3000).ravel(), np.arange(3_000_000) + 1)


def test_functions_of_places_are_fused_with_what_tells_them():
    x = T.dvector()
    f = theano.function([x], T.exp(places_of(x) * x))
    value = RNG.normal(size=50) / 50
    np.testing.assert_allclose(f(value), np.exp(np.arange(50) * value), rtol=1e-14)
    assert len(kernels(f)) == 1


def test_gradients_do_not_pass():
    x = T.dvector()
    grad = theano.function([x], theano.grad((x * places_of(x)).sum(), x))
    assert grad(np.ones(4)).tolist() == [0, 1, 2, 3]


def test_mistakes():
    with pytest.raises(TypeError, match="at least one"):
        Place()()
    with pytest.raises(TypeError, match="integer scalars"):
        Place()(T.lvector())
    n = T.lscalar()
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        with pytest.raises(ValueError, match="negative length"):
            theano.function([n], Place()(n) * 2, mode=mode)(-2)
