"""The native code of the rows against their reference, all of a data type in one function, at odd values too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.compile.mode import get_mode
from croton.ops import variable as _operators  # noqa: F401  tensors have operators, and the table is full
from croton.ops.elemwise import Elemwise
from croton.ops.scalar.row import ROWS, Row
from croton.vartypes.dtype import is_complex, is_discrete
from croton.vartypes.tensor import TensorType

ODD = [0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 3.4, -7, 30, 1e-30, np.inf, -np.inf, np.nan]
# In units of the spacing of the type: both sides may be off by a few; powers and gamma by more.
ROUNDINGS = 64


# Integers are divided by zero, too.
UNCHECKED = get_mode("FAST_RUN").excluding("check_divisors")


def lowered(dtype: str, nin: int) -> list[Row]:
    """The rows with native code that take `nin` inputs of this type."""
    found = []
    for _, row in sorted(ROWS.items()):
        if row.lower is None or (row.nin or 2) != nin:
            continue
        try:
            inner, outs = row.out_dtypes([dtype] * nin)
        except TypeError:
            continue
        if not any(map(is_complex, (*inner, *outs))):
            found.append(row)
    return found


def values(dtype: str, nin: int) -> list[np.ndarray]:
    """All combinations of odd values of this type."""
    if dtype == "bool":
        line = np.array([False, True])
    elif is_discrete(dtype):
        info = np.iinfo(dtype)
        line = np.array([info.min, 0, 1, 2, 3, 7, 100, info.max - 1, info.max], dtype=dtype)
    else:
        line = np.array(ODD if nin < 3 else ODD[::2], dtype=dtype)
    return [a.ravel() for a in np.meshgrid(*[line] * nin, indexing="ij")]


@pytest.mark.parametrize("nin", [1, 2, 3])
@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64"]
)
def test_native_code_agrees_with_the_reference(dtype: str, nin: int) -> None:
    rows = lowered(dtype, nin)
    given = values(dtype, nin)
    xs: list[Any] = [TensorType(dtype, (None,))() for _ in range(nin)]
    made = function(xs, [Elemwise(row)(*xs) for row in rows], mode=UNCHECKED)(*given)
    for row, got in zip(rows, made, strict=True):
        (want,) = row.compute(np, given)
        assert got.dtype == want.dtype, row
        if is_discrete(got.dtype.name):
            keep = slice(None)
            if not is_discrete(dtype):
                # What becomes of NaN and of what is too great for an integer is not defined.
                keep = (
                    np.isfinite(given[0]) & (abs(given[0]) < 100) & (given[0] >= 0)
                    if "convert" in row.name
                    else keep
                )
            np.testing.assert_array_equal(got[keep], want[keep], err_msg=str(row))
        else:
            spacing = float(np.finfo(got.dtype).eps)
            np.testing.assert_allclose(
                got, want, rtol=ROUNDINGS * spacing, atol=np.finfo(got.dtype).tiny, err_msg=str(row)
            )
