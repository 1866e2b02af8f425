"""Eigenvalues and eigenvectors, singular values, and orthogonal factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange, zeros_like
from croton.ops.elementwise import eq, minimum, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.linalg.factors import (
    THIN,
    UPPER,
    VALUES,
    EighOfPair,
    Householder,
    OrthogonalColumns,
    bind_turned,
    check_square,
    columns_of,
    explained,
    is_narrow,
    real_dtype,
    widened,
)
from croton.ops.linalg.matrix import (
    OnMatrix,
    as_matrix,
    computed,
    eigen_of_pair,
    mirrored,
    multiplied,
    require_square,
    result_dtype,
    transposed,
    triangle,
)
from croton.ops.reduce import cast_values
from croton.vartypes.tensor import Dim, TensorType


@op("eig")
class Eig(OnMatrix):
    """The eigenvalues and right eigenvectors of a square matrix; of real matrices only the real parts are kept.

    Shapes:    (n, n) -> (n,), (n, n): vectors in columns
    Dtypes:    as the input, float64 for integers
    Errors:    ValueError for other ranks; LinAlgError at run time for a matrix that is not square
    """

    nout: ClassVar[int] = 2

    def infer(self, x: Any) -> Any:
        dtype = result_dtype(x.type.dtype)
        return [TensorType(dtype, x.type.shape[:-1]), TensorType(dtype, x.type.shape)]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0][:-1], shapes[0]]

    def eval(self, xp: Any, x: Any) -> Any:
        require_square(x.shape)
        x = computed(xp, x)
        values, vectors = xp.linalg.eig(x)
        name = np.dtype(x.dtype).name
        return cast_values(xp, values, name), cast_values(xp, vectors, name)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return self.refuse()

    def expand(self, x: Any) -> Any:
        """For the native planner: itself, of a type that LAPACK has."""
        return widened(self, [x], 2)

    def lowers(self, node: Apply) -> bool:
        """The types of LAPACK."""
        return not is_narrow(*node.inputs)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        check_square(b, x)
        work = columns_of(b, x)
        values, vectors = b.new(ys[0], x.dims[:-1]), b.temporary(x.dtype, x.dims)
        b.lapack("geev", x.dtype, 0, b.product(x.dims[:-2]), x.dims[-1], work, values, vectors)
        b.free(work)
        bind_turned(b, ys[1], vectors)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what the runtime reports."""
        finite = "Eigenvalues did not converge" if details[0] > 0 else "Array must not contain infs or NaNs"
        return explained(details, finite)

    samples = (
        S(np.array([[2.0, 1.0], [1.0, 3.0]]), grad=False),
        S(np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [1.0, 0.0, 3.0]]), grad=False),
        S(np.array([[[2.0, 1j], [1.0, 3.0]], [[1.0, 2.0], [1.0, 4.0]]]), grad=False),
        S(np.array([[2, 1], [1, 3]]), grad=False),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E((2, 3), raises=np.linalg.LinAlgError, says="must be square"),
        E(np.full((2, 2), np.nan), raises=np.linalg.LinAlgError, says="infs or NaNs"),
    )


