"""Products of matrices with what is scaled and added at once, as the BLAS computes them."""

from __future__ import annotations

from typing import Any

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.dot import Dot, multiply_matrices, outer
from croton.ops.reduce import sum as sum_of
from croton.vartypes.dtype import CONTINUOUS
from croton.vartypes.tensor import TensorType


def _operands(name: str, args: tuple[Any, ...], ndims: tuple[int, ...]) -> list[Variable]:
    """Arguments of these numbers of axes in one data type; Python numbers take that of the arrays."""
    variables: list[Any] = [as_tensor_variable(a) for a in args]
    if len(variables) != len(ndims):
        raise TypeError(f"{name} takes {len(ndims)} inputs; got {len(variables)}.")
    dtype = next(v.type.dtype for v, n in zip(variables, ndims, strict=True) if n > 0)
    for i, (v, n) in enumerate(zip(variables, ndims, strict=True)):
        if v.type.ndim != n:
            asked = "requires scalar argument" if n == 0 else f"only works for rank {n}"
            raise TypeError(f"{name} {asked}; input {i}, {v}, has {v.type.ndim} axes.")
        if n == 0 and not isinstance(args[i], Variable):
            variables[i] = v if v.type.dtype == dtype else cast(v, dtype)
    dtypes = [v.type.dtype for v in variables]
    if len(set(dtypes)) != 1:
        raise TypeError(f"{name} requires matching dtypes; got {dtypes}.")
    if dtype not in CONTINUOUS:
        raise TypeError(f"{name} requires floats or complex numbers; got {dtype}.")
    return variables


def _is_zero(scale: Any) -> bool:
    return isinstance(scale, (int, float)) and scale == 0


@op("gemm")
class Gemm(Primitive):
    """`b * z + a * dot(x, y)`; where b is 0, z is not read.

    `inplace` is kept for old programs; the plan alone decides on memory.

    Shapes:    z (m, k), a (), x (m, n), y (n, k), b () -> (m, k)
    Dtypes:    one float or complex type for all
    Gradient:  of each input
    Errors:    TypeError for other ranks or types; ShapeError (a ValueError) when lengths differ
    """

    inplace: bool = False

    def prepare(self, *args: Any) -> list[Variable]:
        return _operands("gemm", args, (2, 0, 2, 2, 0))

    def infer(self, z: Any, a: Variable, x: Variable, y: Variable, b: Variable) -> Type:
        return TensorType(z.type.dtype, z.type.shape)

    def eval(self, xp: Any, z: Any, a: Any, x: Any, y: Any, b: Any) -> Any:
        if x.shape[1] != y.shape[0] or z.shape != (x.shape[0], y.shape[1]):
            raise ShapeError(
                f"Shape mismatch: gemm can't add a product of shapes {x.shape} and {y.shape} to shape {z.shape}."
            )
        return _scaled_sum(xp, b, z, a * multiply_matrices(xp, x, y))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (z, a, x, y, b), (g,) = xs, gs
        return [b * g, sum_of(g * Dot()(x, y)), a * Dot()(g, y.T), a * Dot()(x.T, g), sum_of(g * z)]

    makes_new_memory = True
    fails_by_lengths = True

    # Which input may share the output's memory, since it is read element by element where the output is written.
    writes_over = 0

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        z, x, y = b.array(xs[0]), b.array(xs[2]), b.array(xs[3])
        b.require_equal(x.dims[1], y.dims[0], 2, 1, 3, 0)
        b.require_equal(z.dims[0], x.dims[0], 0, 0, 2, 0)
        b.require_equal(z.dims[1], y.dims[1], 0, 1, 3, 1)
        out = b.new(ys[0], z.dims, into=z)
        scale = b.scalar(xs[4])
        if not _is_zero(scale):
            b.copy(out, z)
        b.multiply(b.scalar(xs[1]), x, y, scale, out)

    def lowers(self, node: Apply) -> bool:
        """The types of the BLAS, but that complex scalars are not kept in registers."""
        return node.outputs[0].type.dtype in ("float32", "float64")

    samples = (S((2, 4), (), (2, 3), (3, 4), ()), S((2, 4), (), (2, 0), (0, 4), ()))
    errors = (
        E((2, 4), (), (2, 3), (4, 4), (), raises=ValueError, says="Shape mismatch"),
        E((2,), (), (2, 3), (3, 4), (), raises=TypeError, says="rank 2"),
        E((2, 4), (2,), (2, 3), (3, 4), (), raises=TypeError, says="scalar argument"),
    )

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{'inplace' if self.inplace else 'no_inplace'}}}"


