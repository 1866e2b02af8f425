"""Means, variances, norms and ranges: compositions of reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops import reduce as reductions
from croton.ops import shape as shapes
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import abs_, gt, lt, sqr, sqrt, switch, true_div
from croton.ops.reduce import axes_of
from croton.vartypes.dtype import as_dtype, is_discrete


def _lengths(x: Any, axes: tuple[int, ...] | None) -> list[Any]:
    every = shapes.lengths(x)
    return every if axes is None else [every[a] for a in axes]


def mean(
    input: Any,
    axis: Any = None,
    dtype: Any = None,
    op: bool = False,
    keepdims: bool = False,
    acc_dtype: Any = None,
) -> Variable:
    """The mean of the elements along `axis`.

    `op` is taken for the sake of old programs; it changes nothing.

    Shapes:    without the axes reduced over; `keepdims` leaves them with length 1
    Dtypes:    `dtype` where it is a floating-point or complex type; else as the input, float64 for integers. Added up
               in `acc_dtype`, by the rules of `sum`
    Example:
        >>> import theano.tensor as T
        >>> T.mean([[1.0, 2.0], [3.0, 6.0]], axis=0).eval().tolist()
        [2.0, 4.0]
    """
    x: Any = as_tensor_variable(input)
    axes = axes_of(axis, x)
    asked = None if dtype is None else as_dtype(dtype)
    narrow = asked == "float16" or (asked is None and x.type.dtype == "float16")
    total: Any = reductions.sum(
        x, axes, dtype="float32" if narrow else asked, keepdims=keepdims, acc_dtype=acc_dtype
    )
    count_dtype = "float32" if total.type.dtype in ("float16", "float32", "complex64") else "float64"
    if axes == () and is_discrete(total.type.dtype):
        total = cast(total, count_dtype)
    for length in _lengths(x, axes):
        total = true_div(total, cast(length, count_dtype))
    if narrow:
        total = cast(total, "float16")
    total.name = "mean"
    return total  # type: ignore[no-any-return]


class Mean(Op):
    """The mean of the elements along an axis, as an operation.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    as the input, float64 for integers
    """

    __props__ = ("axis",)

    def __init__(self, axis: Any = None) -> None:
        self.axis = axis

    def make_node(self, *inputs: Any) -> Apply:
        return mean(inputs[0], self.axis).owner  # type: ignore[return-value]


def var(
    input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Variable:
    """The variance of the elements along `axis`: the mean of the squares of their distances from the mean.

    `ddof` is taken from the length of each axis reduced over; `corrected` takes the square of the mean distance
    (zero but for rounding) from the result.

    Shapes:    without the axes reduced over; `keepdims` leaves them with length 1
    Dtypes:    as the input, float64 for integers; float64 with a `ddof`
    Example:
        >>> import theano.tensor as T
        >>> T.var(T.constant([1.0, 3.0])).eval().tolist()
        1.0
    """
    x: Any = as_tensor_variable(input)
    axes = axes_of(axis, x)
    centered: Any = x - mean(x, axes, keepdims=True)
    squares = sqr(centered)
    if ddof == 0:
        made: Any = mean(squares, axes, keepdims=keepdims)
    else:
        made = reductions.sum(squares, axes, keepdims=keepdims)
        for length in _lengths(x, axes):
            made = true_div(made, length - ddof)
    if corrected:
        offset: Any = sqr(reductions.sum(centered, axes, keepdims=keepdims))
        for length in _lengths(x, axes):
            offset = true_div(offset, (length - ddof) * length)
        made = made - cast(offset, made.type.dtype)
    made.name = "var"
    return made  # type: ignore[no-any-return]


def std(
    input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Variable:
    """The standard deviation of the elements along `axis`: the root of `var`.

    Shapes, Dtypes:  as for `var`
    """
    made = sqrt(var(input, axis, ddof, keepdims, corrected))
    made.name = "std"
    return made  # type: ignore[no-any-return]


def ptp(a: Any, axis: Any = None) -> Variable:
    """The greatest element along `axis` less the least."""
    x = as_tensor_variable(a)
    return reductions.max(x, axis) - reductions.min(x, axis)


def norm(x: Any, L: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The L-norm of the elements along `axis`: the L-th root of the sum of the L-th powers of their absolute values.

    Errors: NotImplementedError for L 0 and infinity; TypeError for what is no number
    """
    if isinstance(L, str):
        raise TypeError(f"The L of a norm is a number; got {L!r}. Matrix norms are those of T.nlinalg.norm.")
    if L == 0 or np.isinf(L):
        raise NotImplementedError(
            f"The norm {L} is not made of powers; use the number of non-zeros, or max(abs(x))."
        )
    sizes: Any = abs_(as_tensor_variable(x)) ** L
    return reductions.sum(sizes, axis, keepdims=keepdims) ** (1.0 / L)  # type: ignore[no-any-return]


def largest(*args: Any) -> Variable:
    """Of each element the greatest among all arguments."""
    return _among(args, gt, reductions.max)


def smallest(*args: Any) -> Variable:
    """Of each element the least among all arguments."""
    return _among(args, lt, reductions.min)


def _among(args: tuple[Any, ...], precedes: Any, reduction: Any) -> Variable:
    if len(args) == 2:
        a, b = args
        return switch(precedes(a, b), a, b)  # type: ignore[no-any-return]
    return reduction(as_tensor_variable(list(args)), axis=0)  # type: ignore[no-any-return]
