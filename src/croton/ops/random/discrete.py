"""Discrete distributions over random bits that depend on a state and an index only.

What is drawn is no differentiable function of the parameters: no gradient goes through it. That of a cost with respect
to a parameter is what it has by other ways, and where there are none, an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.config import config
from croton.graph.node import Variable
from croton.ops.axes import shape_padright
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.cumulate import cumsum
from croton.ops.elementwise import exp
from croton.ops.gradient_marks import disconnected_grad
from croton.ops.known import known_int
from croton.ops.raise_op import CheckedDraw
from croton.ops.random.bits import below, unit
from croton.ops.random.counter import (
    Lengths,
    bits_of,
    draw_of,
    lengths_of_draw,
    standard_exponential,
)
from croton.ops.random.counts import Multinomial
from croton.ops.random.gamma import standard_gamma
from croton.ops.random.trials import Binomial, Geometric, Poisson
from croton.ops.search import searchsorted
from croton.ops.shape import as_length, shape_i
from croton.ops.sort import argsort
from croton.vartypes.dtype import is_discrete, upcast


# -- counts --------------------------------------------------------------------------------------------------
def poisson(state: Any, lam: Any = 1.0, size: Any = None, dtype: str = "int64") -> Variable:
    """How many of many rare events happen, of which `lam` are expected.

    Errors: ValueError at run time for a mean that is negative, NaN, or above 2^53
    """
    return _drawn(Poisson, state, [lam], size, dtype)


def binomial(state: Any, n: Any = 1, p: Any = 0.5, size: Any = None, dtype: str = "int64") -> Variable:
    """How many of `n` trials succeed, each with probability `p`.

    Errors: ValueError at run time for an `n` that is negative or above 2^53, or a `p` outside of [0, 1]
    """
    return _drawn(Binomial, state, [n, p], size, dtype)


def geometric(state: Any, p: Any, size: Any = None, dtype: str = "int64") -> Variable:
    """How many trials it takes until one succeeds, each with probability `p`; no more than 2^62.

    Errors: ValueError at run time for a `p` outside of (0, 1]
    """
    return _drawn(Geometric, state, [p], size, dtype)


def negative_binomial(state: Any, n: Any, p: Any, size: Any = None, dtype: str = "int64") -> Variable:
    """How many trials fail before `n` succeed, each with probability `p`; `n` need not be whole.

    Errors: ValueError at run time unless `n` is a positive number, and `p` such that the mean of what is left to draw
            is one of a Poisson distribution: above 0, up to 1
    Source: a Poisson distribution whose mean is gamma-distributed
    """
    n, p = (disconnected_grad(cast(as_tensor_variable(v), "float64")) for v in (n, p))
    lengths = lengths_of_draw(size, n, p)
    # The gamma-distributed numbers take two parts of the draw.
    lam = standard_gamma(state, n, lengths, "float64", 0) * ((1 - p) / p)
    return _drawn(Poisson, state, [lam], lengths, dtype, part=2)


def _drawn(op: Any, state: Any, given: list[Any], size: Any, dtype: str, part: int = 0) -> Variable:
    if not is_discrete(dtype):
        raise TypeError(f"This distribution is of integers; got dtype={dtype!r}.")
    of_draw = [disconnected_grad(cast(as_tensor_variable(v), "float64")) for v in given]
    return cast(op()(*draw_of(state, part), *of_draw, *lengths_of_draw(size, *of_draw)), dtype)


def multinomial(state: Any, n: Any, pvals: Any, size: Any = None, dtype: str = "int64") -> Variable:
    """How often each outcome comes in `n` trials; the last axis of `pvals` is in proportion to the probabilities.

    Shapes: the size, or what `n` and the other axes of `pvals` broadcast to; then one axis of outcomes
    Errors: TypeError for a `dtype` that is none of integers; ValueError for `pvals` without axes; at run time for an
            `n` that is negative or above 2^53, and for probabilities that are negative, NaN, infinite or all 0
    """
    if not is_discrete(dtype):
        raise TypeError(f"This distribution is of integers; got dtype={dtype!r}.")
    n, pvals = (disconnected_grad(cast(as_tensor_variable(v), "float64")) for v in (n, pvals))
    if not pvals.type.ndim:
        raise ValueError(f"multinomial needs an axis of probabilities; got {pvals} of type {pvals.type}.")
    lengths = lengths_of_draw(size, n, pvals[..., 0])
    return cast(Multinomial()(*draw_of(state), n, pvals, *lengths), dtype)


# -- choices -------------------------------------------------------------------------------------------------
def bernoulli(state: Any, p: Any = 0.5, size: Any = None, dtype: str = "int64") -> Variable:
    """1 with probability `p`, else 0."""
    p = disconnected_grad(as_tensor_variable(p))
    real = upcast(config.floatX, p.type.dtype)
    return cast(unit[real](bits_of(state, lengths_of_draw(size, p))) < cast(p, real), dtype)


def integers(
    state: Any, low: Any, high: Any = None, size: Any = None, dtype: str = "int64", endpoint: bool = False
) -> Variable:
    """Integers from `low` up to `high`, which is left out unless `endpoint`; without `high`, from 0 up to `low`.

    Errors: TypeError for bounds or a data type that are no integers; ValueError for bounds that leave none, at run time
            if they are not known before
    """
    low, high = (0, low) if high is None else (low, high)
    low, high = as_tensor_variable(low), as_tensor_variable(high)
    if not all(map(is_discrete, (low.type.dtype, high.type.dtype, dtype))):
        raise TypeError(
            f"Integers lie between integers; got {low} and {high} of types {low.type}, {high.type}, dtype={dtype!r}."
        )
    low, high = cast(low, "int64"), cast(high, "int64")
    count = high - low + (1 if endpoint else 0)
    last = high if endpoint else high - 1
    count = _checked(count, low, last, "Integers are drawn between bounds that leave some; these leave none.")
    step = below(bits_of(state, lengths_of_draw(size, low, high)), cast(count, "uint64"))
    return cast(low + cast(step, "int64"), dtype)


def _checked(value: Any, least: Any, most: Any, complaint: str) -> Any:
    """`value`, so long as `least` is nowhere above `most`: seen at once where they are known, else at run time."""
    low, high = (None if bound.type.ndim else known_int(bound) for bound in (least, most))
    if low is None or high is None:
        return CheckedDraw(complaint)(value, (least <= most).all())
    if low > high:
        raise ValueError(complaint)
    return value


def categorical(
    state: Any, p: Any = None, logits: Any = None, size: Any = None, dtype: str = "int64"
) -> Variable:
    """Outcomes 0, 1, …, k - 1; the last axis has their probabilities up to a factor, or logarithms of these.

    What is given must make sense: no number is negative or NaN, and some are not 0. That is not checked.

    Errors: TypeError unless just one of `p` and `logits` is given; ValueError for one without axes
    """
    if (p is None) == (logits is None):
        raise TypeError("categorical needs probabilities or logits: give one of p and logits.")
    given = as_tensor_variable(logits if p is None else p)
    if not given.type.ndim:
        raise ValueError(f"categorical needs an axis of outcomes; got {given} of type {given.type}.")
    weights: Any = cast(disconnected_grad(given), "float64")
    if p is None:
        weights = exp(weights - weights.max(axis=-1, keepdims=True))
    outer = given.type.ndim - 1
    lengths = [shape_i(given, axis) for axis in range(outer)] if size is None else lengths_of_draw(size)
    if len(lengths) < outer:
        raise ValueError(f"A draw of {len(lengths)} axes can't have probabilities of {outer + 1} axes.")
    sums: Any = cumsum(weights, axis=-1)
    # Less than the last sum, rounding and all: numbers below 1 are at most 1 - 2^-53.
    wanted = unit["float64"](bits_of(state, lengths)) * sums[..., -1]
    if not outer:
        return cast(searchsorted(sums, wanted, side="right"), dtype)
    return cast((sums <= shape_padright(wanted)).sum(axis=-1), dtype)


def permutation(state: Any, x: Any, dtype: str = "int64") -> Variable:
    """The integers below a number in random order; or the rows of a tensor (along its first axis).

    Errors: TypeError for a number that is no integer
    """
    x = as_tensor_variable(x)
    if x.type.ndim:
        order = argsort(bits_of(state, [shape_i(x, 0)]))
        return x[order]  # type: ignore[no-any-return]
    if not is_discrete(x.type.dtype):
        raise TypeError(
            f"There are permutations of tensors, and of so many integers; got {x} of type {x.type}."
        )
    return cast(argsort(bits_of(state, [as_length(x)])), dtype)


def choice(state: Any, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Variable:
    """Elements of the vector `a`, or of 0, …, a - 1; all as likely, or with probabilities `p`.

    Without `replace`, none comes twice.

    Errors: ValueError for `a` of more than one axis, `p` of other than one, or a size of several axes without
            `replace`; for more draws without it than there are elements, at run time if that is not known before
    """
    a = as_tensor_variable(a)
    if a.type.ndim > 1:
        raise ValueError(
            f"choice draws from a vector, or the integers below a number; got {a} of type {a.type}."
        )
    count = shape_i(a, 0) if a.type.ndim else as_length(a)
    lengths = lengths_of_draw(() if size is None else size)
    if p is not None:
        p = as_tensor_variable(p)
        if p.type.ndim != 1:
            raise ValueError(f"The probabilities of choice are a vector; got {p} of type {p.type}.")
    if not replace:
        at = _without(state, count, lengths, p)
    elif p is None:
        at = integers(state, count, size=lengths)
    else:
        at = categorical(state, p, size=lengths)
    return a[at] if a.type.ndim else at  # type: ignore[no-any-return]


def _without(state: Any, count: Any, lengths: Lengths, p: Any) -> Any:
    if len(lengths) > 1:
        raise ValueError(f"Without replacement, choice draws a vector; got a size of {len(lengths)} axes.")
    wanted = lengths[0] if lengths else as_tensor_variable(np.int64(1))
    if p is None:
        order = argsort(bits_of(state, [count]))
    else:
        # source: Efraimidis and Spirakis, 2006: exponential times of rate p; the first to come are drawn
        order = argsort(standard_exponential(state, [count], "float64") / cast(p, "float64"))
    order = _checked(
        order, wanted, count, "Without replacement, choice draws no more elements than there are."
    )
    drawn: Any = order[:wanted]
    return drawn if lengths else drawn[0]
