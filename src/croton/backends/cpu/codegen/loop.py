"""Loops of the loop IR as LLVM text: serial ones, and vector ones cut to the machine.

A vector loop does `lanes` iterations a round, more than one register holds: that is how it is unrolled, LLVM splits the
operations. Cheap bodies have whole rounds without masks and one masked round for what is left; dear ones, all rounds
masked. Machines that cannot mask do what is left one by one.

Accumulators start from their identity in each lane. After the loop the lanes are folded in halves, and the initial
value comes in last. Sums of floats begin a new partial sum every so many rounds, so that no chain of additions is long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from croton.backends.cpu.codegen.control import State, below, count, divided, first_lanes, when
from croton.backends.cpu.codegen.emitter import vector
from croton.backends.cpu.codegen.folds import (
    Part,
    bind_refs,
    by_part,
    carried,
    combined,
    finished,
    identities,
    in_row,
    joined,
)
from croton.backends.cpu.codegen.strips import AHEAD, Services, Strips
from croton.backends.cpu.codegen.target import Cut, cut, rows_read
from croton.backends.cpu.codegen.writer import Lanes, Op, Writer
from croton.loops.ir import Expr, Fail, Fold, For, If, Load, Stmt, Store, operands
from croton.loops.scope import stored
from croton.loops.walk import all_roots, deep, postorder, roots
from croton.util.record import replace

# Rounds per partial sum. A round of a vector loop is some tens of elements, of a serial one a single one.
BLOCK = {"vector": 128, "serial": 512}

# Bytes that a vector loop which gathers asks for ahead of time: it waits for each page of memory otherwise.
# source: measured, sums of float32 over axis 1 of (3000, 3000) read 12 GB/s without that, 15 with 512, 19 with 2048 or
# 4096, on a Xeon with AVX-512; where the array fits the caches it makes no difference
BYTES_AHEAD = 2048


def write_body(w: Writer, body: Sequence[Stmt], keep: dict[For, list[Part]] | None = None) -> None:
    """Write statements in order."""
    for statement in body:
        match statement:
            case Load():
                w.load(statement)
            case Store():
                w.store(statement)
            case For() if statement.kind == "vector" and w.lanes is None:
                _vector(w, statement, (keep or {}).get(statement, []))
            case For():
                _serial(w, statement)
            case If():
                _condition(w, statement)
            case Fail():
                _fail(w, statement)


def _condition(w: Writer, statement: If) -> None:
    condition = w.value(statement.condition)
    lanes = w.lanes
    if condition.width == 1:

        def inside() -> State:
            write_body(w, statement.body)
            return []

        when(w, condition.text, [], inside)
        return
    assert lanes is not None
    mask = condition.text
    if lanes.mask is not None:
        mask = w.e.assign(f"and {vector('i1', lanes.width)} {lanes.mask}, {mask}")
    mark = w.mark()
    w.lanes = replace(lanes, mask=mask, guarded=True)
    write_body(w, statement.body)
    w.lanes = lanes
    w.rollback(mark)


def _fail(w: Writer, statement: Fail) -> None:
    for k, detail in enumerate(statement.details):
        at = w.e.assign(f"getelementptr i64, ptr %err, i64 {k}")
        w.e.put(f"store i64 {w.scalar(detail)}, ptr {at}, align 8")
    w.e.put(f"ret i32 {statement.code}")
    w.e.block(w.e.fresh("unreached"))


RoundBody = Callable[[str, list[list[str]]], list[list[str]]]


def _rounds(
    w: Writer,
    lo: str,
    hi: str,
    step: int,
    parts: Sequence[Part],
    start: list[list[str]],
    body: RoundBody,
    block_rounds: int = BLOCK["vector"],
) -> list[list[str]]:
    """Rounds from lo, at least one, with the blocking of sums."""

    def plain(i: str, end: str, begin: list[list[str]]) -> list[list[str]]:
        done = count(w, i, end, step, carried(parts, begin), lambda j, s: in_row(body(j, by_part(parts, s))))
        return by_part(parts, done)

    blocked = [p.fold.combine is not None and p.fold.combine.rounds for p in parts]
    if not any(blocked):
        return plain(lo, hi, start)

    def block(i: str, flat: list[str]) -> list[str]:
        now = by_part(parts, flat)
        far = w.e.assign(f"add nsw i64 {i}, {block_rounds * step}")
        end = w.e.intrinsic("smin", "int64", 1, [far, hi])
        begin = [identities(w, p) if b else s for p, b, s in zip(parts, blocked, now, strict=True)]
        made = plain(i, end, begin)
        return in_row((joined(w, p, b, s, m) for p, b, s, m in zip(parts, blocked, now, made, strict=True)))

    return by_part(parts, count(w, lo, hi, step * block_rounds, carried(parts, start), block))


# Hoisting


def _hoist(w: Writer, loop: For) -> None:
    """Write ahead of a loop, which is known to do something, all that does not depend on it."""
    written = stored(loop.body)
    for s in loop.body:
        ahead = isinstance(s, Load) and s.buffer not in written
        if ahead and isinstance(s, Load) and _ready(w, s.index) and not any(w.varies(i) for i in s.index):
            w.load(s)
    available: dict[Expr, bool] = {}
    for node in postorder([*all_roots(loop.body), *(u for f in loop.folds for u in f.updates)]):
        parts = operands(node)
        available[node] = (
            w.is_known(node)
            or _is_fixed(node)
            or (w.lanes is not None and node is w.lanes.var)
            or (bool(parts) and all(available[a] for a in parts))
        )
        if not available[node]:
            for a in parts:
                if available[a]:
                    w.value(a)
    for s in deep(loop.body):
        if isinstance(s, (Load, Store)):
            _hoist_address(w, s, available)
        for root in roots(s):
            if available[root]:
                w.value(root)


def _is_fixed(node: Expr) -> bool:
    return type(node).__name__ in ("Const", "Param")


def _ready(w: Writer, index: Sequence[Expr]) -> bool:
    return all(w.is_known(n) or _is_fixed(n) or operands(n) for n in postorder(index))


def _hoist_address(w: Writer, access: Load | Store, available: dict[Expr, bool]) -> None:
    k = 0
    while k < len(access.index) and available[access.index[k]] and not w.varies(access.index[k]):
        k += 1
    w.base(access.buffer, access.index[:k])


# Serial loops


def _serial(w: Writer, loop: For) -> None:
    lo, hi = w.scalar(loop.lo), w.scalar(loop.hi)
    flat = _flattened(w, loop)
    lanes = w.lanes
    own = 1 if lanes is None else lanes.width
    parts = [Part(f, flat[f][1] if f in flat else own) for f in loop.folds]
    keep: dict[For, list[Part]] = {}
    for inner, width, fold in flat.values():
        keep.setdefault(inner, []).append(Part(fold, width))

    start = [
        identities(w, p) if p.fold in flat else [w.wide_value(i, p.width) for i in p.fold.inits]
        for p in parts
    ]

    def one(i: str, state: list[list[str]]) -> list[list[str]]:
        _fetch_ahead(w, loop, i, hi)
        w.bind(loop.var, Op(i, 1))
        for part, values in zip(parts, state, strict=True):
            if part.fold not in flat:
                bind_refs(w, part, values)
        write_body(w, loop.body, keep)
        return [_updated(w, p, s, flat.get(p.fold)) for p, s in zip(parts, state, strict=True)]

    def all_() -> State:
        _hoist(w, loop)
        return in_row(_rounds(w, lo, hi, 1, parts, start, one, BLOCK["serial"]))

    done = by_part(parts, when(w, below(w, lo, hi), carried(parts, start), all_))
    for part, state in zip(parts, done, strict=True):
        made, width = (finished(w, part, state), 1) if part.fold in flat else (state, part.width)
        for result, text in zip(part.fold.results, made, strict=True):
            w.bind(result, Op(text, width))


def _fetch_ahead(w: Writer, loop: For, i: str, hi: str) -> None:
    """Ask for what the lanes of a vector loop around will read some rows on; of rows past the last, for the last."""
    if w.lanes is None or w.lanes.width == 1:
        return
    rows = rows_read(loop)
    if not rows:
        return
    mark = w.mark()
    last = w.e.assign(f"sub i64 {hi}, 1")
    at = w.e.intrinsic("smin", "int64", 1, [w.e.assign(f"add i64 {i}, {AHEAD}"), last])
    w.bind(loop.var, Op(at, 1))
    for load in rows:
        w.fetch(load)
    w.rollback(mark)


Flat = tuple[For, int, Fold]


def _flattened(w: Writer, loop: For) -> dict[Fold, Flat]:
    """Folds that only pass through a vector loop inside: their lanes are carried as they are, and folded once."""
    found: dict[Fold, Flat] = {}
    if w.lanes is not None or not w.target.masks:
        return found
    for inner in loop.body:
        if isinstance(inner, For) and inner.kind == "vector":
            for g in inner.folds:
                for f in loop.folds:
                    if f.combine is not None and f.refs == g.inits and f.updates == g.results:
                        found[f] = (inner, cut(inner, w.target, w.called).lanes, g)
    return found


def _updated(w: Writer, part: Part, state: list[str], flat: Flat | None) -> list[str]:
    if flat is None:
        return [w.wide_value(u, part.width) for u in part.fold.updates]
    assert part.fold.combine is not None
    made = [w.value(r).text for r in flat[2].results]
    return combined(w, part.fold.combine, state, made, part.width)


# Vector loops


def _vector(w: Writer, loop: For, keep: list[Part]) -> None:
    """Folds in `keep` leave all their lanes as results, without the initial value."""
    lo, hi = w.scalar(loop.lo), w.scalar(loop.hi)
    plan = cut(loop, w.target, w.called)
    parts = [Part(f, plan.lanes) for f in loop.folds]
    kept = {p.fold for p in keep}
    start = [identities(w, p) for p in parts]
    if not w.target.masks:
        _vector_then_scalar(w, loop, lo, hi, plan.lanes, parts, start)
        return

    def all_() -> State:
        _hoist(w, loop)
        if plan.strips:
            Strips(w, loop, plan, Services(write_body, _hoist)).write(lo, hi)
            return []
        if plan.narrow:
            _wide_and_narrow(w, loop, lo, hi, plan)
            return []
        if plan.one_body:
            return in_row(
                _rounds(w, lo, hi, plan.lanes, parts, start, _masked_round(w, loop, parts, hi, plan.lanes))
            )
        return in_row(_whole_and_rest(w, loop, lo, hi, parts, start, plan.lanes))

    done = by_part(parts, when(w, below(w, lo, hi), carried(parts, start), all_))
    for part, state in zip(parts, done, strict=True):
        made, width = (state, part.width) if part.fold in kept else (finished(w, part, state), 1)
        for result, text in zip(part.fold.results, made, strict=True):
            w.bind(result, Op(text, width))


def _whole_and_rest(
    w: Writer, loop: For, lo: str, hi: str, parts: Sequence[Part], start: list[list[str]], lanes: int
) -> list[list[str]]:
    """Rounds without masks as long as all lanes take part, then one for the rest."""
    middle, rest = divided(w, lo, hi, lanes)
    whole = when(
        w,
        below(w, lo, middle),
        carried(parts, start),
        lambda: in_row(_rounds(w, lo, middle, lanes, parts, start, _round(w, loop, parts, lanes))),
    )
    some = w.e.assign(f"icmp ne i64 {rest}, 0")

    def last() -> State:
        mask = first_lanes(w, rest, lanes)
        return in_row(_round(w, loop, parts, lanes, mask)(middle, by_part(parts, whole)))

    return by_part(parts, when(w, some, carried(parts, by_part(parts, whole)), last))


def _round(w: Writer, loop: For, parts: Sequence[Part], width: int, mask: str | None = None) -> RoundBody:
    """One round of the loop's body."""

    def body(i: str, state: list[list[str]]) -> list[list[str]]:
        mark = w.mark()
        w.lanes = Lanes(loop.var, width, i, mask)
        for part, values in zip(parts, state, strict=True):
            bind_refs(w, part, values)
        if parts and mask is None and width > 1:
            for load in rows_read(loop):
                w.fetch(load, BYTES_AHEAD)
        write_body(w, loop.body)
        new = [[w.wide_value(u, width) for u in p.fold.updates] for p in parts]
        if mask is not None:
            new = [
                [
                    w.e.select(mask, kind, a, b, width)
                    for kind, a, b in zip(p.types(), after, before, strict=True)
                ]
                for p, after, before in zip(parts, new, state, strict=True)
            ]
        w.lanes = None
        w.rollback(mark)
        return new

    return body


