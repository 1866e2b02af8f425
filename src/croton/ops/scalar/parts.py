"""Complex arithmetic by parts: what the parts of a function's value are, in loop IR, from those of its arguments.

Rows say it by `parts=`, beside `lower`. Complex arguments come as pairs; so do real ones where they are computed in a
complex type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np

from croton.graph.node import Variable
from croton.ops.scalar.dtypes import REAL_PART
from croton.ops.scalar.row import ScalarOp
from croton.vartypes.dtype import is_complex


class Pair(NamedTuple):
    """The real and the imaginary part of a number: values of a builder."""

    re: Any
    im: Any


class ByParts(ScalarOp):
    """A row of the table on complex numbers that come, and go, as two real numbers each.

    in_dtypes  the types of the row's own inputs
    sources    for each input, the number of the row's input that it is, or is a part of
    """

    def __init__(self, row: Any, in_dtypes: Sequence[str]) -> None:
        super().__init__()
        self.row = row
        self.in_dtypes = tuple(in_dtypes)
        self.inner, (self.out_dtype,) = row.out_dtypes(self.in_dtypes)
        self.sources = [i for i, d in enumerate(self.in_dtypes) for _ in range(1 + is_complex(d))]
        self.nin = len(self.sources)
        self.nout = 1 + is_complex(self.out_dtype)
        self.name = f"{row.name} by parts"
        self.cost = 4 * row.cost

    def out_dtypes(self, in_dtypes: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        self.check_count(len(in_dtypes))
        return tuple(in_dtypes), (REAL_PART.get(self.out_dtype, self.out_dtype),) * self.nout

    def _gathered(self, values: Sequence[Any], pair: Callable[[Any, Any], Any]) -> list[Any]:
        """The row's own inputs: each a value, or what `pair` makes of two."""
        found: list[list[Any]] = [[] for _ in self.in_dtypes]
        for value, source in zip(values, self.sources, strict=True):
            found[source].append(value)
        return [parts[0] if len(parts) == 1 else pair(*parts) for parts in found]

    def lower(self, b: Any, *values: Any) -> Any:
        """The parts of the value, by the row's `parts`."""
        args = [_as(b, v, d) for v, d in zip(self._gathered(values, Pair), self.inner, strict=True)]
        made = _as(b, self.row.parts(b, *args), self.out_dtype)
        return tuple(made) if self.nout > 1 else made

    def compute(self, xp: Any, values: Sequence[Any], dtypes: Sequence[str] | None = None) -> tuple[Any, ...]:
        args = self._gathered([xp.asarray(v) for v in values], partial(joined, xp))
        (made,) = self.row.compute(xp, args, self.in_dtypes)
        return (xp.real(made), xp.imag(made)) if self.nout > 1 else (made,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByParts) and (self.row, self.in_dtypes) == (other.row, other.in_dtypes)

    def __hash__(self) -> int:
        return hash((ByParts, self.row, self.in_dtypes))

    def __reduce__(self) -> Any:
        return ByParts, (self.row, self.in_dtypes)


def has_parts(op: Any, variables: Sequence[Variable]) -> bool:
    """Whether a scalar operation has a form by parts for inputs or outputs some of which are complex."""
    dtypes = [v.type.dtype for v in variables]
    return any(map(is_complex, dtypes)) and getattr(op, "parts", None) is not None


def joined(xp: Any, a: Any, b: Any) -> Any:
    """The complex array of two parts: without arithmetic, where an infinite part would spoil the other."""
    if xp is not np:
        return xp.asarray(a) + 1j * xp.asarray(b)
    made = np.empty(np.broadcast_shapes(a.shape, b.shape), np.result_type(a.dtype, "complex64"))
    made.real, made.imag = a, b
    return made


def _as(b: Any, value: Any, dtype: str) -> Any:
    """A value in a type: as a pair where that is complex."""
    part = REAL_PART.get(dtype)
    if part is None:
        return b.cast(value, dtype)
    pair = value if isinstance(value, Pair) else Pair(value, b.const(0, part))
    return Pair(b.cast(pair.re, part), b.cast(pair.im, part))


# -- formulas that rows share --------------------------------------------------------------------------------
def each(f: Callable[..., Any]) -> Callable[..., Pair]:
    """The formula of what does the same to both parts."""
    return lambda b, *zs: Pair(f(b, *[z.re for z in zs]), f(b, *[z.im for z in zs]))


def product(b: Any, *zs: Pair) -> Pair:
    """The product of pairs."""
    return reduce(lambda x, y: Pair(x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re), zs)


