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
from croton.ops.creation import zeros
from croton.ops.cumulate import cumsum
from croton.ops.elementwise import eq, exp, neq, switch
from croton.ops.gradient_marks import disconnected_grad
from croton.ops.ifelse import ifelse
from croton.ops.index.assign import set_subtensor
from croton.ops.index.take import flatnonzero
from croton.ops.join import join
from croton.ops.known import known_int
from croton.ops.random.bits import below, unit
from croton.ops.random.counter import bits_of, draw_of, standard_exponential
from croton.ops.random.counts import Multinomial
from croton.ops.random.gamma import standard_gamma
from croton.ops.random.order import RandomOrder
from croton.ops.random.parameters import (
    NOT_NEGATIVE,
    PROBABILITY,
    Lengths,
    checked,
    count_type,
    lengths_of_draw,
    of,
    require,
)
from croton.ops.random.trials import Binomial, Geometric, Hypergeometric, Poisson
from croton.ops.search import searchsorted
from croton.ops.shape import as_length, product, shape_i
from croton.ops.sort import argsort
from croton.vartypes.dtype import as_dtype, is_discrete, upcast


# -- counts --------------------------------------------------------------------------------------------------
def poisson(state: Any, lam: Any = 1.0, size: Any = None, dtype: Any = "int64") -> Variable:
    """How many of many rare events happen, of which `lam` are expected.

    Errors: ValueError at run time for a mean that is negative, NaN, or above 2^53
    """
    return _drawn(Poisson, state, [lam], size, dtype)


def binomial(state: Any, n: Any = 1, p: Any = 0.5, size: Any = None, dtype: Any = "int64") -> Variable:
    """How many of `n` trials succeed, each with probability `p`.

    Errors: ValueError at run time for an `n` that is negative or above 2^53, or a `p` outside of [0, 1]
    """
    return _drawn(Binomial, state, [n, p], size, dtype)


def geometric(state: Any, p: Any, size: Any = None, dtype: Any = "int64") -> Variable:
    """How many trials it takes until one succeeds, each with probability `p`; no more than 2^62.

    Errors: ValueError at run time for a `p` outside of (0, 1]
    """
    return _drawn(Geometric, state, [p], size, dtype)


def hypergeometric(
    state: Any, ngood: Any, nbad: Any, nsample: Any, size: Any = None, dtype: Any = "int64"
) -> Variable:
    """How many are good of `nsample` that are drawn, without replacement, from `ngood` good and `nbad` bad ones.

    Errors: ValueError at run time for counts below 0 or above 2^53 in all, or for more drawn than there are
    """
    return _drawn(Hypergeometric, state, [ngood, nbad, nsample], size, dtype)


def negative_binomial(state: Any, n: Any, p: Any, size: Any = None, dtype: Any = "int64") -> Variable:
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


def _drawn(op: Any, state: Any, given: list[Any], size: Any, dtype: Any, part: int = 0) -> Variable:
    dtype = count_type(dtype)
    of_draw = [disconnected_grad(cast(as_tensor_variable(v), "float64")) for v in given]
    return cast(op()(*draw_of(state, part), *of_draw, *lengths_of_draw(size, *of_draw)), dtype)


def multinomial(state: Any, n: Any, pvals: Any, size: Any = None, dtype: Any = "int64") -> Variable:
    """How often each outcome comes in `n` trials; the last axis of `pvals` is in proportion to the probabilities.

    Shapes: the size, or what `n` and the other axes of `pvals` broadcast to; then one axis of outcomes
    Errors: TypeError for a `dtype` that is none of integers; ValueError for `pvals` without axes; at run time for an
            `n` that is negative or above 2^53, and for probabilities that are negative, NaN, infinite or all 0
    """
    dtype = count_type(dtype)
    n, pvals = (disconnected_grad(cast(as_tensor_variable(v), "float64")) for v in (n, pvals))
    if not pvals.type.ndim:
        raise ValueError(f"multinomial needs an axis of probabilities; got {pvals} of type {pvals.type}.")
    lengths = lengths_of_draw(size, n, pvals[..., 0])
    return cast(Multinomial()(*draw_of(state), n, pvals, *lengths), dtype)


