"""Folds as loops carry them: in lanes, or as one value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from croton.backends.cpu.codegen.control import Carried, State
from croton.backends.cpu.codegen.emitter import register_type
from croton.backends.cpu.codegen.writer import Op, Writer
from croton.loops.ir import Combine, Fold
from croton.util.record import record


@record(frozen=True)
class Part:
    """A fold as it is carried: in how many lanes."""

    fold: Fold
    width: int

    def types(self) -> list[str]:
        """The LLVM types of its values."""
        return [register_type(r.dtype, self.width) for r in self.fold.refs]


def combined(w: Writer, combine: Combine, left: Sequence[str], right: Sequence[str], width: int) -> State:
    """Two states brought together by the operation of a fold."""
    mark = w.mark()
    for formal, text in zip((*combine.left, *combine.right), (*left, *right), strict=True):
        w.bind(formal, Op(text, width))
    made = [w.wide_value(r, width) for r in combine.result]
    w.rollback(mark)
    return made


def identities(w: Writer, part: Part) -> State:
    """The state of a fold that has gathered nothing, in all lanes."""
    assert part.fold.combine is not None
    return [w.wide_value(i, part.width) for i in part.fold.combine.identity]


def fold_lanes(w: Writer, part: Part, state: Sequence[str]) -> State:
    """One value per component out of all lanes, in halves: always the same order."""
    combine = part.fold.combine
    assert combine is not None
    width, now = part.width, list(state)
    while width > 1:
        half = width // 2
        sides: list[list[str]] = []
        for start in (0, half):
            chosen = ", ".join(f"i32 {start + k}" for k in range(half))
            sides.append([
                w.e.assign(f"shufflevector {kind} {x}, {kind} poison, <{half} x i32> <{chosen}>")
                for x, kind in ((x, register_type(r.dtype, width)) for x, r in zip(now, part.fold.refs, strict=True))
            ])  # fmt: skip
        if half == 1:
            sides = [
                [
                    w.e.assign(f"extractelement <1 x {register_type(r.dtype)}> {x}, i64 0")
                    for x, r in zip(side, part.fold.refs, strict=True)
                ]
                for side in sides
            ]
        now = combined(w, combine, sides[0], sides[1], half)
        width = half
    return now


def finished(w: Writer, part: Part, state: Sequence[str]) -> State:
    """The fold's results, scalar, out of the state its lanes ended in."""
    combine = part.fold.combine
    assert combine is not None
    inits = [w.scalar(i) for i in part.fold.inits]
    return combined(w, combine, inits, fold_lanes(w, part, state), 1)


def by_part(parts: Sequence[Part], state: Sequence[str]) -> list[list[str]]:
    """The states in a row, fold by fold."""
    out, at = [], 0
    for part in parts:
        out.append(list(state[at : at + len(part.fold.refs)]))
        at += len(part.fold.refs)
    return out


def in_row(states: Iterable[Sequence[str]]) -> State:
    """The states of several folds, one after the other."""
    return [text for state in states for text in state]


def carried(parts: Sequence[Part], states: Sequence[Sequence[str]]) -> list[Carried]:
    """The states as a loop carries them."""
    return [
        Carried(kind, text)
        for part, state in zip(parts, states, strict=True)
        for kind, text in zip(part.types(), state, strict=True)
    ]


def bind_refs(w: Writer, part: Part, state: Sequence[str]) -> None:
    """Note the state of a fold as what its loop's body reads."""
    for ref, text in zip(part.fold.refs, state, strict=True):
        w.bind(ref, Op(text, part.width))


def joined(w: Writer, part: Part, blocked: bool, total: list[str], made: list[str]) -> list[str]:
    """The state after a block of rounds, which began anew where the fold is `blocked`."""
    if not blocked:
        return made
    assert part.fold.combine is not None
    return combined(w, part.fold.combine, total, made, part.width)
