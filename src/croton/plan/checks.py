"""Lengths are checked before anything is written over, so that a call that fails leaves all states as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from croton.plan import program as p
from croton.plan.builder import UNKNOWN
from croton.util.record import replace

# What lies in slots of these kinds does not change while a program runs.
_GIVEN = frozenset({"input", "constant", "cell"})

_Pure = p.Compute | p.SlotDim | p.SlotStride


def checked_before_writing(statements: Sequence[p.Statement]) -> list[p.Statement]:
    """The statements, with checks that follow the first writing over a cell, and may come before it, before it."""
    first = next((i for i, s in enumerate(statements) if _writes_over(s)), len(statements))
    before, after = list(statements[:first]), statements[first:]
    later = {reg for s in after for reg in _written(s)}
    sources: dict[p.Reg, _Pure] = {}
    for s in after:
        if isinstance(s, _Pure) and _is_given(s) and all(r in sources for r in _read(s) if r in later):
            sources[s.out] = s
    unknown = later - sources.keys()
    moved: dict[int, p.Statement] = {}
    for s in after:
        if not isinstance(s, p.Fail) or not unknown.isdisjoint(_numbers(s)):
            continue
        todo = [*_numbers(s), *(r for one in s.operands for r in _told(one))]
        while todo:
            source = sources.get(todo.pop())
            if source is not None and id(source) not in moved:
                moved[id(source)] = source
                todo.extend(_read(source))
        operands = tuple(_as_known(one, unknown) for one in s.operands)
        moved[id(s)] = replace(s, operands=operands)
    before.extend(moved.get(id(s), s) for s in after if id(s) in moved)
    return [*before, *(s for s in after if id(s) not in moved)]


def _writes_over(statement: p.Statement) -> bool:
    return isinstance(statement, p.Call) and statement.function == "rt_output_into"


def _is_given(statement: _Pure) -> bool:
    return isinstance(statement, p.Compute) or statement.slot.kind in _GIVEN


def _read(statement: _Pure) -> Iterator[p.Reg]:
    """The registers that a number is computed from."""
    if isinstance(statement, p.Compute):
        yield from (x for x in statement.args if isinstance(x, p.Reg))


def _numbers(check: p.Fail) -> Iterator[p.Reg]:
    """The registers that a check cannot do without."""
    yield from (x for x in (check.condition, *check.details) if isinstance(x, p.Reg))


def _as_known(operand: p.Operand, unknown: set[p.Reg]) -> p.Operand:
    """An operand, as far as it is known without some registers."""
    missing = [r for r in _told(operand) if r in unknown]
    if not missing:
        return operand
    return replace(operand, data=None) if missing == [_lies(operand)] else UNKNOWN


def _told(operand: p.Operand) -> list[p.Reg]:
    """The registers of an operand."""
    return [x for x in (*operand.dims, *operand.strides, _lies(operand)) if isinstance(x, p.Reg)]


def _lies(operand: p.Operand) -> object:
    """Where an operand lies, or what it is."""
    return operand.data.value if isinstance(operand.data, p.Ref) else operand.data


def _written(statement: p.Statement) -> Iterator[p.Reg]:
    """The registers that a statement writes for those after it."""
    if isinstance(statement, p.Loop):
        yield from (statement.counter, *(one.reg for one in statement.carried))
    elif isinstance(statement, p.Branch):
        yield from (one.reg for one in statement.joined)
    else:
        out = getattr(statement, "out", None)
        if out is not None:
            yield out