def quotient(b: Any, x: Pair, y: Pair) -> Pair:
    """The quotient of two pairs.

    source: Smith, "Algorithm 116: complex division" (1962): only a part that overflows itself overflows
    """
    wide = b.ge(b.abs(y.re), b.abs(y.im))
    big, small = b.select(wide, y.re, y.im), b.select(wide, y.im, y.re)
    by_zero = b.eq(big, 0)
    ratio = b.select(by_zero, small, small / big)
    scale = b.select(by_zero, b.abs(big), big + small * ratio)
    plain, turned = x.re + x.im * ratio, x.re * ratio + x.im
    back, turned_back = x.im - x.re * ratio, x.im * ratio - x.re
    re = b.select(by_zero, x.re, b.select(wide, plain, turned))
    im = b.select(by_zero, x.im, b.select(wide, back, turned_back))
    return Pair(re / scale, im / scale)


def size(b: Any, z: Pair) -> Any:
    """The distance from 0, which does not overflow before it must."""
    a, c = b.abs(z.re), b.abs(z.im)
    great, little = b.maximum(a, c), b.minimum(a, c)
    ratio = b.select(b.eq(great, 0), great, little / great)
    infinite = b.isinf(z.re) | b.isinf(z.im)
    return b.select(infinite, float("inf"), great * b.sqrt(1 + ratio * ratio))


def logarithm(b: Any, z: Pair) -> Pair:
    """log |z| and the angle; near |z| = 1 from what |z|² has more than 1."""
    a, c = b.abs(z.re), b.abs(z.im)
    great, little = b.maximum(a, c), b.minimum(a, c)
    more = (great - 1) * (great + 1) + little * little
    near = b.lt(b.abs(more), 0.5)
    real = b.select(near, 0.5 * b.log1p(b.select(near, more, 0)), b.log(size(b, z)))
    return Pair(real, b.arctan2(z.im, z.re))


def times(b: Any, x: Any, y: Any) -> Any:
    """x y, where 0 wins: what is real stays so, however large."""
    zero = b.copysign(b.const(0, x.dtype), x) * b.copysign(b.const(1, y.dtype), y)
    return b.select(b.eq(x, 0) | b.eq(y, 0), zero, x * y)


def exponential(b: Any, z: Pair) -> Pair:
    """e**re at the angle im."""
    e = b.exp(z.re)
    return Pair(e * b.cos(z.im), times(b, e, b.sin(z.im)))


def hyperbolic_sine(b: Any, z: Pair) -> Pair:
    """The hyperbolic sine. source: DLMF 4.35.34"""
    return Pair(times(b, b.sinh(z.re), b.cos(z.im)), times(b, b.cosh(z.re), b.sin(z.im)))


def hyperbolic_cosine(b: Any, z: Pair) -> Pair:
    """The hyperbolic cosine. source: DLMF 4.35.35"""
    return Pair(b.cosh(z.re) * b.cos(z.im), times(b, b.sinh(z.re), b.sin(z.im)))


def root(b: Any, z: Pair) -> Pair:
    """The square root in the right half plane."""
    # Half of the argument where the sum of its parts might overflow, else four times it where that might vanish.
    large = b.gt(b.maximum(b.abs(z.re), b.abs(z.im)), 1)
    one = b.const(1, z.re.dtype)
    factor = b.select(large, one / 4, one * 4)
    w = Pair(z.re * factor, z.im * factor)
    half = b.sqrt(0.5 * (b.abs(w.re) + size(b, w)))
    other = b.select(b.eq(half, 0), half, b.abs(w.im) / (half * 2))
    right = b.ge(w.re, 0)
    back = b.select(large, one * 2, one / 2)
    re, im = b.select(right, half, other) * back, b.select(right, other, half) * back
    infinite = b.isinf(z.im)
    return Pair(b.select(infinite, float("inf"), re), b.copysign(b.select(infinite, float("inf"), im), z.im))


def hyperbolic_tangent(b: Any, z: Pair) -> Pair:
    """The hyperbolic tangent. source: DLMF 4.35.36, divided by the squares of both cosines"""
    t, u, narrow = b.tanh(z.re), b.tan(z.im), 1 / b.cosh(z.re)
    below = 1 + (t * u) * (t * u)
    return Pair(t * (1 + u * u) / below, u * narrow * narrow / below)


def turned(f: Callable[[Any, Pair], Pair]) -> Callable[[Any, Pair], Pair]:
    """The formula of g(z) = -i f(i z), as sine and tangent are of the hyperbolic ones."""

    def formula(b: Any, z: Pair) -> Pair:
        made = f(b, Pair(-z.im, z.re))
        return Pair(made.im, -made.re)

    return formula


def scaled(f: Callable[[Any, Pair], Pair], factor: float) -> Callable[[Any, Pair], Pair]:
    """The formula of `factor` times f."""

    def formula(b: Any, z: Pair) -> Pair:
        made = f(b, z)
        return Pair(made.re * factor, made.im * factor)

    return formula
