"""Axes put in another order, added and taken away; the elements stay where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.errors import AxisError
from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import dimshuffle
from croton.ops.reduce import axes_of


def shape_padleft(t: Any, n_ones: int = 1) -> Variable:
    """`t` with `n_ones` axes of length 1 in front."""
    x = as_tensor_variable(t)
    return dimshuffle(x, *["x"] * n_ones, *range(x.type.ndim))


def shape_padright(t: Any, n_ones: int = 1) -> Variable:
    """`t` with `n_ones` axes of length 1 at the end."""
    x = as_tensor_variable(t)
    return dimshuffle(x, *range(x.type.ndim), *["x"] * n_ones)


def shape_padaxis(t: Any, axis: int) -> Variable:
    """`t` with a new axis of length 1, which is `axis` of the result.

    Errors:  IndexError for an axis that the result has not
    """
    x: Any = as_tensor_variable(t)
    ndim = x.type.ndim + 1
    if not -ndim <= axis < ndim:
        raise AxisError(f"axis {axis} is out of bounds [-{ndim}, {ndim}) for {x} with one more axis.")
    order: list[Any] = list(range(x.type.ndim))
    order.insert(axis % ndim, "x")
    return dimshuffle(x, *order)


def expand_dims(t: Any, axis: Any) -> Variable:
    """`t` with new axes of length 1, which are `axis` (one or several) of the result."""
    x: Any = as_tensor_variable(t)
    new = [axis] if isinstance(axis, int) else list(axis)
    ndim = x.type.ndim + len(new)
    if any(not -ndim <= a < ndim for a in new) or len({a % ndim for a in new}) != len(new):
        raise AxisError(f"axes {axis} are out of bounds [-{ndim}, {ndim}), or named twice.")
    at = {a % ndim for a in new}
    old = iter(range(x.type.ndim))
    return dimshuffle(x, *["x" if i in at else next(old) for i in range(ndim)])


def squeeze(x: Any, axis: Any = None) -> Variable:
    """`x` without its axes of length 1, so far as its type says that they are; with `axis`, without those.

    Errors:  ValueError for an axis in `axis` that does not broadcast
    Example:
        >>> import theano.tensor as T
        >>> T.squeeze(T.ones((1, 3))).eval().shape
        (3,)
    """
    x = as_tensor_variable(x)
    gone = axes_of(axis, x)
    if gone is None:
        gone = tuple(i for i, flag in enumerate(x.type.broadcastable) if flag)
    return dimshuffle(x, *[i for i in range(x.type.ndim) if i not in gone])


def swapaxes(y: Any, axis1: int, axis2: int) -> Variable:
    """`y` with two axes in each other's place.

    Errors:  IndexError for an axis that there is not
    """
    x: Any = as_tensor_variable(y)
    order = list(range(x.type.ndim))
    for axis in (axis1, axis2):
        if not -x.type.ndim <= axis < x.type.ndim:
            raise AxisError(f"{x} has {x.type.ndim} axes; there is none of number {axis} to swap.")
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return dimshuffle(x, *order)


def moveaxis(x: Any, source: Any, destination: Any) -> Variable:
    """`x` with the axes `source` moved to where `destination` says; the others keep their order."""
    v: Any = as_tensor_variable(x)
    ndim = v.type.ndim
    moved = [source] if isinstance(source, int) else list(source)
    to = [destination] if isinstance(destination, int) else list(destination)
    if len(moved) != len(to) or any(not -ndim <= a < ndim for a in (*moved, *to)):
        raise ValueError(f"Axes {source} can't be moved to {destination}: {v} has {ndim} axes.")
    moved, to = [a % ndim for a in moved], [a % ndim for a in to]
    order = [a for a in range(ndim) if a not in moved]
    for at, axis in sorted(zip(to, moved, strict=True)):
        order.insert(at, axis)
    return dimshuffle(v, *order)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Variable:
    """`x` with its axes in the order of `axes`, or in reverse order.

    Errors:  ValueError when `axes` does not name each axis once
    """
    v: Any = as_tensor_variable(x)
    made = dimshuffle(v, *(range(v.type.ndim - 1, -1, -1) if axes is None else axes))
    if made.type.ndim != v.type.ndim:
        raise ValueError(f"transpose needs each axis of {v} once; got axes {axes}.")
    if v.name and made.name is None and made is not v:
        made.name = v.name + ".T"
    return made


def atleast_nd(x: Any, n: int = 1, left: bool = True) -> Variable:
    """`x` with at least `n` axes: those it lacks have length 1 and stand in front, or with `left` False at the end."""
    v: Any = as_tensor_variable(x)
    missing = max(n - v.type.ndim, 0)
    return shape_padleft(v, missing) if left else shape_padright(v, missing)
