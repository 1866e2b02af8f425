"""Records: classes whose annotated fields are given to the constructor.

What a dataclass with slots is, without most of the code that one writes and compiles for each class: only the
constructor is compiled, all else is shared. source: measured, the dataclasses of the library took 21 of the 105 ms of
its import and 42 of the 100 ms of the first function of a process; as records they take a fifth of that.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform, overload

T = TypeVar("T")

_put = object.__setattr__


class _Factory:
    """The default of a field that each record gets made anew."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def __repr__(self) -> str:
        return "<factory>"


def field(*, default_factory: Callable[[], T]) -> T:
    """A field that is made anew for each record that is not given it."""
    return cast("T", _Factory(default_factory))


@overload
def record(cls: type[T]) -> type[T]: ...


@overload
def record(*, frozen: bool = False, eq: bool = True) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(field_specifiers=(field,))
def record(cls: type[Any] | None = None, *, frozen: bool = False, eq: bool = True) -> Any:
    """Make a class a record of its annotated fields, which lie in slots; those of its bases come first.

    frozen   its fields can't be changed; together with `eq`, it can be hashed
    eq       records of one class are equal where their fields are; else where they are one
    """
    if cls is None:
        return lambda one: _made(one, frozen, eq)
    return _made(cls, frozen, eq)


def replace(one: T, **fields: Any) -> T:
    """A record like `one` but for these fields.

    Errors: TypeError when it has no such field
    """
    return type(one)(**{**_fields(one), **fields})


def _made(cls: type[Any], frozen: bool, eq: bool) -> type[Any]:
    notes: dict[str, str] = cls.__annotations__
    inherited = [name for name in getattr(cls, "__match_args__", ()) if name not in notes]
    names = (*inherited, *notes)
    space = {name: what for name, what in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
    base_defaults = getattr(cls, "_defaults", {})
    defaults = {
        n: space.pop(n) if n in space else base_defaults[n] for n in names if n in space or n in base_defaults
    }
    space |= {
        "__slots__": tuple(notes),
        "__match_args__": names,
        "_defaults": defaults,
        "__repr__": space.get("__repr__", _repr),
        "__getstate__": _fields,
        "__setstate__": _set_fields,
        "__init__": space.get("__init__") or _constructor(cls, names, defaults, frozen),
    }
    if frozen:
        space |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    if eq:
        space |= _comparison(names, frozen)
    meta: Any = type(cls)
    made: type[Any] = meta(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    return made


def _constructor(cls: type[Any], names: tuple[str, ...], defaults: dict[str, Any], frozen: bool) -> Any:
    """The one function that is written for each class: calls of it are many."""
    space: dict[str, Any] = {"_put": _put, "__name__": cls.__module__}
    taken, lines = ["self"], []
    for name in names:
        value = name
        if name in defaults:
            space[f"_default_{name}"] = defaults[name]
            if isinstance(defaults[name], _Factory):
                value = f"_default_{name}.make() if {name} is _default_{name} else {name}"
        taken.append(f"{name}=_default_{name}" if name in defaults else name)
        lines.append(f" _put(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    exec(f"def __init__({', '.join(taken)}):\n" + ("\n".join(lines) or " pass"), space)
    made = space["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = {**getattr(cls, "__annotations__", {}), "return": None}
    return made


def _fields(self: Any) -> dict[str, Any]:
    return {name: getattr(self, name) for name in self.__match_args__}


def _set_fields(self: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        _put(self, name, value)


def _repr(self: Any) -> str:
    said = ", ".join(f"{name}={value!r}" for name, value in _fields(self).items())
    return f"{type(self).__qualname__}({said})"


def _comparison(names: tuple[str, ...], frozen: bool) -> dict[str, Any]:
    values = attrgetter(*names) if names else lambda one: ()

    def equal(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__eq__": equal, "__hash__": (lambda self: hash(values(self))) if frozen else None}


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    raise AttributeError(
        f"A {type(self).__name__} can't be changed: its {name} stays. Make another by replace()."
    )


def _refuse_to_delete(self: Any, name: str) -> None:
    raise AttributeError(f"A {type(self).__name__} can't be changed: its {name} stays.")
