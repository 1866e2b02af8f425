"""What a variable may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from croton.errors import MethodNotDefined
from croton.graph import origin

if TYPE_CHECKING:
    from croton.graph.node import Constant, Variable


class Type:
    """A set of values: what a variable of this type may hold at run time.

    A user's own type overrides `filter`, and where it can, `values_eq`, `__eq__` and `__hash__`.
    """

    # What types of arrays (and of numbers) say of themselves; the others have none of these.
    ndim: int
    dtype: str
    shape: tuple[int | None, ...]
    broadcastable: tuple[bool, ...]

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """`value` as this type holds it.

        Errors: TypeError when `value` can't be held; under `strict`, when it is not held as it stands.
        """
        raise MethodNotDefined("filter", type(self), type(self).__name__)

    def filter_variable(self, other: Any, allow_convert: bool = True) -> Variable:
        """`other` as a variable of this type.

        Errors: TypeError when it is of another type and can't be converted.
        """
        if not hasattr(other, "type"):
            other = self.make_constant(other)
        if other.type != self and allow_convert:
            converted = self.convert_variable(other)
            if converted is not None:
                other = converted
        if other.type != self:
            raise TypeError(
                f"Cannot convert Type {other.type} (of Variable {other}) into Type {self}. "
                f"You can try to manually convert {other} into a {self}."
            )
        fitting: Variable = other
        return fitting

    def convert_variable(self, variable: Variable) -> Variable | None:
        """`variable` seen as one of this type, or None where that is not possible."""
        return None

    def is_same(self, other: Type) -> bool:
        """Whether `other` is this type, and just as much is known of it."""
        return self == other

    def is_valid_value(self, value: Any, strict: bool = True) -> bool:
        """Whether a variable of this type may hold `value` as it stands."""
        try:
            self.filter(value, strict=strict)
        except (TypeError, ValueError):
            return False
        return True

    def make_variable(self, name: str | None = None) -> Variable:
        """A new variable of this type."""
        made: Variable = self.variable_class(self, name=name)
        return made

    def make_constant(self, value: Any, name: str | None = None) -> Constant:
        """A constant of this type that holds `value`."""
        made: Constant = self.constant_class(self, self.filter(value), name=name)
        return made

    def __call__(self, name: str | None = None) -> Variable:
        """A new variable of this type, which remembers the user's line that made it."""
        made = self.make_variable(name)
        made.origin = origin.capture()
        return made

    def clone(self) -> Type:
        """A type equal to this one."""
        return self

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two values are the same."""
        return bool(a == b)

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two values are the same up to rounding."""
        return self.values_eq(a, b)

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Whether writing to one of two values may change the other."""
        return False

    def value_validity_msg(self, a: Any) -> str:
        """Why `a` can't be a value of this type, in words; 'none' where nothing is known."""
        return "none"

    def value_key(self, value: Any) -> Any:
        """A hashable key that is equal for equal constants, or None where there is none."""
        try:
            hash(value)
        except TypeError:
            return None
        return (type(value), value)

    # Set by the node room and, for tensors, by ops/variable.py: what a variable of this type is made of.
    variable_class: Any = None
    constant_class: Any = None

    Variable = property(lambda self: self.variable_class)
    Constant = property(lambda self: self.constant_class)


class Generic(Type):
    """Any Python object."""

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        return value

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(Generic)

    def __str__(self) -> str:
        return type(self).__name__

    __repr__ = __str__


generic = Generic()
