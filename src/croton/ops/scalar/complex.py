"""Complex numbers: their parts, and how they are made of parts.

The cotangent of z = a + ib is dC/da + i dC/db, of a real cost C.
"""

from __future__ import annotations

from typing import Any

from croton.ops.scalar.arithmetic import neg, sqr
from croton.ops.scalar.choice import identity, switch
from croton.ops.scalar.comparison import eq
from croton.ops.scalar.dtypes import real as real_only
from croton.ops.scalar.dtypes import same, to_angle, to_complex, to_real
from croton.ops.scalar.parts import Pair, joined
from croton.ops.scalar.row import Row, like, no_slope, scalar_op
from croton.ops.scalar.trigonometric import cos, sin
from croton.vartypes.dtype import is_complex

real = scalar_op(
    "real",
    "Real part.",
    dtypes=to_real,
    eval=lambda xp, x: xp.real(x),
    lower=lambda b, x: x,
    parts=lambda b, x: x.re,
    grad=lambda x, y, g: complex(g, like(g, 0)) if is_complex(x.type.dtype) else g,
    holomorphic=False,
    keeps_zero=True,
)

imag = scalar_op(
    "imag",
    "Imaginary part; 0 of a real number.",
    dtypes=to_real,
    eval=lambda xp, x: xp.imag(x),
    lower=lambda b, x: b.const(0, x.dtype),
    parts=lambda b, x: x.im,
    grad=lambda x, y, g: complex(like(g, 0), g) if is_complex(x.type.dtype) else no_slope(x, y, g),
    holomorphic=False,
    keeps_zero=True,
)


def _conjugate_rule(*dtypes: str) -> Any:
    return same("int8") if dtypes == ("bool",) else same(*dtypes)


conj: Row = scalar_op(
    "conj",
    "Complex conjugate; a real number as it is.",
    dtypes=_conjugate_rule,
    eval=lambda xp, x: xp.conj(x),
    lower=lambda b, x: x,
    parts=lambda b, x: Pair(x.re, -x.im),
    grad=lambda x, y, g: conj(g) if is_complex(g.type.dtype) else identity(g),
    holomorphic=False,
    keeps_zero=True,
)


def _angle_gradient(x: Any, y: Any, g: Any) -> Any:
    if not is_complex(x.type.dtype):
        return no_slope(x, y, g)
    a, b = real(x), imag(x)
    size = sqr(a) + sqr(b)
    scaled = switch(eq(size, like(size, 0)), like(g, 0), g / size)
    return complex(neg(scaled * b), scaled * a)


angle = scalar_op(
    "angle",
    "Angle of the complex number, between -π and π; float64.",
    dtypes=to_angle,
    eval=lambda xp, x: xp.angle(x),
    lower=lambda b, x: b.arctan2(b.const(0, x.dtype), x),
    parts=lambda b, x: b.arctan2(x.im, x.re),
    grad=_angle_gradient,
    holomorphic=False,
)

complex: Row = scalar_op(
    "complex",
    "Complex number of a real and an imaginary part.",
    dtypes=real_only(to_complex),
    eval=joined,
    parts=lambda b, x, y: Pair(x, y),
    grad=lambda a, b, z, g: [real(g), imag(g)],
    holomorphic=False,
)

complex_from_polar = scalar_op(
    "complex_from_polar",
    "Complex number of a modulus and an angle.",
    dtypes=real_only(to_complex),
    eval=lambda xp, r, theta: joined(xp, r * xp.cos(theta), r * xp.sin(theta)),
    parts=lambda b, r, theta: Pair(r * b.cos(theta), r * b.sin(theta)),
    grad=lambda r, theta, z, g: [
        real(g) * cos(theta) + imag(g) * sin(theta),
        imag(g) * real(z) - real(g) * imag(z),
    ],
    holomorphic=False,
    kind="ComplexFromPolar",
)
