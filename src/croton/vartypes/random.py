"""The type of the states of NumPy's legacy random number generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.type import Type

# Numbers of 32 bits in a state. source: Matsumoto and Nishimura, Mersenne Twister, 1998
_WORDS = 624


class RandomStateType(Type):
    """Values are `numpy.random.RandomState` objects."""

    def filter(
        self, value: Any, strict: bool = False, allow_downcast: bool | None = None
    ) -> np.random.RandomState:
        if not isinstance(value, np.random.RandomState):
            raise TypeError(
                f"Expected a numpy.random.RandomState; got {value!r} of type {type(value).__name__}."
            )
        return value

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether both would draw the same numbers."""
        one, other = a.get_state(legacy=False), b.get_state(legacy=False)
        return bool(
            one["bit_generator"] == other["bit_generator"]
            and one["has_gauss"] == other["has_gauss"]
            and one["gauss"] == other["gauss"]
            and _same_words(one["state"], other["state"])
        )

    def value_key(self, value: Any) -> Any:
        """States change as they are drawn from: no two count as one."""
        return None

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Whether two states are one."""
        return a is b

    def get_shape_info(self, obj: Any) -> None:
        """A state has no shape."""
        return None

    def get_size(self, shape_info: Any) -> int:
        """Bytes of a state."""
        return _WORDS * 4

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(RandomStateType)

    def __str__(self) -> str:
        return "RandomStateType"

    __repr__ = __str__


def _same_words(one: Any, other: Any) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


random_state_type = RandomStateType()
