"""From one data type to another."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.scalar.dtypes import DtypeRule
from croton.ops.scalar.row import ROWS, Row, as_scalar, no_slope, scalar_op
from croton.vartypes.dtype import ALL, as_dtype, is_complex, is_discrete


def _to(dtype: str) -> DtypeRule:
    def rule(given: str) -> Any:
        if is_complex(given) and not is_complex(dtype):
            raise TypeError(
                f"Casting from complex to real is ambiguous: consider real(), imag(), angle() or abs() of the {given}."
            )
        # Complex numbers pass as they are: NumPy converts them to one another.
        return (given,), (dtype,)

    return rule


def _conversion(dtype: str) -> Row:
    def eval(xp: Any, x: Any) -> Any:
        return x.astype(dtype)

    def lower(b: Any, x: Any) -> Any:
        return b.cast(x, dtype)

    def grad(x: Any, y: Any, g: Any) -> Any:
        if is_discrete(dtype):
            return no_slope(x, y, g)
        return ROWS["real"](g) if is_complex(dtype) and not is_complex(x.type.dtype) else g

    return scalar_op(
        f"convert_to_{dtype}",
        f"The argument as {dtype}.",
        dtypes=_to(dtype),
        eval=eval,
        lower=lower,
        grad=grad,
        holomorphic=False,
        keeps_zero=True,
        label=f"Cast{{{dtype}}}",
        kind="Cast",
    )


CONVERSIONS: dict[str, Row] = {dtype: _conversion(dtype) for dtype in ALL}

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
