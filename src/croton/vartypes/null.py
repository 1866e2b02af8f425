"""Types of gradients that are no values: of what is not connected, and of what is not defined."""

from __future__ import annotations

from typing import Any

from croton.graph.type import Type


class DisconnectedType(Type):
    """The gradient with respect to something that the output does not depend on."""

    ndim = 0
    dtype = "floatX"

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        raise AssertionError(
            "A disconnected gradient was given a value: it stands for no dependence at all, and is never computed."
        )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(DisconnectedType)

    def __str__(self) -> str:
        return "DisconnectedType"


class NullType(Type):
    """The gradient of what is not differentiable, or whose gradient is not implemented: `why_null` says why."""

    ndim = 0

    def __init__(self, why_null: str = "(no explanation given)") -> None:
        self.why_null = why_null

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        raise ValueError(f"No value may be assigned to a variable of NullType: {self.why_null}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(NullType)

    def __str__(self) -> str:
        return "NullType"


null_type = NullType()