@op("eigh")
class Eigh(OnMatrix):
    """The eigenvalues, ascending, and eigenvectors of a symmetric or Hermitian matrix, of which one triangle is read.

    Shapes:    (n, n) -> (n,), (n, n): vectors in columns
    Dtypes:    as the input, float64 for integers
    Gradient:  of the triangle that is read; where eigenvalues coincide, the eigenvectors have none
    Errors:    ValueError for other ranks and triangles; LinAlgError at run time for a matrix that is not square
    """

    UPLO: str = "L"
    nout: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if self.UPLO not in ("L", "U"):
            raise ValueError(f"UPLO must be L or U, the triangle that is read; got {self.UPLO!r}.")

    def infer(self, x: Any) -> Any:
        dtype = result_dtype(x.type.dtype)
        return [TensorType(real_dtype(dtype), x.type.shape[:-1]), TensorType(dtype, x.type.shape)]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0][:-1], shapes[0]]

    def eval(self, xp: Any, x: Any) -> Any:
        require_square(x.shape)
        # JAX takes the mean of both triangles.
        x = computed(xp, x)
        values, vectors = xp.linalg.eigh(x if xp is np else mirrored(xp, x, self.UPLO == "L"), self.UPLO)
        return values, vectors

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        w, v = ys
        gw, gv = (zeros_like(y) if g is None else g for y, g in zip(ys, gs, strict=True))
        return [EighGrad(self.UPLO)(xs[0], w, v, gw, gv)]

    def expand(self, x: Any) -> Any:
        """For the native planner: itself, of a type that LAPACK has."""
        return widened(self, [x], 2)

    def lowers(self, node: Apply) -> bool:
        """The types of LAPACK."""
        return not is_narrow(*node.inputs)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        check_square(b, x)
        vectors, values = columns_of(b, x), b.new(ys[0], x.dims[:-1])
        flags = UPPER if self.UPLO == "U" else 0
        b.lapack("syevd", x.dtype, flags, b.product(x.dims[:-2]), x.dims[-1], vectors, values)
        bind_turned(b, ys[1], vectors)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what the runtime reports."""
        return explained(details, "Eigenvalues did not converge")

    samples = (
        S(np.array([[2.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 6.0]])),
        S(np.array([[2.0, 1.0], [1.0, 3.0]]), UPLO="U"),
        S(np.array([[2.0, 1j], [-1j, 3.0]]), grad=False),
        S(np.array([[[2.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 0.0]]]), grad=False),
        S(np.array([[2, 1], [1, 3]]), grad=False),
        S((1, 1)),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E((2, 3), raises=np.linalg.LinAlgError, says="must be square"),
        E((2, 2), UPLO="X", raises=ValueError, says="UPLO must be L or U"),
    )


class EighGrad(Op):
    """The cotangent of the matrix from those of its eigenvalues and eigenvectors.

    Shapes:    x (n, n), values w (n,), vectors v (n, n), their cotangents (n,), (n, n) -> (n, n)
    Source:    Giles, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
               differentiation" (2008), section 3.1
    """

    __props__ = ("UPLO",)

    def __init__(self, UPLO: str = "L") -> None:
        self.UPLO = UPLO

    def make_node(self, *inputs: Any) -> Apply:
        _, w, v, gw, gv = (as_tensor_variable(i) for i in inputs)
        ndim = v.type.ndim
        row, column = (*range(ndim - 2), "x", ndim - 2), (*range(ndim - 2), ndim - 2, "x")
        places = arange(w.shape[-1], dtype="int64")
        diagonal = eq(
            dimshuffle(places, *["x"] * (ndim - 1), 0), dimshuffle(places, *["x"] * (ndim - 2), 0, "x")
        )
        gaps = switch(diagonal, cast(1, w.type.dtype), dimshuffle(w, *row) - dimshuffle(w, *column))
        inner = switch(diagonal, dimshuffle(gw, *row), multiplied(transposed(v), gv) / gaps)
        return folded(multiplied(v, inner, transposed(v)), self.UPLO == "L").owner  # type: ignore[no-any-return]


def folded(g: Any, lower: bool) -> Any:
    """A cotangent of all elements of a symmetric matrix as one of the triangle that is read."""
    return triangle(g, lower) + triangle(transposed(g), lower, 0)


@op("svd")
class SVD(OnMatrix):
    """The singular value decomposition: x = U diag(s) V, the values descending; of each of a stack, too.

    Shapes:    (m, n) -> (m, m), (k,), (n, n) with k = min(m, n); without `full_matrices` (m, k), (k,), (k, n);
               without `compute_uv` (k,) alone; axes before these stay in front
    Dtypes:    as the input, float64 for integers
    Gradient:  of the values
    Errors:    ValueError for other ranks; LinAlgError at run time when it does not converge
    """

    full_matrices: Any = True
    compute_uv: Any = True

    def infer(self, x: Any) -> Any:
        dtype = result_dtype(x.type.dtype)
        stack = x.type.shape[:-2]
        values = TensorType(real_dtype(dtype), (*stack, None))
        if not self.compute_uv:
            return values
        return [TensorType(dtype, (*stack, None, None)), values, TensorType(dtype, (*stack, None, None))]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        *stack, m, n = shapes[0]
        k = minimum(m, n)
        if not self.compute_uv:
            return [(*stack, k)]
        rows, columns = (m, n) if self.full_matrices else (k, k)
        return [(*stack, m, rows), (*stack, k), (*stack, columns, n)]

    def eval(self, xp: Any, x: Any) -> Any:
        made = xp.linalg.svd(
            computed(xp, x), full_matrices=bool(self.full_matrices), compute_uv=bool(self.compute_uv)
        )
        return tuple(made) if self.compute_uv else made

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        if self.compute_uv and (gs[0] is not None or gs[2] is not None):
            return self.refuse()
        u, _, v = SVD(False, True)(xs[0])
        g = gs[1] if self.compute_uv else gs[0]
        return [multiplied(u * dimshuffle(g, *range(g.type.ndim - 1), "x", g.type.ndim - 1), v)]

    def expand(self, x: Any) -> Any:
        """For the native planner: itself, of a type that LAPACK has."""
        return widened(self, [x], 3 if self.compute_uv else 1)

    def lowers(self, node: Apply) -> bool:
        """The types of LAPACK."""
        return not is_narrow(*node.inputs)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        *stack, m, n = x.dims
        k, batch = b.minimum(m, n), b.product(stack)
        work = columns_of(b, x)
        if not self.compute_uv:
            values = b.new(ys[0], (*stack, k))
            b.lapack("gesdd", x.dtype, VALUES, batch, m, n, work, values, work, work)
            b.free(work)
            return
        values = b.new(ys[1], (*stack, k))
        rows, columns = (m, n) if self.full_matrices else (k, k)
        u, v = b.temporary(x.dtype, (*stack, rows, m)), b.temporary(x.dtype, (*stack, n, columns))
        b.lapack("gesdd", x.dtype, 0 if self.full_matrices else THIN, batch, m, n, work, values, u, v)
        b.free(work)
        bind_turned(b, ys[0], u)
        bind_turned(b, ys[2], v)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what the runtime reports."""
        return explained(details, "SVD did not converge")

    samples = (
        S((3, 2), grad=False),
        S((2, 3), full_matrices=False, grad=False),
        S((2, 4, 3), full_matrices=False, grad=False),
        S(np.array([[2.0, 1j], [0.5, -1.0], [3.0, 1.0]]), grad=False),
        S((0, 3), grad=False),
        S((2, 2), dtype="int8", compute_uv=False, grad=False),
        S(np.array([[2.0, 1.0], [0.5, -1.0], [3.0, 1.0]]), compute_uv=False),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E(np.full((2, 2), np.nan), raises=np.linalg.LinAlgError, says="did not converge"),
    )


