"""Data types, and the one that several of them meet in."""

from __future__ import annotations

from contextvars import ContextVar, Token
from functools import cache
from typing import Any

import numpy as np

from croton.config import config

BOOL = ("bool",)
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGER = SIGNED + UNSIGNED
DISCRETE = BOOL + INTEGER
FLOAT = ("float16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
CONTINUOUS = FLOAT + COMPLEX
ALL = DISCRETE + CONTINUOUS


@cache
def _meet(names: tuple[str, ...]) -> str:
    return np.result_type(*[np.dtype(name) for name in names]).name


def upcast(dtype: str, *dtypes: str) -> str:
    """The data type that can hold what all of these can, by NumPy's rules for arrays.

    Under config.cast_policy 'numpy+floatX', a float wider than floatX that arises where none came in is floatX.
    """
    names = (dtype, *dtypes)
    met = _meet(names)
    if config.cast_policy == "numpy+floatX" and met in FLOAT:
        wider = FLOAT[FLOAT.index(config.floatX) + 1 :]
        if met in wider and not any(name in wider for name in names):
            return str(config.floatX)
    return met


def as_dtype(dtype: Any) -> str:
    """The name of a data type; `floatX` is what config.floatX says now.

    Errors: TypeError for what no tensor can hold.
    """
    if dtype == "floatX":
        return str(config.floatX)
    if isinstance(dtype, str) and dtype in ALL:
        return dtype
    try:
        name: str = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ALL:
        raise TypeError(f"Unsupported dtype for a tensor: {dtype!r}. Choose one of {', '.join(ALL)}, floatX.")
    return name


def is_float(dtype: str) -> bool:
    """Whether a real floating-point type."""
    return dtype in FLOAT


def is_discrete(dtype: str) -> bool:
    """Whether bool or an integer type."""
    return dtype in DISCRETE


def is_complex(dtype: str) -> bool:
    """Whether a complex type."""
    return dtype in COMPLEX


# The types that autocast tries for a float under floatX=float64, in this order; the last takes what no other holds.
_FLOATS: ContextVar[tuple[str, ...]] = ContextVar("floats", default=("float32", "float64"))


class autocast_float_as:
    """Within a `with` block, Python floats become the first of `dtypes` that holds them, else the last."""

    def __init__(self, *dtypes: str) -> None:
        if not dtypes or any(d not in FLOAT for d in dtypes):
            raise ValueError(
                f"autocast_float_as takes floating-point types ({', '.join(FLOAT)}); got {dtypes}."
            )
        self.dtypes = dtypes
        self._tokens: list[Token[tuple[str, ...]]] = []

    def __enter__(self) -> None:
        self._tokens.append(_FLOATS.set(self.dtypes))

    def __exit__(self, *error: object) -> None:
        _FLOATS.reset(self._tokens.pop())


class FloatCaster:
    """Makes arrays of Python numbers, as floats, by the types in `dtypes`: `theano.scalar.autocast_float`."""

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The types that are tried for a float, in this order; `autocast_float_as` changes them."""
        return _FLOATS.get()

    def __call__(self, x: Any) -> np.ndarray:
        """`x` as the array that Theano makes of it as a float; arrays and NumPy numbers as they are."""
        return autocast(x if isinstance(x, (np.ndarray, np.generic)) else float(x))


autocast_float = FloatCaster()


def autocast(value: Any) -> np.ndarray:
    """A Python number as the 0-d array that Theano makes of it.

    Under cast_policy 'custom' an int takes the smallest of int8 … int64 that holds it, a float the smallest of
    float16/32/64 not below floatX's rule: float32 when floatX is float32, else the first that holds it exactly.
    Under 'numpy+floatX' a float takes floatX. Lists of numbers take NumPy's type under every policy.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        return np.asarray(value)
    if config.cast_policy == "numpy":
        return np.asarray(value)
    if config.cast_policy == "numpy+floatX":
        with np.errstate(over="ignore"):
            return np.asarray(value, dtype=config.floatX if isinstance(value, float) else None)
    if isinstance(value, int):  # True and False among them
        for name in SIGNED:
            info = np.iinfo(name)
            if info.min <= value <= info.max:
                return np.asarray(value, dtype=name)
        return np.asarray(value)
    if isinstance(value, float):
        floatX = config.floatX
        if floatX in ("float16", "float32") and floatX in (*_FLOATS.get(), "float16"):
            with np.errstate(over="ignore"):
                return np.asarray(value, dtype=floatX)
        choices = _FLOATS.get()
        for name in choices:
            with np.errstate(over="ignore"):
                made = np.asarray(value, dtype=name)
            if made.item() == value:  # as Python floats: NumPy would round `value` first
                return made
        return np.asarray(value, dtype=choices[-1])
    return np.asarray(value)