def _wide_and_narrow(w: Writer, loop: For, lo: str, hi: str, plan: Cut) -> None:
    """Wide rounds without masks as long as all lanes take part, then narrow ones with masks."""
    middle, _ = divided(w, lo, hi, plan.lanes)

    def wide() -> State:
        return in_row(_rounds(w, lo, middle, plan.lanes, [], [], _round(w, loop, [], plan.lanes)))

    def narrow() -> State:
        return in_row(
            _rounds(w, middle, hi, plan.narrow, [], [], _masked_round(w, loop, [], hi, plan.narrow))
        )

    when(w, below(w, lo, middle), [], wide)
    when(w, below(w, middle, hi), [], narrow)


def _masked_round(w: Writer, loop: For, parts: Sequence[Part], hi: str, lanes: int) -> RoundBody:
    """A round in which only the lanes below `hi` take part."""

    def body(i: str, state: list[list[str]]) -> list[list[str]]:
        left = w.e.assign(f"sub i64 {hi}, {i}")
        here = w.e.intrinsic("smin", "int64", 1, [left, str(lanes)])
        return _round(w, loop, parts, lanes, first_lanes(w, here, lanes))(i, state)

    return body


def _vector_then_scalar(
    w: Writer, loop: For, lo: str, hi: str, lanes: int, parts: list[Part], start: list[list[str]]
) -> None:
    """Whole rounds, then single iterations that go on from their results."""
    middle, _ = divided(w, lo, w.e.intrinsic("smax", "int64", 1, [lo, hi]), lanes)

    def whole() -> State:
        _hoist(w, loop)
        return in_row(_rounds(w, lo, middle, lanes, parts, start, _round(w, loop, parts, lanes)))

    done = by_part(parts, when(w, below(w, lo, middle), carried(parts, start), whole))
    singles = [Part(p.fold, 1) for p in parts]
    begin = [finished(w, p, s) for p, s in zip(parts, done, strict=True)]

    def rest() -> State:
        _hoist(w, loop)
        return in_row(_rounds(w, middle, hi, 1, singles, begin, _round(w, loop, singles, 1)))

    last = by_part(singles, when(w, below(w, middle, hi), carried(singles, begin), rest))
    for part, state in zip(singles, last, strict=True):
        for result, text in zip(part.fold.results, state, strict=True):
            w.bind(result, Op(text, 1))
