"""Values as a lowering handles them: expressions with operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from croton.loops.ir import Expr

if TYPE_CHECKING:
    from croton.loops.build import Builder

Made = TypeVar("Made", covariant=True)


class Maker(Protocol[Made]):
    """What computes with values."""

    def prim(self, name: str, /, *operands: Any) -> Made:
        """The value that a primitive makes of others."""


class Operators(Generic[Made]):
    """The operators of a value, each a primitive of its maker `b`."""

    __slots__ = ()

    b: Maker[Made]

    def __bool__(self) -> bool:
        raise TypeError("The truth of a value is known only when the kernel runs; use select or if_.")

    def __add__(self, other: Operand) -> Made:
        return self.b.prim("add", self, other)

    def __radd__(self, other: Operand) -> Made:
        return self.b.prim("add", other, self)

    def __sub__(self, other: Operand) -> Made:
        return self.b.prim("sub", self, other)

    def __rsub__(self, other: Operand) -> Made:
        return self.b.prim("sub", other, self)

    def __mul__(self, other: Operand) -> Made:
        return self.b.prim("mul", self, other)

    def __rmul__(self, other: Operand) -> Made:
        return self.b.prim("mul", other, self)

    def __truediv__(self, other: Operand) -> Made:
        return self.b.prim("div", self, other)

    def __rtruediv__(self, other: Operand) -> Made:
        return self.b.prim("div", other, self)

    def __floordiv__(self, other: Operand) -> Made:
        return self.b.prim("floordiv", self, other)

    def __rfloordiv__(self, other: Operand) -> Made:
        return self.b.prim("floordiv", other, self)

    def __mod__(self, other: Operand) -> Made:
        return self.b.prim("mod", self, other)

    def __rmod__(self, other: Operand) -> Made:
        return self.b.prim("mod", other, self)

    def __neg__(self) -> Made:
        return self.b.prim("neg", self)

    def __abs__(self) -> Made:
        return self.b.prim("abs", self)

    def __and__(self, other: Operand) -> Made:
        return self.b.prim("and_", self, other)

    def __rand__(self, other: Operand) -> Made:
        return self.b.prim("and_", other, self)

    def __or__(self, other: Operand) -> Made:
        return self.b.prim("or_", self, other)

    def __ror__(self, other: Operand) -> Made:
        return self.b.prim("or_", other, self)

    def __xor__(self, other: Operand) -> Made:
        return self.b.prim("xor", self, other)

    def __invert__(self) -> Made:
        return self.b.prim("invert", self)

    def __lshift__(self, other: Operand) -> Made:
        return self.b.prim("shl", self, other)

    def __rshift__(self, other: Operand) -> Made:
        return self.b.prim("shr", self, other)

    def __lt__(self, other: Operand) -> Made:
        return self.b.prim("lt", self, other)

    def __le__(self, other: Operand) -> Made:
        return self.b.prim("le", self, other)

    def __gt__(self, other: Operand) -> Made:
        return self.b.prim("gt", self, other)

    def __ge__(self, other: Operand) -> Made:
        return self.b.prim("ge", self, other)

    def __eq__(self, other: Any) -> Made:  # type: ignore[override]
        return self.b.prim("eq", self, other)

    def __ne__(self, other: Any) -> Made:  # type: ignore[override]
        return self.b.prim("ne", self, other)

    __hash__ = None  # type: ignore[assignment]


class Value(Operators["Value"]):
    """An expression that knows its builder; Python numbers on the other side of an operator take its type."""

    __slots__ = ("b", "node")

    b: Builder

    def __init__(self, b: Builder, node: Expr) -> None:
        self.b = b
        self.node = node

    @property
    def dtype(self) -> str:
        """The type's name."""
        return self.node.dtype

    def __repr__(self) -> str:
        return f"<{type(self.node).__name__} of {self.dtype}>"


Operand: TypeAlias = Value | float | int | bool
