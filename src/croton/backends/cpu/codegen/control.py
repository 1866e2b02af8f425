"""Counted loops and conditions in LLVM text, with the values that they carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from croton.backends.cpu.codegen.emitter import Emitter
from croton.backends.cpu.codegen.writer import Writer


class Carried(NamedTuple):
    """A value that a loop carries: its full LLVM type, and the operand it starts from."""

    type: str
    text: str


Body: TypeAlias = Callable[[str, list[str]], list[str]]
State: TypeAlias = list[str]


def _phi(e: Emitter, type_: str, sources: Sequence[tuple[str, str]]) -> str:
    name, place = e.phi_slot(type_)
    e.fill_phi(place, sources)
    return name


def when(w: Writer, condition: str, state: Sequence[Carried], body: Callable[[], State]) -> State:
    """`body` if the condition holds; the state after, either way."""
    e = w.e
    yes, end = e.fresh("then"), e.fresh("end")
    before = e.label
    e.branch(condition, yes, end)
    mark = w.mark()
    e.block(yes)
    done = body()
    w.rollback(mark)
    after = e.label
    e.jump(end)
    e.block(end)
    return [_phi(e, c.type, [(c.text, before), (d, after)]) for c, d in zip(state, done, strict=True)]


def count(w: Writer, lo: str, hi: str, step: int | str, state: Sequence[Carried], body: Body) -> State:
    """`body(i, state)` for i = lo, lo + step, … < hi, of which there is at least one; the state after."""
    e = w.e
    top, end = e.fresh("loop"), e.fresh("end")
    before = e.label
    e.jump(top)
    e.block(top)
    i, i_place = e.phi_slot("i64")
    phis = [e.phi_slot(c.type) for c in state]
    mark = w.mark()
    new = body(i, [name for name, _ in phis])
    w.rollback(mark)
    following = e.assign(f"add nsw i64 {i}, {step}")
    more = e.assign(f"icmp slt i64 {following}, {hi}")
    last = e.label
    e.branch(more, top, end)
    e.fill_phi(i_place, [(lo, before), (following, last)])
    for (_, place), c, n in zip(phis, state, new, strict=True):
        e.fill_phi(place, [(c.text, before), (n, last)])
    e.block(end)
    return new


def below(w: Writer, lo: str, hi: str) -> str:
    """Whether [lo, hi) has anything in it."""
    return w.e.assign(f"icmp slt i64 {lo}, {hi}")


def divided(w: Writer, lo: str, hi: str, lanes: int) -> tuple[str, str]:
    """Where the whole rounds end, and what is left."""
    n = w.e.assign(f"sub i64 {hi}, {lo}")
    whole = w.e.assign(f"and i64 {n}, {-lanes}")
    return w.e.assign(f"add i64 {lo}, {whole}"), w.e.assign(f"and i64 {n}, {lanes - 1}")


def first_lanes(w: Writer, count_: str, lanes: int) -> str:
    """The mask of the first lanes, of which there is at least one: shifted out of ones."""
    word = f"i{lanes}"
    away = w.e.assign(f"sub i64 {lanes}, {count_}")
    short = away if lanes == 64 else w.e.assign(f"trunc i64 {away} to {word}")
    bits = w.e.assign(f"lshr {word} -1, {short}")
    return w.e.assign(f"bitcast {word} {bits} to <{lanes} x i1>")
