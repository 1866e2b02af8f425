"""Tensors put together and taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import lscalar, lvector, matrix, row, scalar, vector
from croton.ops.convert import MakeVector, Stack, as_tensor_variable, make_vector
from croton.ops.join import (
    Split,
    concatenate,
    horizontal_stack,
    join,
    split,
    stack,
    stacklists,
    vertical_stack,
)
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType

A, B = np.arange(6.0).reshape(2, 3), np.arange(6.0, 12.0).reshape(2, 3)


def run(inputs: list[Any], outputs: Any, *values: Any) -> Any:
    """What `outputs` come to."""
    return function(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")(*values)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concatenate_and_its_gradient(axis: int) -> None:
    x, y = matrix(dtype="float64"), matrix(dtype="float64")
    z = concatenate([x, y, x], axis=axis)
    want = np.concatenate([A, B, A], axis=axis)
    w = np.arange(float(want.size)).reshape(want.shape)
    made, gx, gy = run([x, y], [z, *grad((z * w).sum(), [x, y])], A, B)
    first, second, third = np.split(w, 3, axis=axis)
    assert np.array_equal(made, want)
    assert np.array_equal(gx, first + third)
    assert np.array_equal(gy, second)


@pytest.mark.parametrize("axis", [0, 1, -2])
def test_an_axis_that_is_not_known(axis: int) -> None:
    x, y, k = matrix(dtype="float64"), matrix(dtype="float64"), lscalar()
    z = join(k, x, y)
    lengths = [as_tensor_variable(n) for n in ShapeTable().lengths(z)]
    made, gy, *found = run([x, y, k], [z, grad((z * z).sum(), y), *lengths], A, B, axis)
    assert np.array_equal(made, np.concatenate([A, B], axis=axis))
    assert np.array_equal(gy, 2 * B)
    assert tuple(map(int, found)) == made.shape


def test_types_of_what_is_joined() -> None:
    x, y = row(dtype="float32"), matrix(dtype="float32")
    assert join(0, x, y).type.broadcastable == (False, False)
    assert join(1, x, y).type.broadcastable == (True, False)
    assert concatenate([vector(dtype="int64"), vector(dtype="float32")]).type.dtype == "float64"
    a, b = TensorType("int8", (2, 3))(), TensorType("int8", (None, 3))()
    assert join(0, a, a).type.shape == (4, 3)
    assert join(1, a, b).type.shape == (2, 6)
    assert join(0, x) is x


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda x, v: concatenate([x, v]), TypeError),
        (lambda x, v: concatenate(x), TypeError),
        (lambda x, v: concatenate([]), ValueError),
        (lambda x, v: join(-3, x, x), IndexError),
        (lambda x, v: join(0.5, x, x), TypeError),
        (lambda x, v: join(0, v[0], v[1]), TypeError),
        (lambda x, v: stack([x, v]), TypeError),
        (lambda x, v: stack([]), ValueError),
        (lambda x, v: stack([x, x], axis=3), IndexError),
        (lambda x, v: stack(x, axis=1), TypeError),
        (lambda x, v: horizontal_stack(v, v), AssertionError),
    ],
)
def test_what_can_not_be_joined(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make(matrix(), vector())


def test_other_lengths_must_agree() -> None:
    x, y = matrix(dtype="float64"), matrix(dtype="float64")
    with pytest.raises(ValueError, match=r"got shapes \(2, 3\), \(3, 2\)"):
        run([x, y], join(0, x, y), A, B.T)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_stack(axis: int) -> None:
    x, y = matrix(dtype="float64"), matrix(dtype="float64")
    want = np.stack([A, B], axis=axis)
    for made in (stack([x, y], axis=axis), stack((x, y), axis), stack(tensors=[x, y], axis=axis)):
        assert np.array_equal(run([x, y], made, A, B), want)


def test_stack_in_its_older_form_and_of_numbers() -> None:
    x, s = matrix(dtype="float64"), scalar(dtype="float32")
    assert np.array_equal(run([x], stack(x, x + 1), A), np.stack([A, A + 1]))
    numbers = stack([s, 2])
    assert isinstance(numbers.owner.op, Stack)
    assert numbers.type.dtype == "float32"
    assert stack([s]).type.broadcastable == (False,)
    assert stack([x]).type.broadcastable == (True, False, False)
    assert stacklists([[x, x], [x, x]]).type.ndim == 4
    assert np.array_equal(run([x], horizontal_stack(x, x), A), np.hstack([A, A]))
    assert np.array_equal(run([x], vertical_stack(x, x), A), np.vstack([A, A]))


@pytest.mark.parametrize(("axis", "sizes"), [(0, [1, 1]), (1, [0, 2, 1]), (-1, [3])])
def test_split_and_its_gradient(axis: int, sizes: list[int]) -> None:
    x, k = matrix(dtype="float64"), lvector()
    want = np.split(A, np.cumsum(sizes)[:-1], axis=axis)
    for given in (sizes, k):
        parts = split(x, given, len(sizes), axis=axis)
        for got, part in zip(run([x, k], parts, A, sizes), want, strict=True):
            assert np.array_equal(got, part)
        # Only the last part is used.
        slope = run([x, k], grad((parts[-1] * 2).sum(), x), A, sizes)
        assert slope.sum() == 2 * want[-1].size


@pytest.mark.parametrize(
    ("sizes", "count", "axis", "says"),
    [
        ([1, 2], 2, 0, "add up to 2"),
        ([2], 2, 0, "makes 2 parts; got 1"),
        ([3, -1], 2, 0, "negative"),
        ([2], 1, 2, "out of bounds"),
    ],
)
def test_split_refuses(sizes: list[int], count: int, axis: int, says: str) -> None:
    x, k = matrix(dtype="float64"), lvector()
    with pytest.raises(ValueError, match=says):
        run([x, k], Split(count)(x, axis, k), A, sizes)


def test_vectors_of_numbers() -> None:
    i, a, b = lscalar("i"), scalar("a", dtype="float64"), scalar("b", dtype="float64")
    assert make_vector(1, i).type.dtype == "int64" and function([], make_vector())().tolist() == []
    for mode in ("FAST_COMPILE", "FAST_RUN"):
        f = function([], MakeVector("float32")(), mode=mode)
        assert f().shape == (0,) and f().dtype == "float32"
        assert function([i], make_vector(1, i), mode=mode)(5).tolist() == [1, 5]
    slopes = grad((MakeVector("float64")(a, b) ** 2).sum(), [a, b])
    assert [float(v) for v in function([a, b], slopes)(1.0, 2.0)] == [2.0, 4.0]
    assert not MakeVector("float64")(a).type.broadcastable[0]
    with pytest.raises(TypeError, match="takes scalars"):
        make_vector(lvector())
    with pytest.raises(TypeError, match="meet in float64"):
        make_vector(a)
