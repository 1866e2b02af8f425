"""Distributions made of gamma-distributed numbers, over random bits that depend on a state and an index only.

Gradients pass to all parameters: with other shapes, what is drawn moves so that the share of all numbers that are less
stays the same. source: Figurnov, Mohamed and Mnih, Implicit reparameterization gradients, 2018
"""

from __future__ import annotations

from typing import Any

from croton.graph.node import Constant, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import exp, log, sigmoid, sqrt, switch
from croton.ops.known import known_value
from croton.ops.random.counter import above_zero, draw_of, standard_exponential, standard_normal
from croton.ops.random.parameters import (
    NOT_NEGATIVE,
    POSITIVE,
    Lengths,
    in_type,
    lengths_of_draw,
    of,
    parameters,
    require,
)
from croton.ops.random.trials import StandardGamma
from croton.ops.shape import shape_i


def _parts(state: Any, shape: Any, lengths: Lengths, part: int) -> tuple[Any, Any]:
    """Gamma-distributed numbers of scale 1 for shapes of at least 1, and logarithms of what brings those below 1 there.

    They are float64, and take two parts of the draw. source: Marsaglia and Tsang, 2000, section 6
    """
    known = shape.data if isinstance(shape, Constant) else known_value(shape)
    if known is not None and (known == 1.0).all():
        return standard_exponential(state, lengths, "float64", part), of("float64", 0)
    if known is not None and (known >= 1.0).all():
        return StandardGamma()(*draw_of(state, part), shape, *lengths), of("float64", 0)
    small = shape < 1.0
    drawn = StandardGamma()(*draw_of(state, part), switch(small, shape + 1.0, shape), *lengths)
    return drawn, switch(
        small, log(above_zero(state, lengths, "float64", part + 1)) / shape, of("float64", 0)
    )


def standard_gamma(state: Any, shape: Any, lengths: Lengths, dtype: str, part: int) -> Any:
    """Gamma-distributed numbers of scale 1; `shape` broadcasts to `lengths`. They take two parts of the draw."""
    drawn, power = _parts(state, in_type(shape, "float64"), lengths, part)
    return cast(drawn * exp(power), dtype)


def _log_gamma(state: Any, shape: Any, lengths: Lengths, part: int) -> Any:
    """Their logarithms, in float64: numbers of small shapes are too small themselves."""
    drawn, power = _parts(state, in_type(shape, "float64"), lengths, part)
    return log(drawn) + power


def gamma(state: Any, shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Gamma-distributed numbers of mean `shape * scale`.

    Errors: ValueError at run time for a shape that is no positive number
    """
    require("gamma", NOT_NEGATIVE, shape=shape, scale=scale)
    dtype, (shape, scale) = parameters(dtype, shape, scale)
    made: Variable = scale * standard_gamma(state, shape, lengths_of_draw(size, shape, scale), dtype, 0)
    return made


def chisquare(state: Any, df: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Sums of the squares of `df` standard normal numbers."""
    require("chisquare", NOT_NEGATIVE, df=df)
    dtype, (df,) = parameters(dtype, df)
    return gamma(state, df * of(dtype, 0.5), 2.0, size, dtype)


def beta(state: Any, a: Any, b: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers in (0, 1) of mean `a / (a + b)`."""
    require("beta", POSITIVE, a=a, b=b)
    dtype, (a, b) = parameters(dtype, a, b)
    lengths = lengths_of_draw(size, a, b)
    return cast(sigmoid(_log_gamma(state, a, lengths, 0) - _log_gamma(state, b, lengths, 2)), dtype)


def dirichlet(state: Any, alpha: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Rows of positive numbers that add up to 1, in proportion to `alpha` (along its last axis) on average.

    Errors: ValueError for an `alpha` without axes
    """
    require("dirichlet", NOT_NEGATIVE, alpha=alpha)
    dtype, (alpha,) = parameters(dtype, alpha)
    if not alpha.type.ndim:
        raise ValueError(f"dirichlet needs an axis of weights; got {alpha} of type {alpha.type}.")
    lengths = [*lengths_of_draw(size, alpha[..., 0]), shape_i(alpha, alpha.type.ndim - 1)]
    parts = _log_gamma(state, alpha, lengths, 0)
    parts = exp(parts - parts.max(axis=-1, keepdims=True))
    return cast(parts / parts.sum(axis=-1, keepdims=True), dtype)


def standard_t(state: Any, df: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers of Student's distribution with `df` degrees of freedom."""
    require("standard_t", POSITIVE, df=df)
    dtype, (df,) = parameters(dtype, df)
    lengths = lengths_of_draw(size, df)
    half = df * of(dtype, 0.5)
    spread: Any = sqrt(standard_gamma(state, half, lengths, dtype, 1) / half)
    made: Variable = standard_normal(state, lengths, dtype) / spread
    return made


def invgamma(state: Any, shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose inverses are gamma-distributed, of mean `shape / scale`.

    Errors: ValueError at run time for a shape that is no positive number
    """
    require("invgamma", POSITIVE, shape=shape)
    require("invgamma", NOT_NEGATIVE, scale=scale)
    dtype, (shape, scale) = parameters(dtype, shape, scale)
    made: Any = exp(-_log_gamma(state, shape, lengths_of_draw(size, shape, scale), 0))
    return scale * cast(made, dtype)  # type: ignore[no-any-return]


def f(state: Any, dfnum: Any, dfden: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Quotients of two means of squares of normal numbers: of `dfnum` of them, and of `dfden`."""
    require("f", POSITIVE, dfnum=dfnum, dfden=dfden)
    dtype, (dfnum, dfden) = parameters(dtype, dfnum, dfden)
    lengths = lengths_of_draw(size, dfnum, dfden)
    half = of(dtype, 0.5)
    above = _log_gamma(state, dfnum * half, lengths, 0)
    below = _log_gamma(state, dfden * half, lengths, 2)
    return cast(exp(above - below), dtype) * (dfden / dfnum)  # type: ignore[no-any-return]
