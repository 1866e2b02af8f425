"""Distributions over random bits that depend on a state and an index only.

A *state* is a vector of two uint64: a key, and the number of the draw. Whoever draws twice must move it on in between
(`moved`). Every function gives an expression of elementwise operations: it takes part in the kernels that read it, and
has gradients with respect to the parameters wherever the numbers are a differentiable function of these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.config import config
from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import eq, exp, expm1, log, log1p, minimum, sqrt, switch, tan
from croton.ops.known import get_vector_length
from croton.ops.place import Place
from croton.ops.random.bits import (
    cosine,
    draw_key,
    draw_start,
    open_unit,
    radius_unit,
    random_bits,
    unit,
)
from croton.ops.shape import as_length, shape_i
from croton.vartypes.dtype import is_discrete, is_float, upcast

Lengths = Sequence[Any]


def moved(state: Any) -> Variable:
    """The state for the next draw."""
    made: Variable = as_tensor_variable(state) + np.array([0, 1], dtype="uint64")
    return made


# -- shapes --------------------------------------------------------------------------------------------------
def lengths_of_draw(size: Any, *parameters: Variable) -> list[Variable]:
    """The lengths of a draw: those that `size` says, or those that the parameters broadcast to.

    Errors: TypeError for a size that is no integers; ValueError where parameters have more axes than the size
    """
    most = max((p.type.ndim for p in parameters), default=0)
    if size is None:
        return [_common_length(parameters, axis - most) for axis in range(most)]
    if isinstance(size, Variable) and size.type.ndim == 1:
        found: list[Any] = [size[i] for i in range(get_vector_length(size))]
    else:
        found = list(size) if isinstance(size, (tuple, list, np.ndarray)) else [size]
    lengths = [as_tensor_variable(n) for n in found]
    for n in lengths:
        if n.type.ndim or not is_discrete(n.type.dtype):
            raise TypeError(f"The size of a draw is an integer, or a list of integers; got {size!r}.")
    if most > len(lengths):
        raise ValueError(f"A draw of {len(lengths)} axes can't have parameters of {most} axes.")
    return [as_length(n) for n in lengths]


def _common_length(parameters: Sequence[Variable], axis: int) -> Variable:
    """The length of an axis, counted from the last, that parameters broadcast to."""
    having = [p for p in parameters if p.type.ndim >= -axis]
    for p in having:
        if not p.type.broadcastable[axis]:
            return shape_i(p, p.type.ndim + axis)
    return as_tensor_variable(np.int64(1))


# -- bits and uniform numbers --------------------------------------------------------------------------------
def draw_of(state: Any, part: int = 0) -> tuple[Any, Any]:
    """The key of a draw, and where its indices begin: of one part of it, out of 2^64 that are independent."""
    of_draw = state[0], state[1], np.uint64(part)
    return draw_key(*of_draw), draw_start(*of_draw)


def bits_of(state: Any, lengths: Lengths, part: int = 0) -> Any:
    """64 random bits per element."""
    return random_bits(*draw_of(state, part), Place()(*lengths) if lengths else np.int64(0))


def above_zero(state: Any, lengths: Lengths, dtype: str, part: int = 0) -> Any:
    """Uniform numbers that are not 0."""
    return open_unit[dtype](bits_of(state, lengths, part))


def _inside(state: Any, lengths: Lengths, dtype: str) -> Any:
    """Uniform numbers that are neither 0 nor 1."""
    return minimum(above_zero(state, lengths, dtype), 1 - np.finfo(dtype).epsneg)


def standard_normal(state: Any, lengths: Lengths, dtype: str, part: int = 0) -> Any:
    """Normal numbers of mean 0 and standard deviation 1.

    Source: Box and Muller, 1958: uniform numbers as radius and angle
    """
    bits = bits_of(state, lengths, part)
    radius = sqrt(of(dtype, -2) * log(radius_unit[dtype](bits)))
    return radius * cosine[dtype](bits)


def parameters(dtype: str | None, *values: Any) -> tuple[str, list[Any]]:
    """The data type of a draw of floats (at least floatX, unless it is given), and its parameters in it."""
    variables = [as_tensor_variable(v) for v in values]
    if dtype is None:
        dtype = upcast(config.floatX, *(v.type.dtype for v in variables))
    if not is_float(dtype):
        raise TypeError(f"This distribution is of floating point numbers; got dtype={dtype!r}.")
    return dtype, [cast(v, dtype) for v in variables]


def of(dtype: str, value: float) -> Any:
    """A number in a data type."""
    return np.asarray(value, dtype=dtype)


# -- continuous distributions --------------------------------------------------------------------------------
def uniform(
    state: Any, low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: str | None = None
) -> Variable:
    """Numbers evenly spread over [low, high)."""
    dtype, (low, high) = parameters(dtype, low, high)
    made: Variable = low + (high - low) * unit[dtype](bits_of(state, lengths_of_draw(size, low, high)))
    return made


def normal(
    state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: str | None = None
) -> Variable:
    """Normally distributed numbers of mean `loc` and standard deviation `scale`."""
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    made: Variable = loc + scale * standard_normal(state, lengths_of_draw(size, loc, scale), dtype)
    return made


def lognormal(
    state: Any, mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, dtype: str | None = None
) -> Variable:
    """Numbers whose logarithms are normally distributed."""
    made: Variable = exp(normal(state, mean, sigma, size, dtype))
    return made


def standard_exponential(state: Any, lengths: Lengths, dtype: str) -> Any:
    """Exponentially distributed numbers of mean 1."""
    return -log(above_zero(state, lengths, dtype))


def exponential(state: Any, scale: Any = 1.0, size: Any = None, dtype: str | None = None) -> Variable:
    """Exponentially distributed numbers of mean `scale`."""
    dtype, (scale,) = parameters(dtype, scale)
    made: Variable = scale * standard_exponential(state, lengths_of_draw(size, scale), dtype)
    return made


def laplace(
    state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: str | None = None
) -> Variable:
    """Numbers whose distance from `loc`, to either side, is exponentially distributed with mean `scale`."""
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    bits = bits_of(state, lengths_of_draw(size, loc, scale))
    far = -log(open_unit[dtype](bits))
    # The last bit is none of those.
    made: Variable = loc + scale * switch(eq(bits & np.uint64(1), np.uint64(0)), far, -far)
    return made


def gumbel(
    state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: str | None = None
) -> Variable:
    """Numbers of a Gumbel distribution: what the greatest of many exponentially distributed numbers is like."""
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    made: Variable = loc + scale * standard_gumbel(state, lengths_of_draw(size, loc, scale), dtype)
    return made


def standard_gumbel(state: Any, lengths: Lengths, dtype: str) -> Any:
    """Gumbel-distributed numbers of location 0 and scale 1."""
    # The logarithm is taken of 1 - u, as small u are finely spread: these make the numbers that count, the great ones.
    return -log(-log1p(-_inside(state, lengths, dtype)))


def logistic(
    state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: str | None = None
) -> Variable:
    """Numbers of a logistic distribution: `sigmoid((x - loc) / scale)` is evenly spread."""
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    u = _inside(state, lengths_of_draw(size, loc, scale), dtype)
    made: Variable = loc + scale * (log(u) - log1p(-u))
    return made


def cauchy(
    state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: str | None = None
) -> Variable:
    """Numbers of a Cauchy distribution, which has no mean."""
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    u = _inside(state, lengths_of_draw(size, loc, scale), dtype)
    made: Variable = loc + scale * tan(of(dtype, math.pi) * (u - of(dtype, 0.5)))
    return made


def weibull(state: Any, shape: Any, scale: Any = 1.0, size: Any = None, dtype: str | None = None) -> Variable:
    """Numbers whose power of exponent `shape` is exponentially distributed; times `scale`."""
    dtype, (shape, scale) = parameters(dtype, shape, scale)
    far = standard_exponential(state, lengths_of_draw(size, shape, scale), dtype)
    made: Variable = scale * far ** (of(dtype, 1) / shape)
    return made


def pareto(state: Any, a: Any, scale: Any = 1.0, size: Any = None, dtype: str | None = None) -> Variable:
    """Numbers of at least `scale`; that one is greater than x has the probability (scale / x)^a."""
    dtype, (a, scale) = parameters(dtype, a, scale)
    far = standard_exponential(state, lengths_of_draw(size, a, scale), dtype)
    made: Variable = scale * (expm1(far / a) + of(dtype, 1))
    return made
