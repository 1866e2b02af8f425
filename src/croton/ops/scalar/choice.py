"""One of several values as it is: by position, by a condition, by order."""

from __future__ import annotations

from typing import Any

from croton.ops.scalar.comparison import eq, ge, gt, le, lt, neq
from croton.ops.scalar.dtypes import as_branches, as_last, real, same
from croton.ops.scalar.parts import Pair
from croton.ops.scalar.row import like, scalar_op
from croton.vartypes.dtype import is_discrete

second = scalar_op(
    "second",
    "The second of two arguments, as often as the first has elements.",
    dtypes=as_last,
    eval=lambda xp, x, y: xp.broadcast_to(y, xp.broadcast_shapes(x.shape, y.shape)),
    lower=lambda b, x, y: y,
    parts=lambda b, x, y: y,
    grad=lambda x, y, z, g: [None, g],
    holomorphic=False,
    unconnected=(0,),
)

identity = scalar_op(
    "identity",
    "The argument as it is, in memory of its own.",
    dtypes=same,
    eval=lambda xp, x: xp.array(x),
    lower=lambda b, x: x,
    parts=lambda b, x: x,
    grad=lambda x, y, g: g,
    holomorphic=False,
    keeps_zero=True,
)


def _holds(b: Any, c: Any) -> Any:
    if isinstance(c, Pair):
        return b.ne(c.re, 0) | b.ne(c.im, 0)
    return c if c.dtype == "bool" else b.ne(c, 0)


def _chosen(b: Any, holds: Any, x: Any, y: Any) -> Any:
    if isinstance(x, Pair):
        return Pair(b.select(holds, x.re, y.re), b.select(holds, x.im, y.im))
    return b.select(holds, x, y)


def _switch_gradient(condition: Any, x: Any, y: Any, z: Any, g: Any) -> list[Any]:
    none = like(g, 0)
    return [
        second(condition, none if is_discrete(condition.type.dtype) else like(condition, 0)),
        switch(condition, g, none),
        switch(condition, none, g),
    ]


switch = scalar_op(
    "switch",
    "The second argument where the first is not zero, else the third.",
    dtypes=as_branches,
    eval=lambda xp, condition, x, y: xp.where(condition.astype("bool"), x, y),
    lower=lambda b, c, x, y: b.select(_holds(b, c), x, y),
    parts=lambda b, c, x, y: _chosen(b, _holds(b, c), x, y),
    grad=_switch_gradient,
    holomorphic=False,
    domain=((0.1, 1.0), (-2.0, 2.0), (-2.0, 2.0)),
    label="Switch",
)


def _extremum_gradient(x: Any, y: Any, z: Any, g: Any) -> list[Any]:
    # Of equal arguments the first takes all; the second does where there is a NaN.
    return [eq(z, x) * g, neq(z, x) * g]


maximum = scalar_op(
    "maximum",
    "The greater of two; NaN if either is. Of equal ones the first takes all of the gradient.",
    dtypes=same,
    eval=lambda xp, x, y: xp.maximum(x, y),
    lower=lambda b, x, y: b.maximum(x, y),
    grad=_extremum_gradient,
    holomorphic=False,
    commutative=True,
    associative=True,
)

minimum = scalar_op(
    "minimum",
    "The smaller of two; NaN if either is. Of equal ones the first takes all of the gradient.",
    dtypes=same,
    eval=lambda xp, x, y: xp.minimum(x, y),
    lower=lambda b, x, y: b.minimum(x, y),
    grad=_extremum_gradient,
    holomorphic=False,
    commutative=True,
    associative=True,
)

clip = scalar_op(
    "clip",
    "First argument brought between the second (least, which wins) and the third (greatest). NaN stays.",
    dtypes=real(same),
    eval=lambda xp, x, low, high: xp.where(x < low, low, xp.where(x > high, high, x)),
    lower=lambda b, x, low, high: b.select(b.lt(x, low), low, b.select(b.gt(x, high), high, x)),
    grad=lambda x, low, high, y, g: [ge(x, low) * le(x, high) * g, lt(x, low) * g, gt(x, high) * g],
    domain=((-2.0, 2.0), (-1.0, -0.5), (0.5, 1.0)),
)
