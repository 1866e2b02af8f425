"""Comparisons: what is true of one number, or between several."""

from __future__ import annotations

import operator
from typing import Any

from croton.ops.scalar.dtypes import to_bool
from croton.ops.scalar.row import Row, enter, scalar_op, template
from croton.vartypes.dtype import is_float


class LogicalComparison(Row):
    """What two numbers are to each other: true or false."""


def _comparison(name: str, doc: str, symbol: str, commutative: bool = False, parts: Any = None) -> Row:
    method = {"neq": "ne"}.get(name, name)

    def eval(xp: Any, x: Any, y: Any) -> Any:
        return getattr(operator, method)(x, y)

    def lower(b: Any, x: Any, y: Any) -> Any:
        return getattr(b, method)(x, y)

    return scalar_op(
        name,
        doc,
        dtypes=to_bool,
        eval=eval,
        lower=lower,
        parts=parts,
        commutative=commutative,
        symbol=symbol,
        label=name.upper(),
        kind=name.upper(),
        base=LogicalComparison,
    )


lt = _comparison("lt", "Whether the first is less than the second.", "<")
gt = _comparison("gt", "Whether the first is greater than the second.", ">")
le = _comparison("le", "Whether the first is less than the second, or equal.", "<=")
ge = _comparison("ge", "Whether the first is greater than the second, or equal.", ">=")
eq = _comparison(
    "eq",
    "Whether the two are equal; NaN equals nothing.",
    "==",
    commutative=True,
    parts=lambda b, x, y: b.eq(x.re, y.re) & b.eq(x.im, y.im),
)
neq = _comparison(
    "neq",
    "Whether the two differ; NaN differs from all.",
    "!=",
    commutative=True,
    parts=lambda b, x, y: b.ne(x.re, y.re) | b.ne(x.im, y.im),
)


class InRange(LogicalComparison):
    """Whether a number lies between two others; `openlow` and `openhi` say which of these it may not be."""

    def __init__(self, openlow: bool, openhi: bool) -> None:
        self.openlow, self.openhi = openlow, openhi
        below, above = ("gt" if openlow else "ge"), ("lt" if openhi else "le")
        self.template = template(
            f"in_range_{below}_{above}",
            "Whether the first lies between the two others.",
            dtypes=to_bool,
            eval=lambda xp, x, low, high: (
                getattr(operator, below)(x, low) & getattr(operator, above)(x, high)
            ),
            lower=lambda b, x, low, high: b.and_(getattr(b, below)(x, low), getattr(b, above)(x, high)),
            label=f"InRange{{openlow={openlow}, openhi={openhi}}}",
        )
        super().__init__()

    def __reduce__(self) -> Any:
        return InRange, (self.openlow, self.openhi)


inopenrange = enter(InRange(True, True))
inclosedrange = enter(InRange(False, False))

isnan = scalar_op(
    "isnan",
    "Whether it is no number (NaN).",
    dtypes=to_bool,
    eval=lambda xp, x: xp.isnan(x),
    lower=lambda b, x: b.isnan(x) if is_float(x.dtype) else b.const(False, "bool"),
    parts=lambda b, x: b.isnan(x.re) | b.isnan(x.im),
    keeps_zero=True,
    label="IsNan",
    kind="IsNan",
)

isinf = scalar_op(
    "isinf",
    "Whether it is infinite, of either sign.",
    dtypes=to_bool,
    eval=lambda xp, x: xp.isinf(x),
    lower=lambda b, x: b.isinf(x) if is_float(x.dtype) else b.const(False, "bool"),
    parts=lambda b, x: b.isinf(x.re) | b.isinf(x.im),
    keeps_zero=True,
    label="IsInf",
    kind="IsInf",
)