# -- choices -------------------------------------------------------------------------------------------------
def bernoulli(state: Any, p: Any = 0.5, size: Any = None, dtype: Any = "int64") -> Variable:
    """1 with probability `p`, else 0. Where `p` is known, it is checked; else NaN gives 0.

    Errors: ValueError for a known `p` outside of [0, 1]
    """
    require("bernoulli", PROBABILITY, p=p)
    p = disconnected_grad(as_tensor_variable(p))
    real = upcast(config.floatX, p.type.dtype)
    return cast(unit[real](bits_of(state, lengths_of_draw(size, p))) < cast(p, real), count_type(dtype))


def integers(
    state: Any, low: Any, high: Any = None, size: Any = None, dtype: Any = "int64", endpoint: bool = False
) -> Variable:
    """Integers from `low` up to `high`, which is left out unless `endpoint`; without `high`, from 0 up to `low`.

    Errors: TypeError for bounds or a data type that are no integers; ValueError for bounds that leave none, or that the
            data type can't hold: at run time if they are not known before
    """
    low, high = (0, low) if high is None else (low, high)
    dtype = as_dtype(dtype)
    if not is_discrete(dtype):
        raise TypeError(f"Integers have a data type of integers; got dtype={dtype!r}.")
    if not endpoint and isinstance(high, (int, np.integer)):
        # The number above the greatest of a data type is in none, or in no one that both bounds are.
        high, endpoint = int(high) - 1, True
    wide = "uint64" if dtype == "uint64" else "int64"
    low, high = _bound(low, wide, dtype), _bound(high, wide, dtype)
    last = high if endpoint else high - of(wide, 1)
    # Modulo 2^64: one less than there are.
    reach = cast(last, "uint64") - cast(low, "uint64")
    some = (low <= high if endpoint else low < high).all()
    reach = checked(reach, some, "Integers are drawn between bounds that leave some; these leave none.")
    if dtype != wide:
        least, most = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        inside = (low >= least).all() & (last <= most).all()
        reach = checked(
            reach, inside, f"Integers of {dtype} lie from {least} to {most}; these bounds do not."
        )
    bits = bits_of(state, lengths_of_draw(size, low, high))
    step, known = below(bits, reach + np.uint64(1)), None if reach.type.ndim else known_int(reach)
    if known is None or known == _GREATEST:
        step = switch(eq(reach, np.uint64(_GREATEST)), bits, step)
    return cast(low + cast(step, wide), dtype)


_GREATEST = 2**64 - 1


def _bound(given: Any, wide: str, dtype: str) -> Any:
    if isinstance(given, (int, np.integer)):
        try:
            return as_tensor_variable(np.asarray(int(given), dtype=wide))
        except OverflowError as error:
            raise ValueError(f"Integers of {dtype} can't have the bound {given}.") from error
    bound = as_tensor_variable(given)
    if not is_discrete(bound.type.dtype):
        raise TypeError(f"Integers lie between integers; got the bound {bound} of type {bound.type}.")
    return cast(bound, wide)


def categorical(
    state: Any, p: Any = None, logits: Any = None, size: Any = None, dtype: Any = "int64"
) -> Variable:
    """Outcomes 0, 1, …, k - 1; the last axis has their probabilities up to a factor, or logarithms of these.

    Errors: TypeError unless just one of `p` and `logits` is given; ValueError for one without axes, and at run time for
            probabilities that are negative, NaN, infinite or all 0, or logits that are NaN, all -inf, or inf
    """
    if (p is None) == (logits is None):
        raise TypeError("categorical needs probabilities or logits: give one of p and logits.")
    given = as_tensor_variable(logits if p is None else p)
    if not given.type.ndim:
        raise ValueError(f"categorical needs an axis of outcomes; got {given} of type {given.type}.")
    if given.type.shape[-1] == 0:
        raise ValueError("categorical needs an outcome at least; got none.")
    weights: Any = cast(disconnected_grad(given), "float64")
    if p is None:
        weights = exp(weights - weights.max(axis=-1, keepdims=True))
    sums: Any = cumsum(weights, axis=-1)
    total = sums[..., -1]
    fit = (total > 0.0).all() & (total < np.inf).all()
    if p is not None:
        fit = fit & (weights >= 0.0).all()
    total = checked(total, fit, _UNFIT)
    lengths = lengths_of_draw(size, total)
    # Less than the last sum, rounding and all: numbers below 1 are at most 1 - 2^-53.
    wanted = unit["float64"](bits_of(state, lengths)) * total
    if not total.type.ndim:
        return cast(searchsorted(sums, wanted, side="right"), count_type(dtype))
    return cast((sums <= shape_padright(wanted)).sum(axis=-1), count_type(dtype))


