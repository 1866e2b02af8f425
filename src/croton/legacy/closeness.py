"""Whether values are the same up to rounding: `theano.tensor.basic._allclose` and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

# Relative and absolute tolerances by data type, those of the historic library.
float32_rtol, float32_atol = 1e-5, 1e-5
float64_rtol, float64_atol = 1.0000000000000001e-05, 1e-8
_HALF_TOLERANCE = 5e-3
_NARROW = ("float32", "complex64")


def tolerances(*values: np.ndarray) -> tuple[float, float]:
    """The relative and absolute tolerance for values of which the least precise decides."""
    names = {value.dtype.name for value in values}
    if "float16" in names:
        return _HALF_TOLERANCE, _HALF_TOLERANCE
    if names.intersection(_NARROW):
        return float32_rtol, float32_atol
    return float64_rtol, float64_atol


def _allclose(a: Any, b: Any, rtol: float | None = None, atol: float | None = None) -> bool:
    """Whether two arrays are the same up to rounding, by the tolerances of the less precise of the two."""
    x, y = np.asarray(a), np.asarray(b)
    relative, absolute = tolerances(x, y)
    return np.allclose(x, y, rtol=relative if rtol is None else rtol, atol=absolute if atol is None else atol)


def values_eq_approx_remove_nan(a: Any, b: Any) -> bool:
    """Whether two arrays are of one type and the same up to rounding, but for elements that are NaN in `a`.

    For a `tag.values_eq_approx`: it lets a rewrite give numbers where the expression as it was written gave NaN.
    """
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return False
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind not in "fc":
        return bool(np.all(a == b))
    kept = ~np.isnan(a)
    return _allclose(a[kept], b[kept])
