"""Distributions made of gamma-distributed numbers, over random bits that depend on a state and an index only."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.ops.argmax import argmax
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import eq, log, maximum, sqr, sqrt, switch
from croton.ops.gradient_marks import undefined_grad
from croton.ops.random.counter import Lengths, above_zero, lengths_of_draw, of, parameters, standard_normal
from croton.ops.shape import shape_i

# Candidates per number. One is taken with a probability of at least 0.95: that none of them is has one of 4e-11.
_CANDIDATES = 8


def _standard_gamma(state: Any, shape: Any, lengths: Lengths, dtype: str, part: int) -> Any:
    """Gamma-distributed numbers of scale 1; `shape` broadcasts to `lengths`. They take three parts of the draw.

    Source: Marsaglia and Tsang, A simple method for generating gamma variables, 2000
    """
    # Below 1 the method is for one more, and a power of a uniform number brings that down: section 6.
    small = shape < of(dtype, 1)
    d = switch(small, shape + of(dtype, 1), shape) - of(dtype, 1 / 3)
    c = of(dtype, 1 / 3) / sqrt(d)
    many = [as_tensor_variable(np.int64(_CANDIDATES)), *lengths]
    x = standard_normal(state, many, dtype, part)
    v: Any = (of(dtype, 1) + c * x) ** 3
    u = above_zero(state, many, dtype, part + 1)
    bound = of(dtype, 0.5) * sqr(x) + d * (of(dtype, 1) - v + log(maximum(v, np.finfo(dtype).tiny)))
    taken = (v > of(dtype, 0)) & (log(u) < bound)
    first = argmax(cast(taken, "int8"), axis=0)
    numbers = as_tensor_variable(np.arange(_CANDIDATES)).dimshuffle(0, *["x"] * len(lengths))
    chosen = (v * cast(eq(numbers, first), dtype)).sum(axis=0)
    power = above_zero(state, lengths, dtype, part + 2) ** (of(dtype, 1) / shape)
    return d * chosen * switch(small, power, of(dtype, 1))


def gamma(state: Any, shape: Any, scale: Any = 1.0, size: Any = None, dtype: str | None = None) -> Variable:
    """Gamma-distributed numbers of mean `shape * scale`. Gradients pass to the scale only."""
    return _gamma(state, shape, scale, size, dtype, 0)


def _gamma(state: Any, shape: Any, scale: Any, size: Any, dtype: str | None, part: int) -> Variable:
    dtype, (shape, scale) = parameters(dtype, shape, scale)
    wide = "float32" if dtype == "float16" else dtype
    drawn = _standard_gamma(
        state, cast(undefined_grad(shape), wide), lengths_of_draw(size, shape, scale), wide, part
    )
    made: Variable = scale * cast(drawn, dtype)
    return made


def chisquare(state: Any, df: Any, size: Any = None, dtype: str | None = None) -> Variable:
    """Sums of the squares of `df` standard normal numbers."""
    dtype, (df,) = parameters(dtype, df)
    return gamma(state, df * of(dtype, 0.5), 2.0, size, dtype)


def beta(state: Any, a: Any, b: Any, size: Any = None, dtype: str | None = None) -> Variable:
    """Numbers in (0, 1) of mean `a / (a + b)`."""
    dtype, (a, b) = parameters(dtype, a, b)
    lengths = lengths_of_draw(size, a, b)
    x: Any = _gamma(state, a, 1.0, lengths, dtype, 0)
    y = _gamma(state, b, 1.0, lengths, dtype, 3)
    made: Variable = x / (x + y)
    return made


def dirichlet(state: Any, alpha: Any, size: Any = None, dtype: str | None = None) -> Variable:
    """Rows of positive numbers that add up to 1, in proportion to `alpha` (along its last axis) on average.

    Errors: ValueError for an `alpha` without axes
    """
    dtype, (alpha,) = parameters(dtype, alpha)
    if not alpha.type.ndim:
        raise ValueError(f"dirichlet needs an axis of weights; got {alpha} of type {alpha.type}.")
    lengths = None
    if size is not None:
        lengths = [*lengths_of_draw(size), shape_i(alpha, alpha.type.ndim - 1)]
    parts: Any = gamma(state, alpha, size=lengths, dtype=dtype)
    made: Variable = parts / parts.sum(axis=-1, keepdims=True)
    return made


def standard_t(state: Any, df: Any, size: Any = None, dtype: str | None = None) -> Variable:
    """Numbers of Student's distribution with `df` degrees of freedom."""
    dtype, (df,) = parameters(dtype, df)
    lengths = lengths_of_draw(size, df)
    half = df * of(dtype, 0.5)
    spread: Any = sqrt(_gamma(state, half, 1.0, lengths, dtype, 1) / half)
    made: Variable = standard_normal(state, lengths, dtype) / spread
    return made
