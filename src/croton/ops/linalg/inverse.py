"""Inverses, pseudo-inverses and determinants."""

from __future__ import annotations

from functools import reduce
from operator import mul as times
from typing import Any

from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import eye
from croton.ops.dot import dot
from croton.ops.linalg.matrix import OnMatrix, computed, result_dtype
from croton.vartypes.tensor import TensorType


@op("matrix_inverse")
class MatrixInverse(OnMatrix):
    """The inverse of a square matrix.

    To solve linear equations, `slinalg.solve` is faster and more accurate than a product with the inverse.

    Shapes:    (n, n) -> (n, n)
    Dtypes:    as the input, float64 for integers
    Gradient:  -(y g^T y)^T
    Errors:    ValueError for other ranks; LinAlgError at run time for a matrix that is singular or not square
    """

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.linalg.inv(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (y,), (g,) = ys, gs
        return [-matrix_dot(y, g.T, y).T]

    samples = (S((3, 3)), S((1, 1)), S((0, 0), grad=False))
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


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
        return TensorType(result_dtype(x.type.dtype), x.type.shape[::-1])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0][::-1]]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.linalg.pinv(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x,), (z,), (g,) = xs, ys, gs
        left = eye(x.shape[0], dtype=z.type.dtype) - dot(x, z)
        right = eye(x.shape[1], dtype=z.type.dtype) - dot(z, x)
        made: Any = -matrix_dot(z, g.T, z) + matrix_dot(z, z.T, g, left) + matrix_dot(right, g, z.T, z)
        return [made.T]

    samples = (S((3, 2)), S((2, 3)), S((3, 3)))
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


@op("det")
class Det(OnMatrix):
    """The determinant of a square matrix.

    Shapes:    (n, n) -> ()
    Dtypes:    as the input, float64 for integers
    Gradient:  g det(x) inverse(x)^T
    Errors:    ValueError for other ranks; LinAlgError at run time for a matrix that is not square
    """

    def infer(self, x: Any) -> Type:
        return TensorType(result_dtype(x.type.dtype), ())

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [()]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.linalg.det(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [gs[0] * ys[0] * matrix_inverse(xs[0]).T]

    samples = (S((3, 3)), S((1, 1)), S((2, 2), dtype="float32"))
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


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


def matrix_dot(*args: Any) -> Variable:
    """The product of several matrices, from the left."""
    if not args:
        raise IndexError("matrix_dot takes at least one matrix; got none.")
    product: Any = as_tensor_variable(args[0])
    for factor in args[1:]:
        product = dot(product, factor)
    return product  # type: ignore[no-any-return]


def matrix_power(M: Any, n: int) -> Any:
    """The product of `n` matrices M; the number 1 for n below 1, as in the original.

    Errors: TypeError for an `n` that is no integer
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
