"""Products of vectors and matrices, and what is made of them: products over any axes, alone or over a batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul as times
from typing import Any

import numpy as np

from croton.errors import BatchError, ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import dimshuffle
from croton.ops.reshape import flatten, reshape
from croton.ops.shape import lengths
from croton.vartypes.dtype import is_complex, upcast
from croton.vartypes.tensor import Dim, TensorType

# The data types whose products BLAS computes.
BLAS_DTYPES = frozenset({"float32", "float64", "complex64", "complex128"})


def in_one_dtype(*args: Any) -> list[Any]:
    """The arguments as variables of the type they meet in."""
    variables = [as_tensor_variable(a) for a in args]
    met = upcast(*[v.type.dtype for v in variables])
    return [v if v.type.dtype == met else cast(v, met) for v in variables]


def multiply_matrices(xp: Any, x: Any, y: Any) -> Any:
    """The matrix product of arrays of one data type; float16 is added up in float32."""
    if x.dtype == "float16":
        return multiply_matrices(xp, x.astype("float32"), y.astype("float32")).astype("float16")
    with np.errstate(all="ignore"):
        return xp.matmul(x, y)


def check_inner(a: Dim, b: Dim, what: str) -> None:
    """Raise ShapeError unless the lengths that are summed over agree, as far as they are known."""
    if a is not None and b is not None and a != b:
        raise ShapeError(f"Shape mismatch: {what}: {a} is not {b}.")


@op("dot")
class Dot(Primitive):
    """The matrix product of vectors and matrices.

    Shapes:    (n,) (n,) -> (); (m, n) (n,) -> (m,); (n,) (n, k) -> (k,); (m, n) (n, k) -> (m, k)
    Dtypes:    what the inputs meet in
    Gradient:  products of the cotangent with the other input
    Errors:    TypeError for other numbers of axes; ShapeError (a ValueError) when the lengths summed over differ
    """

    is_dear = True

    def prepare(self, *args: Any) -> list[Variable]:
        variables = in_one_dtype(*args)
        if len(variables) != 2:
            raise TypeError(f"theano.tensor.Dot takes 2 arguments; {len(variables)} given.")
        for i, v in enumerate(variables):
            if v.type.ndim not in (1, 2):
                raise TypeError(
                    f"theano.tensor.Dot: input {i} (0-indexed) must have ndim of 1 or 2, {v.type.ndim} given. "
                    "Consider calling theano.tensor.dot instead."
                )
        return variables

    def infer(self, x: Variable, y: Variable) -> Type:
        a, b = x.type, y.type
        assert isinstance(a, TensorType) and isinstance(b, TensorType)
        check_inner(a.shape[-1], b.shape[0], f"the last axis of {x} and the first of {y} differ")
        return TensorType(a.dtype, a.shape[:-1] + b.shape[1:])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        x, y = shapes
        return [(*x[:-1], *y[1:])]

    def eval(self, xp: Any, x: Any, y: Any) -> Any:
        if x.shape[-1] != y.shape[0]:
            if x.ndim == y.ndim == 2:
                raise ShapeError(
                    f"Shape mismatch: x has {x.shape[1]} cols (and {x.shape[0]} rows) but y has {y.shape[0]} rows "
                    f"(and {y.shape[1]} cols)"
                )
            raise ShapeError(
                f"Shape mismatch: shapes {x.shape} and {y.shape} do not go together in a product."
            )
        return multiply_matrices(xp, x, y)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x, y), (g,) = xs, gs
        if x.type.ndim == 1 and y.type.ndim == 1:
            return [g * y, g * x]
        if x.type.ndim == 2 and y.type.ndim == 1:
            return [outer(g, y), Dot()(x.T, g)]
        if x.type.ndim == 1:
            return [Dot()(g, y.T), outer(x, g)]
        return [Dot()(g, y.T), Dot()(x.T, g)]

    makes_new_memory = True
    fails_by_lengths = True

    def lowers(self, node: Apply) -> bool:
        """Whether BLAS has the data type; a result that is one number must fit a register, as complex ones do not."""
        kind = node.outputs[0].type
        return kind.dtype in BLAS_DTYPES and not (kind.ndim == 0 and is_complex(kind.dtype))

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        (x, y), (z,) = map(b.array, xs), ys
        b.require_equal(x.dims[-1], y.dims[0], 0, x.ndim - 1, 1, 0)
        out = b.new(z, (*x.dims[:-1], *y.dims[1:]))
        if x.ndim == 1 and y.ndim == 1:
            b.call("rt_dot", b.dtype_code(x.dtype), x.dims[0], x, x.strides[0], y, y.strides[0], out)
        elif y.ndim == 1:
            b.multiply_vector(1.0, x, y, 0.0, out)
        elif x.ndim == 1:
            b.multiply_vector(1.0, b.part(y, y.dims[::-1], y.strides[::-1]), x, 0.0, out)
        else:
            b.multiply(1.0, x, y, 0.0, out)

    samples = (
        S((3, 4), (4, 2)),
        S((4,), (4,)),
        S((3, 4), (4,)),
        S((4,), (4, 2)),
        S((3, 0), (0, 2)),
        S((2, 3), (3, 2), dtype="float16", grad=False),
        S((2, 3), (3, 2), dtype="int32"),
        S((2, 3), (3, 2), dtype="bool"),
    )
    errors = (
        E((3, 4), (3, 4), raises=ValueError, says="Shape mismatch"),
        E((3, 4, 5), (5,), raises=TypeError, says="must have ndim of 1 or 2"),
    )

    def __str__(self) -> str:
        return "dot"


@op("batched_dot")
class BatchedDot(Primitive):
    """The matrix product of each pair of a batch, which is the first axis.

    Shapes:    (b, m, n) (b, n, k) -> (b, m, k); either may lack the axis that is not summed over
    Dtypes:    what the inputs meet in
    Gradient:  products of the cotangent with the other input, over the batch
    Errors:    TypeError for other numbers of axes; BatchError (a ValueError and a TypeError) when batches, or the
               lengths summed over, differ
    """

    mismatch_error = BatchError
    is_dear = True

    def prepare(self, *args: Any) -> list[Variable]:
        variables = in_one_dtype(*args)
        if len(variables) != 2:
            raise TypeError(f"batched_dot takes 2 arguments; {len(variables)} given.")
        for i, v in enumerate(variables):
            if v.type.ndim not in (2, 3):
                raise TypeError(
                    f"BatchedDot: input {i} (0-indexed) must have ndim of 2 or 3, {v.type.ndim} given. "
                    "Consider calling theano.tensor.batched_dot instead."
                )
        return variables

    def infer(self, x: Variable, y: Variable) -> Type:
        a, b = x.type, y.type
        assert isinstance(a, TensorType) and isinstance(b, TensorType)
        check_inner(a.shape[0], b.shape[0], f"the batches of {x} and {y} differ")
        check_inner(a.shape[-1], b.shape[1], f"the lengths of {x} and {y} to sum over differ")
        batch = a.shape[0] if a.shape[0] is not None else b.shape[0]
        return TensorType(a.dtype, (batch, *a.shape[1:-1], *b.shape[2:]))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        x, y = shapes
        return [(*x[:-1], *y[2:])]

    def eval(self, xp: Any, x: Any, y: Any) -> Any:
        if x.shape[0] != y.shape[0]:
            raise BatchError(
                f"Shape mismatch: batch sizes unequal. x.shape is {x.shape}, y.shape is {y.shape}."
            )
        if x.shape[-1] != y.shape[1]:
            raise BatchError(
                f"Shape mismatch: summation axis sizes unequal. x.shape is {x.shape}, y.shape is {y.shape}."
            )
        rows = x if x.ndim == 3 else x[:, None, :]
        columns = y if y.ndim == 3 else y[:, :, None]
        return multiply_matrices(xp, rows, columns).reshape((*x.shape[:-1], *y.shape[2:]))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x, y), (g,) = xs, gs
        if x.type.ndim == y.type.ndim == 2:
            g = dimshuffle(g, 0, "x")
            return [g * y, g * x]
        if x.type.ndim == 2:
            column: Any = dimshuffle(x, 0, 1, "x")
            return [BatchedDot()(g, dimshuffle(y, 0, 2, 1)), column * dimshuffle(g, 0, "x", 1)]
        if y.type.ndim == 2:
            row: Any = dimshuffle(y, 0, "x", 1)
            return [dimshuffle(g, 0, 1, "x") * row, BatchedDot()(dimshuffle(x, 0, 2, 1), g)]
        return [BatchedDot()(g, dimshuffle(y, 0, 2, 1)), BatchedDot()(dimshuffle(x, 0, 2, 1), g)]

    makes_new_memory = True
    fails_by_lengths = True

    def lowers(self, node: Apply) -> bool:
        """Whether BLAS has the data type."""
        return node.outputs[0].type.dtype in BLAS_DTYPES

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        (x, y), (z,) = map(b.array, xs), ys
        b.require_equal(x.dims[0], y.dims[0], 0, 0, 1, 0)
        b.require_equal(x.dims[-1], y.dims[1], 0, x.ndim - 1, 1, 1)
        out = b.new(z, (*x.dims[:-1], *y.dims[2:]))
        m, (x_row, x_column) = (x.dims[1], x.strides[1:]) if x.ndim == 3 else (1, (0, x.strides[1]))
        n, (y_row, y_column) = (y.dims[2], y.strides[1:]) if y.ndim == 3 else (1, (y.strides[1], 0))
        z_row = out.strides[1] if x.ndim == 3 else 0
        z_column = out.strides[-1] if y.ndim == 3 else 0
        b.call(
            "rt_batched_gemm", b.dtype_code(x.dtype), x.dims[0], m, n, x.dims[-1], b.one(1.0, x.dtype),
            x, x.strides[0], x_row, x_column, y, y.strides[0], y_row, y_column, b.one(0.0, x.dtype),
            out, out.strides[0], z_row, z_column,
        )  # fmt: skip

    samples = (
        S((2, 3, 4), (2, 4, 2)),
        S((2, 4), (2, 4, 2)),
        S((2, 3, 4), (2, 4)),
        S((2, 4), (2, 4)),
        S((0, 3, 4), (0, 4, 2)),
        S((2, 3, 4), (2, 4, 2), dtype="int16"),
    )
    errors = (
        E((2, 3, 4), (3, 4, 2), raises=ValueError, says="Shape mismatch"),
        E((2, 3, 4), (2, 3, 2), raises=ValueError, says="Shape mismatch"),
        E((2,), (2, 3), raises=TypeError, says="must have ndim of 2 or 3"),
    )


# -- functions -----------------------------------------------------------------------------------------------
def dot(a: Any, b: Any) -> Variable:
    """The product of `a` and `b`, summed over the last axis of `a` and the last but one (or only) axis of `b`.

    Shapes:    a scalar with anything multiplies; up to two axes each, the matrix product; with more,
               (…, n) (…, n, k) -> (… of a, … of b, k)
    Dtypes:    what the inputs meet in
    Errors:    ShapeError (a ValueError) when the lengths summed over differ
    Example:
        >>> import theano.tensor as T
        >>> T.dot([[1, 2], [3, 4]], [1, 1]).eval().tolist()
        [3, 7]
    """
    x, y = as_tensor_variable(a), as_tensor_variable(b)
    m: int = x.type.ndim
    n: int = y.type.ndim
    if m == 0 or n == 0:
        return x * y
    if m > 2 or n > 2:
        return tensordot(x, y, [[m - 1], [max(0, n - 2)]])
    return Dot()(x, y)  # type: ignore[no-any-return]


def any_dot(l: Any, r: Any) -> Variable:  # noqa: E741  the historic name
    """The product of two variables of any kind, as the kinds know it (`__dot__` of `l`, `__rdot__` of `r`).

    Errors: NotImplementedError when neither knows
    """
    for one, other, name in ((l, r, "__dot__"), (r, l, "__rdot__")):
        try:
            made = getattr(one, name)(other)
        except (AttributeError, NotImplementedError, TypeError):
            continue
        if made is not NotImplemented:
            return made  # type: ignore[no-any-return]
    raise NotImplementedError(f"Dot failed: neither {l!r} nor {r!r} has a product with the other.")


def outer(x: Any, y: Any) -> Variable:
    """All products of an element of `x` and one of `y`, both taken as vectors."""
    u, v = as_tensor_variable(x), as_tensor_variable(y)
    if u.type.ndim != 1:
        u = flatten(u)
    if v.type.ndim != 1:
        v = flatten(v)
    return dimshuffle(u, 0, "x") * dimshuffle(v, "x", 0)


def batched_dot(a: Any, b: Any) -> Variable:
    """`dot` of each pair of a batch, which is the first axis of both.

    Shapes:    (b, …, n) (b, …, n, k) -> (b, … of a, … of b, k)
    Errors:    TypeError for a scalar; ShapeError (a ValueError) when batches, or the lengths summed over, differ
    Example:
        >>> import theano.tensor as T
        >>> T.batched_dot(T.ones((2, 3, 4)), T.ones((2, 4, 5))).eval().shape
        (2, 3, 5)
    """
    x: Any = as_tensor_variable(a)
    y: Any = as_tensor_variable(b)
    if x.type.ndim == 0:
        raise TypeError("a must have at least one (batch) axis")
    if y.type.ndim == 0:
        raise TypeError("b must have at least one (batch) axis")
    if x.type.ndim == 1:
        return dimshuffle(x, 0, *["x"] * (y.type.ndim - 1)) * y  # type: ignore[no-any-return]
    if y.type.ndim == 1:
        return x * dimshuffle(y, 0, *["x"] * (x.type.ndim - 1))  # type: ignore[no-any-return]
    if x.type.ndim > 3 or y.type.ndim > 3:
        return batched_tensordot(x, y, [[x.type.ndim - 1], [max(1, y.type.ndim - 2)]])
    return BatchedDot()(x, y)  # type: ignore[no-any-return]


def tensordot(a: Any, b: Any, axes: Any = 2) -> Variable:
    """The products of `a` and `b`, summed over pairs of axes.

    `axes` is a number (so many last axes of `a`, and first axes of `b`) or two sequences, the axes of `a` and those
    of `b` in the same order.

    Shapes:    the axes of `a` not summed over, then those of `b`
    Errors:    ValueError for axes that the inputs lack, or of unequal number; ShapeError when lengths differ
    Example:
        >>> import theano.tensor as T
        >>> T.tensordot(T.ones((2, 3, 4)), T.ones((4, 3, 5)), axes=[[1, 2], [1, 0]]).eval().shape
        (2, 5)
    """
    return _contract(as_tensor_variable(a), as_tensor_variable(b), axes, batched=False)


def batched_tensordot(x: Any, y: Any, axes: Any = 2) -> Variable:
    """`tensordot` of each pair of a batch, which is the first axis of both; `axes` count it but can't name it."""
    return _contract(as_tensor_variable(x), as_tensor_variable(y), axes, batched=True)


