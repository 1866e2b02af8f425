"""The types of single numbers by name, and what makes variables and constants of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from croton.graph.node import Constant, Variable
from croton.ops.scalar.conversion import cast
from croton.vartypes.dtype import autocast, upcast
from croton.vartypes.scalar import Scalar


@cache
def get_scalar_type(dtype: str) -> Scalar:
    """The Scalar type of a data type, always the same object."""
    return Scalar(dtype)


bool = get_scalar_type("bool")
int8 = get_scalar_type("int8")
int16 = get_scalar_type("int16")
int32 = get_scalar_type("int32")
int64 = get_scalar_type("int64")
uint8 = get_scalar_type("uint8")
uint16 = get_scalar_type("uint16")
uint32 = get_scalar_type("uint32")
uint64 = get_scalar_type("uint64")
float16 = get_scalar_type("float16")
float32 = get_scalar_type("float32")
float64 = get_scalar_type("float64")
complex64 = get_scalar_type("complex64")
complex128 = get_scalar_type("complex128")

int_types = (int8, int16, int32, int64)
uint_types = (uint8, uint16, uint32, uint64)
integer_types = int_types + uint_types
float_types = (float16, float32, float64)
complex_types = (complex64, complex128)
discrete_types = (bool, *integer_types)
continuous_types = float_types + complex_types
all_types = discrete_types + continuous_types


def _several(kind: Scalar, names: Any) -> Any:
    if len(names) == 1:
        return kind(names[0])
    return [kind(name) for name in names]


ints = partial(_several, int64)
floats = partial(_several, float64)
complexs = partial(_several, complex128)
complexs64 = partial(_several, complex64)
complexs128 = partial(_several, complex128)


def constant(x: Any, name: str | None = None, dtype: Any = None) -> Constant:
    """A constant number; its data type is `dtype`, else what autocast gives."""
    data = autocast(x) if dtype is None else np.asarray(x, dtype=dtype)
    made: Constant = Scalar(data.dtype.name).make_constant(data[()], name=name)
    return made


def convert(x: Any, dtype: Any = None) -> np.ndarray:
    """A number as a 0-d array, of `dtype` or what autocast gives."""
    return autocast(x) if dtype is None else np.asarray(x, dtype=dtype)


def as_common_dtype(*variables: Variable) -> Iterator[Variable]:
    """The scalar variables, cast to the type they meet in."""
    met = upcast(*[v.type.dtype for v in variables])
    return (cast(v, met) for v in variables)
