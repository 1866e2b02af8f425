"""Where the greatest and the least elements along axes are."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import eq
from croton.ops.reduce import as_axes, check_and_normalize_axes, spread
from croton.vartypes.dtype import is_complex
from croton.vartypes.tensor import TensorType


def _first(xp: Any, find: str, x: Any, axes: tuple[int, ...]) -> Any:
    """The first place of the extremum, counted over `axes` in row-major order."""
    kept = [a for a in range(x.ndim) if a not in axes]
    rows = xp.transpose(x, [*kept, *axes])
    length = 1
    for a in axes:
        length *= x.shape[a]
    return getattr(xp, find)(rows.reshape((*rows.shape[: len(kept)], length)), axis=-1).astype("int64")


class _Place(Primitive):
    """What the searches for an extremum share: the axes, and shapes without them."""

    axis: Any

    def __post_init__(self) -> None:
        if self.axis is None or isinstance(self.axis, (int, np.integer)):
            raise TypeError(f"{type(self).__name__} needs a sequence of axes; got {self.axis!r}.")
        self.axis = as_axes(self.axis)

    makes_new_memory: ClassVar[bool] = True

    def reduced(self, x: Variable, dtype: str) -> TensorType:
        """The type of what is found, as `dtype`."""
        kind = x.type
        assert isinstance(kind, TensorType)
        if any(not 0 <= a < kind.ndim for a in self.axis):
            raise ValueError(f"{self} needs more axes than {x} has ({kind.ndim}).")
        return TensorType(dtype, [d for a, d in enumerate(kind.shape) if a not in self.axis])

    def infer(self, x: Variable) -> Any:
        return self.reduced(x, "int64")

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [tuple(d for a, d in enumerate(shapes[0]) if a not in self.axis)] * len(node.outputs)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        # A place does not move with small changes: zero, not disconnected, as in the original.
        return [xs[0].zeros_like()]

    def __str__(self) -> str:
        return f"{type(self).__name__}{{axis={self.axis}}}"


@op("argmax")
class Argmax(_Place):
    """Where the greatest element along axes is: the first of several, the first NaN where there is one.

    Shapes:    (…) -> (…) without the axes in `axis`; over several, the place counts them in row-major order
    Dtypes:    int64
    Gradient:  zero
    Errors:    ValueError at run time when there is nothing to choose from
    """

    axis: Any

    def eval(self, xp: Any, x: Any) -> Any:
        return _first(xp, "argmax", x, self.axis)

    samples = (
        S((3, 4), axis=(1,), grad=False),
        S((2, 3, 4), axis=(0, 2), grad=False),
        S((0, 4), axis=(1,), grad=False),
    )
    errors = (
        E((0, 4), axis=(0,), raises=ValueError, says="empty"),
        E((3,), axis=(1,), raises=ValueError, says="needs more axes"),
    )


@op("argmin")
class Argmin(_Place):
    """Where the least element along axes is: the first of several, the first NaN where there is one.

    Shapes:    (…) -> (…) without the axes in `axis`; over several, the place counts them in row-major order
    Dtypes:    int64
    Gradient:  zero
    Errors:    ValueError at run time when there is nothing to choose from
    """

    axis: Any

    def eval(self, xp: Any, x: Any) -> Any:
        return _first(xp, "argmin", x, self.axis)

    samples = (S((3, 4), axis=(1,), grad=False), S((2, 3, 4), axis=(0, 2), grad=False))
    errors = (E((0, 4), axis=(0,), raises=ValueError, says="empty"),)


@op("max_and_argmax")
class MaxAndArgmax(_Place):
    """The greatest element along axes, and where the first such is.

    Shapes:    (…) -> (…) without the axes in `axis`, twice
    Dtypes:    as the input; int64
    Gradient:  the cotangent of the first output for each element that is as great as the greatest
    Errors:    ValueError at run time when there is nothing to choose from
    """

    axis: Any
    nout: ClassVar[int] = 2

    def infer(self, x: Variable) -> Any:
        return [self.reduced(x, x.type.dtype), self.reduced(x, "int64")]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.max(x, axis=self.axis), _first(xp, "argmax", x, self.axis)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x,) = xs
        if gs[0] is None:
            return [x.zeros_like()]
        ndim = x.type.ndim
        return [spread(gs[0], ndim, self.axis) * eq(spread(ys[0], ndim, self.axis), x)]

    samples = (S((3, 4), axis=(1,)), S((2, 3, 4), axis=(0, 2)))
    errors = (E((0, 4), axis=(0,), raises=ValueError, says="zero-size"),)


# -- functions -----------------------------------------------------------------------------------------------
def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Where the greatest element along `axis` is; None counts all elements in row-major order.

    Example:
        >>> import theano.tensor as T
        >>> T.argmax([[1, 9], [8, 2]], axis=1).eval().tolist()
        [1, 0]
    """
    return _place(Argmax, x, axis, keepdims)


def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Where the least element along `axis` is; None counts all elements in row-major order.

    Errors: NotImplementedError for complex numbers
    """
    return _place(Argmin, x, axis, keepdims)


def max_and_argmax(a: Any, axis: Any = None, keepdims: bool = False) -> list[Variable]:
    """The greatest element along `axis`, and where it is."""
    x = as_tensor_variable(a)
    axes = tuple(check_and_normalize_axes(x, axis))
    outs = MaxAndArgmax(axes)(x)
    for out, name in zip(outs, ("max", "argmax"), strict=True):
        out.name = name
    return [spread(out, x.type.ndim, axes) for out in outs] if keepdims else list(outs)


def _place(kind: Any, x: Any, axis: Any, keepdims: bool) -> Variable:
    x = as_tensor_variable(x)
    if kind is Argmin and is_complex(x.type.dtype):
        raise NotImplementedError(f"Complex numbers have no least one; got {x} of type {x.type}.")
    axes = tuple(check_and_normalize_axes(x, axis))
    y = kind(axes)(x)
    y.name = kind.op_name
    return spread(y, x.type.ndim, axes) if keepdims else y
