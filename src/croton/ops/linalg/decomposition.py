"""Eigenvalues and eigenvectors, singular values, and orthogonal factors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import eye, tril, triu, zeros_like
from croton.ops.elementwise import eq, minimum, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.linalg.inverse import matrix_dot
from croton.ops.linalg.matrix import OnMatrix, as_matrix, computed, eigen_of_pair, mirrored, result_dtype
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
        return [TensorType(dtype, (None,)), TensorType(dtype, (None, None))]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0],), shapes[0]]

    def eval(self, xp: Any, x: Any) -> Any:
        x = computed(xp, x)
        values, vectors = xp.linalg.eig(x)
        name = np.dtype(x.dtype).name
        return cast_values(xp, values, name), cast_values(xp, vectors, name)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return self.refuse()

    samples = (S(np.array([[2.0, 1.0], [1.0, 3.0]]), grad=False),)
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


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
        real = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
        return [TensorType(real, (None,)), TensorType(dtype, (None, None))]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0],), shapes[0]]

    def eval(self, xp: Any, x: Any) -> Any:
        # JAX takes the mean of both triangles.
        x = computed(xp, x)
        values, vectors = xp.linalg.eigh(x if xp is np else mirrored(xp, x, self.UPLO == "L"), self.UPLO)
        return values, vectors

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        w, v = ys
        gw, gv = (zeros_like(y) if g is None else g for y, g in zip(ys, gs, strict=True))
        return [EighGrad(self.UPLO)(xs[0], w, v, gw, gv)]

    samples = (
        S(np.array([[2.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 6.0]])),
        S(np.array([[2.0, 1.0], [1.0, 3.0]]), UPLO="U"),
        S((1, 1)),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
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
        n = w.shape[0]
        diagonal = eq(eye(n), 1)
        gaps = switch(diagonal, 1, dimshuffle(w, "x", 0) - dimshuffle(w, 0, "x"))
        inner = switch(diagonal, dimshuffle(gw, "x", 0), matrix_dot(v.T, gv) / gaps)
        return folded(matrix_dot(v, inner, v.T), self.UPLO == "L").owner  # type: ignore[return-value]


def folded(g: Any, lower: bool) -> Variable:
    """A cotangent of all elements of a symmetric matrix as one of the triangle that is read."""
    return tril(g) + triu(g, 1).T if lower else triu(g) + tril(g, -1).T


@op("svd")
class SVD(OnMatrix):
    """The singular value decomposition: x = U diag(s) V, the values descending.

    Shapes:    (m, n) -> (m, m), (k,), (n, n) with k = min(m, n); without `full_matrices` (m, k), (k,), (k, n);
               without `compute_uv` (k,) alone
    Dtypes:    as the input, float64 for integers
    Gradient:  of the values
    Errors:    ValueError for other ranks; LinAlgError at run time when it does not converge
    """

    full_matrices: Any = True
    compute_uv: Any = True

    def infer(self, x: Any) -> Any:
        dtype = result_dtype(x.type.dtype)
        values = TensorType(dtype, (None,))
        if not self.compute_uv:
            return values
        return [TensorType(dtype, (None, None)), values, TensorType(dtype, (None, None))]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        m, n = shapes[0]
        k = minimum(m, n)
        if not self.compute_uv:
            return [(k,)]
        return [(m, m), (k,), (n, n)] if self.full_matrices else [(m, k), (k,), (k, n)]

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
        return [matrix_dot(u * dimshuffle(g, "x", 0), v)]

    samples = (
        S((3, 2), grad=False),
        S((2, 3), full_matrices=False, grad=False),
        S(np.array([[2.0, 1.0], [0.5, -1.0], [3.0, 1.0]]), compute_uv=False),
    )
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


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
        second: tuple[Dim, ...] = (None,) if self.mode == "raw" else (None, None)
        return [TensorType(dtype, (None, None)), TensorType(dtype, second)]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        m, n = shapes[0]
        k = minimum(m, n)
        return {"reduced": [(m, k), (k, n)], "complete": [(m, m), (m, n)], "raw": [(n, m), (k,)]}[self.mode]

    def eval(self, xp: Any, x: Any) -> Any:
        return tuple(xp.linalg.qr(computed(xp, x), self.mode))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return self.refuse()

    samples = (S((3, 2), mode="reduced", grad=False), S((3, 2), mode="complete", grad=False))
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
        return TensorType(result_dtype(x.type.dtype), (None, None))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        m, n = shapes[0]
        return [(minimum(m, n), n)]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.linalg.qr(computed(xp, x), self.mode)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return self.refuse()

    samples = (S((3, 2), grad=False),)
    errors = (E((3,), raises=ValueError, says="takes a matrix"),)


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
        a, b = computed(xp, a, b)
        return eigen_of_pair(xp, a, b, self.lower)[0]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        made = EigvalshGrad(self.lower)(*xs, gs[0])
        return made if isinstance(made, list) else [made]

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

    def _folded(self, xp: Any, m: Any) -> Any:
        return xp.tril(m) + xp.triu(m, 1).T if self.lower else xp.triu(m) + xp.tril(m, -1).T

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        raise NotImplementedError("The gradient of Eigvalsh has no gradient itself, as in the original.")

    samples = (S(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[2.0, 0.5], [0.5, 1.0]]), (2,), grad=False),)


eig = Eig()


def eigh(a: Any, UPLO: str = "L") -> list[Variable]:
    """The eigenvalues, ascending, and eigenvectors of a symmetric matrix, of which the triangle `UPLO` is read."""
    return list(Eigh(UPLO)(a))


def svd(a: Any, full_matrices: Any = 1, compute_uv: Any = 1) -> Any:
    """The singular value decomposition U, s, V of a matrix; s alone without `compute_uv`."""
    return SVD(full_matrices, compute_uv)(a)


def qr(a: Any, mode: str = "reduced") -> Any:
    """The factors of a = q r, q having orthogonal columns and r being upper triangular.

    `mode` 'complete' makes q square, 'r' gives r alone, 'raw' what LAPACK gives.
    """
    if mode in ("full", "economic", "reduced", "complete", "raw"):
        return QRFull({"full": "reduced", "economic": "reduced"}.get(mode, mode))(a)
    if mode == "r":
        return QRIncomplete(mode)(a)
    raise ValueError(f"Unrecognized mode {mode!r}: choose reduced, complete, r or raw.")


def eigvalsh(a: Any, b: Any = None, lower: bool = True) -> Variable:
    """The eigenvalues, ascending, of a v = w b v with a symmetric and b positive definite."""
    return Eigvalsh(lower)(a, b)  # type: ignore[no-any-return]
