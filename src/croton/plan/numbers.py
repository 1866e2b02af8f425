"""Numbers that a program computes in registers: lengths, strides, indices, and 0-d values; and its loops and branches.

It offers the same primitives as the builder of loop IR, with values that have the same operators, so that a scalar
operation lowers alike inside a kernel and outside. What does not change in a loop is computed before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from croton.loops.primitives import PRIMITIVES
from croton.loops.value import Operators
from croton.plan import program as p
from croton.util.record import field, record

_SYMMETRIC = frozenset({"add", "mul", "eq", "ne", "and_", "or_", "xor"})

_LARGEST = 2**63 - 1

# Folding of int64 arithmetic on lengths, where both are known when the program is made.
_FOLD: dict[str, Callable[[int, int], Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "minimum": min, "maximum": max,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "floordiv": lambda a, b: a // b if b else 0, "mod": lambda a, b: a % b if b else 0,
}  # fmt: skip


class Value(Operators[Any]):
    """A number in a register; where it is known when the program is made, operators give a Python number."""

    __slots__ = ("b", "node")

    b: Numbers

    def __init__(self, b: Numbers, node: p.Reg) -> None:
        self.b = b
        self.node = node

    @property
    def dtype(self) -> str:
        """The type's name."""
        return self.node.dtype

    def __repr__(self) -> str:
        return f"<register {self.node.index} of {self.dtype}>"


# A length, known or not.
Size = Value | int


def same_size(a: Size, b: Size) -> bool:
    """Whether two lengths are known to be equal."""
    if isinstance(a, Value):
        return isinstance(b, Value) and a.node is b.node
    return isinstance(b, int) and a == b


@record
class Level:
    """A list of statements that is being written, and what is known in it.

    repeats   whether it is the body of a loop: what does not change in it can move out of it
    checked   pairs of lengths that are equal wherever the program gets past here
    known     what was computed: registers
    free      blocks of memory that loops inside of it use, by their size: those that hold nothing just now
    taken     all of them
    copies    pairs (copy, original) of addresses: what is to be given back when the list ends, if they differ
    storage   who places values, while lists inside of this one are written
    """

    statements: list[p.Statement]
    repeats: bool = False
    known: dict[Any, Any] = field(default_factory=dict)
    checked: set[Any] = field(default_factory=set)
    free: dict[p.Number, list[p.Reg]] = field(default_factory=dict)
    taken: list[p.Reg] = field(default_factory=list)
    copies: list[tuple[p.Reg, p.Reg]] = field(default_factory=list)
    storage: Any = None


class Step:
    """A step of a loop that is being written: its number, and what it hands to the next."""

    def __init__(self, b: Numbers, number: Value) -> None:
        self.number = number
        self._b = b
        self._first: dict[p.Reg, p.Number] = {}
        self._next: dict[p.Reg, p.Number] = {}
        self._stop: p.Reg | None = None

    def carry(self, first: Any, dtype: str) -> Any:
        """A number (dtype 'ptr': an address) that is `first` in the first step. Say by `hand_on` what the next reads.

        After the loop it is what the last step handed on.
        """
        reg = self._b.reg(dtype)
        self._first[reg] = self._b.raw(first)
        return reg if dtype == "ptr" else Value(self._b, reg)

    def hand_on(self, carried: Any, value: Any) -> None:
        """The next step reads `value` as `carried`."""
        self._next[self._b.raw(carried)] = self._b.raw(value)  # type: ignore[index]

    def stop_when(self, condition: Any) -> None:
        """This step is the last when `condition`."""
        stop = self.carry(False, "bool")
        self.hand_on(stop, condition)
        self._stop = stop.node

    def loop(self, steps: p.Number, body: list[p.Statement]) -> p.Loop:
        """The statement."""
        carried = tuple(p.Carried(reg, first, self._next[reg]) for reg, first in self._first.items())
        return p.Loop(self.number.node, steps, carried, body, self._stop)

    def registers(self) -> list[p.Reg]:
        """Those that can be read after the loop, too."""
        return [self.number.node, *self._first]


