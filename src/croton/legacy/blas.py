"""Rewrites of products of matrices: names of `theano.tensor.blas`."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.legacy.local import local_optimizer
from croton.ops.blas import Dot22, Gemm, dot22, dot22scalar, ger
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import Alloc
from croton.ops.elementwise import mul
from croton.ops.elemwise import dimshuffle
from croton.ops.known import known_value
from croton.vartypes.dtype import upcast


def res_is_a(node: Variable, op: Any, maxclients: int | None = None) -> bool:
    """Whether `op` makes the variable `node`, and no more than so many others read it."""
    if node.owner is None or node.owner.op != op:
        return False
    return maxclients is None or len(node.clients) <= maxclients  # type: ignore[attr-defined]


@local_optimizer([mul])
def local_dot22_to_dot22scalar(node: Apply) -> Any:
    """A number times a product of matrices that nothing else reads, as one operation."""
    products = [v for v in node.inputs if v.owner is not None and isinstance(v.owner.op, Dot22)]
    if not products or not res_is_a(products[0], dot22, 1):
        return False
    product = products[0]
    dtype = product.type.dtype
    for scale in (v for v in node.inputs if v is not product and all(v.type.broadcastable)):
        if upcast(scale.type.dtype, dtype) != dtype:
            continue
        rest = [v for v in node.inputs if v is not product and v is not scale]
        made = dot22scalar(*product.owner.inputs, cast(dimshuffle(scale), dtype))  # type: ignore[union-attr]
        return [mul(made, *rest) if rest else made]
    return False


@local_optimizer([Gemm])
def local_gemm_to_ger(node: Apply) -> Any:
    """A product of a column and a row, added to a matrix."""
    z, a, x, y, b = node.inputs
    if not (x.type.broadcastable[1] and y.type.broadcastable[0]):
        return False
    scale = known_value(b)
    column, row = dimshuffle(x, 0), dimshuffle(y, 1)
    if scale is not None and scale == 1:
        return [ger(z, a, column, row)]
    if scale is not None and scale == 0:
        zeros = as_tensor_variable(0).astype(z.type.dtype)
        lengths = Alloc()(zeros, x.shape[0], y.shape[1])
        return [ger(lengths, a, column, row)]
    return False
