"""What native code computes of matrices by LAPACK: factors, and solutions with them.

These operations are not for users: those of users become them when a graph is compiled, so that several that need the
same factor of the same matrix share it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.dot import BLAS_DTYPES
from croton.ops.elementwise import minimum
from croton.ops.elemwise import DimShuffle
from croton.ops.linalg.matrix import (
    cotangent_of_matrix,
    multiplied,
    not_square,
    require_square,
    scipy_linalg,
    transposed,
    triangle,
)
from croton.util.failures import BAD_VALUE
from croton.vartypes.tensor import TensorType

# What the runtime is told of the work (runtime/lapack.h).
UPPER, TRANSPOSED, NAN, THIN, VALUES, TRIANGULAR = 1, 2, 4, 8, 16, 32


# -- for lowering --------------------------------------------------------------------------------------------
def widened(operation: Any, inputs: Sequence[Any], outputs: int = 1) -> list[Any]:
    """For `expand`: the outputs of `operation` on inputs in a type that LAPACK has; Nones when they are in one."""
    dtypes = {v.type.dtype for v in inputs}
    if len(dtypes) == 1 and dtypes <= BLAS_DTYPES:
        return [None] * outputs
    kinds = operation.infer(*inputs)
    kinds = kinds if isinstance(kinds, (list, tuple)) else [kinds]
    dtype = kinds[0].dtype
    wide = "float32" if dtype == "float16" else dtype
    made = operation(*[cast(v, wide) for v in inputs])
    made = made if isinstance(made, list) else [made]
    return [cast(v, kind.dtype) for v, kind in zip(made, kinds, strict=True)]


def is_narrow(*inputs: Any) -> bool:
    """Whether LAPACK lacks the type of the inputs, or they are of several."""
    dtypes = {v.type.dtype for v in inputs}
    return len(dtypes) > 1 or not dtypes <= BLAS_DTYPES


def transpose_of(x: Any) -> Any:
    """The matrices that `x` is made of by transposing them, or None."""
    node = x.owner
    if node is None or not isinstance(node.op, DimShuffle) or x.type.ndim < 2:
        return None
    last = x.type.ndim - 1
    swapped = (*range(last - 1), last, last - 1)
    return node.inputs[0] if tuple(node.op.new_order) == swapped else None


def columns_of(b: Any, x: Any) -> Any:
    """The matrices of an array column after column, as LAPACK has them, in memory of their own: their transposes."""
    made = b.temporary(x.dtype, (*x.dims[:-2], x.dims[-1], x.dims[-2]))
    b.copy(turned(b, made), x)
    return made


def turned(b: Any, x: Any) -> Any:
    """The transposes of the matrices of an array, over its memory."""
    dims, strides = ((*values[:-2], values[-1], values[-2]) for values in (x.dims, x.strides))
    return b.part(x, dims, strides)


def bind_turned(b: Any, variable: Variable, x: Any) -> None:
    """Let `variable` be the transposes of the matrices in a temporary."""
    view = turned(b, x)
    b.view(variable, x, view.dims, view.strides)


def check_square(b: Any, x: Any) -> None:
    """End the program where the matrices of an array are not square."""
    if isinstance(x.dims[-1], int) and isinstance(x.dims[-2], int) and x.dims[-1] == x.dims[-2]:
        return
    b.fail_if(b.ne(x.dims[-1], x.dims[-2]), BAD_VALUE, -1, x.dims[-2], x.dims[-1])


def explained(details: Sequence[int], text: str) -> Exception:
    """The exception for what went wrong with a matrix: it is not square, or what LAPACK said of it is `text`."""
    if details[0] == -1 and len(details) == 3:
        return not_square(details[1], details[2])
    return np.linalg.LinAlgError(text)


class OnNative(Primitive):
    """An operation that LAPACK does on one of its own types.

    Its code reads all inputs as that type, but those of which `other_dtypes` says another.

    Errors: TypeError at once for inputs of other types
    """

    failure: ClassVar[str] = "LAPACK failed"
    other_dtypes: ClassVar[dict[int, str]] = {}

    def prepare(self, *args: Any) -> list[Variable]:
        made: list[Any] = super().prepare(*args)
        for at, v in enumerate(made):
            wanted = self.other_dtypes.get(at, made[0].type.dtype)
            if v.type.dtype != wanted:
                raise TypeError(
                    f"Input {at} of {self} must be of dtype {wanted}; got {v.type.dtype}. Cast it first."
                )
        return list(made)

    def lowers(self, node: Apply) -> bool:
        """The types of LAPACK."""
        return node.inputs[0].type.dtype in BLAS_DTYPES and all(
            v.type.dtype in BLAS_DTYPES or v.type.dtype == "int32" for v in node.inputs
        )

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what the runtime reports."""
        return explained(details, self.failure.format(details[0]))


