"""Rounding to whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.ops.scalar.dtypes import floating, real, to_float
from croton.ops.scalar.row import no_slope, scalar_op

floor = scalar_op(
    "floor",
    "Greatest whole number that is not greater.",
    dtypes=real(to_float),
    eval=lambda xp, x: xp.floor(x),
    lower=lambda b, x: b.floor(x),
    grad=no_slope,
    keeps_zero=True,
)

ceil = scalar_op(
    "ceil",
    "Smallest whole number that is not smaller.",
    dtypes=real(to_float),
    eval=lambda xp, x: xp.ceil(x),
    lower=lambda b, x: b.ceil(x),
    grad=no_slope,
    keeps_zero=True,
)

trunc = scalar_op(
    "trunc",
    "Whole number without the fraction.",
    dtypes=real(to_float),
    eval=lambda xp, x: xp.trunc(x),
    lower=lambda b, x: b.trunc(x),
    grad=no_slope,
    keeps_zero=True,
)

round_half_to_even = scalar_op(
    "round_half_to_even",
    "Nearest whole number; of two, the even one.",
    dtypes=floating(to_float),
    eval=lambda xp, x: xp.rint(x),
    lower=lambda b, x: b.rint(x),
    grad=no_slope,
    keeps_zero=True,
    label="RoundHalfToEven",
    kind="RoundHalfToEven",
)


def _away(xp: Any, x: Any) -> Any:
    # x + 0.5 would round up the number just below 0.5: the fraction is looked at instead.
    whole = xp.trunc(x)
    return whole + xp.copysign(xp.where(abs(x - whole) >= 0.5, xp.ones_like(x), xp.zeros_like(x)), x)


def _lower_away(b: Any, x: Any) -> Any:
    whole = b.trunc(x)
    step = b.select(b.ge(b.abs(x - whole), 0.5), b.const(1, x.dtype), b.const(0, x.dtype))
    return whole + b.copysign(step, x)


round_half_away_from_zero = scalar_op(
    "round_half_away_from_zero",
    "Nearest whole number; of two, the one farther from zero.",
    dtypes=floating(to_float),
    eval=_away,
    lower=_lower_away,
    grad=no_slope,
    keeps_zero=True,
    label="RoundHalfAwayFromZero",
    kind="RoundHalfAwayFromZero",
)


def round_half_away_from_zero_vec(a: Any) -> Any:
    """The same of a NumPy array; of numbers that are not float32 as float64."""
    x = np.asarray(a)
    return _away(np, x if x.dtype == np.float32 else x.astype(np.float64))
