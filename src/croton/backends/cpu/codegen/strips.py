"""Loops over columns that do little but go down rows: strip by strip of rows, the columns of each side by side.

A strip is some rows high and a tile wide. What its columns gather stays in registers while the rows of a strip are
visited, and in memory on the stack between two strips. So memory is read along rows, which processors fetch ahead of
time by themselves, and the order in which an accumulator combines is still that of the rows.

Where a tile is no wider than a round, or so small that it lies in a cache, a strip is as high as a block of a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from croton.backends.cpu.codegen.control import State, below, count, divided, first_lanes, when
from croton.backends.cpu.codegen.emitter import ITEMSIZE, memory_type, register_type
from croton.backends.cpu.codegen.folds import Part, bind_refs, by_part, carried, combined, identities, in_row
from croton.backends.cpu.codegen.target import Cut, rows_read
from croton.backends.cpu.codegen.writer import Lanes, Op, Writer
from croton.loops.ir import Combine, For, Stmt

# Rows of a strip. source: measured, sums of float32 over axis 0 of (100, 10000) take 0.15 ms with 8, 0.2 with 16 and
# 0.21 where each round goes down all rows; of (10000, 100) 0.13, 0.15 and 0.22 ms, on a Xeon with AVX-512
STRIP = 8
# Elements of a tile that lie in a cache of the processor after a first visit of it.
NEAR = 1 << 17
# Rows after which a sum begins a new partial sum; a multiple of STRIP.
BLOCK = 512
# Rows to ask for ahead of time in a tile of so few columns that stepping from row to row, along which processors do not
# fetch by themselves, is most of what is done. source: measured, sums of float32 over axis 0 of (1000, 64) take half of
# the time that they take without; of (10000, 100) 0.7; of (100, 10000) 1.6
AHEAD, NARROW = 16, 512
# Columns of a tile at most, and bytes on the stack that what they gather takes at most.
TILE, STACK = 2048, 1 << 16


class Services(NamedTuple):
    """What the writer of loops does for this one: to write statements, and ahead of a loop what does not vary in it."""

    body: Callable[[Writer, Sequence[Stmt]], None]
    hoist: Callable[[Writer, For], None]


class _Tile(NamedTuple):
    """Columns [lo, hi), texts: with the rows of a strip, and how many rows ahead memory is asked for."""

    lo: str
    hi: str
    height: str
    ahead: str


class Strips:
    """The writer of one loop over columns."""

    def __init__(self, w: Writer, loop: For, plan: Cut, services: Services) -> None:
        self.w = w
        self.loop = loop
        self.plan = plan
        self.services = services
        at = next(k for k, s in enumerate(loop.body) if isinstance(s, For))
        rows = loop.body[at]
        assert isinstance(rows, For)
        self.rows = rows
        self.before, self.after = loop.body[:at], loop.body[at + 1 :]
        sizes = [ITEMSIZE[dtype] for dtype, _ in _values(self._parts(1))]
        self.width = max(plan.lanes, min(TILE, STACK // (2 * sum(sizes))) & -plan.lanes)
        # Of each value that is gathered: where that of the first blocks lies, and where that of the block in hand does.
        self.total, self.partial = ([w.e.on_stack(size * self.width) for size in sizes] for _ in range(2))
        self.top, self.bottom = w.scalar(rows.lo), w.scalar(rows.hi)
        self.last = w.e.assign(f"sub i64 {self.bottom}, 1")

    def write(self, lo: str, hi: str) -> None:
        """All columns [lo, hi), of which there is one at least."""
        w = self.w
        some = w.e.intrinsic("smax", "int64", 1, [self.bottom, w.e.assign(f"add i64 {self.top}, 1")])

        def tile(at: str, _: State) -> State:
            end = self._least(at, self.width, hi)
            width = w.e.assign(f"sub i64 {end}, {at}")
            few, narrow = (w.e.assign(f"icmp sle i64 {width}, {n}") for n in (self.plan.lanes, NARROW))
            elements = w.e.assign(f"mul i64 {width}, {some}")
            near = w.e.assign(f"or i1 {few}, {w.e.assign(f'icmp sle i64 {elements}, {NEAR}')}")
            height = w.e.assign(f"select i1 {near}, i64 {BLOCK}, i64 {STRIP}")
            ahead = w.e.assign(f"select i1 {narrow}, i64 {AHEAD}, i64 0")
            here = _Tile(at, end, height, ahead)
            count(w, self.top, some, BLOCK, [], lambda start, _: self._block(here, start))
            return self._finish(here)

        count(w, lo, hi, self.width, [], tile)

    def _least(self, at: str, step: int | str, bound: str) -> str:
        return self.w.e.intrinsic("smin", "int64", 1, [self.w.e.assign(f"add i64 {at}, {step}"), bound])

    def _block(self, tile: _Tile, start: str) -> State:
        """The rows of a block, from nothing, strip by strip; what they give comes to that of the blocks before."""
        w = self.w
        stop = self._least(start, BLOCK, self.bottom)
        first = w.e.assign(f"icmp eq i64 {start}, {self.top}")
        homes = [
            w.e.assign(f"select i1 {first}, ptr {t}, ptr {p}")
            for t, p in zip(self.total, self.partial, strict=True)
        ]
        parts = self._parts(self.plan.lanes)

        def clear(i: str, _: State) -> State:
            return self._keep(parts, [identities(w, p) for p in parts], homes, self._place(tile, i))

        def strip(lo: str, _: State) -> State:
            return self._columns(tile, lo, self._least(lo, tile.height, stop), homes)

        def join(i: str, _: State) -> State:
            at = self._place(tile, i)
            both = zip(
                parts, self._kept(parts, self.total, at), self._kept(parts, self.partial, at), strict=True
            )
            made = [combined(w, _operation(p), a, b, p.width) for p, a, b in both]
            return self._keep(parts, made, self.total, at)

        count(w, tile.lo, tile.hi, self.plan.lanes, [], clear)
        when(w, below(w, start, stop), [], lambda: count(w, start, stop, tile.height, [], strip))
        later = w.e.assign(f"xor i1 {first}, true")
        return when(w, later, [], lambda: count(w, tile.lo, tile.hi, self.plan.lanes, [], join))

    def _columns(self, tile: _Tile, lo: str, hi: str, homes: list[str]) -> State:
        """The rows [lo, hi) of a tile: whole rounds, then narrow ones."""
        w, lanes = self.w, self.plan.lanes

        def round_(i: str, parts: list[Part]) -> State:
            at = self._place(tile, i)
            return self._keep(parts, self._down(parts, self._kept(parts, homes, at), tile, lo, hi), homes, at)

        def whole(i: str, _: State) -> State:
            return self._in_lanes(Lanes(self.loop.var, lanes, i), round_)

        middle, _ = divided(w, tile.lo, tile.hi, lanes) if self.plan.narrow else (tile.lo, "")
        if self.plan.narrow:
            when(w, below(w, tile.lo, middle), [], lambda: count(w, tile.lo, middle, lanes, [], whole))
        return when(w, below(w, middle, tile.hi), [], lambda: self._narrow(middle, tile.hi, round_))

    def _narrow(self, lo: str, hi: str, round_: Callable[[str, list[Part]], State]) -> State:
        """Rounds with masks over the columns [lo, hi)."""
        w, lanes = self.w, self.plan.narrow or self.plan.lanes

        def masked(i: str, _: State) -> State:
            here = w.e.intrinsic("smin", "int64", 1, [w.e.assign(f"sub i64 {hi}, {i}"), str(lanes)])
            return self._in_lanes(Lanes(self.loop.var, lanes, i, first_lanes(w, here, lanes)), round_)

        return count(w, lo, hi, lanes, [], masked)

    def _in_lanes(self, lanes: Lanes, round_: Callable[[str, list[Part]], State]) -> State:
        """A round, with what comes before the rows."""
        w = self.w
        w.lanes = lanes
        self.services.body(w, self.before)
        made = round_(lanes.at, self._parts(lanes.width))
        w.lanes = None
        return made

    def _parts(self, width: int) -> list[Part]:
        return [Part(f, width) for f in self.rows.folds]

    def _down(
        self, parts: list[Part], begin: list[list[str]], tile: _Tile, lo: str, hi: str
    ) -> list[list[str]]:
        """Down the rows of a strip."""
        w, rows = self.w, self.rows

        def row(i: str, state: State) -> State:
            self._fetch(i, tile.ahead)
            w.bind(rows.var, Op(i, 1))
            for part, values in zip(parts, by_part(parts, state), strict=True):
                bind_refs(w, part, values)
            self.services.body(w, rows.body)
            return in_row([[w.wide_value(u, p.width) for u in p.fold.updates] for p in parts])

        self.services.hoist(w, rows)
        return by_part(parts, count(w, lo, hi, 1, carried(parts, begin), row))

    def _fetch(self, i: str, ahead: str) -> None:
        """Ask for what is read some rows on; of rows past the last, for the last."""
        w, rows = self.w, self.rows
        mark = w.mark()
        w.bind(rows.var, Op(self._least(i, ahead, self.last), 1))
        for load in rows_read(rows):
            w.fetch(load)
        w.rollback(mark)

    def _finish(self, tile: _Tile) -> State:
        """What comes after the rows."""
        w = self.w

        def round_(i: str, parts: list[Part]) -> State:
            made = self._kept(parts, self.total, self._place(tile, i))
            for part, state in zip(parts, made, strict=True):
                inits = [w.wide_value(v, part.width) for v in part.fold.inits]
                total = combined(w, _operation(part), inits, state, part.width)
                for result, text in zip(part.fold.results, total, strict=True):
                    w.bind(result, Op(text, part.width))
            self.services.body(w, self.after)
            return []

        return self._narrow(tile.lo, tile.hi, round_)

    # What lies on the stack

    def _place(self, tile: _Tile, i: str) -> str:
        return self.w.e.assign(f"sub i64 {i}, {tile.lo}")

    def _kept(self, parts: list[Part], homes: list[str], place: str) -> list[list[str]]:
        found = []
        for (dtype, width), home in zip(_values(parts), homes, strict=True):
            at, kind = self._home(dtype, home, place), memory_type(dtype, width)
            raw = self.w.e.assign(f"load {kind}, ptr {at}, align {ITEMSIZE[dtype]}")
            if dtype == "bool":
                raw = self.w.e.assign(f"trunc {kind} {raw} to {register_type(dtype, width)}")
            found.append(raw)
        return by_part(parts, found)

    def _keep(self, parts: list[Part], states: list[list[str]], homes: list[str], place: str) -> State:
        for (dtype, width), text, home in zip(_values(parts), in_row(states), homes, strict=True):
            at, kind, value = self._home(dtype, home, place), memory_type(dtype, width), text
            if dtype == "bool":
                value = self.w.e.assign(f"zext {register_type(dtype, width)} {text} to {kind}")
            self.w.e.put(f"store {kind} {value}, ptr {at}, align {ITEMSIZE[dtype]}")
        return []

    def _home(self, dtype: str, home: str, place: str) -> str:
        return self.w.e.assign(f"getelementptr {memory_type(dtype)}, ptr {home}, i64 {place}")


def _values(parts: list[Part]) -> list[tuple[str, int]]:
    """Of each value that is gathered, its data type and in how many lanes."""
    return [(r.dtype, part.width) for part in parts for r in part.fold.refs]


def _operation(part: Part) -> Combine:
    assert part.fold.combine is not None
    return part.fold.combine
