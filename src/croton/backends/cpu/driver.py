"""The driver: one LLVM function per program, from its statements.

It computes all lengths and strides in registers, and calls kernels and products through the runtime (runtime/abi.md).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

import numpy as np

from croton.backends.cpu import _runtime
from croton.backends.cpu.codegen.emitter import Emitter, memory_type, number, register_type
from croton.backends.cpu.codegen.primitives import cast_value, emit_primitive
from croton.plan import program as p

ABI = _runtime.ABI
SYMBOL = "entry"

_ACCESS = {"unit": 0, "splat": 1, "spaced": 4}
_REAL_PART = {"complex64": "float32", "complex128": "float64"}


def emit_driver(program: p.Program, symbol: str) -> str:
    """The LLVM text of the driver of `program`."""
    return _Driver(program).text(symbol)


@dataclass(slots=True)
class _Body:
    """The body of a loop that is being written: the first name made in it, and what is done before it begins."""

    first: int
    before: list[str] = field(default_factory=list)


class _Driver:
    def __init__(self, program: p.Program) -> None:
        self.program = program
        self.e = Emitter()
        self.names: dict[p.Reg, str] = {}
        self.allocas: list[str] = []
        self.bodies: list[_Body] = []
        self._tables: dict[str, str] = {}

    def text(self, symbol: str) -> str:
        """The module."""
        e = self.e
        e.begin()
        self.slots = self._field("slots")
        self.table = self._field("rt")
        self.failed = e.fresh("failed")
        self._statements(self.program.statements)
        e.put("ret i32 0")
        e.block(self.failed)
        e.put("ret i32 1")
        e.lines[1:1] = self.allocas
        e.end(f"define i32 @{symbol}(ptr %ctx)")
        descs = "\n".join(_descriptor(i, d) for i, d in enumerate(self.program.descs))
        return f"{descs}\n{e.text()}"

    def _field(self, name: str) -> str:
        at = self.e.assign(f"getelementptr i8, ptr %ctx, i64 {ABI['ctx'][name]}")
        return self.e.assign(f"load ptr, ptr {at}, align 8")

    # -- operands --------------------------------------------------------------------------------------------
    def value(self, x: p.Number, dtype: str) -> str:
        """A number as an operand of `dtype`."""
        if isinstance(x, p.Reg):
            name = self.names[x]
            if x.dtype in ("ptr", dtype):
                return name
            return cast_value(self.e, name, x.dtype, dtype, 1)
        return "null" if dtype == "ptr" else number(x, dtype)

    def _stack(self, type_: str, count: int = 1) -> str:
        name = f"%s{len(self.allocas)}"
        self.allocas.append(f"  {name} = alloca [{max(count, 1)} x {type_}], align 8")
        return name

    def _put_array(self, type_: str, values: Sequence[str]) -> str:
        if type_ == "i64" and all(not v.startswith("%") for v in values):
            return (
                self.e.constant_table(self._constant_name(values), "int64", [int(v) for v in values])
                if values
                else "null"
            )
        at = self._stack(type_, len(values))
        for i, v in enumerate(values):
            place = f"{at}.{i}" if i else at
            lines = [f"  {place} = getelementptr i8, ptr {at}, i64 {8 * i}"] * (i > 0)
            self._before_loops(v).extend([*lines, f"  store {type_} {v}, ptr {place}, align 8"])
        return at

    def _before_loops(self, name: str) -> list[str]:
        """Where what needs no more than `name` is written: before those loops in which it does not change."""
        made = int(name[2:], 16) if name.startswith("%x") else -1
        return next((body.before for body in self.bodies if made < body.first), self.e.lines)

    def _constant_name(self, values: Sequence[str]) -> str:
        key = ",".join(values)
        return self._tables.setdefault(key, f"dims{len(self._tables)}")

    def _argument(self, a: p.Argument) -> str:
        match a:
            case p.Reg():
                return f"ptr {self.names[a]}"
            case p.I32():
                return f"i32 {a.value}"
            case p.I64():
                return f"i64 {self.value(a.value, 'int64')}"
            case p.I64s():
                return f"ptr {self._put_array('i64', [self.value(v, 'int64') for v in a.values])}"
            case p.Ptrs():
                return f"ptr {self._put_array('ptr', ['null' if v is None else self.names[v] for v in a.values])}"
            case p.Ref():
                return f"ptr {self._ref(a)}"
            case p.Desc():
                return f"ptr @desc{a.index}"
            case p.Null():
                return "ptr null"
            case p.Slot():
                return f"i32 {self.program.slot_number(a)}"
            case _:
                assert_never(a)

    def _ref(self, a: p.Ref) -> str:
        if a.dtype not in _REAL_PART:
            assert not isinstance(a.value, complex)
            at = self._stack(memory_type(a.dtype))
            self._store(at, a.value, a.dtype)
            return at
        # Complex numbers are not kept in registers: such a number is known now.
        assert not isinstance(a.value, p.Reg)
        part = _REAL_PART[a.dtype]
        at = self._stack(memory_type(part), 2)
        second = self.e.assign(f"getelementptr {memory_type(part)}, ptr {at}, i64 1")
        self._store(at, complex(a.value).real, part)
        self._store(second, complex(a.value).imag, part)
        return at

    # -- statements ------------------------------------------------------------------------------------------
    def _statements(self, statements: Sequence[p.Statement]) -> None:
        for s in statements:
            self._statement(s)

    def _statement(self, s: p.Statement) -> None:
        e = self.e
        match s:
            case p.Compute():
                self.names[s.out] = self._compute(s)
            case p.Load():
                self.names[s.out] = self._load(self.names[s.at], s.out.dtype)
            case p.Store():
                self._store(self.names[s.at], s.value, s.dtype)
            case p.SlotData():
                self.names[s.out] = self._slot(s.slot, "data", "ptr")
            case p.SlotDim():
                self.names[s.out] = self._slot_entry(s.slot, "dims", s.axis)
            case p.SlotStride():
                self.names[s.out] = self._slot_entry(s.slot, "strides", s.axis)
            case p.Offset():
                self.names[s.out] = e.assign(
                    f"getelementptr i8, ptr {self.names[s.base]}, i64 {self.value(s.nbytes, 'int64')}"
                )
            case p.Local():
                self.names[s.out] = self._stack("i64", -(-np.dtype(s.dtype).itemsize // 8))
            case p.Call():
                self._call(s)
            case p.Fail():
                self._fail(s)
            case p.Loop():
                self._loop(s)
            case p.Branch():
                self._branch(s)
            case _:
                assert_never(s)

    def _loop(self, s: p.Loop) -> None:
        """The test stands at the head, so that what is carried can be read after it."""
        e = self.e
        head, inside, after = e.fresh("head"), e.fresh("body"), e.fresh("after")
        steps = self.value(s.steps, "int64")
        firsts = [self.value(c.first, c.reg.dtype) for c in s.carried]
        before = e.label
        # What needs nothing of the loop is put here once it is known.
        place = len(e.lines)
        body = _Body(e.count)
        e.jump(head)
        e.block(head)
        counter, at_counter = e.phi_slot("i64")
        phis = [e.phi_slot(_type(c.reg.dtype)) for c in s.carried]
        self.names[s.counter] = counter
        self.names.update((c.reg, name) for c, (name, _) in zip(s.carried, phis, strict=True))
        go = e.assign(f"icmp slt i64 {counter}, {steps}")
        if s.stop is not None:
            on = e.assign(f"xor i1 {self.names[s.stop]}, true")
            go = e.assign(f"and i1 {go}, {on}")
        e.branch(go, inside, after)
        e.block(inside)
        self.bodies.append(body)
        self._statements(s.body)
        self._check(counter, s.is_arithmetic)
        following = e.assign(f"add nuw nsw i64 {counter}, 1")
        nexts = [self.value(c.next, c.reg.dtype) for c in s.carried]
        sources = [(at_counter, "0", following)]
        sources += [(at, a, b) for (_, at), a, b in zip(phis, firsts, nexts, strict=True)]
        for at, first, then in sources:
            e.fill_phi(at, [(first, before), (then, e.label)])
        e.jump(head)
        e.block(after)
        self.bodies.pop()
        e.lines[place:place] = body.before

    def _check(self, counter: str, seldom: bool) -> None:
        """Look for Ctrl-C: in each step, or in one of 64 where steps are short."""
        e = self.e
        after = e.fresh("checked")
        if seldom:
            low = e.assign(f"and i64 {counter}, 63")
            now = e.fresh("check")
            e.branch(e.assign(f"icmp eq i64 {low}, 63"), now, after)
            e.block(now)
        self._call(p.Call("rt_check", ()))
        e.jump(after)
        e.block(after)

    def _branch(self, s: p.Branch) -> None:
        e = self.e
        labels = e.fresh("then"), e.fresh("otherwise")
        join = e.fresh("join")
        e.branch(self.value(s.condition, "bool"), *labels)
        sources: list[list[tuple[str, str]]] = [[] for _ in s.joined]
        for label, body, side in zip(labels, (s.then, s.otherwise), ("then", "otherwise"), strict=True):
            e.block(label)
            self._statements(body)
            values = [self.value(getattr(j, side), j.reg.dtype) for j in s.joined]
            for found, value in zip(sources, values, strict=True):
                found.append((value, e.label))
            e.jump(join)
        e.block(join)
        for j, found in zip(s.joined, sources, strict=True):
            self.names[j.reg], at = e.phi_slot(_type(j.reg.dtype))
            e.fill_phi(at, found)

    def _compute(self, s: p.Compute) -> str:
        if s.prim == "const":
            return number(s.args[0], s.out.dtype)  # type: ignore[arg-type]
        if s.prim == "times_at_most":
            args = ", ".join(f"i64 {self.value(a, 'int64')}" for a in s.args)
            self.e.declare("declare i64 @llvm.smul.fix.sat.i64(i64, i64, i32)")
            return self.e.assign(f"call i64 @llvm.smul.fix.sat.i64({args}, i32 0)")
        if s.prim == "cast":
            return cast_value(self.e, self.value(s.args[0], s.dtype), s.dtype, s.out.dtype, 1)
        if s.prim == "select":
            yes, no = (self.value(a, s.out.dtype) for a in s.args[1:])
            return self.e.select(self.value(s.args[0], "bool"), register_type(s.out.dtype), yes, no)
        return emit_primitive(self.e, s.prim, [self.value(a, s.dtype) for a in s.args], s.dtype, 1)

    def _load(self, at: str, dtype: str) -> str:
        if dtype == "ptr":
            return self.e.assign(f"load ptr, ptr {at}, align 8")
        got = self.e.assign(f"load {memory_type(dtype)}, ptr {at}")
        return self.e.assign(f"icmp ne i8 {got}, 0") if dtype == "bool" else got

    def _store(self, at: str, x: p.Number, dtype: str) -> None:
        value = self.value(x, dtype)
        if dtype == "bool":
            value = self.e.assign(f"zext i1 {value} to i8")
        self.e.put(f"store {memory_type(dtype)} {value}, ptr {at}")

    def _slot(self, slot: p.Slot, field: str, type_: str) -> str:
        offset = self.program.slot_number(slot) * ABI["slot"]["size"] + ABI["slot"][field]
        at = self.e.assign(f"getelementptr i8, ptr {self.slots}, i64 {offset}")
        return self.e.assign(f"load {type_}, ptr {at}, align 8")

    def _slot_entry(self, slot: p.Slot, field: str, axis: int) -> str:
        array = self._slot(slot, field, "ptr")
        at = self.e.assign(f"getelementptr i64, ptr {array}, i64 {axis}")
        return self.e.assign(f"load i64, ptr {at}, align 8")

    # -- calls -----------------------------------------------------------------------------------------------
    def _call(self, s: p.Call) -> None:
        e = self.e
        texts = ", ".join(["ptr %ctx", *(self._argument(a) for a in s.args)])
        callee = self._function(s.function)
        type_ = ABI["functions"][s.function][1]
        if type_ == "void":
            e.put(f"call void {callee}({texts})")
            return
        got = e.assign(f"call {type_} {callee}({texts})")
        on = e.fresh("go")
        bad = e.assign(f"icmp eq ptr {got}, null" if type_ == "ptr" else f"icmp ne i32 {got}, 0")
        if s.operands:
            noting = e.fresh("noting")
            e.branch(bad, noting, on)
            e.block(noting)
            self._note(s.operands)
            e.jump(self.failed)
        else:
            e.branch(bad, self.failed, on)
        e.block(on)
        if s.out is not None:
            self.names[s.out] = got

    def _function(self, name: str) -> str:
        at = self.e.assign(f"getelementptr ptr, ptr {self.table}, i64 {ABI['functions'][name][0]}")
        return self.e.assign(f"load ptr, ptr {at}, align 8")

    def _fail(self, s: p.Fail) -> None:
        e = self.e
        bad, on = e.fresh("bad"), e.fresh("go")
        e.branch(self.value(s.condition, "bool"), bad, on)
        e.block(bad)
        self._call_void_fail(s)
        e.block(on)

    def _call_void_fail(self, s: p.Fail) -> None:
        self._note(s.operands)
        details = self._put_array("i64", [self.value(d, "int64") for d in s.details])
        callee = self._function("rt_fail")
        got = self.e.assign(
            f"call i32 {callee}(ptr %ctx, i32 {s.code}, i32 {s.node}, i32 {len(s.details)}, ptr {details})"
        )
        self.e.put(f"ret i32 {got}")

    def _note(self, operands: Sequence[p.Operand]) -> None:
        """Say what came, for the message."""
        callee = self._function("rt_operand")
        for one in operands:
            dims, strides = (
                self._put_array("i64", [self.value(v, "int64") for v in numbers])
                for numbers in (one.dims, one.strides)
            )
            data = "ptr null" if one.data is None else self._argument(one.data)
            known = strides if one.strides or not one.dims else "null"
            self.e.put(
                f"call void {callee}(ptr %ctx, i32 {one.dtype}, i32 {len(one.dims)}, ptr {dims}, ptr {known}, {data})"
            )


def _type(dtype: str) -> str:
    """The type of a register."""
    return "ptr" if dtype == "ptr" else register_type(dtype)


def _descriptor(index: int, d: p.NestDesc) -> str:
    """The constant that the launcher reads, as bytes laid out by runtime/abi.md §3."""
    reduced = sum(1 << a for a in d.reduced)
    head = struct.pack(
        "<8i4q", d.kernel, p.FORMS[d.form], d.ndim, len(d.buffers), d.nin, d.nacc, int(d.flat), d.lanes,
        reduced, d.cost, d.scratch, d.scratch_point,
    )  # fmt: skip
    body = b"".join(struct.pack("<2i", b.itemsize, _ACCESS[b.access] + 2 * b.reread) for b in d.buffers)
    raw = head + body
    words = struct.unpack(f"<{len(raw) // 8}q", raw)
    inside = ", ".join(f"i64 {w}" for w in words)
    return f"@desc{index} = private unnamed_addr constant [{len(words)} x i64] [{inside}], align 8"