@op("qr_full")
class QRFull(OnMatrix):
    """The factors of x = q r, q having orthogonal columns and r being upper triangular; 'raw': what LAPACK gives.

    Shapes:    (m, n) -> (m, k), (k, n) with k = min(m, n); mode 'complete' (m, m), (m, n); mode 'raw' (n, m), (k,)
    Dtypes:    as the input, float64 for integers
    Errors:    ValueError for other ranks
    """

    mode: str

    def infer(self, x: Any) -> Any:
        dtype = result_dtype(x.type.dtype)
        stack = (None,) * (x.type.ndim - 2)
        second: tuple[Dim, ...] = (None,) if self.mode == "raw" else (None, None)
        return [TensorType(dtype, (*stack, None, None)), TensorType(dtype, (*stack, *second))]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        *stack, m, n = shapes[0]
        k = minimum(m, n)
        made = {"reduced": [(m, k), (k, n)], "complete": [(m, m), (m, n)], "raw": [(n, m), (k,)]}[self.mode]
        return [(*stack, *lengths) for lengths in made]

    def eval(self, xp: Any, x: Any) -> Any:
        return tuple(xp.linalg.qr(computed(xp, x), self.mode))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return self.refuse()

    def expand(self, x: Any) -> Any:
        """What it is made of, for the native planner."""
        if is_narrow(x):
            return widened(self, [x], 2)
        reflections, scales = Householder()(x)
        if self.mode == "raw":
            return [reflections, scales]
        thin = self.mode == "reduced"
        return [OrthogonalColumns(thin)(reflections, scales), _upper_factor(reflections, scales, thin)]

    samples = (
        S((3, 2), mode="reduced", grad=False),
        S((2, 3), mode="reduced", grad=False),
        S((3, 2), mode="complete", grad=False),
        S((2, 3), mode="complete", grad=False),
        S((3, 2), mode="raw", grad=False),
        S((2, 3, 2), mode="reduced", grad=False),
        S((2, 2), mode="reduced", dtype="int8", grad=False),
        S(np.array([[2.0, 1j], [0.5, -1.0], [3.0, 1.0]]), mode="reduced", grad=False),
        S(np.array([[2.0, 1j], [0.5, -1.0], [3.0, 1.0]]), mode="complete", grad=False),
    )
    errors = (E((3,), mode="reduced", raises=ValueError, says="takes a matrix"),)


