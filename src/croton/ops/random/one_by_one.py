"""Draws that NumPy's legacy generator does one by one, over parameters that broadcast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from croton.errors import ShapeError

State: TypeAlias = "np.random.RandomState"
Shape: TypeAlias = "tuple[int, ...] | None"

# Probabilities in float32 may add up to a little more than 1, which NumPy refuses.
_EXCESS = 1e-5
_SHRINK = 1.0 - 5e-5


def _common_shape(size: Shape, **shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a draw, whose parameters have these shapes."""
    found = np.broadcast_shapes(*shapes.values()) if size is None else tuple(size)
    for name, shape in shapes.items():
        fits = len(shape) <= len(found) and all(
            n in (1, wanted) for n, wanted in zip(reversed(shape), reversed(found), strict=False)
        )
        if not fits:
            raise ShapeError(f"{name} of shape {shape} can't be broadcast to a draw of shape {found}.")
    return found


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return iter(np.ndindex(*shape))


def random_integers_helper(random_state: State, low: Any, high: Any, size: Shape) -> np.ndarray:
    """Integers from `low` to `high`, both included, one at a time.

    Errors: ValueError where `high` is below `low`
    """
    shape = _common_shape(size, low=np.shape(low), high=np.shape(high))
    lows, highs = np.broadcast_to(low, shape), np.broadcast_to(high, shape)
    out = np.empty(shape)
    for at in _places(shape):
        out[at] = random_state.randint(low=lows[at], high=highs[at] + 1)
    return out


def choice_helper(random_state: State, a: Any, replace: Any, p: Any, size: Shape) -> Any:
    """Elements of `a`; an empty `p` means that all are alike.

    Errors: ValueError for `a` or `p` of too many axes
    """
    if a.ndim > 1:
        raise ValueError(f"choice takes a number or a vector as `a`; got {a.ndim} axes.")
    if p.ndim != 1:
        raise ValueError(f"choice takes a vector of probabilities; got {p.ndim} axes.")
    return random_state.choice(a, size, bool(replace), p if p.size else None)


def permutation_helper(random_state: State, n: Any, shape: Shape) -> np.ndarray:
    """For each place of `shape` the numbers 0, …, n - 1 in random order.

    Errors: ValueError unless `n` is one number
    """
    if np.shape(n):
        raise ValueError(f"permutation takes one number as `n`; got shape {np.shape(n)}.")
    places = shape or ()
    out = np.empty((*places, int(n)), "int64")
    for at in _places(places):
        out[at] = random_state.permutation(int(n))
    return out


def multinomial_helper(random_state: State, n: Any, pvals: Any, size: Shape) -> np.ndarray:
    """How often each outcome comes in `n` trials, one row of `pvals` at a time.

    Errors: ValueError for negative probabilities, or such that add up to more than 1
    """
    shape = _common_shape(size, n=np.shape(n), pvals=np.shape(pvals)[:-1])
    trials = np.broadcast_to(n, shape)
    rows = np.broadcast_to(pvals, (*shape, pvals.shape[-1]))
    if rows.size and rows.min() < 0:
        raise ValueError(f"Probabilities can't be negative; got {rows.min()}.")
    out = np.empty(rows.shape)
    for at in _places(shape):
        out[at] = random_state.multinomial(n=int(trials[at]), pvals=_tamed(rows[at]))
    return out


def _tamed(row: np.ndarray) -> np.ndarray:
    """Probabilities as NumPy takes them: float64, and no more than 1 in sum."""
    if 1.0 < row.sum() < 1.0 + _EXCESS or row[-1] < 1.0 - _SHRINK:
        row = row * _SHRINK
    if row.sum() > 1.0:
        raise ValueError(f"Probabilities add up to {row.sum()}, which is more than 1.")
    return row.astype("float64")
