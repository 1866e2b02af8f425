"""What formulas ask of a builder of loops, on arrays of NumPy: one text says both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.ops.scalar.scipy_special import special


class Arrays:
    """The methods of a builder that draws use. Arrays have the operators of its values; integers wrap."""

    abs = staticmethod(np.abs)
    arcsin = staticmethod(np.arcsin)
    ceil = staticmethod(np.ceil)
    cos = staticmethod(np.cos)
    exp = staticmethod(np.exp)
    floor = staticmethod(np.floor)
    log = staticmethod(np.log)
    log1p = staticmethod(np.log1p)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    select = staticmethod(np.where)
    sin = staticmethod(np.sin)
    sqrt = staticmethod(np.sqrt)

    def gammaln(self, x: Any) -> Any:
        """The logarithm of the gamma function."""
        return special("gammaln")(np, x)

    def erfc(self, x: Any) -> Any:
        """The complementary error function."""
        return special("erfc")(np, x)

    def erfcx(self, x: Any) -> Any:
        """The same times exp(x^2)."""
        return special("erfcx")(np, x)

    def erfcinv(self, x: Any) -> Any:
        """The inverse of the complementary error function."""
        return special("erfcinv")(np, x)

    def cast(self, x: Any, dtype: str) -> Any:
        """The values in another type."""
        return np.asarray(x).astype(dtype)

    def const(self, value: float, dtype: str) -> Any:
        """A number."""
        return np.dtype(dtype).type(value)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x y + z: rounded twice, which is the same where the product is exact."""
        return x * y + z


ARRAYS = Arrays()

Step = Callable[[Any, Sequence[Any]], Sequence[Any]]
Repeat = Callable[[Sequence[Any], Step], Sequence[Any]]


def repeating(count: int) -> Repeat:
    """A function of `state` and `step`: what `state` becomes by `step(i, state)` for i = 1, …, count; i as float64."""

    def repeated(state: Sequence[Any], step: Step) -> Sequence[Any]:
        for i in range(1, count + 1):
            state = step(np.float64(i), state)
        return state

    return repeated


def repeating_in(b: Any, count: Any) -> Repeat:
    """`repeating`, for values of a builder: a loop."""

    def repeated(state: Sequence[Any], step: Step) -> Sequence[Any]:
        held = [b.variable(x) for x in state]
        with b.loop("repeat", 1, count + 1) as i:
            for variable, x in zip(held, step(b.cast(i, "float64"), [v.value for v in held]), strict=True):
                variable.value = x
        return [v.value for v in held]

    return repeated
