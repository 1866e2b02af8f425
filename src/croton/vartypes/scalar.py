"""The type of single numbers: what the operations inside an elementwise one work on."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.type import Type
from croton.vartypes.dtype import as_dtype, upcast


class Scalar(Type):
    """One number of a data type. Values are NumPy scalars."""

    ndim = 0

    def __init__(self, dtype: Any) -> None:
        self.dtype = as_dtype(dtype)
        self.numpy_dtype = np.dtype(self.dtype)

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> np.generic:
        if strict and not isinstance(value, self.numpy_dtype.type):
            raise TypeError(f"{self} expected a {self.dtype}; got {value!r} of type {type(value).__name__}.")
        made: np.generic = self.numpy_dtype.type(value)
        if not allow_downcast and made != value and value == value:
            raise TypeError(f"{self} can't hold {value!r} without losing precision.")
        return made

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((Scalar, self.dtype))

    def clone(self, dtype: Any = None) -> Scalar:
        """This type with another data type."""
        return Scalar(self.dtype if dtype is None else dtype)

    def upcast(self, *others: Scalar) -> str:
        """The data type that this and the others meet in."""
        return upcast(self.dtype, *[other.dtype for other in others])

    def value_key(self, value: Any) -> Any:
        return (self.dtype, value.tobytes())

    def __str__(self) -> str:
        return str(self.dtype)

    def __repr__(self) -> str:
        return f"Scalar({self.dtype})"
