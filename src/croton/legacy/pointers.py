"""Pointers of C as values: `theano.gof.type.CDataType`."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from croton.graph.type import Type
from croton.util.python_api import of_python

_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

_new = of_python("PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_is_valid = of_python("PyCapsule_IsValid", ctypes.c_int, ctypes.py_object, ctypes.c_void_p)
# A capsule that goes must not be taken up again: it is told by its address.
_pointer_in = of_python("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class CDataType(Type):
    """Pointers of one type of C, kept in capsules, which operations pass on to one another; None is the null pointer.

    ctype      the type of the pointer, as C names it
    freefunc   the name of the C function that is called with a pointer when its capsule goes; it is looked for in
               `libraries`, by their names, and in the process
    version    one more thing that tells two such types apart

    What says how C is compiled (`headers`, `header_dirs`, `lib_dirs`, `compile_args`, `extra_support_code`) is kept:
    no C is compiled here.

    Errors: TypeError for what is no name
    """

    def __init__(
        self, ctype: str, freefunc: str | None = None, headers: Sequence[str] = (), header_dirs: Sequence[str] = (),
        libraries: Sequence[str] = (), lib_dirs: Sequence[str] = (), compile_args: Sequence[str] = (),
        extra_support_code: str = "", version: Any = None,
    ) -> None:  # fmt: skip
        if not isinstance(ctype, str):
            raise TypeError(f"CDataType takes the name of a pointer's type; got {ctype!r}.")
        self.ctype, self.freefunc, self.version = ctype, freefunc, version
        self.headers, self.header_dirs = tuple(headers), tuple(header_dirs)
        self.libraries, self.lib_dirs = tuple(libraries), tuple(lib_dirs)
        self.compile_args, self.extra_support_code = tuple(compile_args), extra_support_code
        self._destructor: Any = None

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        if value is not None and not _is_valid(value, None):
            raise TypeError(f"{self} holds None and capsules of pointers; got {value!r}.")
        return value

    def make_value(self, ptr: int) -> Any:
        """A capsule of the pointer `ptr`, which belongs to it from now on.

        Errors: AttributeError when `freefunc` is in none of the libraries
        """
        if self.freefunc is not None and self._destructor is None:
            self._destructor = _freeing(_found(self.freefunc, self.libraries))
            _kept.append(self._destructor)
        return _new(ptr, None, ctypes.cast(self._destructor, ctypes.c_void_p).value)

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two values are one capsule."""
        return a is b

    values_eq_approx = values_eq

    def _key(self) -> tuple[Any, ...]:
        return tuple(v for name, v in sorted(self.__dict__.items()) if not name.startswith("_"))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((CDataType, self._key()))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_destructor": None}

    def __str__(self) -> str:
        return f"CDataType{{{self.ctype}}}"

    __repr__ = __str__


# Capsules may outlive their type: nothing must take their destructors away.
_kept: list[Any] = []


def _freeing(free: Callable[[int], Any]) -> Any:
    """What Python calls with a capsule that goes."""

    def destroy(capsule: int) -> None:
        free(_pointer_in(capsule, None))

    return _Destructor(destroy)


def _found(name: str, libraries: Sequence[str]) -> Callable[[int], Any]:
    # It takes a while to load, and few look for libraries.
    find = importlib.import_module("ctypes.util").find_library if libraries else None
    for library in (*libraries, None):
        path = library if library is None or find is None else find(library) or library
        try:
            function: Any = getattr(ctypes.CDLL(path), name)
        except (OSError, AttributeError):
            continue
        function.argtypes, function.restype = [ctypes.c_void_p], None
        return function  # type: ignore[no-any-return]
    raise AttributeError(f"There is no C function {name} in {', '.join(libraries) or 'the process'}.")
