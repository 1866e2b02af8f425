"""Tensors of given lengths: filled, counted, with patterns of ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.config import change_flags
from croton.ops.constructors import iscalar, lscalar, lvector, matrix, row, scalar, vector
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import (
    AllocEmpty,
    alloc,
    arange,
    eye,
    full,
    full_like,
    identity_like,
    ones,
    ones_like,
    tri,
    tril,
    triu,
    zeros,
    zeros_like,
)
from croton.ops.shape import shape
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType


def run(inputs: list[Any], outputs: Any, *values: Any) -> Any:
    """What `outputs` come to."""
    return function(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")(*values)


def test_lengths_in_every_form() -> None:
    n, x = lscalar(), matrix(dtype="float64")
    forms: list[tuple[Any, Any, Any]] = [
        ((2, 3), (2, 3), (2, 3)),
        ([n, 1], (None, 1), (4, 1)),
        (3, (3,), (3,)),
        ((), (), ()),
        (n, (None,), (4,)),
        (shape(x), (None, None), (2, 3)),
    ]
    for given, static, found in forms:
        made = zeros(given)
        assert made.type.shape == static
        assert run([n, x], made, 4, np.ones((2, 3))).shape == found
    with pytest.raises(ValueError, match="length not known"):
        zeros(lvector())
    with pytest.raises(TypeError, match="must be integers"):
        zeros((1.5, 2))


def test_data_types() -> None:
    with change_flags(floatX="float32"):
        assert (
            zeros(2).type.dtype == ones(2).type.dtype == eye(2).type.dtype == tri(2).type.dtype == "float32"
        )
    x = vector(dtype="int8")
    assert zeros_like(x).type.dtype == ones_like(x).type.dtype == full_like(x, 2.5).type.dtype == "int8"
    assert ones_like(x, dtype="float64").type.dtype == "float64"
    assert full(3, 2.5, dtype="int16").type.dtype == "int16"


def test_alloc_broadcasts_and_its_gradient_sums() -> None:
    v, s = row(dtype="float64"), scalar(dtype="float64")
    w = np.arange(6.0).reshape(2, 3)
    gv, gs = run([v, s], grad((alloc(v, 2, 3) * alloc(s, 2, 3) * w).sum(), [v, s]), np.ones((1, 3)), 2.0)
    assert gv.tolist() == [[6.0, 10.0, 14.0]]
    assert gs == 15.0
    assert alloc(v, 1, 3).type.broadcastable == (True, False)


def test_alloc_refuses() -> None:
    v = vector(dtype="float64")
    with pytest.raises(TypeError, match="more dimensions"):
        alloc(matrix(), 2)
    with pytest.raises(TypeError, match="must be a scalar"):
        alloc(1, [2, 3])
    with pytest.raises(ValueError, match=r"of shape \(2,\) can't be broadcast to shape \(2, 3\)"):
        run([v], alloc(v, 2, 3), np.ones(2))
    with pytest.raises(ValueError, match="negative length"):
        run([], alloc(1.0, -1))


def test_memory_without_values_has_a_shape() -> None:
    n = lscalar()
    made = AllocEmpty("int8")(n, 1)
    assert made.type.broadcastable == (False, True)
    assert run([n], made, 3).shape == (3, 1)


@pytest.mark.parametrize(
    ("ends", "dtype"),
    [
        ((5,), "int64"),
        ((2, 5), "int64"),
        ((10, 2, -3), "int64"),
        ((5, 2), "int64"),
        ((0, 1, 0.25), "float32"),
        ((np.float64(1.5), 4), "float64"),
        ((np.int8(4),), "int64"),
        ((np.uint8(4), np.uint8(9), np.uint8(2)), "uint64"),
    ],
)
def test_arange(ends: Any, dtype: str) -> None:
    made = arange(*ends)
    assert made.type.dtype == dtype
    want = np.arange(*ends).astype(dtype)
    assert np.array_equal(run([], made), want)
    assert made.type.shape == (len(want) if len(want) != 1 else None,)


def test_arange_where_numpys_types_are_wanted() -> None:
    with change_flags(cast_policy="numpy+floatX", floatX="float32"):
        assert arange(0.5, lscalar()).type.dtype == "float32"
        assert arange(iscalar()).type.dtype == "int64"


@pytest.mark.parametrize("floatX", ["float16", "float32", "float64"])
def test_types_where_numpys_are_wanted(floatX: str) -> None:
    half = TensorType("float16", (None,))()
    with change_flags(cast_policy="numpy+floatX", floatX=floatX):
        assert as_tensor_variable(1.5).type.dtype == floatX
        assert as_tensor_variable([1.5]).type.dtype == "float64"
        assert (half + 1).type.dtype == floatX
        assert (half * [1.5]).type.dtype == "float64"


@pytest.mark.parametrize("ends", [(0, 5, 2), (5, 0, -2), (5, 0, 2), (3, 3, 1), (-2, 7, 4)])
def test_length_of_a_range_that_is_not_known(ends: Any) -> None:
    for dtype in ("int64", "float64"):
        variables = [scalar(dtype=dtype) for _ in ends]
        (n,) = ShapeTable().lengths(arange(*variables))
        assert run(variables, as_tensor_variable(n), *ends) == len(np.arange(*ends))


def test_gradient_of_a_range() -> None:
    a, b, c = (scalar(dtype="float64") for _ in range(3))
    slope = grad(arange(a, b, c).sum(), [a, c])
    assert [float(v) for v in run([a, b, c], slope, 0.0, 3.0, 0.5)] == [6.0, 15.0]


def test_arange_refuses() -> None:
    n = lscalar()
    with pytest.raises(ZeroDivisionError):
        arange(0, 5, 0)
    with pytest.raises(ZeroDivisionError):
        run([n], arange(0, 5, n), 0)
    with pytest.raises(AssertionError, match="must be scalars"):
        arange(vector())


@pytest.mark.parametrize("k", [-2, 0, 1, 5])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (0, 3)])
def test_patterns_of_ones(shape: tuple[int, int], k: int) -> None:
    x, a = matrix(dtype="float64"), np.arange(1.0, shape[0] * shape[1] + 1).reshape(shape)
    made = run([x], [eye(*shape, k), tri(*shape, k), tril(x, k), triu(x, k), identity_like(x)], a)
    wanted = [np.eye(*shape, k), np.tri(*shape, k), np.tril(a, k), np.triu(a, k), np.eye(*shape)]
    for got, want in zip(made, wanted, strict=True):
        assert np.array_equal(got, want)


def test_a_matrix_with_one_row_by_chance_does_not_broadcast() -> None:
    assert eye(1).type.broadcastable == tri(1, 3).type.broadcastable == (False, False)
    with pytest.raises(AssertionError, match="integer scalars"):
        eye(vector())


@pytest.mark.parametrize("k", [-1, 0, 2])
def test_triangles_drop_what_is_no_number_too(k: int) -> None:
    m = np.array([[1.0, np.inf, 3.0], [np.nan, 5.0, -np.inf], [7.0, np.nan, np.inf]])
    x = TensorType("float64", (None, None))()
    for ours, numpys in ((tril, np.tril), (triu, np.triu)):
        np.testing.assert_array_equal(ours(x, k).eval({x: m}), numpys(m, k))
    batch = TensorType("float64", (None, None, None))()
    np.testing.assert_array_equal(tril(batch).eval({batch: np.stack([m, m])}), np.tril(np.stack([m, m])))
    with pytest.raises(TypeError, match="tril takes a matrix"):
        tril(x[0])
    with pytest.raises(TypeError, match="identity_like takes a matrix"):
        identity_like(x[0])