# -- Cholesky ------------------------------------------------------------------------------------------------
@op("cholesky_factor")
class CholeskyFactor(OnNative):
    """The lower triangular L of x = L L^H, of which the lower triangle is read.

    Shapes:    (…, n, n) -> (…, n, n)
    Dtypes:    as the input
    Errors:    LinAlgError at run time for a matrix that is not square or positive definite; NaNs with `on_error` 'nan'
    """

    on_error: str = "raise"
    failure: ClassVar[str] = "Matrix is not positive definite: its leading minor of order {} is not."

    def infer(self, x: Any) -> Type:
        return TensorType(x.type.dtype, x.type.shape)

    def eval(self, xp: Any, x: Any) -> Any:
        require_square(x.shape)
        try:
            return xp.linalg.cholesky(x)
        except np.linalg.LinAlgError:
            if self.on_error == "raise":
                raise
            return xp.full(x.shape, np.nan, dtype=x.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        check_square(b, x)
        out = b.renew(ys[0], xs[0])
        b.lapack(
            "potrf", x.dtype, NAN if self.on_error == "nan" else 0, b.product(x.dims[:-2]), x.dims[-1], out
        )

    samples = (
        S(np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 6.0]]), grad=False),
        S(np.array([[[4.0, 1.0], [1.0, 3.0]], [[1.0, 0.0], [0.0, 9.0]]]), grad=False),
        S(np.array([[4.0, 1 - 2j], [1 + 2j, 3.0]]), grad=False),
        S(np.array([[-4.0, 1.0], [1.0, 3.0]]), on_error="nan", grad=False),
        S((0, 0), grad=False),
    )
    errors = (
        E((2, 3), raises=ValueError, says="square"),
        E(np.array([[-1.0]]), raises=np.linalg.LinAlgError, says="positive definite"),
    )


