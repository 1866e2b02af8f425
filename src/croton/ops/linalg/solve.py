"""Linear equations: with any matrix, triangular ones, and maps between tensors; Cholesky's factor."""

from __future__ import annotations

from functools import reduce
from operator import mul as times
from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import invert, isnan, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.linalg.factors import (
    CholeskyFactor,
    LowerProduct,
    SolveTriangular,
    is_narrow,
    lengths_differ,
    solved,
    widened,
)
from croton.ops.linalg.matrix import (
    OnMatrix,
    as_matrices,
    computed,
    cotangent_of_matrix,
    mirrored,
    require_square,
    result_dtype,
    scipy_linalg,
    transposed,
    triangle,
)
from croton.ops.truth import any as any_of
from croton.vartypes.tensor import TensorType

MATRIX_STRUCTURES = (
    "general", "symmetric", "lower_triangular", "upper_triangular", "hermitian", "banded", "diagonal", "toeplitz",
)  # fmt: skip

_TRANSPOSED = {"lower_triangular": "upper_triangular", "upper_triangular": "lower_triangular"}


@op("solve")
class Solve(Primitive):
    """The x of A x = b.

    `A_structure` says what is known of A: of triangular matrices only that triangle is read.

    Shapes:    A (n, n), b (n,) or (n, k) -> as b; of stacks A (…, n, n), b (…, n, k) of as many axes
    Dtypes:    what the inputs meet in, float64 for integers
    Gradient:  solutions with the transpose of A
    Errors:    ValueError for another structure and other ranks, and at run time for lengths that differ; LinAlgError
               at run time for a singular matrix
    """

    A_structure: str = "general"
    lower: bool = False  # type: ignore[misc]
    overwrite_A: bool = False
    overwrite_b: bool = False

    def __post_init__(self) -> None:
        if self.A_structure not in MATRIX_STRUCTURES:
            raise ValueError(
                f"Invalid matrix structure argument {self.A_structure!r}: choose one of {', '.join(MATRIX_STRUCTURES)}."
            )

    def prepare(self, *args: Any) -> list[Variable]:
        A, b = as_matrices(args[0], "Solve"), as_tensor_variable(args[1])
        if b.type.ndim != A.type.ndim and (A.type.ndim, b.type.ndim) != (2, 1):
            raise ValueError(
                "Solve takes a vector or matrix as its right side, or as many as there are matrices; got "
                f"{b} of type {b.type}, with {A.type}."
            )
        return [A, b]

    def infer(self, A: Any, b: Any) -> Type:
        return TensorType(result_dtype(A.type.dtype, b.type.dtype), b.type.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        A, b = shapes
        return [(*A[:-2], A[-1], *b[len(A) - 1 :])]

    def eval(self, xp: Any, A: Any, b: Any) -> Any:
        if A.shape[-1] != A.shape[-2] or A.shape[-1] != b.shape[A.ndim - 2]:
            raise lengths_differ((*A.shape[-2:], b.shape[A.ndim - 2]))
        A, b = computed(xp, A, b)
        if self.A_structure in _TRANSPOSED:
            return scipy_linalg(xp).solve_triangular(A, b, lower=self.A_structure == "lower_triangular")
        return xp.linalg.solve(A, b)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        A, x = xs[0], ys[0]
        back: Any = Solve(_TRANSPOSED.get(self.A_structure, self.A_structure), not self.lower)(
            transposed(A), gs[0]
        )
        g: Any = cotangent_of_matrix(back, x)
        if self.A_structure in _TRANSPOSED:
            g = triangle(g, self.A_structure == "lower_triangular")
        return [g, back]

    def expand(self, A: Any, b: Any) -> Any:
        """What it is made of, for the native planner."""
        if is_narrow(A, b):
            return widened(self, [A, b])
        if self.A_structure in _TRANSPOSED:
            return SolveTriangular(self.A_structure == "upper_triangular")(A, b)
        return solved(A, b)

    samples = (
        S((3, 3), (3,)),
        S((3, 3), (3, 2)),
        S((2, 3, 3), (2, 3, 2)),
        S((3, 3), (3, 0), grad=False),
        S(np.array([[3.0, 1.0], [1.0, 2.0]], "float32"), (2,), dtype="float32", grad=False),
        S((3, 3), np.array([1, 2, 3]), grad=False),
        S(np.array([[2.0, 0.0], [1.0, 3.0]]), (2,), A_structure="lower_triangular", lower=True),
        S(np.array([[2.0, 1.0], [0.0, 3.0]]), (2, 2), A_structure="upper_triangular"),
    )
    errors = (
        E((3, 3), (3,), A_structure="round", raises=ValueError, says="Invalid matrix structure"),
        E((3, 3), (2,), raises=ValueError, says="Shape mismatch"),
        E((3, 2), (3,), raises=ValueError, says="Shape mismatch"),
        E(np.zeros((2, 2)), (2,), raises=np.linalg.LinAlgError, says="Singular matrix"),
        E((2, 2), (2, 2, 2), raises=ValueError, says="right side"),
        E((3,), (3,), raises=ValueError, says="takes a matrix"),
    )


@op("cholesky")
class Cholesky(OnMatrix):
    """The triangular L of x = L L^T for a positive definite matrix, of which one triangle is read; upper: x = L^T L.

    Shapes:    (…, n, n) -> (…, n, n)
    Dtypes:    as the input, float64 for integers
    Gradient:  of the triangle that is read
    Source:    Murray, "Differentiation of the Cholesky decomposition" (2016), section 3
    Errors:    ValueError for other ranks; at run time LinAlgError for a matrix that is not positive definite, or NaNs
               with `on_error` 'nan'
    """

    lower: bool = True  # type: ignore[misc]
    on_error: str = "raise"
    destructive: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.on_error not in ("raise", "nan"):
            raise ValueError(f'on_error must be one of "raise" or "nan"; got {self.on_error!r}.')

    def eval(self, xp: Any, x: Any) -> Any:
        require_square(x.shape)
        x = computed(xp, x)
        if xp is not np:
            # JAX takes the mean of both triangles, and can't raise.
            made = xp.linalg.cholesky(mirrored(xp, x, self.lower))
            made = xp.where(xp.isnan(made).any(), xp.nan, made)
            return made if self.lower else made.T
        try:
            # NumPy reads the lower triangle.
            made = xp.linalg.cholesky(x if self.lower else xp.swapaxes(x, -1, -2))
        except np.linalg.LinAlgError:
            if self.on_error == "raise":
                raise
            made = xp.full(x.shape, np.nan, dtype=x.dtype)
        return made if self.lower else xp.swapaxes(made, -1, -2)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        factor, g = ys[0], gs[0]
        failed = None
        if self.on_error == "nan":
            failed = any_of(isnan(factor))
            factor, g = switch(failed, 1, factor), switch(failed, 1, g)
        made: Any = CholeskyGrad(self.lower)(xs[0], factor, g)
        return [
            made
            if failed is None
            else switch(invert(failed), made, np.asarray(np.nan, dtype=made.type.dtype))
        ]

    def expand(self, x: Any) -> Any:
        """What it is made of, for the native planner: the lower factor, of the transpose for the upper one."""
        if is_narrow(x):
            return widened(self, [x])
        factor = CholeskyFactor(self.on_error)
        return factor(x) if self.lower else transposed(factor(transposed(x)))

    samples = (
        S(np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 6.0]])),
        S(np.array([[[4.0, 1.0], [1.0, 3.0]], [[1.0, 0.5], [0.5, 9.0]]])),
        S(np.array([[4.0, 1 - 2j], [1 + 2j, 3.0]]), lower=False, grad=False),
        S(np.array([[4, 1], [1, 3]]), grad=False),
        S(np.array([[4.0, 1.0], [1.0, 3.0]]), lower=False),
        S(np.array([[-4.0, 1.0], [1.0, 3.0]]), on_error="nan", grad=False),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E((2, 3), raises=ValueError, says="square"),
        E(np.array([[-1.0]]), raises=np.linalg.LinAlgError, says="positive definite"),
        E((2, 2), on_error="ignore", raises=ValueError, says="on_error must be one of"),
    )

    def __str__(self) -> str:
        fields = f"lower={self.lower}, destructive={self.destructive}, on_error='{self.on_error}'"
        return f"{type(self).__name__}{{{fields}}}"