class Numbers:
    """Computes numbers: one method per primitive, by name."""

    def __init__(self, statements: list[p.Statement]) -> None:
        self.levels = [Level(statements)]
        self.prologue: list[p.Statement] = []
        self.storage: Any = None
        self._count = 0
        # In which level a register is visible; those that are not mentioned are everywhere.
        self._depth: dict[p.Reg, int] = {}

    def emit(self, statement: p.Statement) -> None:
        """Append a statement."""
        self.levels[-1].statements.append(statement)

    def reg(self, dtype: str, level: int | None = None) -> p.Reg:
        """A new register, visible in a level (by default the one that is being written)."""
        self._count += 1
        made = p.Reg(self._count, dtype)
        self._depth[made] = len(self.levels) - 1 if level is None else level
        return made

    # -- loops and branches ----------------------------------------------------------------------------------
    def level_of(self, values: Sequence[Any]) -> int:
        """The outermost level that what depends on `values` alone can be moved out to, past loops."""
        raws = [self.raw(v) for v in values]
        needed = max((self._depth[r] for r in raws if isinstance(r, p.Reg)), default=0)
        level = len(self.levels) - 1
        while level > needed and self.levels[level].repeats:
            level -= 1
        return level

    @contextmanager
    def at_level(self, level: int) -> Iterator[None]:
        """Write on in a level outside of the one that is being written."""
        inner, storage = self.levels[level + 1 :], self.storage
        if inner:
            self.storage = self.levels[level].storage
            del self.levels[level + 1 :]
        yield
        self.levels.extend(inner)
        self.storage = storage

    @contextmanager
    def _inside(self, repeats: bool) -> Iterator[list[p.Statement]]:
        self.levels[-1].storage = self.storage
        inner = Level([], repeats)
        self.levels.append(inner)
        yield inner.statements
        for copy, original in inner.copies:
            self.emit(p.Call("rt_discard", (copy, original)))
        self.levels.pop()

    @contextmanager
    def repeat(self, steps: Any) -> Iterator[Step]:
        """A loop: what is written in the context is done `steps` times."""
        with self._inside(repeats=True) as body:
            step = Step(self, Value(self, self.reg("int64")))
            yield step
        self.emit(step.loop(self.raw(steps), body))
        outer = self.levels[-1]
        for reg in step.registers():
            self._depth[reg] = len(self.levels) - 1
        for address in outer.taken:
            self.emit(p.Call("rt_free", (address,)))
        outer.taken.clear()
        outer.free.clear()

    def either(
        self, condition: Any, then: Callable[[], Sequence[Any]], otherwise: Callable[[], Sequence[Any]]
    ) -> list[Any]:
        """A branch. Each of the two writes its part and says which numbers come out of it: addresses as registers."""
        bodies, given = [], []
        for write in (then, otherwise):
            with self._inside(repeats=False) as body:
                given.append([self.raw(v) for v in write()])
                bodies.append(body)
        joined, found = [], []
        for yes, no in zip(*given, strict=True):
            if type(yes) is type(no) and yes == no:
                found.append(yes)
                continue
            dtype = next((v.dtype for v in (yes, no) if isinstance(v, p.Reg)), None) or _dtype_of(yes, no)
            found.append(self.reg(dtype))
            joined.append(p.Joined(found[-1], yes, no))
        self.emit(p.Branch(self.raw(condition), bodies[0], bodies[1], tuple(joined)))  # type: ignore[arg-type]
        return [Value(self, x) if isinstance(x, p.Reg) and x.dtype != "ptr" else x for x in found]

    # -- primitives ------------------------------------------------------------------------------------------
    def raw(self, x: Any) -> p.Number:
        """A Value, or a Python or NumPy number, as statements hold it."""
        if isinstance(x, Value):
            return x.node
        number: p.Number = x.item() if hasattr(x, "item") else x
        return number

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in PRIMITIVES:
            raise AttributeError(f"There is no primitive called {name}.")
        return lambda *args: self.prim(name, *args)

    def prim(self, name: str, *args: Any) -> Any:
        """The number that a primitive makes of others; literals take the data type of the rest."""
        if all(isinstance(a, int) and not isinstance(a, bool) for a in args) and name in _FOLD:
            return _FOLD[name](*args)
        dtype = next((a.dtype for a in args if isinstance(a, Value)), None)
        if dtype is None:
            dtype = "int64" if all(isinstance(a, int) for a in args) else "float64"
        simple = self._simplified(name, args, dtype)
        if simple is not None:
            return simple
        raw = tuple(self.raw(a) for a in args)
        if name in _SYMMETRIC and len(raw) == 2:
            raw = tuple(sorted(raw, key=repr))
        return self._entered(name, raw, dtype, "bool" if PRIMITIVES[name].to_bool else dtype)

    def _simplified(self, name: str, args: Sequence[Any], dtype: str) -> Any:
        if not dtype.startswith(("int", "uint")) or len(args) != 2:
            return None
        a, b = args
        known = [None if isinstance(v, Value) else v for v in args]
        if name == "mul" and 1 in known:
            return b if known[0] == 1 else a
        if name == "mul" and 0 in known:
            return 0
        if name in ("add", "sub") and known[1] == 0:
            return a
        if name == "add" and known[0] == 0:
            return b
        return None

    def _entered(self, name: str, raw: tuple[p.Number, ...], dtype: str, out_dtype: str) -> Value:
        key = (name, tuple((type(r), r) for r in raw), dtype, out_dtype)
        for level in self.levels:
            if key in level.known:
                return level.known[key]  # type: ignore[no-any-return]
        at = self.level_of(raw)
        found = Value(self, self.reg(out_dtype, at))
        self.levels[at].statements.append(p.Compute(found.node, name, raw, dtype))
        self.levels[at].known[key] = found
        return found

    def offset(self, base: p.Reg, nbytes: Any) -> p.Reg:
        """The address some bytes after another."""
        if isinstance(nbytes, int) and nbytes == 0:
            return base
        raw = self.raw(nbytes)
        at = self.level_of((base, raw))
        made = self.reg("ptr", at)
        self.levels[at].statements.append(p.Offset(made, base, raw))
        return made

    def count(self, *factors: Any) -> Any:
        """The product of numbers that are not negative, or the largest int64 where it is larger."""
        found: Any = min(math.prod(f for f in factors if not isinstance(f, Value)), _LARGEST)
        for factor in sorted((f.node for f in factors if isinstance(f, Value)), key=repr):
            if not isinstance(found, Value) and found == 1:
                found = Value(self, factor)
            elif isinstance(found, Value) or found:
                found = self._entered("times_at_most", (self.raw(found), factor), "int64", "int64")
        return found

    # -- primitives that are not alike in their data types ---------------------------------------------------
    def const(self, value: Any, dtype: str) -> Any:
        """A number known now."""
        return self.register(value, dtype)

    def register(self, value: Any, dtype: str) -> Value:
        """A number known now, in a register of `dtype`."""
        raw = self.raw(value)
        if isinstance(raw, float) and math.isnan(raw):
            made = Value(self, self.reg(dtype))
            self.emit(p.Compute(made.node, "const", (raw,), dtype))
            return made
        if isinstance(raw, float) and raw == 0.0:
            return (
                self._entered("const", (raw,), f"{dtype}", dtype)
                if math.copysign(1, raw) > 0
                else self._negative_zero(dtype)
            )
        return self._entered("const", (raw,), dtype, dtype)

    def _negative_zero(self, dtype: str) -> Value:
        made = Value(self, self.reg(dtype))
        self.emit(p.Compute(made.node, "const", (-0.0,), dtype))
        return made

    def cast(self, x: Any, dtype: str) -> Any:
        """`x` as another data type."""
        if not isinstance(x, Value):
            return self.register(x, dtype)
        if x.dtype == dtype:
            return x
        return self._entered("cast", (x.node,), x.dtype, dtype)

    def select(self, condition: Any, x: Any, y: Any) -> Any:
        """`x` where `condition`, else `y`."""
        if isinstance(condition, bool):
            return x if condition else y
        dtype = next(
            (a.dtype for a in (x, y) if isinstance(a, Value)),
            "int64" if isinstance(x, int) and isinstance(y, int) else "float64",
        )
        return self._entered("select", (condition.node, self.raw(x), self.raw(y)), dtype, dtype)

    def is_true(self, x: Any, dtype: str) -> Any:
        """Whether a number of `dtype` is not 0."""
        x = self.cast(x, dtype)
        return x if dtype == "bool" else self.ne(x, self.register(0, dtype))

    # -- memory ----------------------------------------------------------------------------------------------
    def load(self, at: p.Reg, dtype: str) -> Value:
        """The number at an address."""
        made = Value(self, self.reg(dtype))
        self.emit(p.Load(made.node, at))
        return made

    def store(self, at: p.Reg, value: Any, dtype: str) -> None:
        """The number at an address becomes `value`."""
        self.emit(p.Store(at, self.raw(value), dtype))

    def local(self, dtype: str) -> p.Reg:
        """The address of room for one number on the stack."""
        made = self.reg("ptr")
        self.emit(p.Local(made, dtype))
        return made

    def slot_number(self, statement: Any, slot: p.Slot, axis: int) -> Value:
        """A length (SlotDim) or stride (SlotStride) of what a slot holds."""
        made = Value(self, self.reg("int64"))
        self.emit(statement(made.node, slot, axis))
        return made

    def is_checked(self, fact: Any) -> bool:
        """Whether `fact` was checked before; from now on it is."""
        if any(fact in level.checked for level in self.levels):
            return True
        self.levels[-1].checked.add(fact)
        return False

    # -- lengths ---------------------------------------------------------------------------------------------
    def times(self, a: Any, b: Any) -> Any:
        """Product of two lengths."""
        return self.prim("mul", a, b)

    def product(self, values: Sequence[Any]) -> Any:
        """Product of lengths."""
        total: Any = 1
        for v in values:
            total = self.times(total, v)
        return total


def _dtype_of(*values: p.Number) -> str:
    """The data type of numbers that are all known now."""
    for kind, dtype in ((float, "float64"), (bool, "bool")):
        if any(isinstance(v, kind) for v in values):
            return dtype
    return "int64"