# -- LU ------------------------------------------------------------------------------------------------------
@op("lu_factor")
class LUFactor(OnNative):
    """The factors L and U of square matrices, rows exchanged, in one matrix that is transposed; and the exchanges.

    Shapes:    (…, n, n) -> (…, n, n), (…, n)
    Dtypes:    as the input; int32: row i is exchanged with this one, counted from 1
    Errors:    LinAlgError at run time for a matrix that is not square; a singular one has zeros on the diagonal of U
    """

    nout: ClassVar[int] = 2

    def infer(self, x: Any) -> Any:
        kind = TensorType(x.type.dtype, x.type.shape)
        return [kind, TensorType("int32", x.type.shape[:-1])]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0], shapes[0][:-1]]

    def eval(self, xp: Any, x: Any) -> Any:
        require_square(x.shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of singular matrices
            lu, pivots = scipy_linalg(xp).lu_factor(x)
        return xp.swapaxes(lu, -1, -2), (pivots + 1).astype("int32")

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        check_square(b, x)
        out = b.new(ys[0], (*x.dims[:-2], x.dims[-1], x.dims[-2]))
        b.copy(turned(b, out), x)
        pivots = b.new(ys[1], x.dims[:-1])
        b.lapack("getrf", x.dtype, 0, b.product(x.dims[:-2]), x.dims[-1], out, pivots)

    samples = (S((3, 3), grad=False), S((2, 3, 3), grad=False), S((3, 3), dtype="float32", grad=False))
    errors = (E((2, 3), raises=ValueError, says="square"),)


@op("lu_solve")
class LUSolve(OnNative):
    """The x of A x = b, or with `transpose` of A^T x = b, from what `lu_factor` makes of A.

    Shapes:    (…, n, n), (…, n), b (…, n, k) or (n,) -> as b
    Dtypes:    as the first input
    Errors:    ShapeError, a ValueError, at run time for lengths that differ; LinAlgError for a singular A
    """

    transpose: bool = False
    failure: ClassVar[str] = "Singular matrix"
    other_dtypes: ClassVar[dict[int, str]] = {1: "int32"}

    def infer(self, lu: Any, pivots: Any, b: Any) -> Type:
        return TensorType(lu.type.dtype, b.type.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[2]]

    def eval(self, xp: Any, lu: Any, pivots: Any, b: Any) -> Any:
        if lu.shape[-1] != b.shape[lu.ndim - 2]:
            raise lengths_differ((*lu.shape[-2:], b.shape[lu.ndim - 2]))
        if (xp.diagonal(lu, axis1=-2, axis2=-1) == 0).any():
            raise np.linalg.LinAlgError(self.failure)
        return scipy_linalg(xp).lu_solve((xp.swapaxes(lu, -1, -2), pivots - 1), b, trans=int(self.transpose))

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        lu, pivots = (b.as_contiguous(b.array(v)) for v in xs[:2])
        right = b.array(xs[2])
        check_right_side(b, lu, right)
        out = b.renew(ys[0], xs[2], xs[0])
        count = 1 if right.ndim == 1 else right.dims[-1]
        flags = TRANSPOSED if self.transpose else 0
        b.lapack("getrs", lu.dtype, flags, b.product(lu.dims[:-2]), lu.dims[-1], count, lu, pivots, out)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        return lengths_differ(details) if len(details) == 3 else explained(details, self.failure)

    samples = (
        S((3, 3), np.array([2, 3, 3], dtype="int32"), (3,), domain=(1.0, 2.0), grad=False),
        S((3, 3), np.array([2, 3, 3], dtype="int32"), (3, 2), domain=(1.0, 2.0), transpose=True, grad=False),
    )
    errors = (
        E((2, 2), np.array([1, 2], "int32"), (3,), raises=ValueError, says="can't solve"),
        E(
            np.zeros((2, 2)),
            np.array([1, 2], "int32"),
            (2,),
            raises=np.linalg.LinAlgError,
            says="Singular matrix",
        ),
    )


# -- triangular equations ------------------------------------------------------------------------------------
@op("solve_triangular")
class SolveTriangular(OnNative):
    """The x of A x = b, only the lower triangle of A being read, or with `upper` the upper one.

    With `triangular` b is known to be such a triangle itself, and so is x: a third of the work.

    Shapes:    A (…, n, n), b (…, n, k) or (n,) -> as b
    Dtypes:    as the inputs
    Gradient:  solutions with the transpose of A, of the triangles that are read
    Errors:    ShapeError, a ValueError, at run time for lengths that differ; LinAlgError for a zero on the diagonal
    """

    upper: bool = False
    triangular: bool = False
    failure: ClassVar[str] = "singular matrix: resolution failed at diagonal {}"

    def infer(self, A: Any, b: Any) -> Type:
        return TensorType(A.type.dtype, b.type.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[1]]

    def eval(self, xp: Any, A: Any, b: Any) -> Any:
        if A.shape[-1] != A.shape[-2] or A.shape[-1] != b.shape[A.ndim - 2]:
            raise lengths_differ((*A.shape[-2:], b.shape[A.ndim - 2]))
        if not b.size:  # SciPy takes no stacks of none
            return xp.zeros(b.shape, A.dtype)
        return scipy_linalg(xp).solve_triangular(A, b, lower=not self.upper)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        g = triangle(gs[0], not self.upper) if self.triangular else gs[0]
        back: Any = SolveTriangular(not self.upper)(transposed(xs[0]), g)
        of_matrix = triangle(cotangent_of_matrix(back, ys[0]), not self.upper)
        return [of_matrix, triangle(back, not self.upper) if self.triangular else back]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        A, right = b.array(xs[0]), b.array(xs[1])
        check_right_side(b, A, right)
        if A.ndim > 3:
            A = b.as_contiguous(A)
        out = b.renew(ys[0], xs[1], xs[0])
        count = 1 if right.ndim == 1 else right.dims[-1]
        step = 0 if A.ndim == 2 else A.strides[-3]
        flags = UPPER * self.upper + TRIANGULAR * self.triangular
        b.lapack(
            "trtrs", A.dtype, flags, b.product(A.dims[:-2]), A.dims[-1], count,
            A, step, *A.strides[-2:], out,
        )  # fmt: skip

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        if len(details) == 3:
            return lengths_differ(details)
        return explained(details, self.failure.format(details[0] - 1))

    samples = (
        S(np.array([[2.0, 9.0], [1.0, 3.0]]), (2,)),
        S(np.array([[2.0, 1.0], [9.0, 3.0]]), (2, 3), upper=True),
        S((2, 3, 3), (2, 3, 2), domain=(1.0, 2.0)),
        S((0, 3, 3), (0, 3, 2), grad=False),
        S(
            np.array([[2.0, 1.0], [9.0, 3.0]]),
            np.array([[2.0, 1.0], [0.0, 3.0]]),
            upper=True,
            triangular=True,
            grad=False,
        ),
    )
    errors = (
        E((3, 3), (2,), raises=ValueError, says="can't solve"),
        E((3, 3), np.ones(3, "float32"), raises=TypeError, says="must be of dtype float64; got float32"),
        E(np.array([[0.0]]), (1,), raises=np.linalg.LinAlgError, says="singular matrix"),
    )


@op("lower_product")
class LowerProduct(OnNative):
    """The lower triangle of L^T G, its diagonal halved, of a lower triangular L: a sixth of the work of the product.

    Shapes:    (…, n, n), (…, n, n) -> (…, n, n)
    Dtypes:    as the inputs
    Gradient:  of the triangle of L that is read
    Source:    Murray, "Differentiation of the Cholesky decomposition" (2016), section 3 (Phi)
    """

    def infer(self, L: Any, g: Any) -> Type:
        return TensorType(L.type.dtype, L.type.shape)

    def eval(self, xp: Any, L: Any, g: Any) -> Any:
        if L.shape[-1] != L.shape[-2] or L.shape[-1] != g.shape[-2]:
            raise lengths_differ((*L.shape[-2:], g.shape[-2]))
        made = xp.swapaxes(xp.tril(L), -1, -2) @ g
        return xp.tril(made) - made * xp.eye(L.shape[-1], dtype=L.dtype) / 2

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        L, G = xs
        g = triangle(gs[0], True, 0.5)
        return [triangle(multiplied(G, transposed(g)), True), multiplied(triangle(L, True), g)]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        L, g = (b.as_contiguous(b.array(v)) for v in xs)
        check_right_side(b, L, g)
        out = b.new(ys[0], L.dims)
        steps = [0 if x.ndim == 2 else x.strides[-3] for x in (L, g)]
        b.lapack(
            "lower_product", L.dtype, 0, b.product(L.dims[:-2]), L.dims[-1],
            L, steps[0], *L.strides[-2:], g, steps[1], *g.strides[-2:], out,
        )  # fmt: skip

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        return lengths_differ(details)

    samples = (
        S(np.array([[2.0, 0.0], [1.0, 3.0]]), (2, 2)),
        S(np.array([[[2.0, 0.0], [1.0, 3.0]]] * 3), (3, 2, 2)),
    )
    errors = (E((2, 2), (3, 3), raises=ValueError, says="can't solve"),)


def check_right_side(b: Any, A: Any, right: Any) -> None:
    """End the program where the lengths of matrices and right sides differ."""
    rows, columns, length = A.dims[-2], A.dims[-1], right.dims[-1 if right.ndim == 1 else -2]
    for one, other in ((rows, columns), (columns, length)):
        if one is not other:
            wrong = b.ne(one, other)
            b.fail_if(wrong, BAD_VALUE, rows, columns, length)
    for one, other in zip(A.dims[:-2], right.dims[:-2], strict=False):
        b.require_equal(one, other, 0, 0, 1, 0)


def lengths_differ(details: Sequence[int]) -> Exception:
    """The exception for a right side that does not fit the matrix."""
    rows, columns, length = details
    return ShapeError(
        f"Shape mismatch: can't solve with a matrix of shape ({rows}, {columns}) and a right side of length {length}."
    )


# -- of a pair, and orthogonal -------------------------------------------------------------------------------
@op("eigh_of_pair")
class EighOfPair(OnNative):
    """The eigenvalues, ascending, and vectors of a v = w b v, of whose matrices one triangle is read.

    Shapes:    (n, n), (n, n) -> (n,), (n, n): vectors in columns
    Dtypes:    as the inputs
    Errors:    LinAlgError at run time for a b that is not positive definite
    """

    upper: bool = False
    nout: ClassVar[int] = 2
    failure: ClassVar[str] = (
        "The second matrix is not positive definite, or LAPACK did not converge (it said {})."
    )

    def infer(self, a: Any, b: Any) -> Any:
        return [TensorType(real_dtype(a.type.dtype), (None,)), TensorType(a.type.dtype, (None, None))]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0],), shapes[0]]

    def eval(self, xp: Any, a: Any, b: Any) -> Any:
        require_square(a.shape)
        return tuple(scipy_linalg(xp).eigh(a, b, lower=not self.upper))

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x, other = b.array(xs[0]), b.array(xs[1])
        check_square(b, x)
        b.require_equal(x.dims[0], other.dims[0], 0, 0, 1, 0)
        b.require_equal(x.dims[0], other.dims[1], 0, 0, 1, 1)
        vectors, work = columns_of(b, x), columns_of(b, other)
        values = b.new(ys[0], x.dims[:-1])
        b.lapack("sygvd", x.dtype, UPPER if self.upper else 0, 1, x.dims[-1], vectors, work, values)
        b.free(work)
        bind_turned(b, ys[1], vectors)

    samples = (S(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[2.0, 0.5], [0.5, 1.0]]), grad=False),)
    errors = (E(np.eye(2), -np.eye(2), raises=np.linalg.LinAlgError, says="positive definite"),)


