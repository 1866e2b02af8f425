"""The types of slices, and of None, where they are variables."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Constant
from croton.graph.type import Generic, Type


class SliceType(Type):
    """Slices."""

    ndim: Any = None

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> slice:
        if not isinstance(value, slice):
            raise TypeError(f"Expected a slice; got {value!r} of type {type(value).__name__}.")
        return value

    def value_key(self, value: Any) -> Any:
        return (SliceType, value.start, value.stop, value.step)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(SliceType)

    def __str__(self) -> str:
        return "slice"


class SliceConstant(Constant):
    """A slice of integers that are known."""

    def __init__(self, type: Type, data: Any, name: str | None = None) -> None:
        start, stop, step = (None if n is None else int(n) for n in (data.start, data.stop, data.step))
        super().__init__(type, slice(start, stop, step), name)


class NoneTypeT(Generic):
    """None, and nothing else."""

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> None:
        if value is not None:
            raise TypeError(f"Expected None; got {value!r} of type {type(value).__name__}.")

    def __str__(self) -> str:
        return "NoneTypeT"


SliceType.constant_class = SliceConstant
slicetype = SliceType()
none_type_t = NoneTypeT()
NoneConst = Constant(none_type_t, None, name="NoneConst")