@op("qr_incomplete")
class QRIncomplete(OnMatrix):
    """The upper triangular factor alone of x = q r.

    Shapes:    (m, n) -> (k, n) with k = min(m, n)
    Dtypes:    as the input, float64 for integers
    Errors:    ValueError for other ranks
    """

    mode: str = "r"

    def infer(self, x: Any) -> Type:
        return TensorType(result_dtype(x.type.dtype), (None,) * x.type.ndim)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        *stack, m, n = shapes[0]
        return [(*stack, minimum(m, n), n)]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.linalg.qr(computed(xp, x), self.mode)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return self.refuse()

    def expand(self, x: Any) -> Any:
        """What it is made of, for the native planner."""
        if is_narrow(x):
            return widened(self, [x])
        reflections, scales = Householder()(x)
        return _upper_factor(reflections, scales, thin=True)

    samples = (
        S((3, 2), grad=False),
        S((2, 3), grad=False),
        S((2, 3, 3), grad=False),
        S(np.array([[2.0, 1j, 1.0], [0.5, -1.0, 1 - 1j]]), grad=False),
    )
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


def _upper_factor(reflections: Any, scales: Any, thin: bool) -> Any:
    """R, from what LAPACK leaves of a matrix: its first rows, or with zeros below as many as there were."""
    made = transposed(reflections)
    return triangle(made[..., : scales.shape[-1], :] if thin else made, lower=False)


# -- of two matrices -----------------------------------------------------------------------------------------
@op("eigvalsh")
class Eigvalsh(Primitive):
    """The eigenvalues, ascending, of a v = w b v with a symmetric, b positive definite; one triangle of each is read.

    Shapes:    (n, n), (n, n) -> (n,)
    Dtypes:    what the inputs meet in, float64 for integers
    Gradient:  of the triangles that are read
    Errors:    ValueError for other ranks; LinAlgError at run time
    """

    lower: bool = True  # type: ignore[misc]

    def prepare(self, *args: Any) -> list[Variable]:
        return [as_matrix(a, type(self).__name__) for a in args if a is not None]

    def infer(self, a: Any, b: Any = None) -> Type:
        dtypes = [v.type.dtype for v in (a, b) if v is not None]
        return TensorType(result_dtype(*dtypes), (None,))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0],)]

    def eval(self, xp: Any, a: Any, b: Any = None) -> Any:
        if b is None:
            return Eigh("L" if self.lower else "U").eval(xp, a)[0]
        require_square(a.shape)
        a, b = computed(xp, a, b)
        return eigen_of_pair(xp, a, b, self.lower)[0]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        made = EigvalshGrad(self.lower)(*xs, gs[0])
        return made if isinstance(made, list) else [made]

    def expand(self, *xs: Any) -> Any:
        """What it is made of, for the native planner."""
        return widened(self, xs) if is_narrow(*xs) else _eigen(xs, self.lower)[0]

    samples = (
        S(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[2.0, 0.5], [0.5, 1.0]])),
        S(np.array([[2.0, 1.0], [1.0, 3.0]])),
    )
    errors = (E((3,), (3, 3), raises=ValueError, says="takes a matrix"),)


