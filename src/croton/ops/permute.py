"""Rows in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.elementwise import eq
from croton.ops.elemwise import broadcast_static, dimshuffle
from croton.ops.shape import shape_i
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType


class PermutationError(ShapeError, AssertionError):
    """What should be a permutation is none."""


@op("permute_row_elements")
class PermuteRowElements(Primitive):
    """Each row (the last axis) put in the order that a row of places says, or brought back from it.

    Shapes:    (…, n), (…, n) and () whether to go back -> (…, n); the other axes broadcast
    Dtypes:    as the first input
    Gradient:  the cotangent put in the opposite order
    Errors:    AssertionError, a ValueError, for places that are no integers; ValueError at run time for other lengths
    """

    def prepare(self, *args: Any) -> list[Variable]:
        x, y = as_tensor_variable(args[0]), as_tensor_variable(args[1])
        inverse = as_tensor_variable(
            np.int8(args[2]) if len(args) > 2 and isinstance(args[2], (bool, int, float)) else args[2]
        )
        if not is_discrete(y.type.dtype):
            raise PermutationError(f"The places to go to must be integers; got {y} of type {y.type}.")
        if inverse.type.ndim != 0:
            raise PermutationError(
                f"Whether to go back must be one number; got {inverse} of type {inverse.type}."
            )
        ndim: int = max(x.type.ndim, y.type.ndim)
        return [*(_padded(v, ndim) for v in (x, y)), inverse]

    def infer(self, x: Any, y: Any, inverse: Variable) -> Type:
        return TensorType(x.type.dtype, broadcast_static([x.type.shape, y.type.shape], "PermuteRowElements"))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        x = node.inputs[0].type
        return [tuple(b if flag else a for a, b, flag in zip(*shapes[:2], x.broadcastable, strict=True))]

    def eval(self, xp: Any, x: Any, y: Any, inverse: Any) -> Any:
        for n, m in zip(x.shape[:-1], y.shape[:-1], strict=True):
            if n != m and 1 not in (n, m):
                raise ShapeError(
                    f"Dimension mismatch: {n}, {m} (rows of shape {x.shape}, places of shape {y.shape})"
                )
        if x.shape[-1] != y.shape[-1]:
            raise ShapeError(
                f"Dimension mismatch: {x.shape[-1]}, {y.shape[-1]} (the lengths of rows and of places)"
            )
        dims = xp.broadcast_shapes(x.shape, y.shape)
        order = xp.broadcast_to(y, dims)
        if inverse:
            order = xp.argsort(order, axis=-1)
        return xp.take_along_axis(xp.broadcast_to(x, dims), order.astype("int64"), axis=-1)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        _, y, inverse = xs
        return [PermuteRowElements()(gs[0], y, eq(inverse, 0)), None, None]

    samples = (
        S((2, 3), np.array([2, 0, 1]), np.int8(0)),
        S((2, 3), np.array([[2, 0, 1], [1, 0, 2]]), np.int8(1)),
        S((3,), np.array([[2, 0, 1], [1, 0, 2]]), np.int8(0)),
    )
    errors = (
        E((2, 3), np.array([1, 0]), np.int8(0), raises=ValueError, says="Dimension mismatch: 3, 2"),
        E((2, 3), np.array([0.0, 1.0, 2.0]), np.int8(0), raises=AssertionError, says="must be integers"),
    )

    def __str__(self) -> str:
        return "PermuteRowElements"


def _padded(v: Any, ndim: int) -> Variable:
    missing = ndim - v.type.ndim
    return dimshuffle(v, *["x"] * missing, *range(v.type.ndim)) if missing else v


def permute_row_elements(x: Any, y: Any, inverse: Any = 0) -> Variable:
    """Each row of `x` in the order that the rows of `y` say; with `inverse`, brought back from that order."""
    made: Variable = PermuteRowElements()(x, y, inverse)
    return made


def inverse_permutation(perm: Any) -> Variable:
    """The permutation that undoes each row of `perm`."""
    places = as_tensor_variable(perm)
    count = arange(shape_i(places, places.type.ndim - 1), dtype=places.type.dtype)
    return permute_row_elements(count, places, inverse=1)
