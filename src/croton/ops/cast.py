"""Tensors from one data type to another."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import Elemwise
from croton.ops.scalar.conversion import CONVERSIONS
from croton.vartypes.dtype import as_dtype, is_complex

CASTS: dict[str, Elemwise] = {dtype: Elemwise(row) for dtype, row in CONVERSIONS.items()}


def cast(x: Any, dtype: Any) -> Variable:
    """`x` as `dtype`; the same variable where it is of that type already. 'floatX' is what config.floatX says now.

    Gradient:  the cotangent, cast back
    Errors:    TypeError from a complex type to a real one
    """
    name = as_dtype(dtype)
    x = as_tensor_variable(x)
    if x.type.dtype == name:
        return x  # type: ignore[no-any-return]
    if is_complex(x.type.dtype) and not is_complex(name):
        raise TypeError(
            "Casting from complex to real is ambiguous: consider real(), imag(), angle() or abs(); "
            f"got {x} of type {x.type}, to be cast to {name}."
        )
    made: Variable = CASTS[name](x)
    return made


_convert_to_int32 = CASTS["int32"]
_convert_to_float32 = CASTS["float32"]
_convert_to_float64 = CASTS["float64"]