def _contract(a: Any, b: Any, axes: Any, batched: bool) -> Variable:
    sum_a, sum_b = _paired_axes(a, b, axes, batched)
    first = 1 if batched else 0
    free_a = [i for i in range(first, a.type.ndim) if i not in sum_a]
    free_b = [i for i in range(first, b.type.ndim) if i not in sum_b]
    made: Any = (BatchedDot() if batched else Dot())(
        _folded(a, first, [free_a, sum_a]) if free_a else _folded(a, first, [sum_a]),
        _folded(b, first, [sum_b, free_b]) if free_b else _folded(b, first, [sum_b]),
    )
    ndim = first + len(free_a) + len(free_b)
    if len(free_a) < 2 and len(free_b) < 2:
        return made  # type: ignore[no-any-return]
    of_a, of_b = lengths(a), lengths(b)
    shape = [of_a[i] for i in [*range(first), *free_a]] + [of_b[i] for i in free_b]
    return reshape(made, shape, ndim=ndim)


def _folded(x: Any, first: int, groups: list[list[int]]) -> Variable:
    """`x` with an axis for each group of its axes, after its batch axes."""
    moved: Any = dimshuffle(x, *range(first), *[i for group in groups for i in group])
    if all(len(group) == 1 for group in groups):
        return moved  # type: ignore[no-any-return]
    every = lengths(x)
    folded = [reduce(times, [every[i] for i in group]) if group else np.int64(1) for group in groups]
    return reshape(moved, [*every[:first], *folded], ndim=first + len(groups))