_UNFIT = (
    "Probabilities of outcomes are not negative, infinite, NaN or all 0, and their logarithms not NaN, inf or all "
    "-inf; got others."
)


def permutation(state: Any, x: Any, axis: int = 0, dtype: Any = "int64") -> Variable:
    """The integers below a number in random order; or a tensor with its parts along an axis in random order.

    Errors: TypeError for a number that is no integer; ValueError for one that is negative, at run time if it is not
            known before
    """
    x = as_tensor_variable(x)
    if x.type.ndim:
        order = RandomOrder()(*draw_of(state), shape_i(x, axis % x.type.ndim))
        return x.take(order, axis=axis)  # type: ignore[no-any-return]
    if not is_discrete(x.type.dtype):
        raise TypeError(
            f"There are permutations of tensors, and of so many integers; got {x} of type {x.type}."
        )
    return cast(RandomOrder()(*draw_of(state), *lengths_of_draw(x)), count_type(dtype))


def choice(
    state: Any, a: Any, size: Any = None, replace: bool = True, p: Any = None, axis: int = 0
) -> Variable:
    """Elements of `a` along an axis, or of 0, …, a - 1; all as likely, or with probabilities in proportion to `p`.

    Without `replace`, none comes twice.

    Errors: ValueError for a `p` that has other than one axis or another length; without `replace`, for more draws than
            there are elements, or such with a probability that is not 0: at run time if that is not known before
    """
    a = as_tensor_variable(a)
    count = shape_i(a, axis % a.type.ndim) if a.type.ndim else as_length(a)
    lengths = lengths_of_draw(() if size is None else size)
    if p is not None:
        p = as_tensor_variable(p)
        if p.type.ndim != 1:
            raise ValueError(f"The probabilities of choice are a vector; got {p} of type {p.type}.")
        p = checked(p, eq(shape_i(p, 0), count), "choice needs as many probabilities as there are elements.")
    if not replace:
        at = _without(state, count, lengths, p)
    elif p is None:
        at = integers(state, count, size=lengths)
    else:
        at = categorical(state, p, size=lengths)
    return a.take(at, axis=axis) if a.type.ndim else at  # type: ignore[no-any-return]


def _without(state: Any, count: Any, lengths: Lengths, p: Any) -> Any:
    wanted, order = product(lengths), None
    if p is not None:
        require("choice", NOT_NEGATIVE, p=p)
        # source: Efraimidis and Spirakis, 2006: exponential times of rate p; the first to come are drawn
        order = argsort(standard_exponential(state, [count], "float64") / cast(p, "float64"))
        count = (p > 0).sum()
    wanted = checked(
        wanted, wanted <= count, "Without replacement, choice draws no more elements than there are."
    )
    drawn: Any = _some_of(state, count, wanted) if order is None else order[:wanted]
    return drawn if len(lengths) == 1 else drawn.reshape(lengths) if lengths else drawn[0]


def _some_of(state: Any, count: Any, wanted: Any) -> Any:
    """`wanted` of the integers below `count`: of all in random order, or the first draws that differ."""
    are_few = wanted * 8 < count
    known = known_int(are_few)
    if known is not None:
        return _first_that_differ(state, count, wanted) if known else _in_order(state, count)[:wanted]
    return ifelse(are_few, _first_that_differ(state, count, wanted), _in_order(state, count)[:wanted])


def _in_order(state: Any, count: Any) -> Any:
    return RandomOrder()(*draw_of(state), count)


def _first_that_differ(state: Any, count: Any, wanted: Any) -> Any:
    """With so many draws, that less than `wanted` differ has a probability below 1e-30."""
    # About wanted^2 / (2 count) come again.
    tries = wanted + (2 * wanted * wanted) // count + 64
    drawn = integers(state, count, size=[tries])
    order: Any = argsort(drawn)
    ordered: Any = drawn[order]
    comes_first = join(0, np.ones(1, "bool"), neq(ordered[1:], ordered[:-1]))
    places = flatnonzero(set_subtensor(zeros([tries], "bool")[order], comes_first))
    return drawn[places[:wanted]]
