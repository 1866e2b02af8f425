"""Least squares: what fits best where equations are too many, or too few."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.elementwise import abs_, and_, eq, gt, maximum, minimum, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.linalg.factors import OnNative, bind_turned, columns_of, real_dtype, turned
from croton.ops.linalg.matrix import computed, result_dtype
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType


@op("least_squares")
class LeastSquares(OnNative):
    """The least-squares solution of x s = y, the length of what is left over in the row below it and zeros below that;
    the rank of x, and its singular values.

    Shapes:    x (m, n), y (m, k), () -> (max(m, n), k), (), (min(m, n),)
    Dtypes:    as x and y, the singular values real; the bound on the condition float64; the rank int64
    Errors:    ShapeError, a ValueError, for lengths that differ; LinAlgError when it does not converge
    """

    nout: ClassVar[int] = 3
    failure: ClassVar[str] = "SVD did not converge in Linear Least Squares"
    other_dtypes: ClassVar[dict[int, str]] = {2: "float64"}

    def infer(self, x: Any, y: Any, bound: Any) -> Any:
        values = TensorType(real_dtype(x.type.dtype), (None,))
        return [TensorType(x.type.dtype, (None, None)), TensorType("int64", ()), values]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        (m, n), (_, k), _ = shapes
        return [(maximum(m, n), k), (), (minimum(m, n),)]

    def eval(self, xp: Any, x: Any, y: Any, bound: Any) -> Any:
        solution, _, rank, values = xp.linalg.lstsq(x, y, rcond=float(bound))
        left = xp.sqrt((abs(y - x @ solution) ** 2).sum(0, keepdims=True))
        below = xp.zeros((max(x.shape) - x.shape[1], y.shape[1]), dtype=x.dtype)
        below[:1] = left[: len(below)]
        return xp.concatenate([solution, below]), xp.asarray(rank, "int64"), values

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x, y = b.array(xs[0]), b.array(xs[1])
        b.require_equal(x.dims[0], y.dims[0], 0, 0, 1, 0)
        (m, n), k = x.dims, y.dims[1]
        work, longest = columns_of(b, x), b.maximum(m, n)
        made = b.temporary(x.dtype, (k, longest))
        above = b.part(made, (k, m), made.strides)
        b.copy(turned(b, above), y)
        rank, values = b.new(ys[1], ()), b.new(ys[2], (b.minimum(m, n),))
        b.copy(b.part(rank, (), ()), b.array(xs[2]))
        b.lapack("gelsd", x.dtype, 0, m, n, k, work, made, values, rank)
        b.free(work)
        bind_turned(b, ys[0], made)

    samples = (S((3, 2), (3, 1), np.float64(-1), grad=False), S((2, 3), (2, 2), np.float64(1e-3), grad=False))
    errors = (E((3, 2), (2, 2), np.float64(-1), raises=ValueError, says="dimension"),)


@op("lstsq")
class lstsq(Primitive):
    """The least-squares solution of x s = y, the sums of squared residuals, the rank of x, and its singular values.

    Singular values below the third input times the greatest count as zero; -1 stands for the machine precision.

    Shapes:    x (m, n), y (m,) or (m, k), () -> (n, k), (k,), (), (min(m, n),); a vector y makes a vector solution
    Dtypes:    what x and y meet in, float64 for integers; the rank int64
    Errors:    ValueError for other ranks, and at run time for lengths that differ
    """

    nout: ClassVar[int] = 4

    def infer(self, x: Any, y: Any, rcond: Any) -> Any:
        if x.type.ndim != 2 or y.type.ndim not in (1, 2) or rcond.type.ndim:
            raise ValueError(
                f"lstsq takes a matrix, a vector or matrix, and a number; got {x.type}, {y.type} and {rcond.type}."
            )
        dtype = result_dtype(x.type.dtype, y.type.dtype)
        vector = TensorType(dtype, (None,))
        return [TensorType(dtype, (None,) * y.type.ndim), vector, TensorType("int64", ()), vector]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        x, y, _ = shapes
        return [(x[1], *y[1:]), (None,), (), (minimum(*x),)]

    def eval(self, xp: Any, x: Any, y: Any, rcond: Any) -> Any:
        x, y = computed(xp, x, y)
        solution, residuals, rank, values = xp.linalg.lstsq(x, y, rcond=float(rcond))
        return solution, residuals, np.asarray(rank), values

    def expand(self, x: Any, y: Any, rcond: Any) -> Any:
        """For the native planner: least squares in a type that LAPACK has, and the sums of what is left over."""
        dtype = result_dtype(x.type.dtype, y.type.dtype)
        wide = "float32" if dtype == "float16" else dtype
        right = y if y.type.ndim == 2 else dimshuffle(y, 0, "x")
        padded, rank, values = LeastSquares()(cast(x, wide), cast(right, wide), cast(rcond, "float64"))
        rows, columns = x.shape[0], x.shape[1]
        whole = and_(eq(rank, columns), gt(rows, columns))
        residuals = sum_of(abs_(padded[columns:rows]) ** 2, axis=0)[: switch(whole, right.shape[1], 0)]
        solution = padded[:columns] if y.type.ndim == 2 else padded[:columns, 0]
        return [cast(solution, dtype), cast(residuals, dtype), rank, cast(values, dtype)]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        raise NotImplementedError("lstsq has no gradient, as in the original.")

    samples = (
        S((3, 2), (3,), np.float64(-1), grad=False),
        S((4, 2), (4, 3), np.float64(-1), grad=False),
        S((2, 4), (2, 3), np.float64(1e-3), grad=False),
        S(np.ones((4, 2)), (4, 3), np.float64(1e-10), grad=False),
        S((3, 2), np.array([1, 2, 3]), np.float64(-1), grad=False),
        S(np.array([[2.0, 1j], [0.5, -1.0], [3.0, 1.0]]), np.array([1j, 2, 3]), np.float64(-1), grad=False),
    )
    errors = (
        E((3, 2), (4,), np.float64(-1), raises=ValueError, says="Incompatible dimensions"),
        E((2, 3, 2), (2, 3), np.float64(-1), raises=ValueError, says="lstsq takes a matrix"),
    )
