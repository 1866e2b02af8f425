"""Integers can't be divided by zero: a check is put in front of divisors that may be."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.elementwise import eq, neq, or_
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.raise_op import CheckedDivisor
from croton.ops.shape import shape
from croton.ops.truth import all as all_of
from croton.rewrite.stats import StageStats

_DIVISIONS = frozenset({"int_div", "mod"})
_INTEGERS = "iu"


def check_divisors(graph: FunctionGraph, stats: StageStats, context: Any = None) -> None:
    """Let divisions of integers that the user wrote read divisors that are checked.

    Those that come later are of lengths, where x // 0 is 0: so this comes before all that asks for shapes.
    """
    checked: dict[Any, Variable] = {}
    for node in graph.toposort():
        if not _divides_integers(node):
            continue
        dividend, divisor = node.inputs
        if divisor.owner is not None and isinstance(divisor.owner.op, CheckedDivisor):
            continue
        values = _unmoved(divisor)
        if _is_never_zero(values):
            continue
        axes = _repeating(dividend, divisor)
        key = (divisor, dividend if axes else None)
        if key not in checked:
            with origin.inherit(node.origin):
                condition: Any = neq(values, 0)
                condition = all_of(condition) if condition.ndim else condition
                for axis in axes:
                    condition = or_(condition, eq(shape(dividend)[axis], 0))
                checked[key] = CheckedDivisor()(divisor, condition)
        graph.change_input(node, 1, checked[key])
        stats.fired["check_divisors"] += 1


def _divides_integers(node: Apply) -> bool:
    op = node.op
    if not isinstance(op, Elemwise) or op.scalar_op.name not in _DIVISIONS:
        return False
    return np.dtype(node.outputs[0].type.dtype).kind in _INTEGERS


def _repeating(dividend: Any, divisor: Any) -> list[int]:
    """The axes along which a divisor is repeated: where one has no length, nothing is divided."""
    pairs = zip(dividend.type.shape, divisor.type.shape, strict=True)
    return [axis for axis, (n, m) in enumerate(pairs) if m == 1 and n in (None, 0)]


def _is_never_zero(values: Variable) -> bool:
    """Whether that is known: of constants, and of what is kept from falling below a positive one."""
    if isinstance(values, Constant):
        return bool(np.all(values.data))
    made = values.owner
    if made is None or not isinstance(made.op, Elemwise) or made.op.scalar_op.name != "maximum":
        return False
    return any(isinstance(v, Constant) and np.all(v.data > 0) for v in map(_unmoved, made.inputs))


def _unmoved(variable: Variable) -> Variable:
    """What `variable` has the elements of, past axes that were added or moved."""
    while variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    return variable
