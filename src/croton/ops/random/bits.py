"""Random bits that depend on a key, the number of a draw and an index, and nothing else; and numbers made of bits.

All of them are scalar operations: in native code they are part of the kernels that read them, and every element is
computed by itself, so that neither threads nor vectors nor the shape of the machine change a bit.
"""

from __future__ import annotations

from typing import Any

from croton.ops.elemwise import Elemwise
from croton.ops.scalar.dtypes import only
from croton.ops.scalar.row import Row, no_slope, scalar_op
from croton.vartypes.dtype import is_discrete

# Multipliers, and what is added to the key from round to round.
# source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011: Philox4x32
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = 0xFFFFFFFF


def philox(key: Any, draw: Any, index: Any) -> tuple[Any, Any]:
    """Philox4x32-10: 128 bits as two uint64, of a key and two halves of a counter; arrays or values of loop IR.

    A word of 32 bits is kept in one of 64, where its product with another has room.
    """
    k0, k1 = key & _LOW, key >> 32
    c0, c1, c2, c3 = index & _LOW, index >> 32, draw & _LOW, draw >> 32
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> 32) ^ (k0 ^ c1), p1 & _LOW, (p0 >> 32) ^ (k1 ^ c3), p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return c0 | (c1 << 32), c2 | (c3 << 32)


def _from_bits(dtype: str) -> Any:
    """The rule of data types: of integers, which are computed with as uint64, to `dtype`."""
    return only(lambda *dtypes: (("uint64",) * len(dtypes), (dtype,)), is_discrete, "integers")


def _bits(name: str, half: int, doc: str) -> Row:
    return scalar_op(
        name,
        doc,
        dtypes=_from_bits("uint64"),
        eval=lambda xp, key, draw, index: philox(key, draw, index)[half],
        lower=lambda b, key, draw, index: philox(key, draw, index)[half],
        grad=lambda key, draw, index, y, g: [None, None, None],
        unconnected=(0, 1, 2),
        domain=(0, 100),
        cost=90,
    )


random_bits = Elemwise(
    _bits("random_bits", 0, "64 random bits of a key, the number of a draw, and an index.")
)
more_random_bits = Elemwise(
    _bits("more_random_bits", 1, "64 bits more of the same key, number of a draw, and index.")
)


def _scaled(bits: Any, count: Any) -> Any:
    """The upper 64 of the 128 bits of a product: bits brought evenly to the integers below `count`."""
    high, low = bits >> 32, bits & _LOW
    first, second = count & _LOW, count >> 32
    middle = high * first + ((low * first) >> 32)
    other = low * second + (middle & _LOW)
    return high * second + (middle >> 32) + (other >> 32)


below = Elemwise(
    scalar_op(
        "random_below",
        "An integer less than `count` made of 64 random bits; each is as likely as all others up to count / 2^64.",
        dtypes=_from_bits("uint64"),
        eval=lambda xp, bits, count: _scaled(bits, count),
        lower=lambda b, bits, count: _scaled(bits, count),
        grad=no_slope,
        domain=(1, 100),
        cost=20,
    )
)

# -- floats --------------------------------------------------------------------------------------------------
# The bits of a float's fraction, with the one that is not stored.
_DIGITS = {"float16": 11, "float32": 24, "float64": 53}


def _as_float(cast: Any, bits: Any, count: int, dtype: str) -> Any:
    """The first `count` bits as a whole number: few of them through int32, which all machines convert quickly."""
    first = bits >> (64 - count)
    return cast(cast(first, "int32") if count < 32 else first, dtype)


def _numpy_cast(x: Any, dtype: str) -> Any:
    return x.astype(dtype)


def _unit(cast: Any, bits: Any, dtype: str) -> Any:
    digits = _DIGITS[dtype]
    return _as_float(cast, bits, digits, dtype) * 2.0**-digits


def _open_unit(cast: Any, bits: Any, dtype: str) -> Any:
    # Halfway between multiples of 2^-n: never 0, and only where rounding makes it so, 1. In float32 there are more bits
    # than digits: small numbers have room for them, and what is drawn by a logarithm has longer tails.
    count = {"float16": 11, "float32": 31, "float64": 52}[dtype]
    wide = "float32" if dtype == "float16" else dtype
    return cast((_as_float(cast, bits, count, wide) + 0.5) * 2.0**-count, dtype)


def _floats(name: str, make: Any, doc: str) -> dict[str, Elemwise]:
    """An operation per data type of the result."""

    def row(dtype: str) -> Row:
        return scalar_op(
            f"{name}_{dtype}",
            f"{doc}, as {dtype}, made of 64 random bits.",
            dtypes=_from_bits(dtype),
            eval=lambda xp, bits: make(_numpy_cast, bits, dtype),
            lower=lambda b, bits: make(b.cast, bits, dtype),
            grad=lambda bits, y, g: [None],
            unconnected=(0,),
            domain=(0, 100),
        )

    return {dtype: Elemwise(row(dtype)) for dtype in _DIGITS}


unit = _floats("unit", _unit, "A number evenly spread over [0, 1)")
open_unit = _floats("open_unit", _open_unit, "A number evenly spread over (0, 1]")
