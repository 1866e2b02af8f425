"""Streams on a counter-based generator: the ones for new programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from croton.compile.shared import TensorSharedVariable, shared
from croton.graph.node import Variable
from croton.ops.random import circular, counter, discrete, gamma, implicit, multivariate
from croton.ops.random.bits import philox

# What tells keys of draws from keys of streams, where both are made of one key and a number.
_DRAWS, _STREAMS = 1, 2


def key_of(seed: Any) -> np.uint64:
    """A key made of a seed: integers of any size, a SeedSequence, or None for one that the system chooses."""
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    key: np.uint64 = sequence.generate_state(1, np.uint64)[0]
    return key


def derived_key(key: np.uint64, number: int, purpose: int) -> np.uint64:
    """Key `number` out of many that a key stands for, each as good as chosen at random."""
    made: np.uint64 = philox(key, np.uint64(number), np.uint64(purpose))[0]
    return made


class RandomStream:
    """Random numbers for expressions. Each call of a method is a draw: a variable that has other values in each call.

    A draw has a state of its own, a shared variable with a key and a count, which functions move on by themselves
    (`no_default_updates` keeps them from it). What it gives depends on the seed, on how many draws were made before it
    in this stream, and on how often it was called: not on threads, machines, or what else a function computes.

    seed  an integer, several, a SeedSequence of NumPy's, or None: one that the system chooses

    Parameters of distributions broadcast, against one another and against `size`; without it they alone say the shape.

    Source:  Salmon, Moraes, Dror and Shaw, SC 2011: Philox4x32-10 makes keys, Threefry2x32-13 the bits of elements
    Example:
        >>> import theano
        >>> stream = RandomStream(1)
        >>> f = theano.function([], stream.integers(0, 10, size=(3,)))
        >>> bool((f() < 10).all())
        True
    """

    def __init__(self, seed: Any = None) -> None:
        self.state_updates: list[tuple[TensorSharedVariable, Variable]] = []
        self._streams: list[RandomStream] = []
        self._key = key_of(seed)

    def seed(self, seed: Any = None) -> None:
        """Begin anew: all draws, those of split streams too, as if this had been the seed."""
        self._begin(key_of(seed))

    def _begin(self, key: np.uint64) -> None:
        self._key = key
        for number, (state, _) in enumerate(self.state_updates):
            state.set_value(self._new_state(number), borrow=True)
        for number, stream in enumerate(self._streams):
            stream._begin(derived_key(key, number, _STREAMS))

    def _new_state(self, number: int) -> np.ndarray:
        return np.array([derived_key(self._key, number, _DRAWS), 0], dtype="uint64")

    def split(self, count: int = 2) -> list[RandomStream]:
        """Further streams, independent of this one and of one another.

        Errors: ValueError for a count below 0
        """
        if count < 0:
            raise ValueError(f"A stream can be split into 0 streams or more; got {count}.")
        made = [RandomStream(0) for _ in range(count)]
        for number, stream in enumerate(made, start=len(self._streams)):
            stream._begin(derived_key(self._key, number, _STREAMS))
        self._streams.extend(made)
        return made

    def updates(self) -> list[tuple[TensorSharedVariable, Variable]]:
        """Each state with what a call makes of it."""
        return list(self.state_updates)

    def gen(self, draw: Callable[..., Any], *args: Any, **kwargs: Any) -> Variable:
        """What `draw(state, *args, **kwargs)` gives, for a state of its own."""
        state: Any = shared(self._new_state(len(self.state_updates)), borrow=True)
        state.tag.is_rng = True
        drawn = draw(state, *args, **kwargs)
        state.default_update = counter.moved(state)
        drawn.rng = state
        drawn.update = (state, state.default_update)
        self.state_updates.append(drawn.update)
        return drawn  # type: ignore[no-any-return]

    # -- continuous distributions ----------------------------------------------------------------------------
    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers evenly spread over [low, high)."""
        return self.gen(counter.uniform, low, high, size, dtype)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Normally distributed numbers of mean `loc` and standard deviation `scale`."""
        return self.gen(counter.normal, loc, scale, size, dtype)

    def truncated_normal(
        self,
        loc: Any = 0.0,
        scale: Any = 1.0,
        low: Any = None,
        high: Any = None,
        size: Any = None,
        dtype: Any = None,
    ) -> Variable:
        """Normal numbers of those between `low` and `high`, or up to twice `scale` from `loc`."""
        return self.gen(implicit.truncated_normal, loc, scale, low, high, size, dtype)

    def multivariate_normal(self, mean: Any, cov: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Vectors of normal numbers with the means along the last axis of `mean`, and the covariances `cov`."""
        return self.gen(multivariate.multivariate_normal, mean, cov, size, dtype)

    def halfnormal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers as far above `loc` as normal numbers are from their mean."""
        return self.gen(counter.halfnormal, loc, scale, size, dtype)

    def lognormal(self, mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers whose logarithms are normally distributed."""
        return self.gen(counter.lognormal, mean, sigma, size, dtype)

    def exponential(self, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Exponentially distributed numbers of mean `scale`."""
        return self.gen(counter.exponential, scale, size, dtype)

    def rayleigh(self, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Lengths of vectors of two normal numbers of standard deviation `scale`."""
        return self.gen(counter.rayleigh, scale, size, dtype)

    def laplace(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers whose distance from `loc`, to either side, is exponentially distributed with mean `scale`."""
        return self.gen(counter.laplace, loc, scale, size, dtype)

    def gumbel(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers of a Gumbel distribution."""
        return self.gen(counter.gumbel, loc, scale, size, dtype)

    def logistic(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers of a logistic distribution."""
        return self.gen(counter.logistic, loc, scale, size, dtype)

    def cauchy(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers of a Cauchy distribution, which has no mean."""
        return self.gen(counter.cauchy, loc, scale, size, dtype)

    def halfcauchy(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers as far above `loc` as those of a Cauchy distribution are from its middle."""
        return self.gen(counter.halfcauchy, loc, scale, size, dtype)

    def triangular(self, left: Any, mode: Any, right: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers between `left` and `right` whose density rises in a straight line up to `mode`, and falls in one."""
        return self.gen(counter.triangular, left, mode, right, size, dtype)

    def wald(self, mean: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers of an inverse normal distribution, of the mean `mean` and the variance `mean`^3 / `scale`."""
        return self.gen(implicit.wald, mean, scale, size, dtype)

    def vonmises(self, mu: Any, kappa: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Angles from -pi to pi around `mu`, the nearer to it the greater `kappa`."""
        return self.gen(circular.vonmises, mu, kappa, size, dtype)

    def weibull(self, shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers whose power of exponent `shape` is exponentially distributed; times `scale`."""
        return self.gen(counter.weibull, shape, scale, size, dtype)

    def pareto(self, a: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers of at least `scale`; that one is greater than x has the probability (scale / x)^a."""
        return self.gen(counter.pareto, a, scale, size, dtype)

    def gamma(self, shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Gamma-distributed numbers of mean `shape * scale`."""
        return self.gen(gamma.gamma, shape, scale, size, dtype)

    def invgamma(self, shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers whose inverses are gamma-distributed, of mean `shape / scale`."""
        return self.gen(gamma.invgamma, shape, scale, size, dtype)

    def chisquare(self, df: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Sums of the squares of `df` standard normal numbers."""
        return self.gen(gamma.chisquare, df, size, dtype)

    def beta(self, a: Any, b: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers in (0, 1) of mean `a / (a + b)`."""
        return self.gen(gamma.beta, a, b, size, dtype)

    def dirichlet(self, alpha: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Rows of positive numbers that add up to 1, in proportion to `alpha` on average."""
        return self.gen(gamma.dirichlet, alpha, size, dtype)

    def standard_t(self, df: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Numbers of Student's distribution with `df` degrees of freedom."""
        return self.gen(gamma.standard_t, df, size, dtype)

    def f(self, dfnum: Any, dfden: Any, size: Any = None, dtype: Any = None) -> Variable:
        """Quotients of two means of squares of normal numbers: of `dfnum` of them, and of `dfden`."""
        return self.gen(gamma.f, dfnum, dfden, size, dtype)

    # -- discrete distributions ------------------------------------------------------------------------------
    def bernoulli(self, p: Any = 0.5, size: Any = None, dtype: Any = "int64") -> Variable:
        """1 with probability `p`, else 0."""
        return self.gen(discrete.bernoulli, p, size, dtype)

    def poisson(self, lam: Any = 1.0, size: Any = None, dtype: Any = "int64") -> Variable:
        """How many of many rare events happen, of which `lam` are expected."""
        return self.gen(discrete.poisson, lam, size, dtype)

    def binomial(self, n: Any = 1, p: Any = 0.5, size: Any = None, dtype: Any = "int64") -> Variable:
        """How many of `n` trials succeed, each with probability `p`."""
        return self.gen(discrete.binomial, n, p, size, dtype)

    def geometric(self, p: Any, size: Any = None, dtype: Any = "int64") -> Variable:
        """How many trials it takes until one succeeds, each with probability `p`."""
        return self.gen(discrete.geometric, p, size, dtype)

    def hypergeometric(
        self, ngood: Any, nbad: Any, nsample: Any, size: Any = None, dtype: Any = "int64"
    ) -> Variable:
        """How many are good of `nsample` that are drawn from `ngood` good and `nbad` bad ones."""
        return self.gen(discrete.hypergeometric, ngood, nbad, nsample, size, dtype)

    def negative_binomial(self, n: Any, p: Any, size: Any = None, dtype: Any = "int64") -> Variable:
        """How many trials fail before `n` succeed, each with probability `p`."""
        return self.gen(discrete.negative_binomial, n, p, size, dtype)

    def multinomial(self, n: Any, pvals: Any, size: Any = None, dtype: Any = "int64") -> Variable:
        """How often each outcome comes in `n` trials; probabilities are in proportion to the last axis of `pvals`."""
        return self.gen(discrete.multinomial, n, pvals, size, dtype)

    def integers(
        self, low: Any, high: Any = None, size: Any = None, dtype: Any = "int64", endpoint: bool = False
    ) -> Variable:
        """Integers from `low` up to `high`, left out unless `endpoint`; without `high`, from 0 up to `low`."""
        return self.gen(discrete.integers, low, high, size, dtype, endpoint)

    def categorical(
        self, p: Any = None, logits: Any = None, size: Any = None, dtype: Any = "int64"
    ) -> Variable:
        """Outcomes whose probabilities, or logarithms of them up to a constant, are along a last axis."""
        return self.gen(discrete.categorical, p, logits, size, dtype)

    def permutation(self, x: Any, axis: int = 0, dtype: Any = "int64") -> Variable:
        """The integers below a number in random order; or a tensor with its parts along an axis in random order."""
        return self.gen(discrete.permutation, x, axis, dtype)

    def choice(
        self, a: Any, size: Any = None, replace: bool = True, p: Any = None, axis: int = 0
    ) -> Variable:
        """Elements of `a` along an axis, or of 0, …, a - 1; all as likely, or with probabilities `p`."""
        return self.gen(discrete.choice, a, size, replace, p, axis)
