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
from croton.ops.nested import as_words, common_lengths, each_place
from croton.ops.shape import shape_i
from croton.util.failures import BAD_INDEX
from croton.vartypes.dtype import INTEGER
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
        if y.type.dtype not in INTEGER:
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
        x, order = xp.broadcast_to(x, dims), xp.broadcast_to(y, dims).astype("int64")
        if not inverse:
            return xp.take_along_axis(x, order, axis=-1)
        out = xp.zeros(dims, dtype=x.dtype)
        xp.put_along_axis(out, order, x, axis=-1)
        return out

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x, y, back = b.array(xs[0]), b.array(xs[1]), b.ne(b.scalar(xs[2]), 0)
        dims = [*common_lengths(b, x.dims[:-1], y.dims[:-1]), x.dims[-1]]
        b.require_equal(x.dims[-1], y.dims[-1], 0, x.ndim - 1, 1, x.ndim - 1)
        x, y = b.broadcast(x, dims, 0), b.broadcast(y, dims, 1)
        out = b.new(ys[0], dims)
        b.fill(out, 0)
        words, made = as_words(b, x, out)

        def visit(k: Any, buffers: Any, numbers: Any, counters: Any) -> None:
            (source, order, to), (n, back), (*front, i) = buffers, numbers, counters[: out.ndim]
            place = k.cast(k.load(order, *front, i), "int64")
            at = k.select(place < 0, place + n, place)
            with k.if_((at < 0) | (at >= n)):
                k.fail(BAD_INDEX, place, out.ndim - 1, n)
            words_ = counters[out.ndim :]
            value = k.load(source, *front, k.select(k.ne(back, 0), i, at), *words_)
            k.store(to, value, *front, k.select(k.ne(back, 0), at, i), *words_)

        each_place(
            b, made.dims, [words, y, made], [dims[-1], b.cast(back, "int64")], visit, parallel=out.ndim > 1
        )

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
