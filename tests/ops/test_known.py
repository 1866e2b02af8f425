"""What is known of values while a graph is being built."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.errors import EmptyConstantError, NotScalarConstantError
from croton.ops.constructors import lscalar, lvector, matrix, row, scalar
from croton.ops.convert import as_tensor_variable, constant
from croton.ops.creation import alloc, zeros_like
from croton.ops.join import stack
from croton.ops.known import (
    elements,
    extract_constant,
    get_scalar_constant_value,
    get_vector_length,
    known_int,
    never_negative,
)
from croton.ops.passing import Print
from croton.ops.shape import shape_i


@pytest.mark.parametrize(
    ("x", "want"),
    [
        (constant(3), 3),
        (constant(2) + 3, 5),
        (constant([2, 2]), 2),
        (as_tensor_variable([1, 5])[1], 5),
        (alloc(4, 2, 3), 4),
        (zeros_like(matrix()), 0),
        (zeros_like(matrix()) + 1, 1),
        (row().shape[0], 1),
        (3.5, 3.5),
    ],
)
def test_one_number(x: Any, want: float) -> None:
    found = get_scalar_constant_value(x)
    assert found.shape == ()
    assert found == want


@pytest.mark.parametrize("x", [scalar(), matrix(), constant([2, 3]), None, "a", Print()(constant(1))])
def test_not_one_number(x: Any) -> None:
    with pytest.raises(NotScalarConstantError):
        get_scalar_constant_value(x)
    assert extract_constant(x) is x


def test_no_number() -> None:
    with pytest.raises(EmptyConstantError):
        get_scalar_constant_value(constant([]))


def test_looking_no_further() -> None:
    with pytest.raises(NotScalarConstantError):
        get_scalar_constant_value(constant(2) + 3, elemwise=False)
    with pytest.raises(NotScalarConstantError):
        get_scalar_constant_value(alloc(4, 2), only_process_constants=True)


def test_lengths_of_vectors() -> None:
    n, x = lscalar(), matrix()
    for v, length in (
        ([1, 2], 2),
        ((), 0),
        (stack([n, n, n]), 3),
        (x.shape, 2),
        (x.shape[1:], 1),
        (x.shape[::-1], 2),
    ):
        assert get_vector_length(v) == length
    with pytest.raises(ValueError, match="length not known"):
        get_vector_length(lvector())
    with pytest.raises(TypeError, match="must be a vector"):
        get_vector_length(x)


def test_elements_without_the_vector() -> None:
    n, x = lscalar(), matrix()
    assert elements(stack([n, n])) == [n, n]
    assert [v.owner.op for v in elements(x.shape[::-1])] == [shape_i(x, 1).owner.op, shape_i(x, 0).owner.op]
    assert elements(lvector()) is None


def test_integers_and_signs() -> None:
    n, x = lscalar(), matrix()
    assert known_int(constant(2) * 3) == 6
    assert known_int(constant(2.0)) is None
    assert known_int(n) is None
    assert never_negative(shape_i(x, 0) * 2 + 1)
    assert never_negative(n % shape_i(x, 0))
    assert not never_negative(shape_i(x, 0) - 1)
    assert not never_negative(n)
    assert never_negative(constant(np.uint8(3)))