@op("gemv")
class Gemv(Primitive):
    """`beta * y + alpha * dot(A, x)`; where beta is 0, y is not read.

    Shapes:    y (m,), alpha (), A (m, n), x (n,), beta () -> (m,)
    Dtypes:    one float or complex type for all
    Gradient:  of each input
    Errors:    TypeError for other ranks or types; ShapeError (a ValueError) when lengths differ
    """

    inplace: bool = False

    def prepare(self, *args: Any) -> list[Variable]:
        return _operands("gemv", args, (1, 0, 2, 1, 0))

    def infer(self, y: Any, alpha: Variable, A: Variable, x: Variable, beta: Variable) -> Type:
        return TensorType(y.type.dtype, y.type.shape)

    def eval(self, xp: Any, y: Any, alpha: Any, A: Any, x: Any, beta: Any) -> Any:
        if A.shape[1] != x.shape[0] or y.shape[0] != A.shape[0]:
            raise ShapeError(
                f"Shape mismatch: gemv can't add a product of shapes {A.shape} and {x.shape} to shape {y.shape}."
            )
        return _scaled_sum(xp, beta, y, alpha * multiply_matrices(xp, A, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (y, alpha, A, x, beta), (g,) = xs, gs
        return [beta * g, sum_of(g * Dot()(A, x)), alpha * outer(g, x), alpha * Dot()(A.T, g), sum_of(g * y)]

    makes_new_memory = True
    fails_by_lengths = True
    writes_over = 0
    lowers = Gemm.lowers

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        y, A, x = b.array(xs[0]), b.array(xs[2]), b.array(xs[3])
        b.require_equal(A.dims[1], x.dims[0], 2, 1, 3, 0)
        b.require_equal(y.dims[0], A.dims[0], 0, 0, 2, 0)
        out = b.new(ys[0], y.dims, into=y)
        scale = b.scalar(xs[4])
        if not _is_zero(scale):
            b.copy(out, y)
        b.multiply_vector(b.scalar(xs[1]), A, x, scale, out)

    samples = (S((2,), (), (2, 3), (3,), ()), S((2,), (), (2, 0), (0,), ()))
    errors = (E((2,), (), (2, 3), (4,), (), raises=ValueError, says="Shape mismatch"),)

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{'inplace' if self.inplace else 'no_inplace'}}}"


@op("ger")
class Ger(Primitive):
    """`A + alpha * outer(x, y)`.

    Shapes:    A (m, n), alpha (), x (m,), y (n,) -> (m, n)
    Dtypes:    one float or complex type for all
    Gradient:  of each input
    Errors:    TypeError for other ranks or types; ShapeError (a ValueError) when lengths differ
    """

    destructive: bool = False

    def prepare(self, *args: Any) -> list[Variable]:
        return _operands("ger", args, (2, 0, 1, 1))

    def infer(self, A: Any, alpha: Variable, x: Variable, y: Variable) -> Type:
        return TensorType(A.type.dtype, A.type.shape)

    def eval(self, xp: Any, A: Any, alpha: Any, x: Any, y: Any) -> Any:
        if A.shape != (x.shape[0], y.shape[0]):
            raise ShapeError(
                f"Shape mismatch: ger can't add the outer product of {x.shape} and {y.shape} to shape {A.shape}."
            )
        return A + alpha * (x[:, None] * y[None, :])

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (_, alpha, x, y), (g,) = xs, gs
        return [g, sum_of(g * outer(x, y)), alpha * Dot()(g, y), alpha * Dot()(x, g)]

    makes_new_memory = True
    fails_by_lengths = True
    writes_over = 0
    lowers = Gemm.lowers

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        A, x, y = b.array(xs[0]), b.array(xs[2]), b.array(xs[3])
        b.require_equal(A.dims[0], x.dims[0], 0, 0, 2, 0)
        b.require_equal(A.dims[1], y.dims[0], 0, 1, 3, 0)
        out = b.new(ys[0], A.dims, into=A)
        b.copy(out, A)
        code, dtype = b.dtype_code(out.dtype), out.dtype
        b.call(
            "rt_ger", code, *A.dims, b.one(b.scalar(xs[1]), dtype), x, x.strides[0], y, y.strides[0], out, *out.strides,
        )  # fmt: skip

    samples = (S((2, 3), (), (2,), (3,)), S((2, 0), (), (2,), (0,)))
    errors = (E((2, 3), (), (3,), (2,), raises=ValueError, says="Shape mismatch"),)

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{'destructive' if self.destructive else 'non-destructive'}}}"


