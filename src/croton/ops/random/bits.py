"""Random bits that depend on a key, the number of a draw and an index, and nothing else; and numbers made of bits.

A key and the number of a draw make 128 bits, once per draw (Philox): a key of the draw's own, and where its indices
begin. Of these and an index the bits of an element are made (Threefry). All are scalar operations: in native code they
are part of the kernels that read them, and every element is computed by itself, so that neither threads nor vectors nor
the shape of the machine change a bit.

Threefry needs additions, rotations and exclusive ors of 32 bits alone, of which vectors hold twice as many as of the
products that Philox takes: it has half of its time per element (AVX-512; a third, AVX2). Both are Crush-resistant:
Philox4x32 from 7 rounds on, Threefry2x32 from 13. What more rounds are for, keys that differ in a simple manner, is
left to Philox with its full 10 rounds: keys of draws are as good as chosen at random, and so is where their indices
begin. Two draws would have to share these 128 bits.
"""

from __future__ import annotations

from typing import Any

from croton.ops.elemwise import Elemwise
from croton.ops.random.arrays import ARRAYS
from croton.ops.scalar.dtypes import only
from croton.ops.scalar.row import Row, no_slope, scalar_op
from croton.vartypes.dtype import is_discrete

_LOW = 0xFFFFFFFF

# Multipliers, and what is added to the key from round to round.
# source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011: Philox4x32
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_PHILOX_ROUNDS = 10

# How far words are rotated, round by round, and what the third word of the key is made with.
# source: ibid., Threefry2x32; of Threefish: Ferguson and others, The Skein hash function family, 2010
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA
_THREEFRY_ROUNDS = 13


def philox(key: Any, draw: Any, index: Any) -> tuple[Any, Any]:
    """Philox4x32-10: 128 bits as two uint64, of a key and two halves of a counter; arrays or values of loop IR.

    A word of 32 bits is kept in one of 64, where its product with another has room.
    """
    k0, k1 = key & _LOW, key >> 32
    c0, c1, c2, c3 = index & _LOW, index >> 32, draw & _LOW, draw >> 32
    for _ in range(_PHILOX_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> 32) ^ (k0 ^ c1), p1 & _LOW, (p0 >> 32) ^ (k1 ^ c3), p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return c0 | (c1 << 32), c2 | (c3 << 32)


def threefry(
    key: tuple[Any, Any], counter: tuple[Any, Any], rounds: int = _THREEFRY_ROUNDS
) -> tuple[Any, Any]:
    """Threefry2x32: two words of a key and a counter of two words each, uint32; arrays or values of loop IR."""
    keys = (*key, key[0] ^ key[1] ^ _PARITY)
    x0, x1 = counter[0] + keys[0], counter[1] + keys[1]
    for i in range(rounds):
        by = _ROTATIONS[i % 8]
        x0 = x0 + x1
        x1 = ((x1 << by) | (x1 >> (32 - by))) ^ x0
        if i % 4 == 3:
            n = i // 4 + 1
            x0, x1 = x0 + keys[n % 3], x1 + (keys[(n + 1) % 3] + n)
    return x0, x1


def _words(b: Any, x: Any) -> tuple[Any, Any]:
    """The low and the high half of 64 bits."""
    return b.cast(x, "uint32"), b.cast(x >> 32, "uint32")


def element_bits(b: Any, key: Any, start: Any, index: Any) -> Any:
    """The 64 bits of an element; `b` is a builder of loops, or does the same on arrays."""
    begin, at = _words(b, start), _words(b, index)
    first, second = threefry(_words(b, key), (at[0] + begin[0], at[1] + begin[1]))
    return (b.cast(first, "uint64") << 32) | b.cast(second, "uint64")


def _from_bits(dtype: str) -> Any:
    """The rule of data types: of integers, which are computed with as uint64, to `dtype`."""
    return only(lambda *dtypes: (("uint64",) * len(dtypes), (dtype,)), is_discrete, "integers")


def _of_integers(name: str, doc: str, make: Any, cost: int) -> Elemwise:
    """An operation of three integers that no gradient goes through; `make` takes a builder, or what stands for it."""
    return Elemwise(
        scalar_op(
            name,
            doc,
            dtypes=_from_bits("uint64"),
            eval=lambda xp, x, y, z: make(ARRAYS, x, y, z),
            lower=make,
            grad=lambda x, y, z, out, g: [None, None, None],
            unconnected=(0, 1, 2),
            domain=(0, 100),
            cost=cost,
        )
    )


draw_key = _of_integers(
    "draw_key",
    "The key of a draw: of a stream's key, the number of the draw, and what part of it the bits are for.",
    lambda b, key, draw, part: philox(key, draw, part)[0],
    90,
)
draw_start = _of_integers(
    "draw_start",
    "Where the indices of a draw begin: of the same three as its key.",
    lambda b, key, draw, part: philox(key, draw, part)[1],
    90,
)
random_bits = _of_integers(
    "random_bits", "64 random bits of a draw's key, where its indices begin, and an index.", element_bits, 90
)


def scaled(bits: Any, count: Any) -> Any:
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
        eval=lambda xp, bits, count: scaled(bits, count),
        lower=lambda b, bits, count: scaled(bits, count),
        grad=no_slope,
        domain=(1, 100),
        cost=20,
    )
)

