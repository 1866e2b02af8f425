"""Arithmetic: sums, products, quotients, powers."""

from __future__ import annotations

from functools import reduce
from operator import mul as times
from operator import add as plus

from croton.ops.scalar.row import same, scalar_op

add = scalar_op(
    "add",
    "Sum of the arguments.",
    dtypes=same,
    eval=lambda xp, *xs: reduce(plus, xs),
    lower=lambda b, *xs: reduce(b.add, xs),
    grad=lambda *args: [args[-1]] * (len(args) - 2),
    nin=None,
    commutative=True,
    associative=True,
    identity=0,
    symbol="+",
)

mul = scalar_op(
    "mul",
    "Product of the arguments.",
    dtypes=same,
    eval=lambda xp, *xs: reduce(times, xs),
    lower=lambda b, *xs: reduce(b.mul, xs),
    grad=lambda *args: [
        reduce(times, [args[-1], *(x for j, x in enumerate(args[:-2]) if j != i)]) for i in range(len(args) - 2)
    ],
    nin=None,
    commutative=True,
    associative=True,
    identity=1,
    symbol="*",
)
