"""LLVM IR as text: instructions are appended line by line, values are their names.

Text is chosen over an object model because it is some 30 times cheaper to make, and LLVM has to parse it either way.
An operand is the text that follows a type in LLVM's grammar: `%7`, `3`, `0x3FF0000000000000`, `splat (double 0x…)`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

# In memory. A bool in registers is an i1; as a byte in memory it is 0 or 1.
MEMORY_TYPE = {
    "bool": "i8", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "uint8": "i8", "uint16": "i16", "uint32": "i32", "uint64": "i64",
    "float16": "half", "float32": "float", "float64": "double",
}  # fmt: skip
ITEMSIZE = {
    "bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8,
    "float16": 2, "float32": 4, "float64": 8,
}  # fmt: skip
BITS = {**{dtype: 8 * size for dtype, size in ITEMSIZE.items()}, "bool": 1}
# How intrinsics name the type of their operands: llvm.sqrt.v8f64.
SUFFIX = {
    "bool": "i1", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "uint8": "i8", "uint16": "i16", "uint32": "i32", "uint64": "i64",
    "float16": "f16", "float32": "f32", "float64": "f64",
}  # fmt: skip
FLOATS = frozenset({"float16", "float32", "float64"})
UNSIGNED = frozenset({"bool", "uint8", "uint16", "uint32", "uint64"})


def vector(lane: str, width: int) -> str:
    """The type of `width` lanes; a width of 1 is the scalar type."""
    return lane if width == 1 else f"<{width} x {lane}>"


def register_type(dtype: str, width: int = 1) -> str:
    """The LLVM type of a value in registers."""
    return vector("i1" if dtype == "bool" else MEMORY_TYPE[dtype], width)


def memory_type(dtype: str, width: int = 1) -> str:
    """The LLVM type of a value in memory."""
    return vector(MEMORY_TYPE[dtype], width)


def suffix(dtype: str, width: int = 1) -> str:
    """The type as an intrinsic's name spells it."""
    return SUFFIX[dtype] if width == 1 else f"v{width}{SUFFIX[dtype]}"


def number(value: float | int | bool, dtype: str) -> str:
    """A scalar constant; integers wrap into their type.

    Floats are written as the bits of the double that equals them, the one form that LLVM reads without rounding.
    """
    if dtype == "bool":
        return "true" if value else "false"
    if dtype in FLOATS:
        return _float_text(float(value), dtype)
    bits = BITS[dtype]
    return str((int(value) + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1)))


def _float_text(value: float, dtype: str) -> str:
    if dtype == "float16":
        return f"0xH{_pack('<e', '<H', value):04X}"
    if dtype == "float32":
        value = struct.unpack("<f", struct.pack("<I", _pack("<f", "<I", value)))[0]
    return f"0x{_pack('<d', '<Q', value):016X}"


def _pack(to: str, back: str, value: float) -> int:
    """The bits of a value in a narrower format; what is too large becomes infinite."""
    try:
        raw = struct.pack(to, value)
    except OverflowError:
        raw = struct.pack(to, float("inf") if value > 0 else float("-inf"))
    made: int = struct.unpack(back, raw)[0]
    return made


def constant(value: float | int | bool, dtype: str, width: int = 1) -> str:
    """A constant in every lane."""
    text = number(value, dtype)
    return text if width == 1 else f"splat ({register_type(dtype)} {text})"