@op("eigvalsh_grad")
class EigvalshGrad(Primitive):
    """The cotangents of the matrices from that of their eigenvalues.

    Shapes:    a (n, n), b (n, n), cotangent (n,) -> (n, n), (n, n)
    Dtypes:    what the inputs meet in, float64 for integers
    """

    lower: bool = True  # type: ignore[misc]

    def infer(self, a: Any, *rest: Any) -> Any:
        dtype = result_dtype(a.type.dtype, *[v.type.dtype for v in rest])
        return [TensorType(dtype, v.type.shape) for v in (a, *rest[:-1])]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return shapes[:-1]

    def eval(self, xp: Any, a: Any, *rest: Any) -> Any:
        *others, g = rest
        a, g = computed(xp, a), computed(xp, g)
        if others:
            w, v = eigen_of_pair(xp, a, computed(xp, others[0]), self.lower)
        else:
            w, v = Eigh("L" if self.lower else "U").eval(xp, a)
        made = [self._folded(xp, (v * g) @ v.T)]
        if others:
            made.append(self._folded(xp, (v * (-g * w)) @ v.T))
        return tuple(made) if others else made[0]

    def expand(self, *inputs: Any) -> Any:
        """What it is made of, for the native planner."""
        *xs, g = inputs
        if is_narrow(*xs):
            return widened(self, inputs, len(xs))
        w, v = _eigen(xs, self.lower)
        kinds = self.infer(*inputs)
        g = cast(g, kinds[0].dtype)
        scales = [g, -g * w][: len(xs)]
        return [
            cast(folded(multiplied(v * dimshuffle(s, "x", 0), v.T), self.lower), kind.dtype)
            for s, kind in zip(scales, kinds, strict=True)
        ]

    def _folded(self, xp: Any, m: Any) -> Any:
        return xp.tril(m) + xp.triu(m, 1).T if self.lower else xp.triu(m) + xp.tril(m, -1).T

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        raise NotImplementedError("The gradient of Eigvalsh has no gradient itself, as in the original.")

    samples = (S(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[2.0, 0.5], [0.5, 1.0]]), (2,), grad=False),)
    errors = (E((2, 3), (2,), raises=ValueError, says="square"),)


def _eigen(xs: Sequence[Any], lower: bool) -> Any:
    """The eigenvalues and vectors of a matrix, or of a pair."""
    return Eigh("L" if lower else "U")(xs[0]) if len(xs) == 1 else EighOfPair(not lower)(*xs)


eig = Eig()


def eigh(a: Any, UPLO: str = "L") -> list[Variable]:
    """The eigenvalues, ascending, and eigenvectors of a symmetric matrix, of which the triangle `UPLO` is read.

    Example:
        >>> import theano.tensor as T
        >>> values, vectors = T.nlinalg.eigh(T.constant([[2.0, 1.0], [1.0, 2.0]]))
        >>> values.eval().round(6).tolist()
        [1.0, 3.0]
    """
    return list(Eigh(UPLO)(a))


def svd(a: Any, full_matrices: Any = 1, compute_uv: Any = 1) -> Any:
    """The singular value decomposition U, s, V of a matrix; s alone without `compute_uv`.

    Example:
        >>> import theano.tensor as T
        >>> T.nlinalg.svd(T.constant([[3.0, 0.0], [0.0, 4.0]]), compute_uv=False).eval().tolist()
        [4.0, 3.0]
    """
    return SVD(full_matrices, compute_uv)(a)


def qr(a: Any, mode: str = "reduced") -> Any:
    """The factors of a = q r, q having orthogonal columns and r being upper triangular.

    `mode` 'complete' makes q square, 'r' gives r alone, 'raw' what LAPACK gives.

    Example:
        >>> import theano.tensor as T
        >>> q, r = T.nlinalg.qr(T.constant([[3.0, 1.0], [4.0, 2.0]]))
        >>> abs(r[0, 0]).eval().round(6).tolist()
        5.0
    """
    if mode in ("full", "economic", "reduced", "complete", "raw"):
        return QRFull({"full": "reduced", "economic": "reduced"}.get(mode, mode))(a)
    if mode == "r":
        return QRIncomplete(mode)(a)
    raise ValueError(f"Unrecognized mode {mode!r}: choose reduced, complete, r or raw.")


def eigvalsh(a: Any, b: Any = None, lower: bool = True) -> Variable:
    """The eigenvalues, ascending, of a v = w b v with a symmetric and b positive definite."""
    return Eigvalsh(lower)(a, b)  # type: ignore[no-any-return]
