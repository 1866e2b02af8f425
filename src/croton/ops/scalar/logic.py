"""Bit operations on integers, which are the logical operations on truth values."""

from __future__ import annotations

from croton.ops.scalar.dtypes import discrete, same
from croton.ops.scalar.row import scalar_op

and_ = scalar_op(
    "and_",
    "Bitwise and.",
    dtypes=discrete(same),
    eval=lambda xp, x, y: x & y,
    lower=lambda b, x, y: b.and_(x, y),
    commutative=True,
    associative=True,
    identity=-1,
    symbol="&",
    label="AND",
    kind="AND",
)

or_ = scalar_op(
    "or_",
    "Bitwise or.",
    dtypes=discrete(same),
    eval=lambda xp, x, y: x | y,
    lower=lambda b, x, y: b.or_(x, y),
    commutative=True,
    associative=True,
    identity=0,
    symbol="|",
    label="OR",
    kind="OR",
)

xor = scalar_op(
    "xor",
    "Bitwise exclusive or.",
    dtypes=discrete(same),
    eval=lambda xp, x, y: x ^ y,
    lower=lambda b, x, y: b.xor(x, y),
    commutative=True,
    associative=True,
    identity=0,
    symbol="^",
    label="XOR",
    kind="XOR",
)

invert = scalar_op(
    "invert",
    "All bits inverted; of a truth value, the other.",
    dtypes=discrete(same),
    eval=lambda xp, x: ~x,
    lower=lambda b, x: b.invert(x),
    symbol="~",
    label="Invert",
)
