"""Inverses, pseudo-inverses and determinants."""

from __future__ import annotations

from functools import reduce
from operator import mul as times
from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import alloc, arange, eye
from croton.ops.diagonal import ExtractDiag
from croton.ops.dot import dot
from croton.ops.elementwise import abs_, conj, eq, exp, gt, imag, log, lt, neq, real, switch
from croton.ops.elementwise import complex as complex_of
from croton.ops.elemwise import dimshuffle
from croton.ops.linalg.decomposition import SVD
from croton.ops.linalg.factors import factored, is_narrow, real_dtype, solved, widened
from croton.ops.linalg.matrix import (
    OnMatrix,
    computed,
    matrix_dot,
    multiplied,
    require_square,
    result_dtype,
    transposed,
)
from croton.ops.reduce import sum as sum_of
from croton.vartypes.dtype import is_complex
from croton.vartypes.tensor import TensorType


@op("matrix_inverse")
class MatrixInverse(OnMatrix):
    """The inverse of a square matrix, or of each of a stack.

    To solve linear equations, `slinalg.solve` is faster and more accurate than a product with the inverse.

    Shapes:    (…, n, n) -> (…, n, n)
    Dtypes:    as the input, float64 for integers
    Gradient:  -(y g^T y)^T
    Errors:    ValueError for other ranks; LinAlgError at run time for a matrix that is singular or not square
    """

    def eval(self, xp: Any, x: Any) -> Any:
        require_square(x.shape)
        return xp.linalg.inv(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (y,), (g,) = ys, gs
        return [-transposed(multiplied(y, transposed(g), y))]

    def expand(self, x: Any) -> Any:
        """What it is made of, for the native planner."""
        if is_narrow(x):
            return widened(self, [x])
        lengths = [x.shape[i] for i in range(x.type.ndim - 1)]
        unit: Any = eye(lengths[-1], dtype=x.type.dtype)
        return solved(x, alloc(unit, *lengths[:-1], *unit.shape) if x.type.ndim > 2 else unit)

    samples = (
        S((3, 3)),
        S((1, 1)),
        S((2, 3, 3)),
        S((0, 0), grad=False),
        S(np.array([[2, 1], [1, 3]], "int8"), grad=False),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E((2, 3), raises=np.linalg.LinAlgError, says="must be square"),
        E(np.zeros((2, 2)), raises=np.linalg.LinAlgError, says="Singular matrix"),
    )


@op("matrix_pinv")
class MatrixPinv(OnMatrix):
    """The Moore-Penrose pseudo-inverse of a matrix.

    Shapes:    (m, n) -> (n, m)
    Dtypes:    as the input, float64 for integers
    Gradient:  for matrices of full and of constant rank
    Source:    Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
               variables separate", SIAM J. Numer. Anal. 10 (1973), equation 4.12
    """

    def infer(self, x: Any) -> Type:
        *stack, m, n = x.type.shape
        return TensorType(result_dtype(x.type.dtype), (*stack, n, m))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        *stack, m, n = shapes[0]
        return [(*stack, n, m)]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.linalg.pinv(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x,), (z,), (g,) = xs, ys, gs
        adjoint = transposed(z)
        left = eye(x.shape[-2], dtype=z.type.dtype) - multiplied(x, z)
        right = eye(x.shape[-1], dtype=z.type.dtype) - multiplied(z, x)
        made: Any = -multiplied(z, transposed(g), z)
        return [transposed(made + multiplied(z, adjoint, g, left) + multiplied(right, g, adjoint, z))]

    def expand(self, x: Any) -> Any:
        """What it is made of, for the native planner."""
        if is_narrow(x):
            return widened(self, [x])
        u, s, v = SVD(False, True)(x)
        if is_complex(x.type.dtype):
            u, v = conj(u), conj(v)
        greatest = sum_of(s[..., :1], axis=-1, keepdims=True)
        s = switch(gt(s, greatest * np.asarray(1e-15, s.type.dtype)), 1 / s, cast(0, s.type.dtype))
        return multiplied(
            transposed(v) * dimshuffle(s, *range(s.type.ndim - 1), "x", s.type.ndim - 1), transposed(u)
        )

    samples = (
        S((3, 2)),
        S((2, 3)),
        S((3, 3)),
        S((2, 3, 2)),
        S(np.ones((3, 2)), grad=False),
        S(np.array([[2.0, 1j], [0.5, -1.0], [3.0, 1.0]]), grad=False),
    )
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


@op("det")
class Det(OnMatrix):
    """The determinant of a square matrix, or of each of a stack.

    Shapes:    (…, n, n) -> (…)
    Dtypes:    as the input, float64 for integers
    Gradient:  g det(x) inverse(x)^T
    Errors:    ValueError for other ranks; LinAlgError at run time for a matrix that is not square
    """

    def infer(self, x: Any) -> Type:
        return TensorType(result_dtype(x.type.dtype), x.type.shape[:-2])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0][:-2]]

    def eval(self, xp: Any, x: Any) -> Any:
        require_square(x.shape)
        return xp.linalg.det(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        scale = gs[0] * ys[0]
        return [dimshuffle(scale, *range(scale.type.ndim), "x", "x") * transposed(matrix_inverse(xs[0]))]

    def expand(self, x: Any) -> Any:
        """What it is made of, for the native planner: sizes by logarithms, since products overflow."""
        if is_narrow(x):
            return widened(self, [x])
        if is_complex(x.type.dtype):
            return exp(complex_log_determinant(x))
        odd, size = log_determinant(x)
        return switch(odd, -exp(size), exp(size))

    samples = (
        S((3, 3)),
        S((1, 1)),
        S((2, 3, 3)),
        S((2, 2), dtype="float32"),
        S(np.ones((2, 2)), grad=False),
        S(np.array([[0.5, 1j], [2.0, -1.0]]), grad=False),
        S(np.zeros((2, 2), "complex64"), grad=False),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E((2, 3), raises=np.linalg.LinAlgError, says="must be square"),
    )


def log_determinant(x: Any) -> tuple[Any, Any]:
    """Whether the determinant of real matrices is negative, and the logarithm of its size, by their LU factors."""
    diagonal, exchanged = _factored_diagonal(x)
    changes: Any = sum_of(neq(exchanged, lt(diagonal, 0)), axis=-1, dtype="int64")
    return eq(changes % 2, 1), sum_of(log(abs_(diagonal)), axis=-1, acc_dtype=x.type.dtype)


def complex_log_determinant(x: Any) -> Any:
    """A logarithm of the determinant of complex matrices: each exchange of rows turns it by half a circle."""
    diagonal, exchanged = _factored_diagonal(x)
    exchanges: Any = sum_of(exchanged, axis=-1, dtype="int64")
    total: Any = sum_of(log(diagonal), axis=-1, acc_dtype=x.type.dtype)
    return complex_of(real(total), imag(total) + np.pi * cast(exchanges % 2, real_dtype(x.type.dtype)))


def _factored_diagonal(x: Any) -> tuple[Any, Any]:
    """The diagonal of U of the LU factors, and for each row whether it was exchanged."""
    lu, pivots, _ = factored(x)
    exchanged = neq(pivots, arange(1, pivots.shape[-1] + 1, dtype="int32"))
    return ExtractDiag(0, -2, -1)(lu), exchanged


@op("tensorinv")
class TensorInv(Primitive):
    """The inverse of the linear map that a tensor is from its last axes to its first `ind`.

    Shapes:    (a…, b…) -> (b…, a…), the product of the lengths a being that of the lengths b
    Dtypes:    as the input, float64 for integers
    Errors:    ValueError for an `ind` below 1; LinAlgError at run time for a map that has no inverse
    """

    ind: int = 2

    def infer(self, a: Any) -> Type:
        if self.ind <= 0:
            raise ValueError(
                f"Invalid ind argument: tensorinv takes at least one first axis; got {self.ind}."
            )
        shape = a.type.shape
        return TensorType(result_dtype(a.type.dtype), shape[self.ind :] + shape[: self.ind])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [tuple(shapes[0][self.ind :]) + tuple(shapes[0][: self.ind])]

    def eval(self, xp: Any, a: Any) -> Any:
        return xp.linalg.tensorinv(computed(xp, a), self.ind)

    def expand(self, a: Any) -> Any:
        """What it is made of, for the native planner."""
        lengths = [a.shape[i] for i in range(a.type.ndim)]
        rows, columns = (reduce(times, some, 1) for some in (lengths[: self.ind], lengths[self.ind :]))
        flat = matrix_inverse(a.reshape((rows, columns), ndim=2))
        return flat.reshape([*lengths[self.ind :], *lengths[: self.ind]], ndim=a.type.ndim)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x,), (y,), (g,) = xs, ys, gs
        size = reduce(times, [y.shape[i] for i in range(y.type.ndim - self.ind)])
        inverse, cotangent = (v.reshape((size, size), ndim=2) for v in (y, g))
        return [(-matrix_dot(inverse, cotangent.T, inverse).T).reshape(x.shape, ndim=x.type.ndim)]

    samples = (S((2, 3, 3, 2)), S((4, 2, 2), ind=1))
    errors = (E((2, 2), ind=0, raises=ValueError, says="Invalid ind"),)


matrix_inverse = MatrixInverse()
pinv = MatrixPinv()
det = Det()


def matrix_power(M: Any, n: int) -> Any:
    """The product of `n` matrices M; the number 1 for n below 1, as in the original.

    Errors: TypeError for an `n` that is no integer
    Example:
        >>> import theano.tensor as T
        >>> T.nlinalg.matrix_power(T.constant([[1, 1], [0, 1]]), 5).eval().tolist()
        [[1, 5], [0, 1]]
    """
    made: Any = 1
    factor: Any = as_tensor_variable(M)
    if n != int(n) or isinstance(n, float):
        raise TypeError(f"A matrix can be taken to an integer power only; got {n!r}.")
    while n > 0:
        if n % 2:
            made = factor if isinstance(made, int) else dot(made, factor)
        n //= 2
        if n:
            factor = dot(factor, factor)
    return made


def tensorinv(a: Any, ind: int = 2) -> Variable:
    """The inverse of the linear map that `a` is from its last axes to its first `ind`."""
    return TensorInv(ind)(a)  # type: ignore[no-any-return]
