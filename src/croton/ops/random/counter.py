"""Distributions over random bits that depend on a state and an index only.

A *state* is a vector of two uint64: a key, and the number of the draw. Whoever draws twice must move it on in between
(`moved`). Every function gives an expression of elementwise operations: it takes part in the kernels that read it, and
has gradients with respect to the parameters wherever the numbers are a differentiable function of these.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import eq, exp, expm1, log, log1p, minimum, sqrt, switch, tan
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
from croton.ops.random.parameters import (
    NOT_NEGATIVE,
    POSITIVE,
    Lengths,
    lengths_of_draw,
    of,
    parameters,
    require,
    require_order,
)


def moved(state: Any) -> Variable:
    """The state for the next draw."""
    made: Variable = _state(state) + np.array([0, 1], dtype="uint64")
    return made


def _state(given: Any) -> Any:
    state = as_tensor_variable(given)
    if state.type.dtype != "uint64" or state.type.ndim != 1:
        raise TypeError(
            "What is drawn from comes first, a state: a vector of two uint64. RandomStream keeps one for each draw, "
            f"and its methods take none; got {given!r} of type {state.type}."
        )
    return state


# -- bits and uniform numbers --------------------------------------------------------------------------------
def draw_of(state: Any, part: int = 0) -> tuple[Any, Any]:
    """The key of a draw, and where its indices begin: of one part of it, out of 2^64 that are independent."""
    state = _state(state)
    of_draw = state[0], state[1], np.uint64(part)
    return draw_key(*of_draw), draw_start(*of_draw)


def bits_of(state: Any, lengths: Lengths, part: int = 0) -> Any:
    """64 random bits per element."""
    return random_bits(*draw_of(state, part), Place()(*lengths) if lengths else np.int64(0))


def above_zero(state: Any, lengths: Lengths, dtype: str, part: int = 0) -> Any:
    """Uniform numbers that are not 0."""
    return open_unit[dtype](bits_of(state, lengths, part))


def inside_unit(bits: Any, dtype: str) -> Any:
    """Uniform numbers that are neither 0 nor 1, made of bits."""
    return minimum(open_unit[dtype](bits), 1 - np.finfo(dtype).epsneg)


def _inside(state: Any, lengths: Lengths, dtype: str) -> Any:
    return inside_unit(bits_of(state, lengths), dtype)


def standard_normal(state: Any, lengths: Lengths, dtype: str, part: int = 0) -> Any:
    """Normal numbers of mean 0 and standard deviation 1.

    Source: Box and Muller, 1958: uniform numbers as radius and angle
    """
    bits = bits_of(state, lengths, part)
    radius = sqrt(of(dtype, -2) * log(radius_unit[dtype](bits)))
    return radius * cosine[dtype](bits)


# -- continuous distributions --------------------------------------------------------------------------------
def uniform(state: Any, low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers evenly spread over [low, high)."""
    dtype, (low, high) = parameters(dtype, low, high)
    made: Variable = low + (high - low) * unit[dtype](bits_of(state, lengths_of_draw(size, low, high)))
    return made


