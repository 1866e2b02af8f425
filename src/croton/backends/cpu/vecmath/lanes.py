"""Values of a known number of lanes, with operators: the notation the vector functions are written in.

Every operator appends one LLVM instruction to the emitter. All fused multiply-adds are explicit (`llvm.fma`), none is
left to the code generator's choice, so a function gives the same bits at every width, in tails and in scalar code.
A machine without the instruction calls the C library's `fma`: slow, yet the same bits.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from croton.util.record import record

Kind = Literal["float", "int", "mask"]


class TextEmitter(Protocol):
    """What is asked of the emitter of LLVM text (croton.backends.cpu.codegen.emitter)."""

    label: str
    """The basic block being written."""

    scales: int
    """Bytes of the registers that the machine has an instruction for y * 2^k on (AVX-512's scalef); 0: none."""

    def assign(self, instruction: str) -> str:
        """Append `%new = instruction` and return the new name."""

    def put(self, instruction: str) -> None:
        """Append an instruction without result."""

    def declare(self, declaration: str) -> None:
        """See that the module declares an external function once."""

    def fresh(self, stem: str) -> str:
        """A label that is used nowhere else."""

    def block(self, label: str) -> None:
        """Begin a basic block."""

    def jump(self, label: str) -> None:
        """End the block."""

    def phi_slot(self, type_: str) -> tuple[str, int]:
        """A phi whose sources come later: its name and its place."""

    def fill_phi(self, place: int, sources: Sequence[tuple[str, str]]) -> None:
        """The (value, label) pairs of such a phi."""


@record(frozen=True)
class Format:
    """An IEEE 754 binary format as the functions need it."""

    dtype: str
    llvm: str
    bits: int
    mantissa: int
    bias: int
    suffix: str

    @property
    def magic(self) -> float:
        """1.5 * 2^mantissa: added to a small number it leaves the nearest integer in the low bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def tiny(self) -> float:
        """Smallest normal number."""
        return 2.0 ** (1 - self.bias)


F64 = Format("float64", "double", 64, 52, 1023, "f64")
F32 = Format("float32", "float", 32, 23, 127, "f32")
FORMATS = {"float64": F64, "float32": F32}


@record(frozen=True)
class Kit:
    """One emitter, one format, one width: makes constants and calls intrinsics."""

    e: TextEmitter
    form: Format
    width: int

    def type_of(self, kind: Kind) -> str:
        """LLVM type of a value of that kind."""
        lane = {"float": self.form.llvm, "int": f"i{self.form.bits}", "mask": "i1"}[kind]
        return lane if self.width == 1 else f"<{self.width} x {lane}>"

    def number(self, value: float) -> Lanes:
        """A floating-point constant, rounded to the format, in every lane."""
        if self.form is F32:
            value = float(np.float32(value))
        text = f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
        return Lanes(self, self._splat(self.form.llvm, text), "float")

    def integer(self, value: int) -> Lanes:
        """An integer constant in every lane."""
        return Lanes(self, self._splat(f"i{self.form.bits}", str(value)), "int")

    def _splat(self, lane: str, text: str) -> str:
        return text if self.width == 1 else f"splat ({lane} {text})"

    def op(self, kind: Kind, instruction: str) -> Lanes:
        """Append an instruction whose result is of that kind."""
        return Lanes(self, self.e.assign(instruction), kind)

    def call(self, name: str, *args: Lanes) -> Lanes:
        """An LLVM intrinsic on and to floats."""
        kind = self.type_of("float")
        suffix = self.form.suffix if self.width == 1 else f"v{self.width}{self.form.suffix}"
        self.e.declare(f"declare {kind} @llvm.{name}.{suffix}({', '.join([kind] * len(args))})")
        given = ", ".join(f"{kind} {a.name}" for a in args)
        return self.op("float", f"call {kind} @llvm.{name}.{suffix}({given})")

    def scaled(self, y: Lanes, k: Lanes) -> Lanes | None:
        """y * 2^k, rounded once, where the machine has an instruction for that; k is a whole number."""
        lanes = min(8 * self.e.scales // self.form.bits, self.width)
        bits = lanes * self.form.bits
        if bits < 128:
            return None
        word, mask = {32: "ps", 64: "pd"}[self.form.bits], f"i{max(lanes, 8)}"
        kind = f"<{lanes} x {self.form.llvm}>"
        name, rounding = f"@llvm.x86.avx512.mask.scalef.{word}.{bits}", bits == 512
        self.e.declare(f"declare {kind} {name}({kind}, {kind}, {kind}, {mask}{', i32' * rounding})")
        last = f"{kind} zeroinitializer, {mask} -1{', i32 4' * rounding}"  # 4: as the mode of rounding says
        parts = [
            self.e.assign(f"call {kind} {name}({kind} {a}, {kind} {b}, {last})")
            for a, b in zip(self._parts(y, lanes), self._parts(k, lanes), strict=True)
        ]
        while len(parts) > 1:
            parts = [self._joined(a, b, lanes) for a, b in zip(parts[::2], parts[1::2], strict=True)]
            lanes *= 2
        return Lanes(self, parts[0], "float")

    def _parts(self, x: Lanes, lanes: int) -> list[str]:
        """The lanes of x, so many at a time."""
        if lanes == self.width:
            return [x.name]
        kind = self.type_of("float")
        chosen = [range(at, at + lanes) for at in range(0, self.width, lanes)]
        return [
            self.e.assign(
                f"shufflevector {kind} {x.name}, {kind} poison, <{lanes} x i32> <{', '.join(f'i32 {i}' for i in some)}>"
            )
            for some in chosen
        ]

    def _joined(self, a: str, b: str, lanes: int) -> str:
        """The lanes of two halves."""
        kind = f"<{lanes} x {self.form.llvm}>"
        order = ", ".join(f"i32 {i}" for i in range(2 * lanes))
        return self.e.assign(f"shufflevector {kind} {a}, {kind} {b}, <{2 * lanes} x i32> <{order}>")

    def double(self) -> Kit:
        """The same lanes in double precision."""
        return Kit(self.e, F64, self.width)


@record(frozen=True, eq=False)
class Lanes:
    """An SSA value or constant: floats, integers of the same size, or a mask."""

    kit: Kit
    name: str
    kind: Kind

    def _lift(self, other: Lanes | float) -> Lanes:
        if isinstance(other, Lanes):
            return other
        return self.kit.integer(int(other)) if self.kind == "int" else self.kit.number(other)

    def _binary(self, other: Lanes | float, on_float: str, on_int: str, swap: bool = False) -> Lanes:
        a, b = self, self._lift(other)
        if swap:
            a, b = b, a
        word = on_float if self.kind == "float" else on_int
        return self.kit.op(self.kind, f"{word} {self.kit.type_of(self.kind)} {a.name}, {b.name}")

    def __add__(self, other: Lanes | float) -> Lanes:
        return self._binary(other, "fadd", "add")

    def __radd__(self, other: float) -> Lanes:
        return self._binary(other, "fadd", "add")

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self._binary(other, "fsub", "sub")

    def __rsub__(self, other: float) -> Lanes:
        return self._binary(other, "fsub", "sub", swap=True)

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self._binary(other, "fmul", "mul")

    def __rmul__(self, other: float) -> Lanes:
        return self._binary(other, "fmul", "mul")

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self._binary(other, "fdiv", "sdiv")

    def __rtruediv__(self, other: float) -> Lanes:
        return self._binary(other, "fdiv", "sdiv", swap=True)

    def __and__(self, other: Lanes | int) -> Lanes:
        return self._binary(other, "", "and")

    def __or__(self, other: Lanes | int) -> Lanes:
        return self._binary(other, "", "or")

    def __xor__(self, other: Lanes | int) -> Lanes:
        return self._binary(other, "", "xor")

    def __lshift__(self, other: Lanes | int) -> Lanes:
        return self._binary(other, "", "shl")

    def __rshift__(self, other: Lanes | int) -> Lanes:
        """Logical shift: the sign bit is not copied."""
        return self._binary(other, "", "lshr")

    def __neg__(self) -> Lanes:
        return self.kit.op("float", f"fneg {self.kit.type_of('float')} {self.name}")

    def __invert__(self) -> Lanes:
        ones = "true" if self.kit.width == 1 else "splat (i1 true)"
        return self.kit.op("mask", f"xor {self.kit.type_of('mask')} {self.name}, {ones}")

    def _compare(self, other: Lanes | float, on_float: str, on_int: str) -> Lanes:
        word = f"fcmp {on_float}" if self.kind == "float" else f"icmp {on_int}"
        return self.kit.op(
            "mask", f"{word} {self.kit.type_of(self.kind)} {self.name}, {self._lift(other).name}"
        )

    def __lt__(self, other: Lanes | float) -> Lanes:
        return self._compare(other, "olt", "slt")

    def __le__(self, other: Lanes | float) -> Lanes:
        return self._compare(other, "ole", "sle")

    def __gt__(self, other: Lanes | float) -> Lanes:
        return self._compare(other, "ogt", "sgt")

    def __ge__(self, other: Lanes | float) -> Lanes:
        return self._compare(other, "oge", "sge")

    def same(self, other: Lanes | float) -> Lanes:
        """Where both are equal (and neither is NaN)."""
        return self._compare(other, "oeq", "eq")

    def differs(self, other: Lanes | float) -> Lanes:
        """Where they are unequal, or one is NaN."""
        return self._compare(other, "une", "ne")

    def is_nan(self) -> Lanes:
        """Where the value is NaN."""
        return self._compare(self, "uno", "ne")

    def bits(self) -> Lanes:
        """The float's encoding as an integer."""
        return self._cast("bitcast", "int")

    def as_float(self) -> Lanes:
        """The float that an integer encodes."""
        return self._cast("bitcast", "float")

    def _cast(self, word: str, to: Kind) -> Lanes:
        return self.kit.op(to, f"{word} {self.kit.type_of(self.kind)} {self.name} to {self.kit.type_of(to)}")

    def widen(self) -> Lanes:
        """float32 to float64, exactly."""
        to = self.kit.double()
        return to.op("float", f"fpext {self.kit.type_of('float')} {self.name} to {to.type_of('float')}")

    def narrow(self, to: Kit) -> Lanes:
        """float64 to the kit's float32, rounded."""
        return to.op("float", f"fptrunc {self.kit.type_of('float')} {self.name} to {to.type_of('float')}")


def where(mask: Lanes, yes: Lanes | float, no: Lanes | float) -> Lanes:
    """Lane by lane `yes` where the mask holds, else `no`."""
    kit = mask.kit
    given = [v for v in (yes, no) if isinstance(v, Lanes)]
    like = given[0] if given else kit.number(0.0)
    yes, no, kind = like._lift(yes), like._lift(no), kit.type_of(like.kind)
    return kit.op(like.kind, f"select {kit.type_of('mask')} {mask.name}, {kind} {yes.name}, {kind} {no.name}")


def fma(a: Lanes, b: Lanes | float, c: Lanes | float) -> Lanes:
    """a * b + c, rounded once."""
    return a.kit.call("fma", a, a._lift(b), a._lift(c))


def magnitude(x: Lanes) -> Lanes:
    """|x|."""
    return x.kit.call("fabs", x)


def copysign(x: Lanes | float, sign: Lanes) -> Lanes:
    """x with the sign of `sign`."""
    return sign.kit.call("copysign", sign._lift(x), sign)


def sqrt(x: Lanes) -> Lanes:
    """Square root, correctly rounded."""
    return x.kit.call("sqrt", x)


def at_least(x: Lanes, low: float) -> Lanes:
    """max(x, low), and NaN stays NaN: one instruction on x86."""
    bound = x.kit.number(low)
    return where(bound > x, bound, x)


def at_most(x: Lanes, high: float) -> Lanes:
    """min(x, high), and NaN stays NaN: one instruction on x86."""
    bound = x.kit.number(high)
    return where(bound < x, bound, x)


def polynomial(z: Lanes, coefficients: Sequence[float]) -> Lanes:
    """Horner's rule, lowest power first: long chains overlap between the iterations of a loop."""
    total: Lanes | float = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = fma(z, total, c)
    assert isinstance(total, Lanes)
    return total


def exact_product(a: Lanes, b: Lanes | float) -> tuple[Lanes, Lanes]:
    """a * b as a rounded product and its error (source: Ogita, Rump, Oishi 2005, TwoProductFMA)."""
    high = a * b
    return high, fma(a, b, -high)


def exact_sum(a: Lanes, b: Lanes) -> tuple[Lanes, Lanes]:
    """a + b as a rounded sum and its error, whichever is larger (source: Knuth, TAOCP 2, 4.2.2, theorem B)."""
    high = a + b
    part = high - a
    return high, (a - (high - part)) + (b - part)


def quick_sum(a: Lanes | float, b: Lanes) -> tuple[Lanes, Lanes]:
    """As exact_sum where |a| >= |b| or a is 0 (source: Dekker 1971, theorem 4.7)."""
    high = b + a
    return high, b - (high - a)


def any_lane(mask: Lanes) -> str:
    """The name of an i1: whether the mask holds anywhere."""
    kit = mask.kit
    if kit.width == 1:
        return mask.name
    kind = kit.type_of("mask")
    kit.e.declare(f"declare i1 @llvm.vector.reduce.or.v{kit.width}i1({kind})")
    return kit.e.assign(f"call i1 @llvm.vector.reduce.or.v{kit.width}i1({kind} {mask.name})")