def _paired_axes(a: Any, b: Any, axes: Any, batched: bool) -> tuple[list[int], list[int]]:
    first = 1 if batched else 0
    sides = (("a", a), ("b", b))
    for name, x in sides:
        if x.type.ndim == 0:
            raise ValueError(f"Cannot perform tensordot of the scalar {name}, {x}; use multiplication.")
    if isinstance(axes, (int, np.integer)) or (isinstance(axes, np.ndarray) and axes.ndim == 0):
        count = int(axes)
        for name, x in sides:
            if count > x.type.ndim - first:
                raise ValueError(
                    f"axes can not be larger than the dimension of {name} ({name}.ndim={x.type.ndim}, axes={count})"
                )
        if count < 0:
            raise IndexError(f"A number of axes to sum over can't be negative; got {count}.")
        return list(range(a.type.ndim - count, a.type.ndim)), list(range(first, first + count))
    if isinstance(axes, str) or not isinstance(axes, (Sequence, np.ndarray)) or len(axes) != 2:
        raise ValueError(f"Axes should be an integer or a list/tuple of len 2 (got {axes!r})")
    pair = [[int(i) for i in side] if np.ndim(side) else [int(side)] for side in axes]
    if len(pair[0]) != len(pair[1]):
        raise ValueError(f"Axes elements must have the same length; got {pair}.")
    for at, ((name, x), chosen) in enumerate(zip(sides, pair, strict=True)):
        if any(i >= x.type.ndim for i in chosen):
            raise ValueError(
                f"axes[{at}] contains dimensions greater than or equal to {name}.ndim "
                f"({name}.ndim={x.type.ndim}, got {chosen})."
            )
        if any(i < 0 for i in chosen):
            raise ValueError(f"axes[{at}] must count from the first axis; got {chosen}.")
        if batched and 0 in chosen:
            raise ValueError(f"axes to sum over must not contain the batch axis (axes[{at}]={chosen})")
        if len(set(chosen)) != len(chosen):
            raise ValueError(f"axes[{at}] names an axis twice: {chosen}.")
    return pair[0], pair[1]
