"""Numbers that a program computes in registers: lengths, strides, indices, and 0-d values.

It offers the same primitives as the builder of loop IR, with values that have the same operators, so that a scalar
operation lowers alike inside a kernel and outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from croton.loops.primitives import PRIMITIVES
from croton.loops.value import Operators
from croton.plan import program as p

_SYMMETRIC = frozenset({"add", "mul", "eq", "ne", "and_", "or_", "xor"})

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


class Numbers:
    """Computes numbers: one method per primitive, by name."""

    def __init__(self, statements: list[p.Statement]) -> None:
        self.statements = statements
        self.prologue: list[p.Statement] = []
        self.checked: set[Any] = set()
        self._count = 0
        self._known: dict[Any, Value] = {}

    def emit(self, statement: p.Statement) -> None:
        """Append a statement."""
        self.statements.append(statement)

    def reg(self, dtype: str) -> p.Reg:
        """A new register."""
        self._count += 1
        return p.Reg(self._count, dtype)

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
        found = self._known.get(key)
        if found is None:
            found = Value(self, self.reg(out_dtype))
            self.emit(p.Compute(found.node, name, raw, dtype))
            self._known[key] = found
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