def normal(state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Normally distributed numbers of mean `loc` and standard deviation `scale`."""
    require("normal", NOT_NEGATIVE, scale=scale)
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    made: Variable = loc + scale * standard_normal(state, lengths_of_draw(size, loc, scale), dtype)
    return made


def halfnormal(state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose distance above `loc` is that of a normal number of standard deviation `scale` from its mean."""
    require("halfnormal", NOT_NEGATIVE, scale=scale)
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    made: Variable = loc + scale * abs(standard_normal(state, lengths_of_draw(size, loc, scale), dtype))
    return made


def lognormal(state: Any, mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose logarithms are normally distributed."""
    require("lognormal", NOT_NEGATIVE, sigma=sigma)
    made: Variable = exp(normal(state, mean, sigma, size, dtype))
    return made


def standard_exponential(state: Any, lengths: Lengths, dtype: str, part: int = 0) -> Any:
    """Exponentially distributed numbers of mean 1."""
    return -log(above_zero(state, lengths, dtype, part))


def exponential(state: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Exponentially distributed numbers of mean `scale`."""
    require("exponential", NOT_NEGATIVE, scale=scale)
    dtype, (scale,) = parameters(dtype, scale)
    made: Variable = scale * standard_exponential(state, lengths_of_draw(size, scale), dtype)
    return made


def rayleigh(state: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Lengths of vectors of two normal numbers of standard deviation `scale`."""
    require("rayleigh", NOT_NEGATIVE, scale=scale)
    dtype, (scale,) = parameters(dtype, scale)
    square = of(dtype, 2) * standard_exponential(state, lengths_of_draw(size, scale), dtype)
    made: Variable = scale * sqrt(square)
    return made


def laplace(state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose distance from `loc`, to either side, is exponentially distributed with mean `scale`."""
    require("laplace", NOT_NEGATIVE, scale=scale)
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    bits = bits_of(state, lengths_of_draw(size, loc, scale))
    far = -log(open_unit[dtype](bits))
    # The last bit is none of those.
    made: Variable = loc + scale * switch(eq(bits & np.uint64(1), np.uint64(0)), far, -far)
    return made


def gumbel(state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers of a Gumbel distribution: what the greatest of many exponentially distributed numbers is like."""
    require("gumbel", NOT_NEGATIVE, scale=scale)
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    made: Variable = loc + scale * standard_gumbel(state, lengths_of_draw(size, loc, scale), dtype)
    return made


def standard_gumbel(state: Any, lengths: Lengths, dtype: str) -> Any:
    """Gumbel-distributed numbers of location 0 and scale 1."""
    # The logarithm is taken of 1 - u, as small u are finely spread: these make the numbers that count, the great ones.
    return -log(-log1p(-_inside(state, lengths, dtype)))


def logistic(state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers of a logistic distribution: `sigmoid((x - loc) / scale)` is evenly spread."""
    require("logistic", NOT_NEGATIVE, scale=scale)
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    u = _inside(state, lengths_of_draw(size, loc, scale), dtype)
    made: Variable = loc + scale * (log(u) - log1p(-u))
    return made


def cauchy(state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers of a Cauchy distribution, which has no mean."""
    require("cauchy", NOT_NEGATIVE, scale=scale)
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    u = _inside(state, lengths_of_draw(size, loc, scale), dtype)
    made: Variable = loc + scale * tan(of(dtype, math.pi) * (u - of(dtype, 0.5)))
    return made


def halfcauchy(state: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose distance above `loc` is that of a number of a Cauchy distribution from its middle."""
    require("halfcauchy", NOT_NEGATIVE, scale=scale)
    dtype, (loc, scale) = parameters(dtype, loc, scale)
    u = _inside(state, lengths_of_draw(size, loc, scale), dtype)
    # The cotangent, as small u are finely spread: these make the great numbers.
    made: Variable = loc + scale / tan(of(dtype, math.pi / 2) * u)
    return made


def triangular(state: Any, left: Any, mode: Any, right: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers between `left` and `right` whose density rises in a straight line up to `mode`, and falls in one.

    Errors: ValueError for known parameters that are not in this order
    """
    require_order("triangular", left=left, mode=mode, right=right)
    dtype, (left, mode, right) = parameters(dtype, left, mode, right)
    u = _inside(state, lengths_of_draw(size, left, mode, right), dtype)
    whole, before = right - left, mode - left
    rising = u * whole < before
    # What is not chosen may be the root of 0, which has no slope.
    near = switch(rising, before, right - mode)
    far = sqrt(switch(rising, u, of(dtype, 1) - u) * whole * near)
    made: Variable = switch(rising, left + far, right - far)
    return made


def weibull(state: Any, shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose power of exponent `shape` is exponentially distributed; times `scale`."""
    require("weibull", NOT_NEGATIVE, shape=shape, scale=scale)
    dtype, (shape, scale) = parameters(dtype, shape, scale)
    far = standard_exponential(state, lengths_of_draw(size, shape, scale), dtype)
    made: Variable = scale * far ** (of(dtype, 1) / shape)
    return made


def pareto(state: Any, a: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers of at least `scale`; that one is greater than x has the probability (scale / x)^a."""
    require("pareto", POSITIVE, a=a)
    require("pareto", NOT_NEGATIVE, scale=scale)
    dtype, (a, scale) = parameters(dtype, a, scale)
    far = standard_exponential(state, lengths_of_draw(size, a, scale), dtype)
    made: Variable = scale * (expm1(far / a) + of(dtype, 1))
    return made
