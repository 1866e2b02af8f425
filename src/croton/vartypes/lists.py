"""The type of lists whose elements are of one type."""

from __future__ import annotations

from typing import Any

from croton.graph.type import Type


class TypedListType(Type):
    """Lists of values of `ttype`; with a `depth`, lists of lists of … such values."""

    ndim: Any = None

    def __init__(self, ttype: Type, depth: int = 0) -> None:
        if depth < 0:
            raise ValueError(f"The depth of a list must be at least 0; got {depth}.")
        if not isinstance(ttype, Type):
            raise TypeError(f"The elements of a list must be of a type; got {ttype!r}.")
        self.ttype: Type = TypedListType(ttype, depth - 1) if depth else ttype

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> list[Any]:
        if not isinstance(value, list):
            raise TypeError(f"Expected a list of {self.ttype}; got a {type(value).__name__}.")
        if strict:
            if not all(self.ttype.is_valid_value(v) for v in value):
                raise TypeError(f"Expected all elements to be {self.ttype}.")
            return value
        made = [self.ttype.filter(v, strict, allow_downcast) for v in value]
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made

    def get_depth(self) -> int:
        """How many lists deep its elements are: 0 for a list of what is no list."""
        return self.ttype.get_depth() + 1 if isinstance(self.ttype, TypedListType) else 0

    def values_eq(self, a: Any, b: Any) -> bool:
        return len(a) == len(b) and all(self.ttype.values_eq(x, y) for x, y in zip(a, b, strict=True))

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        return len(a) == len(b) and all(self.ttype.values_eq_approx(x, y) for x, y in zip(a, b, strict=True))

    def value_key(self, value: Any) -> Any:
        return tuple(self.ttype.value_key(v) for v in value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypedListType) and self.ttype == other.ttype

    def __hash__(self) -> int:
        return hash((TypedListType, self.ttype))

    def __str__(self) -> str:
        return f"TypedList <{self.ttype}>"

    __repr__ = __str__
