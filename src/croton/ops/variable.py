"""Tensor variables: what a user holds, with the operators and methods of an array."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops import elemwise
from croton.vartypes.tensor import Dim, TensorType


class TensorOperators:
    """The operators and methods of an array, each of which makes a new variable."""

    type: Any
    owner: Apply | None

    # Arrays leave operators between them and a variable to the variable.
    __array_priority__ = 1000

    # -- type ------------------------------------------------------------------------------------------------
    dtype = property(lambda self: self.type.dtype)
    ndim = property(lambda self: self.type.ndim)
    broadcastable = property(lambda self: self.type.broadcastable)

    # -- axes ------------------------------------------------------------------------------------------------
    def dimshuffle(self, *pattern: Any) -> Any:
        """The axes in the order of `pattern`, which may name new ones of length 1 by 'x'."""
        return elemwise.dimshuffle(self, *pattern)

    @property
    def T(self) -> Any:
        """The axes in reverse order."""
        return elemwise.dimshuffle(self, *range(self.type.ndim - 1, -1, -1))


class TensorVariable(TensorOperators, Variable):
    """A tensor that is not known yet."""


class TensorConstant(TensorOperators, Constant):
    """A tensor whose value is known."""


TensorType.variable_class = TensorVariable
TensorType.constant_class = TensorConstant


def static_shape(x: Variable) -> tuple[Dim, ...]:
    """What is known of the lengths of the axes of `x`."""
    shape: tuple[Dim, ...] = x.type.shape  # type: ignore[attr-defined]
    return shape
