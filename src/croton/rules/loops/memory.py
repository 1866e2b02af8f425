"""Loops that store only as many past values as are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import alloc
from croton.ops.elementwise import minimum
from croton.ops.elemwise import dimshuffle
from croton.ops.index import template as index
from croton.ops.index.subtensor import Subtensor
from croton.rules.loops.draft import Carried, Draft, State, entries_of


def last_values(draft: Draft) -> None:
    """States and outputs of which only the last value is read are carried from step to step, and not stored."""
    for state in list(draft.states):
        reads = _last_reads(draft, state.out, state.depth)
        if reads is not None:
            draft.states.remove(state)
            _replace(draft, reads, _carry_state(draft, state))
    for mapped in list(draft.mapped):
        reads = _last_reads(draft, mapped.out, 0)
        first = None if reads is None else _nothing_like(draft, mapped.out)
        if reads and first is not None:
            draft.mapped.remove(mapped)
            inner, out = mapped.after.type(), mapped.after.type()
            draft.carried.append(Carried(inner, first, mapped.after, out))
            _replace(draft, reads, out)


def _last_reads(draft: Draft, out: Variable, depth: int) -> list[tuple[Variable, list[Any], bool]] | None:
    """What reads the last value of `out`: the variable, how it indexes that, and whether there must be a step.

    None where something else is read.
    """
    if out not in draft.node.outputs or out in draft.reached(draft.settled.values()):
        return None
    found: list[tuple[Variable, list[Any], bool]] = []
    for reader, at in draft.readers(out):
        if not isinstance(reader, Apply) or at or not isinstance(reader.op, Subtensor):
            return None
        entries = entries_of(reader)
        if entries[0] == -1:
            found.append((reader.outputs[0], entries[1:], depth == 0))
            continue
        if len(entries) > 1 or not _is_after(entries[0], depth):
            return None
        for second, place in draft.readers(reader.outputs[0]):
            if not isinstance(second, Apply) or place or not isinstance(second.op, Subtensor):
                return None
            inner = entries_of(second)
            if inner[0] != -1:
                return None
            found.append((second.outputs[0], inner[1:], True))
    return found


def _is_after(entry: Any, depth: int) -> bool:
    """Whether an index takes all but what a state begins with."""
    return (
        depth > 0
        and isinstance(entry, slice)
        and entry.start == depth
        and entry.stop is None
        and entry.step in (None, 1)
    )


def _carry_state(draft: Draft, state: State) -> Variable:
    """Carry the last values of a state, and give what is the last in the end."""
    inner: list[Variable] = []
    for back in range(1, state.depth + 1):
        known = next((v for tap, v in zip(state.taps, state.inner, strict=True) if tap == -back), None)
        inner.append(state.inner[0].type() if known is None else known)
    for back, now in enumerate(inner):
        first: Variable = state.outer[state.depth - 1 - back]
        after = inner[back - 1] if back else state.after
        draft.carried.append(Carried(now, first, after, now.type()))
    return draft.carried[-state.depth].out


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


def _replace(draft: Draft, reads: list[tuple[Variable, list[Any], bool]], last: Variable) -> None:
    for variable, entries, needs_step in reads:
        value = last
        if needs_step and not draft.known_steps:
            # As what is indexed is empty when there are no steps: an error.
            some = dimshuffle(last, "x", *range(last.type.ndim))[: minimum(draft.steps, 1)]
            value = some[-1]
        if entries:
            template, variables = index.split(entries)
            value = Subtensor(template)(value, *variables)
        draft.settle(variable, value)
