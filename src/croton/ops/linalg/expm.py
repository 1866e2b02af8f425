"""The matrix exponential and Kronecker's product."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.base import E, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros_like
from croton.ops.dot import outer
from croton.ops.elemwise import dimshuffle
from croton.ops.join import concatenate
from croton.ops.linalg.matrix import OnMatrix, computed, scipy_linalg


@op("expm")
class Expm(OnMatrix):
    """The exponential of a square matrix: the sum of its powers k, each over k!.

    Shapes:    (n, n) -> (n, n)
    Dtypes:    as the input, float64 for integers
    Gradient:  the adjoint of the Fréchet derivative
    Source:    Higham, "Functions of Matrices" (2008), equation 3.16 (the derivative as a block of an exponential)
    Errors:    ValueError for other ranks, and at run time for a matrix that is not square
    """

    def eval(self, xp: Any, x: Any) -> Any:
        if x.shape[0] != x.shape[1]:
            raise ValueError(f"Expm takes a square matrix; got shape {x.shape}.")
        return scipy_linalg(xp).expm(computed(xp, x))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [ExpmGrad()(xs[0], gs[0])]

    samples = (S((3, 3), domain=(-1.0, 1.0)), S((1, 1)))
    errors = (
        E((3,), raises=ValueError, says="takes a matrix"),
        E((2, 3), raises=ValueError, says="square matrix"),
    )


class ExpmGrad(Op):
    """The cotangent of a matrix from that of its exponential.

    Shapes:    x (n, n), cotangent (n, n) -> (n, n)
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        A: Any = as_tensor_variable(inputs[0])
        g = as_tensor_variable(inputs[1])
        upper = concatenate([A.T, g], axis=1)
        lower = concatenate([zeros_like(A), A.T], axis=1)
        n = A.shape[0]
        return Expm()(concatenate([upper, lower], axis=0))[:n, n:].owner  # type: ignore[no-any-return]


expm = Expm()


def kron(a: Any, b: Any) -> Variable:
    """Kronecker's product: blocks, each the whole of `b` times one element of `a`.

    Shapes:    (m, n) (p, q) -> (m p, n q)
    Errors:    TypeError for two vectors, or a scalar
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