class Emitter:
    """The text of one LLVM module, one function being written at a time."""

    __slots__ = (
        "_declared",
        "_fresh",
        "_functions",
        "_globals",
        "_internal",
        "_stack",
        "label",
        "lines",
        "scales",
    )

    def __init__(self, scales: int = 0) -> None:
        self.scales = scales
        self.lines: list[str] = []
        self.label = "entry"
        self._fresh = 0
        self._stack: list[str] = []
        self._declared: dict[str, None] = {}
        self._globals: dict[str, None] = {}
        self._functions: list[str] = []
        self._internal: dict[str, str] = {}

    @property
    def count(self) -> int:
        """How many names there are: those that come later have higher numbers (`%x` and the number in hexadecimal)."""
        return self._fresh + 1

    # Appending

    def assign(self, instruction: str) -> str:
        """Append `%new = instruction`; return the new name."""
        self._fresh += 1
        name = f"%x{self._fresh:x}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def on_stack(self, size: int) -> str:
        """The address of so many bytes that are there until the function returns."""
        self._fresh += 1
        name = f"%x{self._fresh:x}"
        self._stack.append(f"  {name} = alloca i8, i64 {size}, align 64")
        return name

    def put(self, instruction: str) -> None:
        """Append an instruction without result."""
        self.lines.append(f"  {instruction}")

    def fresh(self, stem: str) -> str:
        """A label that is used nowhere else."""
        self._fresh += 1
        return f"{stem}{self._fresh:x}"

    def block(self, label: str) -> None:
        """Begin a basic block; the one before must have been ended."""
        self.label = label
        self.lines.append(f"{label}:")

    def jump(self, label: str) -> None:
        """End the block."""
        self.put(f"br label %{label}")

    def branch(self, condition: str, yes: str, no: str) -> None:
        """End the block by a condition."""
        self.put(f"br i1 {condition}, label %{yes}, label %{no}")

    def phi_slot(self, type_: str) -> tuple[str, int]:
        """A phi whose sources are given later by `fill_phi`: its name and its place."""
        self._fresh += 1
        name = f"%x{self._fresh:x}"
        self.lines.append(f"  {name} = phi {type_} ")
        return name, len(self.lines) - 1

    def fill_phi(self, place: int, sources: Sequence[tuple[str, str]]) -> None:
        """The (value, label) pairs of a phi begun by `phi_slot`."""
        self.lines[place] += ", ".join(f"[ {value}, %{label} ]" for value, label in sources)

    # What the module knows

    def declare(self, declaration: str) -> None:
        """See that the module declares an external function or intrinsic, once."""
        self._declared[declaration] = None

    def constant_table(self, stem: str, dtype: str, values: Sequence[float | int]) -> str:
        """A private constant array; return its address."""
        body = ", ".join(f"{memory_type(dtype)} {number(v, dtype)}" for v in values)
        name = f"@{stem}"
        head = f"{name} = private unnamed_addr constant [{len(values)} x {memory_type(dtype)}] [{body}], align 64"
        self._globals[head] = None
        return name

    def function(self, name: str, text: str) -> None:
        """See that the module defines an internal function, once; `text` is all of it."""
        self._internal[name] = text

    def defines(self, name: str) -> bool:
        """Whether `function` has been told of that name."""
        return name in self._internal

    def beside(self) -> Emitter:
        """What writes another function of the same module."""
        other = Emitter(self.scales)
        other._declared, other._globals, other._internal = self._declared, self._globals, self._internal
        return other

    def begin(self) -> None:
        """Begin a function's body."""
        self.lines, self._stack = [], []
        self.label = "entry"

    def end(self, head: str) -> None:
        """Close the function: `head` is all that stands before its brace."""
        self._functions.append(self.closed(head))

    def closed(self, head: str) -> str:
        """The text of the function that was being written."""
        lines, self.lines = self.lines, []
        return "\n".join([f"{head} {{", "entry:", *self._stack, *lines, "}"])

    def text(self) -> str:
        """The module."""
        return "\n".join(
            [*self._globals, *sorted(self._declared), *self._internal.values(), *self._functions, ""]
        )

    # Common instructions

    def intrinsic(self, name: str, dtype: str, width: int, args: Sequence[str]) -> str:
        """Call an intrinsic whose operands and result all have one type: `intrinsic("sqrt", "float64", 8, [x])`."""
        kind = register_type(dtype, width)
        full = f"@llvm.{name}.{suffix(dtype, width)}"
        self.declare(f"declare {kind} {full}({', '.join([kind] * len(args))})")
        return self.assign(f"call {kind} {full}({', '.join(f'{kind} {a}' for a in args)})")

    def splat(self, value: str, type_: str, width: int) -> str:
        """A scalar in every lane."""
        if width == 1:
            return value
        if not value.startswith("%"):
            return f"splat ({type_} {value})"
        kind = vector(type_, width)
        first = self.assign(f"insertelement {kind} poison, {type_} {value}, i64 0")
        return self.assign(f"shufflevector {kind} {first}, {kind} poison, <{width} x i32> zeroinitializer")

    def select(self, condition: str, type_: str, yes: str, no: str, width: int = 1) -> str:
        """Lane by lane; `type_` is the full type of the two, `width` its lanes."""
        return self.assign(f"select {vector('i1', width)} {condition}, {type_} {yes}, {type_} {no}")
