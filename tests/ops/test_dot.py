"""Products over axes: values of every rank, data types, shapes that do not fit, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.blas import dot22, gemm, gemv, ger
from croton.ops.dot import batched_dot, batched_tensordot, dot, outer, tensordot
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(0)


def like(a: np.ndarray) -> Any:
    """A variable that can hold `a`."""
    return TensorType(a.dtype.name, (None,) * a.ndim)()


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [like(a) for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


def agrees_with_differences(make: Any, *arrays: np.ndarray) -> None:
    """Check the gradients of a weighted sum of `make` against central differences."""
    shape = value(make, *arrays).shape
    weights = RNG.normal(size=shape)
    cost = lambda *v: sum_of(make(*v) * weights)  # noqa: E731
    found = value(lambda *v: grad(cost(*v), list(v)), *arrays)
    for i, a in enumerate(arrays):
        step = RNG.normal(size=a.shape)
        ends = [
            value(cost, *[b + s * 1e-6 * step if j == i else b for j, b in enumerate(arrays)])
            for s in (1, -1)
        ]
        np.testing.assert_allclose((found[i] * step).sum(), (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-7)


SHAPES = [
    ((), (2, 3)),
    ((4,), (4,)),
    ((2, 4), (4,)),
    ((4,), (4, 3)),
    ((2, 4), (4, 3)),
    ((2, 3, 4), (5, 4, 2)),
    ((4,), (5, 4, 2)),
]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_dot_is_numpy_s(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = RNG.normal(size=a), RNG.normal(size=b)
    np.testing.assert_allclose(value(dot, x, y), np.dot(x, y))
    agrees_with_differences(dot, x, y)


def test_dot_of_views_and_of_nothing() -> None:
    x, y = RNG.normal(size=(4, 6)), RNG.normal(size=(3, 6))
    np.testing.assert_allclose(
        value(lambda a, b: dot(a[::-1, ::2], b[:, ::2].T), x, y), x[::-1, ::2] @ y[:, ::2].T
    )
    np.testing.assert_array_equal(value(dot, np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ("bool", "bool", "bool"),
        ("int8", "uint8", "int16"),
        ("int32", "float32", "float64"),
        ("float16", "float16", "float16"),
        ("float32", "complex64", "complex64"),
    ],
)
def test_dot_is_computed_in_what_the_types_meet_in(a: str, b: str, result: str) -> None:
    x, y = np.ones((2, 3), a), np.ones((3, 2), b)
    made = value(dot, x, y)
    assert made.dtype == result
    np.testing.assert_array_equal(made, np.full((2, 2), 1 if result == "bool" else 3, result))


def test_lengths_that_differ_are_named() -> None:
    with pytest.raises(ValueError, match=r"x has 3 cols \(and 2 rows\) but y has 4 rows"):
        value(dot, np.ones((2, 3)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="batch sizes unequal"):
        value(batched_dot, np.ones((2, 3, 4)), np.ones((3, 4, 2)))
    with pytest.raises(ValueError, match="3 is not 4"):
        dot(TensorType("float64", (2, 3))(), TensorType("float64", (4, 2))())


def test_static_shapes() -> None:
    x, y = TensorType("float64", (1, None))(), TensorType("float64", (None, 5))()
    assert dot(x, y).type.shape == (1, 5)
    assert outer(TensorType("float64", ())(), TensorType("float64", (None,))()).type.broadcastable == (
        True,
        False,
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [((2, 4), (2, 4)), ((2, 3, 4), (2, 4, 5)), ((2, 4), (2, 4, 5)), ((2, 3, 4), (2, 4)), ((2,), (2, 3))],
)
def test_batched_dot(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = RNG.normal(size=a), RNG.normal(size=b)
    expected = [np.dot(p, q) for p, q in zip(x, y, strict=True)]
    np.testing.assert_allclose(value(batched_dot, x, y), expected)
    agrees_with_differences(batched_dot, x, y)


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ((2, 3, 4), (3, 4, 5), 2),
        ((2, 3), (4, 5), 0),
        ((3, 2, 4), (4, 5, 3), [[0, 2], [2, 0]]),
        ((2, 3), (3, 4), [1, 0]),
        ((3,), (3,), 1),
    ],
)
def test_tensordot_is_numpy_s(a: tuple[int, ...], b: tuple[int, ...], axes: Any) -> None:
    x, y = RNG.normal(size=a), RNG.normal(size=b)
    np.testing.assert_allclose(value(lambda p, q: tensordot(p, q, axes), x, y), np.tensordot(x, y, axes))


def test_batched_tensordot() -> None:
    x, y = RNG.normal(size=(2, 3, 4, 5)), RNG.normal(size=(2, 5, 3, 6))
    made = value(lambda p, q: batched_tensordot(p, q, [[1, 3], [2, 1]]), x, y)
    np.testing.assert_allclose(made, np.einsum("bijk,bkil->bjl", x, y))


@pytest.mark.parametrize("axes", [3, "a", [[0], [0, 1]], [[0], [5]], [[0, 0], [0, 1]], [[-1], [0]]])
def test_axes_that_are_no_pairs_are_refused(axes: Any) -> None:
    with pytest.raises(ValueError):
        tensordot(like(np.ones((2, 3))), like(np.ones((3, 2))), axes)


def test_blas_operations() -> None:
    z, x, y, v, w = (RNG.normal(size=s) for s in ((2, 4), (2, 3), (3, 4), (3,), (2,)))
    np.testing.assert_allclose(value(gemm, z, 0.5, x, y, 2.0), 2 * z + 0.5 * x @ y)
    np.testing.assert_allclose(value(gemv, w, 0.5, x, v, 2.0), 2 * w + 0.5 * x @ v)
    np.testing.assert_allclose(value(ger, z, 0.5, w, np.ones(4)), z + 0.5 * np.outer(w, np.ones(4)))
    np.testing.assert_allclose(value(dot22, x, y), x @ y)
    agrees_with_differences(gemm, z, np.array(0.5), x, y, np.array(2.0))
    agrees_with_differences(gemv, w, np.array(0.5), x, v, np.array(2.0))
    agrees_with_differences(ger, z, np.array(0.5), w, np.ones(4))


def test_beta_zero_does_not_read_what_is_added_to() -> None:
    np.testing.assert_array_equal(
        value(gemm, np.full((1, 1), np.nan), 1.0, np.ones((1, 2)), np.ones((2, 1)), 0.0), [[2.0]]
    )


def test_blas_operations_are_strict() -> None:
    x, f = like(np.ones((2, 2))), like(np.ones((2, 2), "float32"))
    with pytest.raises(TypeError, match="matching dtypes"):
        gemm(x, 1.0, x, f, 1.0)
    with pytest.raises(TypeError, match="rank 2"):
        gemm(like(np.ones(2)), 1.0, x, x, 1.0)
    with pytest.raises(TypeError, match="floats"):
        dot22(like(np.ones((2, 2), "int32")), like(np.ones((2, 2), "int32")))


@pytest.mark.parametrize("mode", ["NUMPY", "CPU"])
@pytest.mark.parametrize("kind", [ValueError, TypeError])
def test_batches_of_different_lengths_are_refused(mode: str, kind: type[Exception]) -> None:
    x, y = np.ones((2, 3, 4)), np.ones((3, 4, 2))
    variables = [like(x), like(y)]
    with pytest.raises(kind, match="Shape mismatch"):
        function(variables, batched_dot(*variables), mode=mode)(x, y)
