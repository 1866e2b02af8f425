"""The matrix exponential and Kronecker's product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.base import E, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros_like
from croton.ops.dot import outer
from croton.ops.elemwise import dimshuffle
from croton.ops.join import concatenate
from croton.ops.linalg.factors import check_square
from croton.ops.linalg.matrix import OnMatrix, computed, scipy_linalg, transposed
from croton.vartypes.dtype import is_complex


@op("expm")
class Expm(OnMatrix):
    """The exponential of a square matrix, or of each of a stack: the sum of its powers k, each over k!.

    Shapes:    (…, n, n) -> (…, n, n)
    Dtypes:    as the input; float64 for integers
    Gradient:  the adjoint of the Fréchet derivative
    Source:    Higham, "Functions of Matrices" (2008), equation 3.16 (the derivative as a block of an exponential)
    Errors:    ValueError for other ranks, and at run time for a matrix that is not square
    """

    def eval(self, xp: Any, x: Any) -> Any:
        if x.shape[-1] != x.shape[-2]:
            raise ValueError(f"Expm takes a square matrix; got shape {x.shape}.")
        return scipy_linalg(xp).expm(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [ExpmGrad()(xs[0], gs[0])]

    def expand(self, x: Any) -> Any:
        """For the native planner: itself, in double precision."""
        if self._is_double(x):
            return [None]
        dtype: str = self.infer(x).dtype
        return cast(self(cast(x, "complex128" if is_complex(dtype) else "float64")), dtype)

    def lowers(self, node: Apply) -> bool:
        """Numbers of double precision."""
        return self._is_double(node.inputs[0])

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        check_square(b, b.array(xs[0]))
        out = b.renew(ys[0], xs[0])
        b.lapack("expm", out.dtype, 0, b.product(out.dims[:-2]), out.dims[-1], out)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for a matrix that is not square."""
        _, rows, columns = details
        return ValueError(f"Expm takes a square matrix; got {rows} rows and {columns} columns.")

    @staticmethod
    def _is_double(x: Any) -> bool:
        return x.type.dtype in ("float64", "complex128")

    samples = (
        S((3, 3), domain=(-1.0, 1.0)),
        S((1, 1)),
        S((2, 3, 3)),
        S((4, 4), domain=(-2.0, 2.0), grad=False),
        S(np.array([[1.0, 1j], [-2j, 0.5]]), grad=False),
        S(np.array([[0.0, 1e6], [0.0, -1.0]]), grad=False),
        S((3, 3), dtype="float32", grad=False),
        S((0, 0), grad=False),
        S(np.array([[2, 1], [1, 3]], "int8"), grad=False),
    )
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E((2, 3), raises=ValueError, says="square matrix"),
    )


class ExpmGrad(Op):
    """The cotangent of a matrix from that of its exponential.

    Shapes:    x (…, n, n), cotangent (…, n, n) -> (…, n, n)
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        A: Any = transposed(as_tensor_variable(inputs[0]))
        g = as_tensor_variable(inputs[1])
        upper = concatenate([A, g], axis=-1)
        lower = concatenate([zeros_like(A), A], axis=-1)
        n = A.shape[-1]
        return Expm()(concatenate([upper, lower], axis=-2))[..., :n, n:].owner  # type: ignore[no-any-return]


expm = Expm()


def kron(a: Any, b: Any) -> Variable:
    """Kronecker's product: blocks, each the whole of `b` times one element of `a`.

    Shapes:    (m, n) (p, q) -> (m p, n q)
    Errors:    TypeError for two vectors, or a scalar
    Example:
        >>> import theano.tensor as T
        >>> T.slinalg.kron(T.constant([[1, 2]]), T.constant([[1], [10]])).eval().tolist()
        [[1, 2], [10, 20]]
    """
    x: Any = as_tensor_variable(a)
    y: Any = as_tensor_variable(b)
    ndim = x.type.ndim + y.type.ndim
    if ndim <= 2:
        raise TypeError(
            f"kron: inputs dimensions must sum to 3 or more. You passed {x.type.ndim} and {y.type.ndim}."
        )
    lengths = [v.shape[i] for v in (x, y) for i in range(v.type.ndim)]
    if x.type.ndim == y.type.ndim == 2:
        blocks: Any = dimshuffle(x, 0, "x", 1, "x") * dimshuffle(y, "x", 0, "x", 1)
        return blocks.reshape((lengths[0] * lengths[2], lengths[1] * lengths[3]), ndim=2)  # type: ignore[no-any-return]
    products: Any = outer(x, y).reshape(lengths, ndim=ndim)
    if ndim == 3:
        return dimshuffle(products, 1, 0, 2).flatten()
    moved: Any = dimshuffle(products, 0, 2, 1, *range(3, ndim))
    shape = [lengths[0] * lengths[2], lengths[1] * lengths[3], *lengths[4:]]
    return moved.reshape(shape, ndim=ndim - 2)  # type: ignore[no-any-return]
