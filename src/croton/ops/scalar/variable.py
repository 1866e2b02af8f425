"""Variables of single numbers, with the operators of a number."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.scalar import arithmetic, choice, comparison, conversion, logic
from croton.ops.scalar.row import like
from croton.vartypes.scalar import Scalar


class ScalarOperators:
    """The operators of a number, each of which makes a new variable."""

    type: Any
    owner: Apply | None

    # Arrays leave operators between them and a variable to the variable.
    __array_priority__ = 1000

    dtype = property(lambda self: self.type.dtype)
    ndim = 0

    def __abs__(self) -> Any:
        return arithmetic.abs_(self)

    def __neg__(self) -> Any:
        return arithmetic.neg(self)

    def __invert__(self) -> Any:
        return logic.invert(self)

    def __add__(self, other: Any) -> Any:
        return arithmetic.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return arithmetic.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return arithmetic.sub(self, other)

    def __rsub__(self, other: Any) -> Any:
        return arithmetic.sub(other, self)

    def __mul__(self, other: Any) -> Any:
        return arithmetic.mul(self, other)

    def __rmul__(self, other: Any) -> Any:
        return arithmetic.mul(other, self)

    def __truediv__(self, other: Any) -> Any:
        return arithmetic.true_div(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return arithmetic.true_div(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return arithmetic.int_div(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return arithmetic.int_div(other, self)

    def __mod__(self, other: Any) -> Any:
        return arithmetic.mod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return arithmetic.mod(other, self)

    def __pow__(self, other: Any) -> Any:
        return arithmetic.pow(self, other)

    def __rpow__(self, other: Any) -> Any:
        return arithmetic.pow(other, self)

    def __and__(self, other: Any) -> Any:
        return logic.and_(self, other)

    def __rand__(self, other: Any) -> Any:
        return logic.and_(other, self)

    def __or__(self, other: Any) -> Any:
        return logic.or_(self, other)

    def __ror__(self, other: Any) -> Any:
        return logic.or_(other, self)

    def __xor__(self, other: Any) -> Any:
        return logic.xor(self, other)

    def __rxor__(self, other: Any) -> Any:
        return logic.xor(other, self)

    def __lt__(self, other: Any) -> Any:
        return comparison.lt(self, other)

    def __le__(self, other: Any) -> Any:
        return comparison.le(self, other)

    def __gt__(self, other: Any) -> Any:
        return comparison.gt(self, other)

    def __ge__(self, other: Any) -> Any:
        return comparison.ge(self, other)

    def astype(self, dtype: Any) -> Any:
        """The number as `dtype`."""
        return conversion.cast(self, dtype)

    def zeros_like(self, dtype: Any = None) -> Any:
        """Zero, of this data type or `dtype`."""
        return conversion.cast(choice.second(self, like(self, 0)), self.dtype if dtype is None else dtype)

    def ones_like(self, dtype: Any = None) -> Any:
        """One, of this data type or `dtype`."""
        return conversion.cast(choice.second(self, like(self, 1)), self.dtype if dtype is None else dtype)


class ScalarVariable(ScalarOperators, Variable):
    """A number that is not known yet."""


class ScalarConstant(ScalarOperators, Constant):
    """A number that is known."""


Scalar.variable_class = ScalarVariable
Scalar.constant_class = ScalarConstant
