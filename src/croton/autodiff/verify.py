"""Gradients by finite differences, and how far others are from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

# Below this, errors relative to the size of two numbers say nothing.
SMALL = 1e-8


class numeric_grad:
    """The gradient of a function of arrays, by differences of its value on both sides of a point.

    f         a function of arrays that gives one number
    pt        the point: an array, or a list of them, of floating point
    eps       half the distance of the two sides; by default as the least precise type needs it
    out_type  the type of the value, where that is less precise than those of the arrays

    `gf` is the gradient: an array like `pt`, or a list of them.

    Errors:  TypeError for arrays that are not of floating point
    """

    type_eps: ClassVar[dict[Any, float]] = {
        key: eps
        for name, eps in (("float64", 1e-7), ("float32", 3e-4), ("float16", 1e-1))
        for key in (name, np.dtype(name))
    }

    def __init__(
        self, f: Callable[..., Any], pt: Any, eps: float | None = None, out_type: str | None = None
    ) -> None:
        self.packed = not isinstance(pt, (list, tuple))
        points = [np.array(p) for p in ([pt] if self.packed else pt)]
        kinds = {p.dtype.name for p in points} | ({str(out_type)} if out_type is not None else set())
        if not kinds <= set(self.type_eps):
            raise TypeError(
                f"A gradient is taken at a point of floating point numbers; got {', '.join(sorted(kinds))}."
            )
        step = max(self.type_eps[kind] for kind in kinds) if eps is None else eps
        slopes = [_slopes(f, points, at, step) for at in range(len(points))]
        self.gf: Any = slopes[0] if self.packed else slopes

    @staticmethod
    def abs_rel_err(a: Any, b: Any) -> tuple[Any, Any]:
        """The difference of two arrays, and the difference by the sum of their sizes."""
        difference = np.abs(a - b)
        return difference, difference / np.maximum(np.abs(a) + np.abs(b), SMALL)

    def abs_rel_errors(self, g_pt: Any) -> list[tuple[Any, Any]]:
        """The errors of another gradient, `g_pt`, array by array.

        Errors:  ValueError when it has other shapes
        """
        mine, given = ([self.gf], [g_pt]) if self.packed else (self.gf, g_pt)
        if self.packed and isinstance(g_pt, (list, tuple)):
            given = g_pt
        if len(given) != len(mine):
            raise ValueError(f"argument has wrong number of elements: expected {len(mine)}, got {len(given)}")
        for i, (a, b) in enumerate(zip(given, mine, strict=True)):
            if np.shape(a) != np.shape(b):
                raise ValueError(
                    f"argument element {i} has wrong shape {np.shape(a)}, expected {np.shape(b)}"
                )
        return [self.abs_rel_err(np.asarray(a), b) for a, b in zip(given, mine, strict=True)]

    def max_err(self, g_pt: Any, abs_tol: float, rel_tol: float) -> tuple[int, int, Any, Any]:
        """Where another gradient is farthest off: number of the array, of the element, absolute and relative error.

        What counts is the smaller of the two errors, each as a multiple of its tolerance.

        Errors:  ValueError for other shapes, and for errors that are not finite
        """
        worst: tuple[float, int, int, Any, Any] | None = None
        for i, (absolute, relative) in enumerate(self.abs_rel_errors(g_pt)):
            if not (np.all(np.isfinite(absolute)) and np.all(np.isfinite(relative))):
                raise ValueError(
                    f"The error of the gradient with respect to argument {i} is not finite: {absolute!r}."
                )
            if not absolute.size:
                continue
            both = np.minimum(absolute / abs_tol, relative / rel_tol)
            at = int(np.argmax(both))
            if worst is None or both.flat[at] > worst[0]:
                worst = (float(both.flat[at]), i, at, absolute.flat[at], relative.flat[at])
        return (0, 0, 0.0, 0.0) if worst is None else worst[1:]


def _slopes(f: Callable[..., Any], points: Sequence[np.ndarray], at: int, step: float) -> np.ndarray:
    point = points[at]
    found = np.zeros(point.shape, point.dtype)
    for place in np.ndindex(point.shape):
        sides = []
        for sign in (1, -1):
            moved = point.copy()
            moved[place] += sign * step
            sides.append(
                (moved[place], np.asarray(f(*[moved if i == at else p for i, p in enumerate(points)])))
            )
        (high, above), (low, below) = sides
        found[place] = (above - below) / (high - low)
    return found
