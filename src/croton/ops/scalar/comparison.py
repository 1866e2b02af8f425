"""Comparisons: what is true of one number, or between several."""

from __future__ import annotations

import operator
from typing import Any

from croton.ops.scalar.dtypes import to_bool
from croton.ops.scalar.row import Row, scalar_op
from croton.vartypes.dtype import is_float


def _comparison(name: str, doc: str, symbol: str, commutative: bool = False) -> Row:
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
        commutative=commutative,
        symbol=symbol,
        label=name.upper(),
        kind=name.upper(),
    )


lt = _comparison("lt", "Whether the first is less than the second.", "<")
gt = _comparison("gt", "Whether the first is greater than the second.", ">")
le = _comparison("le", "Whether the first is less than the second, or equal.", "<=")
ge = _comparison("ge", "Whether the first is greater than the second, or equal.", ">=")
eq = _comparison("eq", "Whether the two are equal; NaN equals nothing.", "==", commutative=True)
neq = _comparison("neq", "Whether the two differ; NaN differs from all.", "!=", commutative=True)


def _inside(name: str, doc: str, open_low: bool, open_high: bool) -> Row:
    below, above = (operator.gt if open_low else operator.ge), (operator.lt if open_high else operator.le)

    def eval(xp: Any, x: Any, low: Any, high: Any) -> Any:
        return below(x, low) & above(x, high)

    def lower(b: Any, x: Any, low: Any, high: Any) -> Any:
        return b.and_((b.gt if open_low else b.ge)(x, low), (b.lt if open_high else b.le)(x, high))

    return scalar_op(
        name, doc, dtypes=to_bool, eval=eval, lower=lower,
        label=f"InRange{{openlow={open_low}, openhi={open_high}}}", kind="InRange",
    )  # fmt: skip


inopenrange = _inside("inopenrange", "Whether the first lies between the two others, and is neither.", True, True)
inclosedrange = _inside("inclosedrange", "Whether the first lies between the two others, or is one of them.", False, False)

isnan = scalar_op(
    "isnan",
    "Whether it is no number (NaN).",
    dtypes=to_bool,
    eval=lambda xp, x: xp.isnan(x),
    lower=lambda b, x: b.isnan(x) if is_float(x.dtype) else b.const(False, "bool"),
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
    keeps_zero=True,
    label="IsInf",
    kind="IsInf",
)
