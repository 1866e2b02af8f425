"""Tensors of which a part is set, or has something added: `set_subtensor(x[…], y)`."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.index.advanced import (
    AdvancedBooleanIncSubtensor,
    AdvancedBooleanSubtensor,
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
)
from croton.ops.index.subtensor import IncSubtensor, Subtensor
from croton.ops.reshape import Reshape, reshape
from croton.ops.shape import Rebroadcast, Shape_i, shape
from croton.vartypes.tensor import TensorType


def set_subtensor(x: Any, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False) -> Variable:
    """The tensor that `x` is a part of, with `y` in place of that part.

    `x` is written as an index: `set_subtensor(a[2:5], y)` is `a` after `a[2:5] = y`; `a` itself stays as it is.

    Shapes:    as `a`
    Dtypes:    as `a`
    Errors:    TypeError when `x` is no part of a tensor, or `y` has more axes; ValueError at run time when `y` does
               not broadcast to `x`
    Example:
        >>> import theano.tensor as T
        >>> T.set_subtensor(T.zeros((3,))[1:], 7).eval().tolist()
        [0.0, 7.0, 7.0]
    """
    return inc_subtensor(
        x, y, inplace, set_instead_of_inc=True, tolerate_inplace_aliasing=tolerate_inplace_aliasing
    )


def inc_subtensor(
    x: Any,
    y: Any,
    inplace: bool = False,
    set_instead_of_inc: bool = False,
    tolerate_inplace_aliasing: bool = False,
) -> Variable:
    """The tensor that `x` is a part of, with `y` added to that part. A place named twice has both added.

    Shapes, Dtypes, Errors:  as for `set_subtensor`

    Example:
        >>> import theano.tensor as T
        >>> x = T.zeros(4, dtype="int64")
        >>> T.inc_subtensor(x[[1, 1, 3]], 1).eval().tolist()
        [0, 2, 0, 1]
    """
    y = as_tensor_variable(y)
    node = x.owner if isinstance(x, Variable) else None
    if node is None:
        raise TypeError(
            f"x must be the result of a subtensor operation: write it as an index, a[…]; got {x!r}."
        )
    have = x.type.ndim
    if y.type.ndim > have:
        raise TypeError(
            f"Trying to increment a {have}-dimensional subtensor with a {y.type.ndim}-dimensional value."
        )
    if inplace and node.inputs[0].owner is None and not hasattr(node.inputs[0], "get_value"):
        raise TypeError(
            f"{node.inputs[0]} is an input: a function may not overwrite it. Leave out inplace=True."
        )
    made = _assign(node, x, y, inplace, set_instead_of_inc)
    if made is None:
        return _through(node, x, y, inplace, set_instead_of_inc)
    return made


def _assign(node: Apply, x: Any, y: Variable, inplace: bool, set_instead_of_inc: bool) -> Variable | None:
    """The assignment that belongs to the operation which took `x` out; None when none does."""
    op, (a, *places) = node.op, node.inputs
    how = {"inplace": inplace, "set_instead_of_inc": set_instead_of_inc}
    made: Variable | None = None
    if isinstance(op, Subtensor):
        made = IncSubtensor(op.idx_list, **how)(a, y, *places)
    elif isinstance(op, Shape_i):
        made = IncSubtensor((op.i,), **how)(shape(a), y)
    elif isinstance(op, AdvancedSubtensor1):
        made = AdvancedIncSubtensor1(**how)(a, y, *places)
    elif isinstance(op, AdvancedSubtensor):
        masked = isinstance(op, AdvancedBooleanSubtensor)
        kind = AdvancedBooleanIncSubtensor if masked else AdvancedIncSubtensor
        made = kind(**how, idx_list=op.idx_list)(a, y, *places)
    return made


def _through(node: Apply, x: Any, y: Any, inplace: bool, set_instead_of_inc: bool) -> Variable:
    """The assignment to what was taken out before its axes were changed."""
    inner: Any = node.inputs[0]
    have: TensorType = x.type
    if isinstance(node.op, DimShuffle) and not node.op.drop:
        y = dimshuffle(y, *["x"] * (have.ndim - y.type.ndim), *range(y.type.ndim))
        one = [i for i in node.op.augment if not y.type.broadcastable[i]]
        back: list[Any] = [node.op.new_order.index(j) for j in range(inner.type.ndim)]
        y = dimshuffle(y if not one else Rebroadcast(*((i, True) for i in one))(y), *back)
        return node.op(inc_subtensor(inner, y, inplace, set_instead_of_inc))  # type: ignore[no-any-return]
    if isinstance(node.op, Reshape):
        if y.type.ndim:
            y = reshape(as_full(x, y), shape(inner), ndim=inner.type.ndim)
        return inc_subtensor(inner, y, inplace, set_instead_of_inc)
    raise TypeError(f"x must be the result of a subtensor operation: write it as an index, a[…]; got {x}.")


def as_full(x: Any, y: Any) -> Any:
    """`y` broadcast to the shape of `x`."""
    return y if y.type.broadcastable == x.type.broadcastable else x.zeros_like(y.type.dtype) + y
