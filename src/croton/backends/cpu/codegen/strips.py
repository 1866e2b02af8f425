"""Loops over columns that do little but go down rows: strip by strip of rows, the columns of each side by side.

A strip is some rows high and a tile wide. What its columns gather stays in registers while the rows of a strip are
visited, and in memory on the stack between two strips. So memory is read along rows, which processors fetch ahead of
time by themselves, and the order in which an accumulator combines is still that of the rows.

A kernel that is made for few columns does several rows as one, which lie one after the other in memory, and in the end
brings together what its columns gave.

Where a tile is no wider than a round, or so small that it lies in a cache, a strip is as high as a block of a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from croton.backends.cpu.codegen.control import State, below, count, divided, first_lanes, when
from croton.backends.cpu.codegen.emitter import ITEMSIZE, memory_type, register_type
from croton.backends.cpu.codegen.folds import Part, bind_refs, by_part, carried, combined, identities, in_row
from croton.backends.cpu.codegen.target import Cut, rows_read
from croton.backends.cpu.codegen.writer import Lanes, Op, Writer
from croton.loops.ir import Combine, For, Load, Stmt, operands
from croton.loops.walk import all_nodes

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
# Rows that are so many that several can be done as one: more than the columns of a round.
MANY = 128
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
        self.width = max(2 * plan.lanes, min(TILE, STACK // (2 * sum(sizes))) & -plan.lanes)
        # Of each value that is gathered: where that of the first blocks lies, and where that of the block in hand does.
        self.total, self.partial = ([w.e.on_stack(size * self.width) for size in sizes] for _ in range(2))
        self.top, self.bottom = w.scalar(rows.lo), w.scalar(rows.hi)
        self.last = w.e.assign(f"sub i64 {self.bottom}, 1")

    def write(self, lo: str, hi: str) -> None:
        """All columns [lo, hi), of which there is one at least."""
        if self._may_pack():
            self._write_packed(lo, hi)
            return
        self._tiles(lo, hi, lambda tile: self._blocks(tile, self.top, self.bottom))

    def _tiles(self, lo: str, hi: str, visit: Callable[[_Tile], None], upto: str | None = None) -> None:
        """Tile by tile of the columns [lo, hi), of which those from `upto` on are not real."""
        w = self.w
        some = self._at_least_one(self.top, self.bottom)

        def tile(at: str, _: State) -> State:
            end = self._least(at, self.width, hi)
            width = w.e.assign(f"sub i64 {end}, {at}")
            few, narrow = (w.e.assign(f"icmp sle i64 {width}, {n}") for n in (self.plan.lanes, NARROW))
            elements = w.e.assign(f"mul i64 {width}, {some}")
            near = w.e.assign(f"or i1 {few}, {w.e.assign(f'icmp sle i64 {elements}, {NEAR}')}")
            height = w.e.assign(f"select i1 {near}, i64 {BLOCK}, i64 {STRIP}")
            ahead = w.e.assign(f"select i1 {narrow}, i64 {AHEAD}, i64 0")
            here = _Tile(at, end, height, ahead)
            visit(here)
            return self._finish(here if upto is None else here._replace(hi=self._least(at, self.width, upto)))

        count(w, lo, hi, self.width, [], tile)

    def _blocks(self, tile: _Tile, top: str, bottom: str) -> None:
        """The rows [top, bottom); what gathers begins from nothing even if there are none."""
        more = self._at_least_one(top, bottom)
        count(self.w, top, more, BLOCK, [], lambda start, _: self._block(tile, start, bottom))

    def _at_least_one(self, lo: str, hi: str) -> str:
        return self.w.e.intrinsic("smax", "int64", 1, [hi, self.w.e.assign(f"add i64 {lo}, 1")])

    # Few columns, side by side with those of the rows that follow

    def _may_pack(self) -> bool:
        """Whether rows that lie one after the other in memory could as well be one row of more columns."""
        rows, var = self.rows, self.loop.var
        return (
            self.w.packs
            and self.top == "0"
            and all(load.index[-2:] == (rows.var, var) and load in rows_read(rows) for load in self._loads())
            and not any(isinstance(s, Load) and var in s.index for s in self.before)
            and not any(v in operands(node) for node in all_nodes([rows]) for v in (rows.var, var))
        )

    def _loads(self) -> list[Load]:
        return [s for s in self.rows.body if isinstance(s, Load)]

    def _write_packed(self, lo: str, hi: str) -> None:
        """Several rows as one, if columns are few enough for a round; what is left over, as a part of one."""
        w, e, lanes = self.w, self.w.e, self.plan.lanes
        buffers = {load.buffer: w.strides[load.buffer] for load in self._loads()}
        width, rows = e.assign(f"sub i64 {hi}, {lo}"), self.bottom
        fits = e.assign(f"icmp sge i64 {rows}, {MANY}")
        for buffer, strides in buffers.items():
            size = e.assign(f"mul i64 {width}, {ITEMSIZE[buffer.dtype]}")
            fits = e.assign(f"and i1 {fits}, {e.assign(f'icmp eq i64 {size}, {strides[-2].text}')}")
        most = e.assign(f"udiv i64 {lanes}, {width}")
        many = self._at_least_one("0", most)
        packed = e.assign(f"select i1 {fits}, i64 {many}, i64 1")
        whole = e.assign(f"udiv i64 {rows}, {packed}")
        left = e.assign(f"sub i64 {rows}, {e.assign(f'mul i64 {whole}, {packed}')}")
        some_left = e.assign(f"zext i1 {e.assign(f'icmp ne i64 {left}, 0')} to i64")
        for buffer, strides in buffers.items():
            row = Op(e.assign(f"mul i64 {strides[-2].text}, {packed}"), 1)
            w.strides[buffer] = (*strides[:-2], row, strides[-1])
        self.bottom = e.assign(f"add i64 {whole}, {some_left}")
        self.last = e.assign(f"sub i64 {self.bottom}, 1")
        end, end_left = (
            e.assign(f"add i64 {lo}, {e.assign(f'mul i64 {n}, {width}')}") for n in (packed, left)
        )

        def visit(tile: _Tile) -> None:
            def part(which: str, _: State) -> State:
                last = e.assign(f"icmp ne i64 {which}, 0")
                right = e.assign(f"select i1 {last}, i64 {end_left}, i64 {tile.hi}")
                top = e.assign(f"select i1 {last}, i64 {whole}, i64 0")
                bottom = e.assign(f"select i1 {last}, i64 {self.bottom}, i64 {whole}")
                self._blocks(tile._replace(hi=right), top, bottom)
                return []

            count(w, "0", e.assign(f"add i64 {some_left}, 1"), 1, [], part)
            when(w, below(w, "1", packed), [], lambda: self._unpack(tile, width, packed))

        self._tiles(lo, end, visit, hi)
        w.strides.update(buffers)

    def _unpack(self, tile: _Tile, width: str, packed: str) -> State:
        """What the columns of several rows gave, brought together in those of the first."""
        w, parts = self.w, self._parts(self.plan.lanes)
        start = self._kept(parts, self.total, "0")

        def join(k: str, state: State) -> State:
            other = self._kept(parts, self.total, w.e.assign(f"mul i64 {k}, {width}"))
            both = zip(parts, by_part(parts, state), other, strict=True)
            return in_row(combined(w, _operation(p), a, b, p.width) for p, a, b in both)

        made = count(w, "1", packed, 1, carried(parts, start), join)
        return self._keep(parts, by_part(parts, made), self.total, "0")

    # Rows

    def _least(self, at: str, step: int | str, bound: str) -> str:
        return self.w.e.intrinsic("smin", "int64", 1, [self.w.e.assign(f"add i64 {at}, {step}"), bound])

    def _block(self, tile: _Tile, start: str, bottom: str) -> State:
        """The rows of a block, from nothing, strip by strip; what they give comes to that of the blocks before."""
        w = self.w
        stop = self._least(start, BLOCK, bottom)
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

        count(w, tile.lo, tile.hi, self.plan.lanes, [], clear)
        when(w, below(w, start, stop), [], lambda: count(w, start, stop, tile.height, [], strip))
        later = w.e.assign(f"xor i1 {first}, true")
        if self.w.packs:  # the last row may be a part of one
            return when(w, later, [], lambda: self._narrow(tile.lo, tile.hi, partial(self._join, tile)))

        def join(i: str, _: State) -> State:
            return self._join(tile, i, parts)

        return when(w, later, [], lambda: count(w, tile.lo, tile.hi, self.plan.lanes, [], join))

    def _join(self, tile: _Tile, i: str, parts: list[Part]) -> State:
        """What a block gave to what the blocks before gave; under a mask, in the lanes that take part."""
        w, at = self.w, self._place(tile, i)
        mask = w.lanes and w.lanes.mask
        before, block = self._kept(parts, self.total, at), self._kept(parts, self.partial, at)
        made = []
        for part, old, new in zip(parts, before, block, strict=True):
            both = combined(w, _operation(part), old, new, part.width)
            if mask:
                kinds = part.types()
                both = [
                    w.e.select(mask, k, b, a, part.width) for k, a, b in zip(kinds, old, both, strict=True)
                ]
            made.append(both)
        return self._keep(parts, made, self.total, at)

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
