"""Whether all, or any, of the elements along axes are true."""

from __future__ import annotations

import typing
from typing import ClassVar

from croton.graph.node import Variable
from croton.ops.base import E, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import neq
from croton.ops.reduce import AxisReduce, axes_of, spread
from croton.ops.scalar import logic


class _Truth(AxisReduce):
    """A reduction of truth values; numbers are taken as whether they differ from zero."""

    def prepare(self, *args: typing.Any) -> list[Variable]:
        x = as_tensor_variable(args[0])
        return [x if x.type.dtype == "bool" else neq(x, 0)]

    def grad(self, xs: typing.Any, ys: typing.Any, gs: typing.Any) -> typing.Any:
        return [None]


@op("all")
class All(_Truth):
    """Whether all elements along axes are true (not zero); so they are where there is none.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    bool
    """

    scalar_op: ClassVar[typing.Any] = logic.and_  # type: ignore[misc]

    samples = (
        S((3, 4), axis=(1,), grad=False),
        S((0, 4), axis=(0,), grad=False),
        S((2, 3), dtype="bool", grad=False),
    )
    errors = (E((3,), axis=1, raises=ValueError, says="reduce on axis 1"),)


@op("any")
class Any(_Truth):
    """Whether any element along axes is true (not zero); none is where there is none.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    bool
    """

    scalar_op: ClassVar[typing.Any] = logic.or_  # type: ignore[misc]

    samples = (
        S((3, 4), axis=(1,), grad=False),
        S((0, 4), axis=(0,), grad=False),
        S((2, 3), dtype="bool", grad=False),
    )
    errors = (E((3,), axis=1, raises=ValueError, says="reduce on axis 1"),)


def all(x: typing.Any, axis: typing.Any = None, keepdims: bool = False) -> Variable:
    """Whether all elements of `x` along `axis` are true (not zero)."""
    return _of(All, x, axis, keepdims)


def any(x: typing.Any, axis: typing.Any = None, keepdims: bool = False) -> Variable:
    """Whether any element of `x` along `axis` is true (not zero)."""
    return _of(Any, x, axis, keepdims)


def _of(kind: typing.Any, x: typing.Any, axis: typing.Any, keepdims: bool) -> Variable:
    x = as_tensor_variable(x)
    axes = axes_of(axis, x)
    y = kind(axes)(x)
    return spread(y, x.type.ndim, axes) if keepdims else y