@op("dot22")
class Dot22(Primitive):
    """The product of two matrices of one float or complex type.

    Shapes:    x (m, n), y (n, k) -> (m, k)
    Gradient:  products of the cotangent with the other input
    Errors:    TypeError for other ranks or types; ShapeError (a ValueError) when lengths differ
    """

    def prepare(self, *args: Any) -> list[Variable]:
        return _operands("Dot22", args, (2, 2))

    def infer(self, x: Any, y: Any) -> Type:
        return TensorType(x.type.dtype, (x.type.shape[0], y.type.shape[1]))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0], shapes[1][1])]

    def eval(self, xp: Any, x: Any, y: Any) -> Any:
        return Dot().eval(xp, x, y)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x, y), (g,) = xs, gs
        return [Dot()(g, y.T), Dot()(x.T, g)]

    makes_new_memory = True
    fails_by_lengths = True
    lowers = Dot.lowers
    lower = Dot.lower

    samples = (S((2, 3), (3, 4)),)
    errors = (
        E((2, 3), (4, 3), raises=ValueError, says="Shape mismatch"),
        E((2, 3), (3,), raises=TypeError, says="rank 2"),
    )


@op("dot22scalar")
class Dot22Scalar(Primitive):
    """The product of two matrices and a number, all of one float or complex type.

    Shapes:    x (m, n), y (n, k), a () -> (m, k)
    Gradient:  of each input
    Errors:    TypeError for other ranks or types; ShapeError (a ValueError) when lengths differ
    """

    def prepare(self, *args: Any) -> list[Variable]:
        return _operands("Dot22Scalar", args, (2, 2, 0))

    def infer(self, x: Any, y: Any, a: Variable) -> Type:
        return TensorType(x.type.dtype, (x.type.shape[0], y.type.shape[1]))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0], shapes[1][1])]

    def eval(self, xp: Any, x: Any, y: Any, a: Any) -> Any:
        return a * Dot().eval(xp, x, y)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x, y, a), (g,) = xs, gs
        return [a * Dot()(g, y.T), a * Dot()(x.T, g), sum_of(g * Dot()(x, y))]

    makes_new_memory = True
    fails_by_lengths = True
    lowers = Gemm.lowers

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x, y = b.array(xs[0]), b.array(xs[1])
        b.require_equal(x.dims[1], y.dims[0], 0, 1, 1, 0)
        out = b.new(ys[0], (x.dims[0], y.dims[1]))
        b.multiply(b.scalar(xs[2]), x, y, 0.0, out)

    samples = (S((2, 3), (3, 4), ()),)
    errors = (E((2, 3), (4, 3), (), raises=ValueError, says="Shape mismatch"),)


def _scaled_sum(xp: Any, b: Any, z: Any, product: Any) -> Any:
    # source: the BLAS standard; C need not be set on entry when beta is zero.
    return xp.where(b == 0, product, b * xp.where(b == 0, xp.zeros_like(z), z) + product)


gemm_no_inplace = Gemm(inplace=False)
gemm_inplace = Gemm(inplace=True)
gemm = gemm_no_inplace
gemv_no_inplace = Gemv(inplace=False)
gemv_inplace = Gemv(inplace=True)
gemv = gemv_no_inplace
ger = Ger(destructive=False)
ger_destructive = Ger(destructive=True)
dot22 = Dot22()
dot22scalar = Dot22Scalar()
