"""The driver: one LLVM function per program, from its statements.

It computes all lengths and strides in registers, and calls kernels and products through the runtime (runtime/abi.md).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import assert_never

import numpy as np

from croton.backends.cpu.alike import Alike, Given, failing
from croton.backends.cpu.arguments import ABI, Arguments, Body, failed, type_of
from croton.backends.cpu.codegen.calls import emit_call, often
from croton.backends.cpu.codegen.emitter import Emitter, memory_type, number, register_type
from croton.backends.cpu.codegen.primitives import cast_value, emit_primitive
from croton.plan import program as p

SYMBOL = "entry"

_ACCESS = {"unit": 0, "splat": 1, "spaced": 4}


def emit_driver(program: p.Program, symbol: str) -> str:
    """The LLVM text of the driver of `program`."""
    return _Driver(program).text(symbol)


class _Driver:
    def __init__(self, program: p.Program) -> None:
        self.program = program
        self.e = Emitter()
        self.names: dict[p.Reg, str] = {}
        self.given = Arguments(self.e, self.names, program)
        self.alike = Alike(self.e, program, self.given.tables)
        self.value = self.given.value
        # Arithmetic in loops stays in place: there it is what takes time.
        self.called = often((s.prim, s.dtype) for s in program.statements if isinstance(s, p.Compute))

    def text(self, symbol: str) -> str:
        """The module."""
        e = self.e
        e.begin()
        self.slots = self.given.address("slots")
        self.table = self.given.address("rt")
        self.failed = e.fresh("failed")
        self._statements(self.program.statements)
        e.put("ret i32 0")
        e.block(self.failed)
        e.put("ret i32 1")
        e.lines[1:1] = self.given.allocas
        e.end(f"define i32 @{symbol}(ptr %ctx)")
        descs = "\n".join(_descriptor(i, d) for i, d in enumerate(self.program.descs))
        return f"{descs}\n{e.text()}attributes #0 = {{ nounwind }}\n"

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
                self.given.store(self.names[s.at], s.value, s.dtype)
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
                self.names[s.out] = self.given.stack("i64", -(-np.dtype(s.dtype).itemsize // 8))
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
        body = Body(e.count)
        e.jump(head)
        e.block(head)
        counter, at_counter = e.phi_slot("i64")
        phis = [e.phi_slot(type_of(c.reg.dtype)) for c in s.carried]
        self.names[s.counter] = counter
        self.names.update((c.reg, name) for c, (name, _) in zip(s.carried, phis, strict=True))
        go = e.assign(f"icmp slt i64 {counter}, {steps}")
        if s.stop is not None:
            on = e.assign(f"xor i1 {self.names[s.stop]}, true")
            go = e.assign(f"and i1 {go}, {on}")
        e.branch(go, inside, after)
        e.block(inside)
        self.given.bodies.append(body)
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
        self.given.bodies.pop()
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
            self.names[j.reg], at = e.phi_slot(type_of(j.reg.dtype))
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
        called = (s.prim, s.dtype) in self.called and not self.given.bodies
        emit = emit_call if called else emit_primitive
        return emit(self.e, s.prim, [self.value(a, s.dtype) for a in s.args], s.dtype, 1)

    def _load(self, at: str, dtype: str) -> str:
        if dtype == "ptr":
            return self.e.assign(f"load ptr, ptr {at}, align 8")
        got = self.e.assign(f"load {memory_type(dtype)}, ptr {at}")
        return self.e.assign(f"icmp ne i8 {got}, 0") if dtype == "bool" else got

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
        alike = self.alike.written(s)
        if alike is not None:
            got = self._by(*alike, ABI["functions"][s.function][1])
        else:
            got = self.given.called(s.function, s.args, self.table)
        if not got:
            return
        on = e.fresh("go")
        bad = failed(e, s.function, got)
        if s.operands and alike is None:
            noting = e.fresh("noting")
            e.branch(bad, noting, on)
            e.block(noting)
            self.given.note(s.operands, self.table)
            e.jump(self.failed)
        else:
            e.branch(bad, self.failed, on)
        e.block(on)
        if s.out is not None:
            self.names[s.out] = got

    def _by(self, function: str, given: Sequence[Given], type_: str) -> str:
        """A call of a function of the module: what it gives, '' for nothing."""
        text = f"call {type_} @{function}({', '.join(['ptr %ctx', *map(self.given.argument, given)])})"
        if type_ != "void":
            return self.e.assign(text)
        self.e.put(text)
        return ""

    def _fail(self, s: p.Fail) -> None:
        e = self.e
        bad, on = e.fresh("bad"), e.fresh("go")
        e.branch(self.value(s.condition, "bool"), bad, on)
        e.block(bad)
        alike = self.alike.written(s)
        if alike is not None:
            got = self._by(*alike, "i32")
        else:
            call = failing(s)
            self.given.note(call.operands, self.table)
            got = self.given.called(call.function, call.args, self.table)
        e.put(f"ret i32 {got}")
        e.block(on)


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