class CholeskyGrad(Op):
    """The cotangent of a positive definite matrix from that of its Cholesky factor.

    Shapes:    x (…, n, n), factor (…, n, n), its cotangent (…, n, n) -> (…, n, n)
    Source:    Murray, "Differentiation of the Cholesky decomposition" (2016), equation 9
    """

    __props__ = ("lower", "destructive")
    destructive = False

    def __init__(self, lower: bool = True) -> None:
        self.lower = lower

    def make_node(self, *inputs: Any) -> Apply:
        factor: Any = as_tensor_variable(inputs[1])
        g: Any = as_tensor_variable(inputs[2])
        if not self.lower:
            factor, g = transposed(factor), transposed(g)
        back = transposed(factor)
        inner = LowerProduct()(factor, cast(g, factor.type.dtype))
        right = SolveTriangular(upper=True, triangular=True)(back, transposed(inner))
        half = SolveTriangular(upper=True)(back, transposed(right))
        # `half` is not symmetric: both of its triangles go to the one that is read.
        return triangle(half + transposed(half), self.lower, 0.5).owner  # type: ignore[no-any-return]


@op("tensorsolve")
class TensorSolve(Primitive):
    """The x of a x = b, summed over all axes of x; `axes` of `a` go to its end first.

    Shapes:    a (b…, x…), b (b…) -> (x…)
    Dtypes:    what the inputs meet in, float64 for integers
    Errors:    LinAlgError at run time for a map that is not square or singular
    """

    axes: Any = None

    def infer(self, a: Any, b: Any) -> Type:
        return TensorType(result_dtype(a.type.dtype, b.type.dtype), [None] * (a.type.ndim - b.type.ndim))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        a, b = shapes
        moved = [] if self.axes is None else [i % len(a) for i in self.axes]
        order = [i for i in range(len(a)) if i not in moved] + moved
        return [tuple(a[i] for i in order[len(b) :])]

    def eval(self, xp: Any, a: Any, b: Any) -> Any:
        a, b = computed(xp, a, b)
        return xp.linalg.tensorsolve(a, b, self.axes)

    def expand(self, a: Any, b: Any) -> Any:
        """What it is made of, for the native planner."""
        moved = [] if self.axes is None else [i % a.type.ndim for i in self.axes]
        order = [i for i in range(a.type.ndim) if i not in moved] + moved
        a = dimshuffle(a, *order)
        lengths = [a.shape[i] for i in range(b.type.ndim, a.type.ndim)]
        columns = reduce(times, lengths, 1)
        flat = solve(a.reshape((-1, columns), ndim=2), b.reshape((-1,), ndim=1))
        return flat.reshape(lengths, ndim=len(lengths))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        raise NotImplementedError("TensorSolve has no gradient, as in the original.")

    samples = (S((2, 3, 6), (2, 3), grad=False), S((3, 3), (3,), grad=False))
    errors = (E(np.zeros((2, 2)), (2,), raises=np.linalg.LinAlgError, says="Singular matrix"),)


cholesky = Cholesky()
solve = Solve()
solve_lower_triangular = Solve(A_structure="lower_triangular", lower=True)
solve_upper_triangular = Solve(A_structure="upper_triangular", lower=False)
solve_symmetric = Solve(A_structure="symmetric")


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Variable:
    """The x of a x = b, summed over all axes of x; `axes` of `a` go to its end first."""
    return TensorSolve(None if axes is None else tuple(int(i) for i in axes))(a, b)  # type: ignore[no-any-return]
