"""Expressions and memory accesses of loop IR, written as LLVM text."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from croton.backends.cpu.codegen.calls import emit_call
from croton.backends.cpu.codegen.casts import cast_value
from croton.backends.cpu.codegen.emitter import (
    ITEMSIZE,
    Emitter,
    constant,
    memory_type,
    number,
    register_type,
    vector,
)
from croton.backends.cpu.codegen.primitives import emit_primitive
from croton.backends.cpu.codegen.target import Target
from croton.loops.ir import Buffer, Cast, Const, Expr, Load, LoopVar, Param, Prim, Select, Store, operands
from croton.loops.walk import postorder
from croton.util.record import record


class Op(NamedTuple):
    """An operand: its text, and its lanes (1: the same for all)."""

    text: str
    width: int


@record(frozen=True)
class Lanes:
    """The round of a vector loop that is being written.

    at       the counter of the first lane
    mask     the lanes that take part; None: all
    guarded  the mask hides lanes by a condition, so that maybe none takes part
    """

    var: LoopVar
    width: int
    at: str
    mask: str | None = None
    guarded: bool = False


Key: TypeAlias = Any

CACHE_LINE = 64


class Writer:
    """Writes values where they are first needed, and knows for how long they can be used again.

    called  the functions, with their data types, that are not written in place
    packs   several rows of few columns may be done as one
    """

    def __init__(
        self,
        e: Emitter,
        target: Target,
        called: frozenset[tuple[str, str]] = frozenset(),
        packs: bool = False,
    ) -> None:
        self.e = e
        self.target = target
        self.called = called
        self.packs = packs
        self.lanes: Lanes | None = None
        self.strides: dict[Buffer, tuple[Op, ...]] = {}
        self._known: dict[Key, Op] = {}
        self._log: list[Key] = []

    # What is known

    def mark(self) -> int:
        """A point to roll back to, when the block being written no longer dominates what comes."""
        return len(self._log)

    def rollback(self, mark: int) -> None:
        """Forget what was written since the mark."""
        for key in self._log[mark:]:
            del self._known[key]
        del self._log[mark:]

    def bind(self, key: Key, op: Op) -> None:
        """Note a value."""
        self._known[key] = op
        self._log.append(key)

    def is_known(self, key: Key) -> bool:
        """Whether a value was written and can be used here."""
        return key in self._known

    # Expressions

    def value(self, node: Expr) -> Op:
        """The operand of an expression."""
        found = self._known.get(node)
        if found is not None:
            return found
        for n in postorder([node], _Known(self._known)):  # type: ignore[arg-type]
            self.bind(n, self._write(n))
        return self._known[node]

    def wide(self, op: Op, dtype: str, width: int) -> str:
        """The operand in that many lanes."""
        if op.width == width:
            return op.text
        key = ("splat", op.text, dtype, width)
        found = self._known.get(key)
        if found is None:
            found = Op(self.e.splat(op.text, register_type(dtype), width), width)
            self.bind(key, found)
        return found.text

    def wide_value(self, node: Expr, width: int) -> str:
        """An expression in that many lanes."""
        return self.wide(self.value(node), node.dtype, width)

    def scalar(self, node: Expr) -> str:
        """An expression that must not vary between lanes."""
        op = self.value(node)
        assert op.width == 1, "a loop's bounds and a stride are the same in all lanes"
        return op.text

    def _write(self, node: Expr) -> Op:
        ops = [self._known[a] for a in operands(node)]
        width = max((op.width for op in ops), default=1)
        args = [self.wide(op, a.dtype, width) for op, a in zip(ops, operands(node), strict=True)]
        match node:
            case Const():
                return Op(number(node.value, node.dtype), 1)
            case Param():
                return Op(f"%{node.name}", 1)
            case Prim():
                dtype = node.args[0].dtype
                emit = emit_call if (node.name, dtype) in self.called else emit_primitive
                return Op(emit(self.e, node.name, args, dtype, width), width)
            case Cast():
                return Op(cast_value(self.e, args[0], node.x.dtype, node.dtype, width), width)
            case Select():
                return Op(
                    self.e.select(args[0], register_type(node.dtype, width), args[1], args[2], width), width
                )
            case LoopVar() if self.lanes is not None and node is self.lanes.var:
                return self._counters(self.lanes)
            case _:
                raise AssertionError(f"{type(node).__name__} is used where it is not defined")

    def _counters(self, lanes: Lanes) -> Op:
        if lanes.width == 1:
            return Op(lanes.at, 1)
        kind = vector("i64", lanes.width)
        steps = ", ".join(f"i64 {k}" for k in range(lanes.width))
        first = self.wide(Op(lanes.at, 1), "int64", lanes.width)
        return Op(self.e.assign(f"add {kind} {first}, <{steps}>"), lanes.width)

    def varies(self, node: Expr) -> bool:
        """Whether lanes differ in a value, found without writing it."""
        if self.lanes is None or self.lanes.width == 1:
            return False
        for n in postorder([node]):
            found = self._known.get(n)
            if n is self.lanes.var or (found is not None and found.width > 1):
                return True
        return False

    # Addresses

    def base(self, buffer: Buffer, index: tuple[Expr, ...]) -> str:
        """The address of an element with these leading indices, none of which varies."""
        if not index:
            return self._known[buffer].text
        key = ("address", buffer, index)
        found = self._known.get(key)
        if found is None:
            found = Op(self._step(buffer, index), 1)
            self.bind(key, found)
        return found.text

    def _step(self, buffer: Buffer, index: tuple[Expr, ...]) -> str:
        before = self.base(buffer, index[:-1])
        at, stride = self.scalar(index[-1]), self.strides[buffer][len(index) - 1].text
        if "0" in (at, stride):
            return before
        offset = self.e.assign(f"mul i64 {at}, {stride}")
        return self.e.assign(f"getelementptr i8, ptr {before}, i64 {offset}")

    def _adjacent(self, buffer: Buffer, index: tuple[Expr, ...]) -> str | None:
        """The address of the first lane's element, if the lanes' elements are adjacent."""
        assert self.lanes is not None
        if self.strides[buffer][-1].text != str(ITEMSIZE[buffer.dtype]) or any(
            self.varies(i) for i in index[:-1]
        ):
            return None
        at = self._first(index[-1])
        if at is None:
            return None
        start = self.base(buffer, index[:-1])
        return self.e.assign(f"getelementptr {memory_type(buffer.dtype)}, ptr {start}, i64 {at}")

    def _first(self, index: Expr) -> str | None:
        """The first lane's index, if it goes up by one from lane to lane."""
        assert self.lanes is not None
        var = self.lanes.var
        if index is var:
            return self.lanes.at
        if isinstance(index, Prim) and index.name in ("add", "sub"):
            x, y = index.args
            if index.name == "add" and self.varies(y):
                x, y = y, x
            first = self._first(x) if self.varies(x) and not self.varies(y) else None
            if first is not None:
                return self.e.assign(f"{index.name} i64 {first}, {self.scalar(y)}")
        return None

    def _each(self, buffer: Buffer, index: tuple[Expr, ...], width: int) -> str:
        """The addresses of all lanes' elements."""
        fixed = 0
        while fixed < len(index) and not self.varies(index[fixed]):
            fixed += 1
        kind = vector("i64", width)
        total = None
        for at, stride in zip(index[fixed:], self.strides[buffer][fixed:], strict=True):
            scaled = self.e.assign(
                f"mul {kind} {self.wide_value(at, width)}, {self.wide(stride, 'int64', width)}"
            )
            total = scaled if total is None else self.e.assign(f"add {kind} {total}, {scaled}")
        start = self.base(buffer, index[:fixed])
        offsets = total or constant(0, "int64", width)
        return self.e.assign(f"getelementptr i8, ptr {start}, {kind} {offsets}")

    # Loads and stores

    def load(self, node: Load) -> None:
        """Write a load, unless it was written ahead of its loop."""
        if self.is_known(node):
            return
        lanes, buffer = self.lanes, node.buffer
        varying = (
            lanes is not None
            and lanes.width > 1
            and (lanes.guarded or any(self.varies(i) for i in node.index))
        )
        width = lanes.width if lanes is not None and varying else 1
        if buffer.access == "place":
            self.bind(node, Op(self._places(buffer, node.index, width), width))
            return
        if lanes is None or width == 1:
            raw = self._plain_load(self.base(buffer, node.index), buffer.dtype, 1)
        elif (start := self._adjacent(buffer, node.index)) is None:
            raw = self._gather(self._each(buffer, node.index, width), buffer.dtype, lanes)
        elif lanes.mask is None:
            raw = self._plain_load(start, buffer.dtype, width)
        else:
            raw = self._masked_load(start, buffer.dtype, lanes)
        if buffer.dtype == "bool":
            kind = memory_type("bool", width)
            raw = self.e.assign(f"icmp ne {kind} {raw}, {'zeroinitializer' if width > 1 else '0'}")
        self.bind(node, Op(raw, width))

    def fetch(self, load: Load, beyond: int | str = 0) -> None:
        """Ask for the memory so many bytes beyond that of a load whose lanes' elements are adjacent."""
        assert self.lanes is not None
        start = self._adjacent(load.buffer, load.index)
        if start is None:
            return
        self.e.declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        start = self.e.assign(f"getelementptr i8, ptr {start}, i64 {beyond}")
        for offset in range(0, self.lanes.width * ITEMSIZE[load.buffer.dtype], CACHE_LINE):
            at = self.e.assign(f"getelementptr i8, ptr {start}, i64 {offset}")
            self.e.put(f"call void @llvm.prefetch.p0(ptr {at}, i32 0, i32 3, i32 1)")

    def _places(self, buffer: Buffer, index: tuple[Expr, ...], width: int) -> str:
        """The addresses themselves, as numbers."""
        at = self.base(buffer, index) if width == 1 else self._each(buffer, index, width)
        return self.e.assign(f"ptrtoint {vector('ptr', width)} {at} to {vector('i64', width)}")

    def _plain_load(self, at: str, dtype: str, width: int) -> str:
        return self.e.assign(f"load {memory_type(dtype, width)}, ptr {at}, align {ITEMSIZE[dtype]}")

    def _masked_load(self, at: str, dtype: str, lanes: Lanes) -> str:
        kind, mask = _moved(dtype, lanes.width), vector("i1", lanes.width)
        name = f"@llvm.masked.load.{_suffix(dtype, lanes.width)}.p0"
        self.e.declare(f"declare {kind} {name}(ptr, i32, {mask}, {kind})")
        got = self.e.assign(
            f"call {kind} {name}(ptr {at}, i32 {ITEMSIZE[dtype]}, {mask} {lanes.mask}, {kind} zeroinitializer)"
        )
        return self._from_moved(got, dtype, lanes.width)

    def _gather(self, at: str, dtype: str, lanes: Lanes) -> str:
        kind, mask, ptrs = _moved(dtype, lanes.width), vector("i1", lanes.width), vector("ptr", lanes.width)
        name = f"@llvm.masked.gather.{_suffix(dtype, lanes.width)}.v{lanes.width}p0"
        self.e.declare(f"declare {kind} {name}({ptrs}, i32, {mask}, {kind})")
        chosen = lanes.mask or constant(True, "bool", lanes.width)
        got = self.e.assign(
            f"call {kind} {name}({ptrs} {at}, i32 {ITEMSIZE[dtype]}, {mask} {chosen}, {kind} zeroinitializer)"
        )
        return self._from_moved(got, dtype, lanes.width)

    def _from_moved(self, x: str, dtype: str, width: int) -> str:
        if dtype != "float16":
            return x
        return self.e.assign(f"bitcast {_moved(dtype, width)} {x} to {register_type(dtype, width)}")

    def store(self, node: Store) -> None:
        """Write a store."""
        lanes, buffer = self.lanes, node.buffer
        width = 1 if lanes is None else lanes.width
        value = self.wide_value(node.value, width)
        if buffer.dtype == "bool":
            value = self.e.assign(
                f"zext {register_type('bool', width)} {value} to {memory_type('bool', width)}"
            )
        kind = memory_type(buffer.dtype, width)
        align = ITEMSIZE[buffer.dtype]
        if lanes is None or width == 1:
            self.e.put(f"store {kind} {value}, ptr {self.base(buffer, node.index)}, align {align}")
            return
        start = self._adjacent(buffer, node.index)
        if start is not None and lanes.mask is None:
            self.e.put(f"store {kind} {value}, ptr {start}, align {align}")
            return
        if buffer.dtype == "float16":
            value = self.e.assign(f"bitcast {kind} {value} to {_moved('float16', width)}")
        self._masked_store(
            value, start or self._each(buffer, node.index, width), buffer.dtype, lanes, start is None
        )

    def _masked_store(self, value: str, at: str, dtype: str, lanes: Lanes, scatter: bool) -> None:
        kind, mask = _moved(dtype, lanes.width), vector("i1", lanes.width)
        to = vector("ptr", lanes.width) if scatter else "ptr"
        place = f"v{lanes.width}p0" if scatter else "p0"
        name = f"@llvm.masked.{'scatter' if scatter else 'store'}.{_suffix(dtype, lanes.width)}.{place}"
        self.e.declare(f"declare void {name}({kind}, {to}, i32, {mask})")
        chosen = lanes.mask or constant(True, "bool", lanes.width)
        self.e.put(f"call void {name}({kind} {value}, {to} {at}, i32 {ITEMSIZE[dtype]}, {mask} {chosen})")


class _Known:
    """The known values as the set of visited nodes that `postorder` keeps."""

    __slots__ = ("_extra", "_known")

    def __init__(self, known: dict[Key, Op]) -> None:
        self._known = known

    def __contains__(self, node: Expr) -> bool:
        return node in self._known

    def add(self, node: Expr) -> None:
        """The consumer notes it itself, before it asks for the next."""


# float16 moves as the integer of its size: not all machines mask halves.
def _moved(dtype: str, width: int) -> str:
    return vector("i16", width) if dtype == "float16" else memory_type(dtype, width)


def _suffix(dtype: str, width: int) -> str:
    lane = {"float16": "i16", "float32": "f32", "float64": "f64"}.get(dtype) or memory_type(dtype)
    return f"v{width}{lane}"
