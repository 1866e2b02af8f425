"""Loops that are one operation."""

from __future__ import annotations

from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.cumulate import CumOp
from croton.ops.elementwise import add, mul
from croton.ops.elemwise import Elemwise, dimshuffle
from croton.ops.join import join
from croton.rules.loops.draft import Draft, Sequence
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType


def running_totals(draft: Draft) -> None:
    """A state to which each step adds an element of a sequence is a running sum; multiplied by it, a product."""
    if draft.stop:
        return
    for state in list(draft.states):
        rows = _totals(draft, state.inner[0], state.after, state.outer) if state.taps == (-1,) else None
        if rows is not None:
            draft.states.remove(state)
            draft.settle(state.out, rows)
            _read_from(draft, rows, state.inner[0], state.after)
    for carried in list(draft.carried):
        if draft.is_private(carried) or not isinstance(carried.outer.type, TensorType):
            continue
        first = dimshuffle(carried.outer, "x", *range(carried.outer.type.ndim))
        rows = _totals(draft, carried.inner, carried.after, first)
        if rows is not None:
            draft.carried.remove(carried)
            draft.settle(carried.out, rows[-1])
            _read_from(draft, rows, carried.inner, carried.after)


def _totals(draft: Draft, before: Variable, after: Variable, first: Variable) -> Variable | None:
    """All totals, from the one before the first step, where each step adds or multiplies one element."""
    node = after.owner
    if node is None or not isinstance(node.op, Elemwise) or len(node.inputs) != 2:
        return None
    mode = "add" if node.op == add else "mul" if node.op == mul else None
    dtype = first.type.dtype
    if mode is None or (is_discrete(dtype) and dtype not in ("int64", "uint64")):
        return None
    if node.inputs.count(before) != 1:
        return None
    other = next(v for v in node.inputs if v is not before)
    sequence = next((s.outer for s in draft.sequences if s.inner is other), None)
    if sequence is None or other.type != after.type:
        return None
    made: Variable = CumOp(0, mode)(join(0, first, draft.rows(sequence)))
    return made


def _read_from(draft: Draft, rows: Variable, before: Variable, after: Variable) -> None:
    """Let a step read totals from outside."""
    fresh: dict[Variable, Variable] = {}
    for variable, part in ((before, rows[:-1]), (after, rows[1:])):
        fresh[variable] = variable.type(variable.name)
        draft.sequences.append(Sequence(fresh[variable], part))
    draft.substitute(fresh)
    draft.drop_unread()


def powers(draft: Draft) -> None:
    """A value that each step multiplies by the same factor is multiplied by a power of that."""
    if draft.stop:
        return
    for carried in list(draft.carried):
        node = carried.after.owner
        if node is None or not isinstance(node.op, Elemwise) or node.op != mul or len(node.inputs) != 2:
            continue
        if node.inputs.count(carried.inner) != 1 or not draft.is_private(carried):
            continue
        factor = draft.others.get(next(v for v in node.inputs if v is not carried.inner))
        if factor is None:
            continue
        value = carried.outer * factor ** cast(draft.count, factor.type.dtype)
        if value.type == carried.outer.type:
            draft.carried.remove(carried)
            draft.settle(carried.out, value)
            draft.drop_unread()
