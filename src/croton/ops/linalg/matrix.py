"""What the operations on matrices share: their checks, and the library that computes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul as times
from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.graph.type import Type
from croton.ops.base import Primitive
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.dot import batched_dot, dot, outer
from croton.ops.elementwise import eq, ge, gt, le, lt, switch
from croton.ops.elemwise import dimshuffle
from croton.vartypes.dtype import is_discrete, upcast
from croton.vartypes.tensor import TensorType


def scipy_linalg(xp: Any) -> Any:
    """The module of linear algebra that goes with the array namespace `xp`: SciPy's, or JAX's."""
    if xp is np:
        import scipy.linalg

        return scipy.linalg
    import jax.scipy.linalg

    return jax.scipy.linalg


def as_matrices(x: Any, what: str) -> Variable:
    """`x` as a variable of one matrix, or of a stack of matrices: the last two axes are theirs.

    Errors: ValueError when it has fewer axes
    """
    v = as_tensor_variable(x)
    if v.type.ndim < 2:
        raise ValueError(f"{what} takes a matrix; got {v} of type {v.type}.")
    return v


def as_matrix(x: Any, what: str) -> Variable:
    """`x` as a variable of two axes.

    Errors: ValueError when it has another number of axes
    """
    v = as_tensor_variable(x)
    if v.type.ndim != 2:
        raise ValueError(f"{what} takes a matrix; got {v} of type {v.type}.")
    return v


def require_square(shape: Sequence[int]) -> None:
    """Say in one way on all backends that a matrix is not square.

    Errors: LinAlgError (a ValueError)
    """
    if shape[-1] != shape[-2]:
        raise not_square(shape[-2], shape[-1])


def not_square(rows: int, columns: int) -> Exception:
    """The exception for a matrix that should be square."""
    return np.linalg.LinAlgError(f"The matrix must be square; got {rows} rows and {columns} columns.")


def transposed(x: Any) -> Any:
    """Each matrix of a stack transposed."""
    ndim = x.type.ndim
    return x.T if ndim == 2 else dimshuffle(x, *range(ndim - 2), ndim - 1, ndim - 2)


def multiplied(*factors: Any) -> Any:
    """The product of matrices from the left, for each place of a stack."""
    product: Any = factors[0]
    for factor in factors[1:]:
        if product.type.ndim == 2:
            product = dot(product, factor)
            continue
        stack = [product.shape[i] for i in range(product.type.ndim - 2)]
        count = reduce(times, stack)
        flat = [v.reshape((count, v.shape[-2], v.shape[-1]), ndim=3) for v in (product, factor)]
        made: Any = batched_dot(*flat)
        product = made.reshape([*stack, made.shape[1], made.shape[2]], ndim=len(stack) + 2)
    return product


def cotangent_of_matrix(back: Any, x: Any) -> Any:
    """The cotangent of the A of A x = b, from that of b and the solutions."""
    return -(outer(back, x) if x.type.ndim == 1 else multiplied(back, transposed(x)))


def matrix_dot(*args: Any) -> Variable:
    """The product of several matrices, from the left."""
    if not args:
        raise IndexError("matrix_dot takes at least one matrix; got none.")
    product: Any = as_tensor_variable(args[0])
    for factor in args[1:]:
        product = dot(product, factor)
    return product  # type: ignore[no-any-return]


def triangle(x: Any, lower: bool, diagonal: float = 1) -> Any:
    """The lower or upper triangle of each matrix, its diagonal scaled, with zeros elsewhere; computed in one visit."""
    ndim = x.type.ndim
    rows, columns = (arange(x.shape[i], dtype="int64") for i in (ndim - 2, ndim - 1))
    down = dimshuffle(rows, *["x"] * (ndim - 2), 0, "x")
    right = dimshuffle(columns, *["x"] * (ndim - 1), 0)
    zero = cast(0, x.type.dtype)
    if diagonal == 1:
        return switch(ge(down, right) if lower else le(down, right), x, zero)
    scaled = x * cast(diagonal, x.type.dtype) if diagonal else zero
    return switch(gt(down, right) if lower else lt(down, right), x, switch(eq(down, right), scaled, zero))


def result_dtype(*dtypes: str) -> str:
    """The type of a result of linear algebra: what the inputs meet in, float64 for integers."""
    met = upcast(*dtypes)
    return "float64" if is_discrete(met) else met


def mirrored(xp: Any, x: Any, lower: bool) -> Any:
    """The symmetric or Hermitian matrix of which `x` holds one triangle."""
    return xp.tril(x) + xp.conj(xp.tril(x, -1)).T if lower else xp.triu(x) + xp.conj(xp.triu(x, 1)).T


def eigen_of_pair(xp: Any, a: Any, b: Any, lower: bool) -> tuple[Any, Any]:
    """The eigenvalues, ascending, and eigenvectors v of a v = w b v, of whose matrices one triangle is read."""
    if xp is np:
        made: tuple[Any, Any] = scipy_linalg(xp).eigh(a, b, lower=lower)
        return made
    # source: Golub and Van Loan, "Matrix Computations", algorithm 8.7.1
    factor = xp.linalg.cholesky(mirrored(xp, b, lower))
    inner = xp.linalg.solve(factor, xp.linalg.solve(factor, mirrored(xp, a, lower)).T)
    w, v = xp.linalg.eigh(inner)
    return w, xp.linalg.solve(factor.T, v)


def computed(xp: Any, *values: Any) -> Any:
    """Arrays in a type that LAPACK computes in: float16 as float32, integers as float64."""
    made = []
    for x in values:
        name = np.dtype(x.dtype).name
        wanted = "float32" if name == "float16" else result_dtype(name)
        made.append(x if name == wanted else x.astype(wanted))
    return made[0] if len(made) == 1 else made


class OnMatrix(Primitive):
    """An operation on a matrix, or on each of a stack."""

    def prepare(self, *args: Any) -> list[Variable]:
        return [as_matrices(args[0], type(self).__name__)]

    def infer(self, x: Any) -> Type:
        return TensorType(result_dtype(x.type.dtype), x.type.shape)

    def refuse(self) -> Any:
        """Raise what says that there is no gradient."""
        raise NotImplementedError(f"{type(self).__name__} has no gradient, as in the original.")