def real_dtype(dtype: str) -> str:
    """The type of the real part."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


@op("householder")
class Householder(OnNative):
    """The triangular factor of matrices and the reflections that make it, as LAPACK leaves them, transposed.

    Shapes:    (…, m, n) -> (…, n, m), (…, k) with k = min(m, n)
    Dtypes:    as the input
    """

    nout: ClassVar[int] = 2

    def infer(self, x: Any) -> Any:
        *stack, m, n = x.type.shape
        return [
            TensorType(x.type.dtype, (*stack, n, m)),
            TensorType(x.type.dtype, (*stack, None if m is None or n is None else min(m, n))),
        ]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        *stack, m, n = shapes[0]
        return [(*stack, n, m), (*stack, minimum(m, n))]

    def eval(self, xp: Any, x: Any) -> Any:
        return tuple(xp.linalg.qr(x, "raw"))

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        *stack, m, n = x.dims
        out = b.new(ys[0], (*stack, n, m))
        b.copy(turned(b, out), x)
        scales = b.new(ys[1], (*stack, b.minimum(m, n)))
        b.lapack("geqrf", x.dtype, 0, b.product(stack), m, n, out, scales)

    samples = (S((3, 2), grad=False), S((2, 3), grad=False), S((2, 3, 3), grad=False))


@op("orthogonal_columns")
class OrthogonalColumns(OnNative):
    """The orthogonal matrix that the reflections of `householder` make: all of its columns, or with `thin` the first.

    Shapes:    (…, n, m), (…, k) -> (…, m, m); with `thin` (…, m, k)
    Dtypes:    as the inputs
    """

    thin: bool = True

    def infer(self, h: Any, scales: Any) -> Type:
        *stack, _, m = h.type.shape
        return TensorType(h.type.dtype, (*stack, m, scales.type.shape[-1] if self.thin else m))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        *stack, _, m = shapes[0]
        return [(*stack, m, shapes[1][-1] if self.thin else m)]

    def eval(self, xp: Any, h: Any, scales: Any) -> Any:
        m = h.shape[-1]
        count = scales.shape[-1] if self.thin else m
        # source: Golub and Van Loan, "Matrix Computations", section 5.1.6
        made = xp.broadcast_to(xp.eye(m, dtype=h.dtype), (*h.shape[:-2], m, m)).copy()
        for i in reversed(range(scales.shape[-1])):
            v = xp.where(xp.arange(m) > i, h[..., i, :], 0) + (xp.arange(m) == i)
            made = made - (scales[..., i] * v.T).T[..., :, None] * (xp.conj(v)[..., None, :] @ made)
        return made[..., :count]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        h, scales = b.array(xs[0]), b.as_contiguous(b.array(xs[1]))
        *stack, n, m = h.dims
        k = scales.dims[-1]
        count = k if self.thin else m
        made = b.temporary(h.dtype, (*stack, count, m))
        shared = b.minimum(n, count)
        dims = (*stack, shared, m)
        b.copy(b.part(made, dims, made.strides), b.part(h, dims, h.strides))
        b.lapack("orgqr", h.dtype, 0, b.product(stack), m, count, k, made, scales)
        bind_turned(b, ys[0], made)

    samples = (
        S((2, 3), np.array([0.5, 0.25]), grad=False),
        S((2, 3), np.array([0.5, 0.25]), thin=False, grad=False),
        S((3, 2), np.array([0.5, 0.25]), grad=False),
    )
    errors = (
        E((2, 3), np.ones(2, "float32"), raises=TypeError, says="must be of dtype float64; got float32"),
    )


# -- solutions by factors ------------------------------------------------------------------------------------
def factored(A: Any) -> tuple[Any, Any, bool]:
    """The LU factors of `A`, or those of the matrix that `A` is the transpose of: then True goes with them."""
    other = transpose_of(A)
    lu, pivots = LUFactor()(A if other is None else other)
    return lu, pivots, other is not None


def solved(A: Any, b: Any) -> Any:
    """The x of A x = b by LU factors."""
    lu, pivots, turned_ = factored(A)
    return LUSolve(turned_)(lu, pivots, b)
