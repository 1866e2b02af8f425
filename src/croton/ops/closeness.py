"""Whether numbers are the same up to rounding."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import abs_, eq, isinf, isnan, le
from croton.ops.truth import all as all_of
from croton.vartypes.dtype import is_complex


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Variable:
    """Whether abs(a - b) <= atol + rtol * abs(b), element by element; infinities of one sign are close.

    `equal_nan` makes two NaNs close.

    Dtypes:  bool
    Errors:  TypeError for complex numbers and for truth values
    """
    x: Any = as_tensor_variable(a)
    y: Any = as_tensor_variable(b)
    for v in (x, y):
        if is_complex(v.type.dtype) or v.type.dtype == "bool":
            raise TypeError(f"isclose takes real numbers; got {v} of type {v.type}. For bool there is eq.")
    finite: Any = ~(isnan(x) | isnan(y) | isinf(x) | isinf(y))
    close = le(abs_(x - y), atol + rtol * abs_(y)) & finite
    both_infinite = isinf(x) & isinf(y) & eq(x, y)
    made: Any = close | both_infinite
    return made | (isnan(x) & isnan(y)) if equal_nan else made  # type: ignore[no-any-return]


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Variable:
    """Whether all elements are close, as `isclose` has it."""
    return all_of(isclose(a, b, rtol, atol, equal_nan))
