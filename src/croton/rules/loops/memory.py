"""Loops that store only as many past values as are read."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.constructors import lscalar
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import alloc
from croton.ops.elementwise import add, clip, maximum
from croton.ops.elemwise import dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import Subtensor
from croton.ops.join import join
from croton.ops.shape import Shape_i
from croton.rules.loops.draft import Carried, Draft, State, entries_of
from croton.util.record import record

# So many last values are carried at most: every step hands on all of them.
_MOST_CARRIED = 4


@record
class Read:
    """What is read of an output with rows: the value `back` from the end, or with `is_slice` all from there on.

    variable  what reads it
    entries   how it indexes that value
    before    how many rows there are besides those of the steps
    """

    variable: Variable
    back: int
    is_slice: bool
    entries: list[Any]
    before: int


def last_values(draft: Draft) -> None:
    """States and outputs of which only the last values are read are carried from step to step, and not stored."""
    counter = Counter(draft)
    for state in list(draft.states):
        reads = _last_reads(draft, state.out, state.depth, _MOST_CARRIED)
        if reads is not None:
            draft.states.remove(state)
            _forget(draft, state.out)
            last = _carry_state(draft, state, max([state.depth, *(read.back for read in reads)]))
            _replace(draft, reads, last, counter)
    for mapped in list(draft.mapped):
        reads = _last_reads(draft, mapped.out, 0, 1)
        first = None if reads is None else _nothing_like(draft, mapped.out)
        if reads and first is not None:
            draft.mapped.remove(mapped)
            _forget(draft, mapped.out)
            inner, out = mapped.after.type(), mapped.after.type()
            draft.carried.append(Carried(inner, first, mapped.after, out))
            _replace(draft, reads, [out], counter)


def stacked_numbers(draft: Draft) -> None:
    """Numbers of which all is read but the one they begin with are carried, and stacked without that."""
    for state in list(draft.states):
        readers = draft.readers(state.out)
        if state.inner[0].type.ndim or state.depth > 1 or not _read_all_but_first(readers):
            continue
        if state.out not in draft.node.outputs or state.out in draft.reached(draft.settled.values()):
            continue
        draft.states.remove(state)
        _carry_state(draft, state, 1)
        rows = draft.map(state.after)
        for reader, _ in readers:
            assert isinstance(reader, Apply)
            draft.settle(reader.outputs[0], rows)


def _read_all_but_first(readers: list[tuple[Apply | str, int]]) -> bool:
    """Whether there are some, and all take all rows but the first."""
    return bool(readers) and all(
        isinstance(reader, Apply)
        and not at
        and isinstance(reader.op, Subtensor)
        and _is_after(entries_of(reader), 1)
        for reader, at in readers
    )


class Counter:
    """How many steps a loop has done; one that may end early counts them."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.counted: Variable | None = None

    @property
    def steps(self) -> Variable:
        """The number of steps, known after the loop."""
        if not self.draft.stop:
            return self.draft.steps
        if self.counted is None:
            zero, now = as_tensor_variable(np.int64(0)), lscalar()
            self.counted = lscalar()
            self.draft.carried.append(Carried(now, zero, add(now, np.int64(1)), self.counted))
        return self.counted


def _last_reads(draft: Draft, out: Variable, depth: int, most: int) -> list[Read] | None:
    """What reads the last values of `out`, at most so many; None where something else is read.

    Outputs that were found to be the same are read as this one.
    """
    rest = [value for value in draft.settled.values() if value is not out]
    if out not in draft.node.outputs or out in draft.reached(rest):
        return None
    found: list[Read] = []
    for reader, at in itertools.chain(*map(draft.readers, (out, *_same_as(draft, out)))):
        if not isinstance(reader, Apply) or at:
            return None
        if draft.stop and isinstance(reader.op, Shape_i) and not reader.op.i:
            found.append(Read(reader.outputs[0], 0, False, [], depth))
            continue
        if not isinstance(reader.op, Subtensor):
            return None
        entries = entries_of(reader)
        if _is_after(entries, depth):
            ends = [_end_read(client, 0) for client, place in draft.readers(reader.outputs[0]) if not place]
            if len(ends) < len(draft.readers(reader.outputs[0])):
                return None
        else:
            ends = [_end_read(reader, depth)]
        for end in ends:
            if end is None or end.back > most:
                return None
            found.append(end)
    return found