# -- floats --------------------------------------------------------------------------------------------------
# Few bits become floats through int32, which all machines convert quickly; 52 or 53 of them, in two pieces.


def _small(b: Any, bits: Any, dtype: str) -> Any:
    """Less than 32 bits, in a word of any length, as a float."""
    return b.cast(b.cast(bits, "int32"), dtype)


def _fixed_point(b: Any, high: Any, low: Any, digits: tuple[int, int], half: bool) -> Any:
    """A float64 whose binary digits are `high`, then `low`; with `half`, one digit more that is 1. It is exact."""
    first, both = digits[0], sum(digits)
    last = b.fma(
        _small(b, low, "float64"),
        b.const(2.0**-both, "float64"),
        b.const(half * 2.0 ** -(both + 1), "float64"),
    )
    return b.fma(_small(b, high, "float64"), b.const(2.0**-first, "float64"), last)


def unit_of(b: Any, bits: Any, dtype: str) -> Any:
    """As many bits as the type has digits: the first ones of each word."""
    if dtype == "float64":
        first, second = _words(b, bits)[::-1]
        return _fixed_point(b, first >> 5, second >> 6, (27, 26), half=False)
    digits = {"float16": 11, "float32": 24}[dtype]
    return _small(b, _words(b, bits)[1] >> (32 - digits), dtype) * b.const(2.0**-digits, dtype)


def open_unit_of(b: Any, bits: Any, dtype: str) -> Any:
    """Halfway between multiples of 2^-n: never 0, and only where rounding makes it so, 1."""
    if dtype == "float64":
        first, second = _words(b, bits)[::-1]
        return _fixed_point(b, first >> 6, second >> 6, (26, 26), half=True)
    # In float32 there are more bits than digits: small numbers have room for them, and what is drawn by a logarithm has
    # longer tails.
    count = {"float16": 11, "float32": 31}[dtype]
    made = (_small(b, _words(b, bits)[1] >> (32 - count), "float32") + 0.5) * b.const(2.0**-count, "float32")
    return b.cast(made, dtype)


def radius_unit_of(b: Any, bits: Any, dtype: str) -> Any:
    """As `open_unit_of`, and independent of `cosine_of` the same bits, but for one number in 2^31.

    In float64 the 21 last of its 52 digits are also the last ones of the angle. They count where the others are 0, and
    then for how near the number is to 0; the angle has eleven digits before them.
    """
    if dtype != "float64":
        return open_unit_of(b, bits, dtype)
    return _fixed_point(b, _words(b, bits)[1] >> 1, _words(b, bits)[0] & 0x1FFFFF, (31, 21), half=True)


# sin(2 pi y) / y as polynomials in y^2 for |y| <= 1/4, the constant first; beside the sine they err by 2.4e-16, 3.2e-8.
# source: interpolation at Chebyshev's points, in 60 digits
_SINE_OF_TURN = {
    "float64": (
        6.283185307179585, -41.341702240398284, 81.60524927557977, -76.70585968962867, 42.05868995395094,
        -15.09450614073429, 3.817365633469135, -0.6925067010720717,
    ),
    "float32": (6.2831854820251465, -41.34168243408203, 81.60247802734375, -76.58116912841797, 39.75982666015625),
}  # fmt: skip


def cosine_of(b: Any, bits: Any, dtype: str) -> Any:
    """The cosine of an angle: the last 32 bits are its part of a whole turn, from -1/2 to 1/2."""
    wide = "float64" if dtype == "float64" else "float32"
    # cos(2 pi t) = sin(2 pi (1/4 - |t|)); for t = -1/2, what wraps comes out right
    turn = b.cast(_words(b, bits)[0], "int32")
    y = b.cast(b.const(1 << 30, "int32") - b.abs(turn), wide) * b.const(2.0**-32, wide)
    square = y * y
    *others, made = (b.const(c, wide) for c in _SINE_OF_TURN[wide])
    for coefficient in reversed(others):
        made = b.fma(made, square, coefficient)
    return b.cast(made * y, dtype)


def _floats(name: str, make: Any, doc: str) -> dict[str, Elemwise]:
    """An operation per data type of the result."""

    def row(dtype: str) -> Row:
        return scalar_op(
            f"{name}_{dtype}",
            f"{doc}, as {dtype}, made of 64 random bits.",
            dtypes=_from_bits(dtype),
            eval=lambda xp, bits: make(ARRAYS, bits, dtype),
            lower=lambda b, bits: make(b, bits, dtype),
            grad=lambda bits, y, g: [None],
            unconnected=(0,),
            domain=(0, 100),
        )

    return {dtype: Elemwise(row(dtype)) for dtype in ("float16", "float32", "float64")}


unit = _floats("unit", unit_of, "A number evenly spread over [0, 1)")
open_unit = _floats("open_unit", open_unit_of, "A number evenly spread over (0, 1]")
radius_unit = _floats("radius_unit", radius_unit_of, "A number evenly spread over (0, 1]")
cosine = _floats(
    "random_cosine", cosine_of, "The cosine of an evenly spread angle, of other bits than `radius_unit`"
)
