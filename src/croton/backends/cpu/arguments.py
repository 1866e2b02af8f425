"""What a function of the driver's module hands to the runtime: numbers, addresses, and arrays of them on its stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from croton.backends.cpu import _runtime
from croton.backends.cpu.codegen.emitter import Emitter, memory_type, number, register_type
from croton.backends.cpu.codegen.primitives import cast_value
from croton.plan import program as p
from croton.util.record import field, record

ABI = _runtime.ABI

_REAL_PART = {"complex64": "float32", "complex128": "float64"}


def type_of(dtype: str) -> str:
    """The type of a register."""
    return "ptr" if dtype == "ptr" else register_type(dtype)


@record
class Body:
    """The body of a loop that is being written: the first name made in it, and what is done before it begins."""

    first: int
    before: list[str] = field(default_factory=list)


class Arguments:
    """Writes them where `e` writes.

    names    of registers, and of what else the function is given
    slots    the runtime's numbers of slots
    allocas  what is to stand where the function begins
    bodies   the loops around what is being written
    tables   constant arrays of the module, by their elements
    """

    def __init__(
        self, e: Emitter, names: Mapping[Any, str], slots: p.Program, tables: dict[str, str] | None = None
    ) -> None:
        self.e = e
        self.names = names
        self.slots = slots
        self.allocas: list[str] = []
        self.bodies: list[Body] = []
        self.tables = {} if tables is None else tables

    def address(self, field: str) -> str:
        """An address that the context of the call holds."""
        at = self.e.assign(f"getelementptr i8, ptr %ctx, i64 {ABI['ctx'][field]}")
        return self.e.assign(f"load ptr, ptr {at}, align 8")

    def value(self, x: p.Number, dtype: str) -> str:
        """A number as an operand of `dtype`."""
        if isinstance(x, p.Reg):
            name = self.names[x]
            if x.dtype in ("ptr", dtype):
                return name
            return cast_value(self.e, name, x.dtype, dtype, 1)
        return "null" if dtype == "ptr" else number(x, dtype)

    def stack(self, type_: str, count: int = 1) -> str:
        """The address of room on the stack."""
        name = f"%s{len(self.allocas)}"
        self.allocas.append(f"  {name} = alloca [{max(count, 1)} x {type_}], align 8")
        return name

    def store(self, at: str, x: p.Number, dtype: str) -> None:
        """The number at an address becomes `x`."""
        value = self.value(x, dtype)
        if dtype == "bool":
            value = self.e.assign(f"zext i1 {value} to i8")
        self.e.put(f"store {memory_type(dtype)} {value}, ptr {at}")

    def argument(self, a: p.Argument) -> str:
        """With its type, as a call has it."""
        match a:
            case p.Reg():
                return f"{type_of(a.dtype)} {self.names[a]}"
            case p.I32():
                return f"i32 {self.names.get(a, a.value)}"
            case p.I64():
                return f"i64 {self.value(a.value, 'int64')}"
            case p.I64s():
                return f"ptr {self._array('i64', [self.value(v, 'int64') for v in a.values])}"
            case p.Ptrs():
                return f"ptr {self._array('ptr', ['null' if v is None else self.names[v] for v in a.values])}"
            case p.Ref():
                return f"ptr {self._ref(a)}"
            case p.Desc():
                return f"ptr {self.names.get(a) or f'@desc{a.index}'}"
            case p.Null():
                return "ptr null"
            case p.Slot():
                return f"i32 {self.names.get(a) or self.slots.slot_number(a)}"
            case _:
                assert_never(a)

    def _array(self, type_: str, values: Sequence[str]) -> str:
        if type_ == "i64" and all(not v.startswith("%") for v in values):
            if not values:
                return "null"
            name = self.tables.setdefault(",".join(values), f"dims{len(self.tables)}")
            return self.e.constant_table(name, "int64", [int(v) for v in values])
        at = self.stack(type_, len(values))
        for i, v in enumerate(values):
            place = f"{at}.{i}" if i else at
            lines = [f"  {place} = getelementptr i8, ptr {at}, i64 {8 * i}"] * (i > 0)
            self._before_loops(v).extend([*lines, f"  store {type_} {v}, ptr {place}, align 8"])
        return at

    def _before_loops(self, name: str) -> list[str]:
        """Where what needs no more than `name` is written: before those loops in which it does not change."""
        made = int(name[2:], 16) if name.startswith("%x") else -1
        return next((body.before for body in self.bodies if made < body.first), self.e.lines)

    def _ref(self, a: p.Ref) -> str:
        if a.dtype not in _REAL_PART:
            assert not isinstance(a.value, complex)
            at = self.stack(memory_type(a.dtype))
            self.store(at, a.value, a.dtype)
            return at
        # Complex numbers are not kept in registers: such a number is known now.
        assert not isinstance(a.value, p.Reg)
        part = _REAL_PART[a.dtype]
        at = self.stack(memory_type(part), 2)
        second = self.e.assign(f"getelementptr {memory_type(part)}, ptr {at}, i64 1")
        self.store(at, complex(a.value).real, part)
        self.store(second, complex(a.value).imag, part)
        return at

    # -- calls -----------------------------------------------------------------------------------------------
    def called(self, name: str, args: Sequence[p.Argument], table: str) -> str:
        """A call of a function of the runtime, of which `table` is the address: what it gives, '' for nothing."""
        given = ", ".join(["ptr %ctx", *map(self.argument, args)])
        at = self.e.assign(f"getelementptr ptr, ptr {table}, i64 {ABI['functions'][name][0]}")
        callee = self.e.assign(f"load ptr, ptr {at}, align 8")
        type_ = ABI["functions"][name][1]
        if type_ != "void":
            return self.e.assign(f"call {type_} {callee}({given})")
        self.e.put(f"call void {callee}({given})")
        return ""

    def note(self, operands: Sequence[p.Operand], table: str) -> None:
        """Say what came, for the message."""
        for one in operands:
            strides: p.Argument = p.I64s(one.strides) if one.strides or not one.dims else p.Null()
            data = p.Null() if one.data is None else one.data
            args = (p.I32(one.dtype), p.I32(len(one.dims)), p.I64s(one.dims), strides, data)
            self.called("rt_operand", args, table)


def failed(e: Emitter, function: str, got: str) -> str:
    """Whether a call of the runtime that gave `got` failed."""
    is_address = ABI["functions"][function][1] == "ptr"
    return e.assign(f"icmp eq ptr {got}, null" if is_address else f"icmp ne i32 {got}, 0")
