"""Shared variables: values that functions read and update, and that outlive the calls."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from croton.compile.container import Container
from croton.graph.node import Variable
from croton.graph.type import Type, generic
from croton.ops.scalar.variable import ScalarOperators
from croton.ops.variable import TensorOperators
from croton.vartypes.dtype import ALL
from croton.vartypes.scalar import Scalar
from croton.vartypes.tensor import TensorType


class SharedVariable(Variable):
    """A variable that has a value, which is the same in all functions that use it.

    `default_update`, where set, is an expression that functions using the variable store in it after each call.
    """

    default_update: Any

    def __init__(
        self,
        name: str | None,
        type: Type,
        value: Any,
        strict: bool | None,
        allow_downcast: bool | None = None,
        container: Container | None = None,
    ) -> None:
        super().__init__(type, None, None, name)
        if container is not None:
            if value is not None or strict is not None:
                raise TypeError("A shared variable gets a value or a container that has one; got both.")
            self.container = container
        else:
            self.container = Container(self, strict=bool(strict), allow_downcast=allow_downcast)
            self.container.value = value

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> Any:
        """The value: a copy of it, or with `borrow` the object itself, which then must not be written to."""
        value = self.container.value
        return value if borrow else copy.deepcopy(value)

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Take a copy of `new_value`; with `borrow` the object itself, which the caller leaves to the library."""
        self.container.value = new_value if borrow else copy.deepcopy(new_value)

    def zero(self, borrow: bool = False) -> None:
        """Set all elements to zero; with `borrow` in place."""
        if borrow:
            self.container.value[...] = 0
        else:
            self.container.value = 0 * self.container.value

    def clone(self) -> SharedVariable:
        """Another variable of the same type, with the same container."""
        made = type(self)(self.name, self.type, None, None, container=self.container)
        made.tag = self.tag.copy()
        return made

    def _no_tensor(self, *operands: Any) -> Any:
        raise TypeError(
            f"The value of {self}, a shared variable of type {self.type}, is no tensor: it can't be indexed or "
            "computed with. Did you mean to wrap an array? (shared of a list is generic; give np.asarray(…) for a "
            "tensor)"
        )

    __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = (
        __rtruediv__
    ) = _no_tensor

    @property
    def value(self) -> Any:
        """No longer there."""
        raise AttributeError("sharedvar.value does not exist: use get_value() and set_value().")

    @value.setter
    def value(self, new_value: Any) -> None:
        raise AttributeError("sharedvar.value does not exist: use get_value() and set_value().")


class TensorSharedVariable(TensorOperators, SharedVariable):
    """A shared array."""


class ScalarSharedVariable(TensorOperators, SharedVariable):
    """A shared 0-d array, made of a number."""


class NumberSharedVariable(ScalarOperators, SharedVariable):
    """A shared number, of one of the types of `theano.scalar`."""


Constructor = Callable[..., SharedVariable]


def generic_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None
) -> SharedVariable:
    """Any Python object, as it is."""
    return SharedVariable(name, generic, value, strict, allow_downcast)


def scalar_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None,
    borrow: bool = False, target: str = "cpu",
) -> ScalarSharedVariable:  # fmt: skip
    """A number, as a 0-d array of the type NumPy gives it (a float is float64, whatever floatX is)."""
    _only_here(target)
    if not isinstance(value, (np.number, float, int, complex)):
        raise TypeError(f"expected a number; got {value!r}")
    data = np.array(value)
    return ScalarSharedVariable(name, TensorType(data.dtype.name, ()), data, strict, allow_downcast)


def tensor_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None,
    borrow: bool = False, broadcastable: Any = None, target: str = "cpu", shape: Any = None,
) -> TensorSharedVariable:  # fmt: skip
    """An array. No length is taken for fixed, unless `broadcastable` or `shape` says so."""
    _only_here(target)
    if not isinstance(value, np.ndarray) or value.dtype.name not in ALL:
        raise TypeError(f"expected an array of numbers; got {type(value).__name__}")
    dims = shape if shape is not None else broadcastable
    kind = TensorType(value.dtype.name, [None] * value.ndim if dims is None else dims)
    return TensorSharedVariable(name, kind, value if borrow else np.array(value), strict, allow_downcast)


def _only_here(target: str) -> None:
    if target != "cpu":
        raise TypeError(f"target must be 'cpu'; got {target!r}")


def number_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None
) -> NumberSharedVariable:
    """A number, of the type of `theano.scalar` that NumPy gives it: `theano.scalar.shared`.

    Errors: TypeError for what is no number
    """
    if not isinstance(value, (np.number, np.bool_, float, int, complex)):
        raise TypeError(f"expected a number; got {value!r}")
    data = np.asarray(value)
    return NumberSharedVariable(name, Scalar(data.dtype.name), data[()], strict, allow_downcast)


# Tried from the last to the first; one that does not take the value raises TypeError.
_constructors: list[Constructor] = [generic_constructor, scalar_constructor, tensor_constructor]


def shared_constructor(ctor: Constructor, remove: bool = False) -> Constructor:
    """Let `shared` try `ctor` before the others; or with `remove`, no longer."""
    if remove:
        _constructors.remove(ctor)
    else:
        _constructors.append(ctor)
    return ctor


def shared(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    **kwargs: Any,
) -> Any:
    """A shared variable that begins with `value`, of a type chosen from it.

    Errors: TypeError when `value` is a variable, or no kind of shared variable takes it with these arguments
    """
    if isinstance(value, Variable):
        raise TypeError(
            f"A shared variable needs a value to begin with, not a variable: {value}. Give an array or number."
        )
    said = []
    for ctor in reversed(_constructors):
        try:
            made = ctor(value, name=name, strict=strict, allow_downcast=allow_downcast, **kwargs)
        except TypeError as error:
            said.append(f"{ctor.__name__}: {error}")
            continue
        return made
    why = "\n  ".join(said)
    raise TypeError(
        f"No kind of shared variable takes the value {value!r} with the parameters {kwargs}. What each says:\n  {why}"
    )
