"""From one data type to another."""

from __future__ import annotations

from functools import partial
from typing import Any

from croton.graph.node import Variable
from croton.ops.scalar.row import ROWS, Row, UnaryScalarOp, as_scalar, enter, no_slope, template
from croton.vartypes.dtype import ALL, as_dtype, is_complex, is_discrete
from croton.vartypes.scalar import Scalar


def _to(dtype: str, given: str) -> Any:
    if is_complex(given) and not is_complex(dtype):
        raise TypeError(
            f"Casting from complex to real is ambiguous: consider real(), imag(), angle() or abs() of the {given}."
        )
    return (given,), (dtype,)


def _gradient(dtype: str, x: Any, y: Any, g: Any) -> Any:
    if is_discrete(dtype):
        return no_slope(x, y, g)
    return ROWS["real"](g) if is_complex(dtype) and not is_complex(x.type.dtype) else g


class Cast(Row, UnaryScalarOp):
    """The conversion to the data type of a Scalar type."""

    def __init__(self, o_type: Scalar, name: str | None = None) -> None:
        dtype = o_type.dtype
        self.o_type = o_type
        self.template = template(
            f"convert_to_{dtype}",
            f"The argument as {dtype}.",
            dtypes=partial(_to, dtype),
            eval=lambda xp, x: x.astype(dtype),
            lower=lambda b, x: b.cast(x, dtype),
            parts=lambda b, x: x,
            grad=partial(_gradient, dtype),
            holomorphic=False,
            keeps_zero=True,
            label=f"Cast{{{dtype}}}",
        )
        super().__init__()
        if name is not None:
            self.name = name

    def __reduce__(self) -> Any:
        return Cast, (self.o_type, self.name)


CONVERSIONS: dict[str, Row] = {dtype: enter(Cast(Scalar(dtype))) for dtype in ALL}

convert_to_bool = CONVERSIONS["bool"]
convert_to_int8 = CONVERSIONS["int8"]
convert_to_int16 = CONVERSIONS["int16"]
convert_to_int32 = CONVERSIONS["int32"]
convert_to_int64 = CONVERSIONS["int64"]
convert_to_uint8 = CONVERSIONS["uint8"]
convert_to_uint16 = CONVERSIONS["uint16"]
convert_to_uint32 = CONVERSIONS["uint32"]
convert_to_uint64 = CONVERSIONS["uint64"]
convert_to_float16 = CONVERSIONS["float16"]
convert_to_float32 = CONVERSIONS["float32"]
convert_to_float64 = CONVERSIONS["float64"]
convert_to_complex64 = CONVERSIONS["complex64"]
convert_to_complex128 = CONVERSIONS["complex128"]


def cast(x: Any, dtype: Any) -> Variable:
    """A scalar variable as `dtype`: the same one where it is that already."""
    x, name = as_scalar(x), as_dtype(dtype)
    if x.type.dtype == name:
        return x  # type: ignore[no-any-return]
    made: Variable = CONVERSIONS[name](x)
    return made
