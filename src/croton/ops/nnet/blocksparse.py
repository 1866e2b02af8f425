"""Products with matrices of which only chosen blocks take part."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import add
from croton.ops.elemwise import dimshuffle
from croton.ops.index.assign import inc_subtensor
from croton.ops.reduce import sum as sum_of
from croton.vartypes.dtype import is_discrete


def _operands(
    name: str, arrays: tuple[Any, ...], ndims: tuple[int, ...], indices: tuple[Any, ...]
) -> tuple[list[Any], list[Any]]:
    values = [as_tensor_variable(a) for a in arrays]
    for v, ndim in zip(values, ndims, strict=True):
        if v.type.ndim != ndim:
            raise TypeError(f"{name} takes an input of {ndim} axes where {v} of type {v.type} came.")
    places = [as_tensor_variable(i) for i in indices]
    for p in places:
        if p.type.ndim != 2 or not is_discrete(p.type.dtype):
            raise TypeError(
                f"{name} takes matrices of integers as numbers of blocks; got {p} of type {p.type}."
            )
    return values, places


def _pairs(rows: Any, columns: Any) -> tuple[Any, Any]:
    """For each example, each of its row blocks with each of its column blocks: indices of shape (batch, i, j)."""
    return dimshuffle(rows, 0, 1, "x"), dimshuffle(columns, 0, "x", 1)


class SparseBlockGemv(Op):
    """o + the product of h with the blocks of W between chosen input and output blocks, for each example.

    Shapes:    o (batch, j, q), W (inputs, outputs, p, q), h (batch, i, p), inputIdx (batch, i),
               outputIdx (batch, j) -> (batch, j, q)
    Gradient:  of o, W and h
    Errors:    TypeError for other ranks
    """

    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def make_node(self, *inputs: Any) -> Apply:
        o, W, h, into, out = inputs
        (o, W, h), (into, out) = _operands("SparseBlockGemv", (o, W, h), (3, 4, 3), (into, out))
        blocks = W[_pairs(into, out)]
        products: Any = dimshuffle(h, 0, 1, "x", 2, "x") * blocks
        return add(o, sum_of(products, axis=(1, 3))).owner  # type: ignore[no-any-return]


class SparseBlockOuter(Op):
    """o with alpha times the outer products of x and y added to chosen blocks, for each example.

    Shapes:    o (inputs, outputs, p, q), x (batch, i, p), y (batch, j, q), xIdx (batch, i), yIdx (batch, j), alpha ()
               -> as o
    Gradient:  of o, x, y and alpha
    Errors:    TypeError for other ranks
    """

    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def make_node(self, *inputs: Any) -> Apply:
        o, x, y, into, out, *scale = inputs
        (o, x, y), (into, out) = _operands("SparseBlockOuter", (o, x, y), (4, 3, 3), (into, out))
        alpha = as_tensor_variable(scale[0] if scale and scale[0] is not None else 1)
        products: Any = dimshuffle(x, 0, 1, "x", 2, "x") * dimshuffle(y, 0, "x", 1, "x", 2)
        return inc_subtensor(o[_pairs(into, out)], cast(alpha, o.type.dtype) * products).owner  # type: ignore[return-value]


sparse_block_gemv = SparseBlockGemv(False)
sparse_block_gemv_inplace = SparseBlockGemv(True)
sparse_block_outer = SparseBlockOuter(False)
sparse_block_outer_inplace = SparseBlockOuter(True)


def sparse_block_dot(W: Any, h: Any, inputIdx: Any, b: Any, outputIdx: Any) -> Variable:
    """h times the blocks of W between chosen input and output blocks, plus the chosen blocks of the bias b.

    Shapes:    W (inputs, outputs, p, q), h (batch, i, p), inputIdx (batch, i), b (outputs, q), outputIdx (batch, j)
               -> (batch, j, q); without the batch axis in h and the indices, a batch of one
    """
    v, into, out = (as_tensor_variable(a) for a in (h, inputIdx, outputIdx))
    if v.type.ndim == 2:
        v, into, out = dimshuffle(v, "x", 0, 1), dimshuffle(into, "x", 0), dimshuffle(out, "x", 0)
    bias: Any = as_tensor_variable(b)
    return sparse_block_gemv(bias[out], W, v, into, out)  # type: ignore[no-any-return]