def _same_as(draft: Draft, out: Variable) -> list[Variable]:
    """The outputs in whose place `out` was put."""
    return [other for other, value in draft.settled.items() if value is out]


def _forget(draft: Draft, out: Variable) -> None:
    """Put nothing in the place of outputs that are the same as `out`: what reads them reads something else now."""
    for other in _same_as(draft, out):
        del draft.settled[other]


def _is_after(entries: list[Any], depth: int) -> bool:
    """Whether an index takes all but what a state begins with."""
    if not depth or len(entries) > 1 or not isinstance(entries[0], slice):
        return False
    start, stop, step = index.parts(entries[0])
    return isinstance(start, int) and start == depth and stop is None and step in (None, 1)


def _end_read(reader: Apply | str, before: int) -> Read | None:
    """How `reader` reads the end of something; None where it does not."""
    if not isinstance(reader, Apply) or not isinstance(reader.op, Subtensor):
        return None
    first, *rest = entries_of(reader)
    if isinstance(first, slice):
        start, stop, step = index.parts(first)
        if not isinstance(start, int) or start >= 0 or stop is not None or step not in (None, 1) or rest:
            return None
        return Read(reader.outputs[0], -start, True, [], before)
    if not isinstance(first, int) or first >= 0:
        return None
    return Read(reader.outputs[0], -first, False, rest, before)


def _carry_state(draft: Draft, state: State, count: int) -> list[Variable]:
    """Carry so many last values of a state, and give what they are in the end, the last first."""
    inner: list[Variable] = []
    for back in range(1, count + 1):
        known = next((v for tap, v in zip(state.taps, state.inner, strict=True) if tap == -back), None)
        inner.append(state.inner[0].type() if known is None else known)
    for back, now in enumerate(inner):
        first: Variable = state.outer[max(state.depth - 1 - back, 0)]
        after = inner[back - 1] if back else state.after
        draft.carried.append(Carried(now, first, after, now.type()))
    return [carried.out for carried in draft.carried[-count:]]


def _nothing_like(draft: Draft, out: Variable) -> Variable | None:
    """Zeros of the shape of a row of `out`, where that is known without the loop."""
    lengths = draft.shapes.lengths(out)[1:]
    for length in lengths:
        if isinstance(length, Variable) and draft.depends(length):
            return None
    zero = as_tensor_variable(np.zeros((), out.type.dtype))
    made = alloc(zero, *[draft.shapes.variable(length) for length in lengths])
    row = out.type.broadcastable[1:]
    return made if made.type.broadcastable == row else None


def _replace(draft: Draft, reads: list[Read], last: list[Variable], counter: Counter) -> None:
    """Let what reads the end read the values that were carried, `last`."""
    for read in reads:
        if not read.back:
            draft.settle(read.variable, counter.steps + read.before)
            continue
        values = last[: read.back] if read.is_slice else [last[read.back - 1]]
        rows = [dimshuffle(v, "x", *range(v.type.ndim)) for v in reversed(values)]
        # As what is indexed has less rows when there are less steps: less, or an error.
        missing = None if _has_rows(draft, read) else read.back - read.before - _steps_of(counter, read)
        if read.is_slice:
            made = join(0, *rows) if len(rows) > 1 else rows[0]
            value = made if missing is None else made[maximum(missing, 0) :]
        elif missing is None:
            value = values[0]
        else:
            value = rows[0][: 1 - clip(missing, 0, 1)][-1]
        if read.entries:
            template, variables = index.split(read.entries)
            value = Subtensor(template)(value, *variables)
        draft.settle(read.variable, value)


def _has_rows(draft: Draft, read: Read) -> bool:
    """Whether there are as many rows as are read back, however many steps there are, or as these are known."""
    return read.back <= read.before + (draft.known_steps or 0)


def _steps_of(counter: Counter, read: Read) -> Variable:
    """The number of steps, or where the first will do that of those that are asked for: no loop ends before that."""
    return counter.steps if read.back - read.before > 1 else counter.draft.steps
