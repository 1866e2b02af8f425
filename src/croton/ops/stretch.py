"""NumPy's names for what makes shapes fit: axes in front, stretching, turning round, stacking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import alloc
from croton.ops.elemwise import dimshuffle
from croton.ops.join import concatenate


def broadcast_to(x: Any, shape: Any) -> Variable:
    """`x`, stretched to `shape`: a sequence of lengths, numbers or variables.

    Errors:    ValueError for fewer axes than `x` has; at run time for lengths that do not fit
    Example:
        >>> import theano.tensor as T
        >>> T.broadcast_to([1, 2], (2, 2)).eval().tolist()
        [[1, 2], [1, 2]]
    """
    v = as_tensor_variable(x)
    lengths = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    if len(lengths) < v.type.ndim:
        raise ValueError(
            f"broadcast_to: {v} has {v.type.ndim} axes, more than the {len(lengths)} of the shape."
        )
    made: Variable = alloc(v, *lengths)
    return made


def atleast_1d(*tensors: Any) -> Any:
    """Each tensor, a 0-d one as a vector; several come as a list."""
    return _each(tensors, lambda v: dimshuffle(v, "x") if v.type.ndim == 0 else v)


def atleast_2d(*tensors: Any) -> Any:
    """Each tensor, with axes of length 1 in front of less than two; several come as a list."""
    return _each(tensors, lambda v: dimshuffle(v, *["x"] * (2 - v.type.ndim), *range(v.type.ndim)))


def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with three axes or more: (n,) -> (1, n, 1), (m, n) -> (m, n, 1); several come as a list."""
    patterns: dict[int, list[Any]] = {0: ["x", "x", "x"], 1: ["x", 0, "x"], 2: [0, 1, "x"]}
    return _each(tensors, lambda v: dimshuffle(v, *patterns[v.type.ndim]) if v.type.ndim < 3 else v)


def _each(tensors: Sequence[Any], make: Any) -> Any:
    made = [make(as_tensor_variable(x)) for x in tensors]
    return made[0] if len(made) == 1 else made


def flip(m: Any, axis: int | Sequence[int] | None = None) -> Variable:
    """`m` with the order of its elements turned round along `axis`, several, or all.

    Errors:    ValueError for an axis out of range
    """
    v: Any = as_tensor_variable(m)
    axes = range(v.type.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    for a in axes:
        if not -v.type.ndim <= a < v.type.ndim:
            raise ValueError(f"flip: {v} has no axis {a}; it has {v.type.ndim} axes.")
    turned = {a % v.type.ndim for a in axes}
    if not turned:
        return v  # type: ignore[no-any-return]
    return v[tuple(slice(None, None, -1) if a in turned else slice(None) for a in range(v.type.ndim))]  # type: ignore[no-any-return]


def hstack(tensors: Sequence[Any]) -> Variable:
    """The tensors side by side: along the second axis, vectors along their only one."""
    parts = [atleast_1d(x) for x in tensors]
    return concatenate(parts, 0 if parts[0].type.ndim == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Variable:
    """The tensors one below the other: along the first axis, vectors as rows."""
    return concatenate([atleast_2d(x) for x in tensors], 0)


def dstack(tensors: Sequence[Any]) -> Variable:
    """The tensors one behind the other: along the third axis."""
    return concatenate([atleast_3d(x) for x in tensors], 2)
