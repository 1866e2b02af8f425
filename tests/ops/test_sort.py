"""Sorting, the greatest few, places in sorted vectors, different elements, counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.compile.mode import Mode
from croton.ops.reduce import sum as sum_of
from croton.ops.search import Unique, bincount, searchsorted
from croton.ops.sort import argsort, argtopk, sort, topk, topk_and_argtopk
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(5)


def like(a: np.ndarray) -> Any:
    """A variable that can hold `a`."""
    return TensorType(a.dtype.name, (None,) * a.ndim)()


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [like(a) for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "bool"])
def test_sort_and_argsort(dtype: str, axis: int | None) -> None:
    x = RNG.integers(-3, 3, size=(4, 5)).astype(dtype)
    np.testing.assert_array_equal(value(lambda v: sort(v, axis), x), np.sort(x, axis))
    np.testing.assert_array_equal(value(lambda v: argsort(v, axis), x), np.argsort(x, axis, kind="stable"))


@pytest.mark.parametrize("order", [sort, argsort])
def test_a_number_has_no_axis_to_sort_along(order: Any) -> None:
    for kind in (IndexError, ValueError):  # as NumPy's
        with pytest.raises(kind, match="There is no axis"):
            order(TensorType("float64", ())())


def test_the_few_of_one_are_one() -> None:
    assert topk(TensorType("float64", (None, 1))(), 1).type.broadcastable == (False, True)


def test_only_integers_are_counted() -> None:
    with pytest.raises(TypeError, match="must be integers.*Cast it"):
        bincount(TensorType("bool", (None,))())


def test_the_axis_may_be_computed() -> None:
    x = RNG.normal(size=(3, 4))
    np.testing.assert_array_equal(value(sort, x, np.int64(0)), np.sort(x, 0))
    with pytest.raises(ValueError, match="out of bounds"):
        value(lambda v: sort(v, 2), x)
    with pytest.raises(ValueError, match="no sort of kind"):
        sort(like(x), kind="bogo")


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_gradient_of_sort(axis: int | None) -> None:
    x = RNG.normal(size=(3, 4))
    w = RNG.normal(size=np.sort(x, axis).shape)
    found = value(lambda v: grad(sum_of(sort(v, axis) * w), v), x)
    expected = np.zeros(x.size) if axis is None else np.zeros(x.shape)
    if axis is None:
        expected[np.argsort(x, None)] = w
    else:
        np.put_along_axis(expected, np.argsort(x, axis), w, axis)
    np.testing.assert_allclose(found, expected.reshape(x.shape))


def test_topk() -> None:
    x = np.array([[3, 9, 1, 7], [4, 2, 8, 6]], "int32")
    np.testing.assert_array_equal(value(lambda v: topk(v, 2), x), [[9, 7], [8, 6]])
    np.testing.assert_array_equal(value(lambda v: argtopk(v, 2, idx_dtype="int32"), x), [[1, 3], [2, 3]])
    np.testing.assert_array_equal(np.sort(value(lambda v: topk(v, -2, sorted=False), x)), [[1, 3], [2, 4]])
    values, places = value(lambda v: topk_and_argtopk(v, 1, axis=0), x)
    np.testing.assert_array_equal(values, [[4, 9, 8, 7]])
    np.testing.assert_array_equal(places, [[1, 0, 1, 0]])
    np.testing.assert_array_equal(value(lambda v: topk(v, 3, axis=None), x), [9, 8, 7])
    assert topk(like(x), 2).type.shape == (None, 2)


def test_gradient_of_topk() -> None:
    x = RNG.normal(size=(3, 4))
    found = value(lambda v: grad(sum_of(topk(v, 2, axis=0)), v), x)
    np.testing.assert_array_equal(found, (np.argsort(np.argsort(x, 0), 0) >= 1).astype(float))


def test_what_topk_refuses() -> None:
    x = np.ones((3, 4))
    for k in (0, 5):
        with pytest.raises(ValueError, match="topk"):
            value(lambda v, k=k: topk(v, k), x)
    with pytest.raises(IndexError, match="out of range"):
        topk(like(x), 1, axis=2)
    with pytest.raises(TypeError, match="integer dtype"):
        argtopk(like(x), 1, idx_dtype="float32")


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted_in_vectors_of_all_lengths(dtype: str, side: str) -> None:
    x, v = TensorType(dtype, (None,))(), TensorType(dtype, (None,))()
    f = function([x, v], searchsorted(x, v, side), mode="FAST_RUN")
    for n in (0, 1, 2, 3, 4, 5, 7, 8, 17, 64, 1000):
        among = np.sort(RNG.integers(0, min(n, 200) + 1, n)).astype(dtype)
        wanted = RNG.integers(0, min(n, 200) + 3, 1003).astype(dtype)
        if dtype.startswith("float"):
            among[n // 2 :] = np.nan if n > 5 else among[n // 2 :]
            wanted[:4] = np.nan, np.inf, -np.inf, -1
        for given, step in ((among, 1), (np.repeat(among, 3), 3)):
            np.testing.assert_array_equal(f(given[::step], wanted), np.searchsorted(among, wanted, side))
        assert f(among, wanted[:0]).shape == (0,)


def test_searchsorted() -> None:
    x, v = np.array([1.0, 2.0, 2.0, 5.0]), np.array([[0.0, 2.0], [5.0, 9.0]])
    for side in ("left", "right"):
        np.testing.assert_array_equal(
            value(lambda a, b, s=side: searchsorted(a, b, s), x, v), np.searchsorted(x, v, side)
        )
    order = np.array([3, 1, 2, 0])
    made = value(lambda a, b, o: searchsorted(a, b, sorter=o), x[::-1].copy(), v, order)
    np.testing.assert_array_equal(made, np.searchsorted(x, v))
    with pytest.raises(ValueError, match="invalid value for keyword"):
        searchsorted(like(x), 2.0, side="middle")
    with pytest.raises(TypeError, match="integer vector"):
        searchsorted(like(x), 2.0, sorter=np.ones(4))


def test_unique() -> None:
    x = np.array([[3, 1], [1, 3]])
    made = value(Unique(True, True, True), x)
    for ours, numpys in zip(
        made, np.unique(x, return_index=True, return_inverse=True, return_counts=True), strict=True
    ):
        np.testing.assert_array_equal(ours, numpys.reshape(-1))
    np.testing.assert_array_equal(value(Unique(axis=0), np.array([[1, 2], [1, 2]])), [[1, 2]])
    with pytest.raises(RuntimeError, match="outside of input ndim"):
        Unique(axis=2)(like(x))


def test_bincount() -> None:
    x, w = np.array([1, 0, 3, 1]), np.array([0.5, 1.0, 2.0, 0.25])
    np.testing.assert_array_equal(value(bincount, x), np.bincount(x))
    np.testing.assert_allclose(value(bincount, x, w), np.bincount(x, w))
    np.testing.assert_array_equal(value(lambda v: bincount(v, minlength=6), x), np.bincount(x, minlength=6))
    assert value(bincount, x.astype("uint8")).dtype == "uint8"
    np.testing.assert_allclose(
        value(lambda a, b: grad(sum_of(bincount(a, b) ** 2), b), x, w), [1.5, 2.0, 4.0, 1.5]
    )
    with pytest.raises(TypeError, match="integers"):
        bincount(like(w))
    with pytest.raises(AssertionError, match="negative values"):
        value(lambda v: bincount(v, assert_nonneg=True), np.array([1, -1]))


@pytest.mark.parametrize(
    "kind", ["int8", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]
)
@pytest.mark.parametrize("different", [1, 3, 10**4])
def test_equal_elements_keep_their_order(kind: str, different: int) -> None:
    rng = np.random.default_rng(2)
    a = rng.integers(0, different, (3, 2000)).astype(kind)
    if kind.startswith("float"):
        a[:, ::7] = np.nan
        a[:, 3::11] *= -0.0
    x = TensorType(kind, (None, None))()
    f = function([x], argsort(x, axis=1), mode=Mode("cpu"))
    assert np.array_equal(f(a), np.argsort(a, axis=1, kind="stable"))


@pytest.mark.parametrize("kind", ["int64", "float32", "uint8", "bool"])
def test_different_elements(kind: str) -> None:
    rng = np.random.default_rng(4)
    a = rng.integers(0, 60, (20, 30)).astype(kind)
    if kind.startswith("float"):
        a[0] = np.nan
    x = TensorType(kind, (None, None))()
    f = function([x], Unique(True, True, True)(x), mode=Mode("cpu"))
    for view in (a, a[::2, ::-1], a[:0]):
        for made, wanted in zip(f(view), np.unique(view, True, True, True), strict=True):
            assert np.array_equal(made, wanted.ravel(), equal_nan=made.dtype.kind == "f")
