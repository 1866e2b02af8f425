"""What a loop computes, said in Python: the reference for all backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from croton.errors import CrotonError, ShapeError
from croton.ops.inner import Run

if TYPE_CHECKING:
    from croton.ops.scan.loop import Scan


class StepsError(CrotonError, IndexError):
    """A loop was asked to do less than no steps."""


def run_loop(op: Scan, run: Run, xp: Any, values: Sequence[Any]) -> list[Any]:
    """The outputs of the loop for the values of its inputs; `run` computes the graph."""
    roles = op.roles
    n = int(values[0])
    sequences, states = values[1 : 1 + op.sequences], values[1 + op.sequences : 1 + roles.stacked]
    carried = list(values[1 + roles.stacked : roles.others.start])
    others = values[roles.others.start :]
    _check_lengths(op, n, sequences, states)
    rows = [[buffer[i, ...] for i in range(len(buffer))] for buffer in states]
    mapped: list[list[Any]] = [[] for _ in roles.mapped]

    def step(elements: list[Any], t: int) -> list[Any]:
        taps = [
            rows[state][roles.depths[state] + t + tap] for state, taps in enumerate(op.taps) for tap in taps
        ]
        return run([*elements, *taps, *carried, *others])

    for t in range(n):
        made = step([s[t, ...] for s in sequences], t)
        for at, column in enumerate(rows):
            column.append(_of_shape(op, at, made[at], column[0].shape))
        carried = made[roles.states : roles.states + op.carried]
        for at, column in enumerate(mapped):
            value = made[roles.mapped.start + at]
            shape = column[0].shape if column else value.shape
            column.append(_of_shape(op, roles.mapped.start + at, value, shape))
        if op.until and made[-1]:
            break
    if not n and mapped:
        made = step([xp.zeros(s.shape[1:], s.dtype) for s in sequences], 0)
        stacks = [xp.zeros((0, *made[at].shape), made[at].dtype) for at in roles.mapped]
    else:
        stacks = [xp.stack(column) for column in mapped]
    return [*[xp.stack(column) for column in rows], *carried, *stacks]


def _check_lengths(op: Scan, n: int, sequences: Sequence[Any], states: Sequence[Any]) -> None:
    if n < 0:
        raise too_few_steps(op, n)
    for at, sequence in enumerate(sequences):
        if len(sequence) < n:
            raise sequence_too_short(op, n, at, len(sequence))
    for at, (buffer, depth) in enumerate(zip(states, op.roles.depths, strict=True)):
        if len(buffer) != depth:
            raise state_of_wrong_depth(op, at, len(buffer))


def too_few_steps(op: Scan, n: int) -> StepsError:
    """The error for less than no steps."""
    return StepsError(f"{op} was asked to do {n} steps: their number must be 0 or more.")


def sequence_too_short(op: Scan, n: int, at: int, length: int) -> ShapeError:
    """The error for a sequence that ends before the loop does."""
    return ShapeError(f"{op} does {n} steps, but its sequence {at} has {length} elements.")


def state_of_wrong_depth(op: Scan, at: int, length: int) -> ShapeError:
    """The error for a state that begins with too few values, or too many."""
    depth = op.roles.depths[at]
    return ShapeError(
        f"{op} reads its state {at} up to {depth} steps back: it begins with {depth} values; got {length}."
    )


def _of_shape(op: Scan, at: int, value: Any, shape: Sequence[int]) -> Any:
    for axis, (length, before) in enumerate(zip(value.shape, shape, strict=True)):
        if length != before:
            raise ShapeError(
                f"{op} makes a value of length {length} on axis {axis} for its output {at}, which had length {before} "
                "there before: all steps must make values of one shape."
            )
    return value
