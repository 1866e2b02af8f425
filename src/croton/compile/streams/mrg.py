"""Streams whose states are MRG31k3p generators, many side by side."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from croton.compile.shared import shared
from croton.config import config
from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable, constant
from croton.ops.elementwise import cos, log, sin, sqrt
from croton.ops.gradient_marks import undefined_grad
from croton.ops.index.take import nonzero
from croton.ops.join import join
from croton.ops.random.mrg import mrg_uniform
from croton.ops.random.mrg_jump import M1, M2, ff_2p134, substreams
from croton.ops.random.multinomial import ChoiceFromUniform, MultinomialFromUniform
from croton.ops.reduce import prod
from croton.ops.reshape import reshape
from croton.vartypes.dtype import upcast

# The standard deviation of a normal distribution that is cut off two of its own from the mean.
# source: sqrt(1 - 4 φ(2) / (2 Φ(2) - 1))
_TRUNCATED_STD = 0.87962566103423978

_MOST_STREAMS = 60 * 256

Integer: TypeAlias = "int | np.integer[Any]"


def _is_integer(x: Any) -> bool:
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


def guess_n_streams(size: Any, warn: bool = False) -> int:
    """How many generators to draw `size` numbers from: a sixth of their count where that is known; at most 15360."""
    if isinstance(size, (tuple, list)) and all(map(_is_integer, size)):
        count = int(np.prod(size, dtype="object")) if size else 1
        return min(count // 6 if count > 6 else count, _MOST_STREAMS)
    if warn:
        warnings.warn(
            f"The number of streams can't be told from the size {size}; taking {_MOST_STREAMS}.", stacklevel=3
        )
    return _MOST_STREAMS


class MRG_RandomStreams:
    """Draws from MRG31k3p. Each has generators of its own, which functions move on.

    The variable of a draw has their states as `rstate`, and as `update` the pair of these and what they become.

    seed  an integer, or six: three below 2^31 - 1 that are not all 0, three below 2147462579 that are not all 0

    Errors:  ValueError for other seeds
    """

    def __init__(self, seed: Any = 12345) -> None:
        # What each draw was made with, as `seed` needs it again: old states, new states, size, number of generators.
        self.state_updates: list[tuple[Any, Variable, Any, int | None]] = []
        self.default_instance_seed = seed
        self.set_rstate(seed)

    def updates(self) -> list[tuple[Any, Variable, Any, int | None]]:
        """For each draw: its states, what a call makes of them, its size, and the number of streams asked for."""
        return list(self.state_updates)

    def set_rstate(self, seed: Any) -> None:
        """Let the next draw begin at a seed."""
        if _is_integer(seed):
            if seed == 0:
                raise ValueError("The seed of MRG31k3p must not be 0.")
            if seed >= int(M2):
                raise ValueError(f"The seed of MRG31k3p must be less than {M2}; got {seed}.")
            seed = [seed] * 6
        elif len(seed) != 6:
            raise TypeError(f"The seed of MRG31k3p is one integer or six; got {seed!r}.")
        for name, part, bound in (("first", seed[:3], int(M1)), ("last", seed[3:], int(M2))):
            if not any(part):
                raise ValueError(f"The {name} 3 values of a seed must not all be 0; got {seed}.")
            if any(x >= bound for x in part):
                raise ValueError(f"The {name} 3 values of a seed must be less than {bound}; got {seed}.")
        self.rstate = np.asarray(seed, dtype="int32")

    def seed(self, seed: Any = None) -> None:
        """Begin anew: all draws as if they had been made with this seed; the first one, if None."""
        self.set_rstate(self.default_instance_seed if seed is None else seed)
        for old, new, size, nstreams in self.state_updates:
            node: Any = new.owner
            count = self.n_streams(size) if nstreams is None else nstreams
            old.set_value(self.get_substream_rstates(count, node.outputs[1].type.dtype), borrow=True)

    def inc_rstate(self) -> None:
        """Move on to where the next draw's generators begin: by 2^134 steps."""
        self.rstate = ff_2p134(self.rstate)

    def get_substream_rstates(self, n_streams: int, dtype: str, inc_rstate: bool = True) -> np.ndarray:
        """States 2^72 steps apart, one per row; `inc_rstate`: and move on.

        Errors: ValueError for a number of streams below 1
        """
        if n_streams < 1:
            raise ValueError(f"A draw needs at least one stream; got {n_streams}.")
        found = substreams(self.rstate, n_streams)
        if inc_rstate:
            self.inc_rstate()
        return found

    def n_streams(self, size: Any) -> int:
        """How many generators a draw of this size gets."""
        return guess_n_streams(size)

    def pretty_return(
        self, node_rstate: Any, new_rstate: Variable, sample: Any, size: Any, nstreams: int | None
    ) -> Variable:
        """Note the update of a draw, and give its numbers."""
        sample.rstate = node_rstate
        sample.update = (node_rstate, new_rstate)
        self.state_updates.append((node_rstate, new_rstate, size, nstreams))
        node_rstate.default_update = new_rstate
        return sample  # type: ignore[no-any-return]

    # -- distributions ---------------------------------------------------------------------------------------
    def uniform(
        self, size: Any, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None, dtype: str | None = None,
        nstreams: int | None = None, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """Numbers evenly spread between `low` and `high`, both excluded.

        Errors: TypeError for a size that is no tuple of integers and no vector; ValueError for lengths below 1;
                NotImplementedError for bounds that would change which axes broadcast
        """
        low, high = as_tensor_variable(low), as_tensor_variable(high)
        if dtype is None:
            dtype = upcast(config.floatX, low.type.dtype, high.type.dtype)
        low, high = undefined_grad(cast(low, dtype)), undefined_grad(cast(high, dtype))
        _check_uniform_size(size)
        target = kwargs.pop("target", "cpu")
        if kwargs:
            raise TypeError(f"uniform() takes no argument {', '.join(map(repr, kwargs))}.")
        count = self.n_streams(size) if nstreams is None else nstreams
        states: Any = shared(self.get_substream_rstates(count, dtype), target=target)
        states.tag.is_rng = True
        new_states, sample = mrg_uniform.new(states, ndim, dtype, size)
        u: Any = self.pretty_return(states, new_states, sample, size, nstreams)
        made: Variable = u * (high - low) + low
        if made.type.broadcastable != u.type.broadcastable:
            raise NotImplementedError(
                "The bounds have axes that the size lacks: give a size of the shape that the draw is to have."
            )
        return made

    def binomial(
        self, size: Any = None, n: Any = 1, p: Any = 0.5, ndim: int | None = None, dtype: str = "int64",
        nstreams: int | None = None, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """1 with probability `p`, else 0.

        Errors: NotImplementedError for n other than 1
        """
        if n != 1:
            raise NotImplementedError(
                f"MRG_RandomStreams.binomial draws single trials (n=1); got n={n}. RandomStreams draws more."
            )
        p = undefined_grad(as_tensor_variable(p))
        made: Any = self.uniform(size=size, nstreams=nstreams, ndim=ndim, **kwargs)
        return cast(made < p, dtype)

    def multinomial(
        self, size: Any = None, n: Any = 1, pvals: Any = None, ndim: int | None = None, dtype: str = "int64",
        nstreams: int | None = None, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """How often each outcome comes in `n` draws, for each row of probabilities.

        Errors: TypeError without `pvals`; ValueError with a size or `ndim`, which have no meaning here;
                NotImplementedError unless `pvals` is a matrix
        """
        if pvals is None:
            raise TypeError("multinomial needs pvals: a matrix with a row of probabilities per draw.")
        if size is not None or ndim is not None:
            raise ValueError(
                "The shape of MRG_RandomStreams.multinomial is that of pvals: it takes no size and no ndim."
            )
        pvals = _probabilities(pvals, "multinomial")
        unis = self.uniform(size=pvals[:, 0].shape * n, ndim=1, nstreams=nstreams, **kwargs)
        made: Variable = MultinomialFromUniform(dtype)(pvals, unis, as_tensor_variable(n))
        return made

    def choice(
        self, size: Any = 1, a: Any = None, replace: bool = True, p: Any = None, ndim: int | None = None,
        dtype: str = "int64", nstreams: int | None = None, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """`size` different outcomes for each row of the probabilities `p`.

        Errors: NotImplementedError with `replace`, or unless `p` is a matrix; TypeError with `a`, or without `p`;
                ValueError with `ndim`
        """
        if replace:
            raise NotImplementedError(
                "MRG_RandomStreams.choice draws without replacement: pass replace=False."
            )
        if a is not None:
            raise TypeError("MRG_RandomStreams.choice draws from 0, …, p.shape[1] - 1: it takes no `a`.")
        if p is None:
            raise TypeError(
                "MRG_RandomStreams.choice needs p: a matrix with a row of probabilities per draw."
            )
        if ndim is not None:
            raise ValueError("MRG_RandomStreams.choice gives a matrix: it takes no ndim.")
        p = _probabilities(p, "choice")
        unis = self.uniform(size=p[:, 0].shape * size, ndim=1, nstreams=nstreams, **kwargs)
        made: Variable = ChoiceFromUniform(dtype)(p, unis, as_tensor_variable(size))
        return made

    def multinomial_wo_replacement(
        self, size: Any = None, n: Any = 1, pvals: Any = None, ndim: int | None = None, dtype: str = "int64",
        nstreams: int | None = None, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """As `choice`, under its older name: `n` different outcomes for each row of probabilities."""
        warnings.warn("multinomial_wo_replacement has a new name: choice.", DeprecationWarning, stacklevel=2)
        if size is not None:
            raise ValueError("multinomial_wo_replacement takes no size: say with n how many to draw.")
        return self.choice(
            size=n, replace=False, p=pvals, dtype=dtype, nstreams=nstreams, ndim=ndim, **kwargs
        )

    def normal(
        self, size: Any, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None, dtype: str | None = None,
        nstreams: int | None = None, truncate: bool = False, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """Normally distributed numbers of mean `avg` and standard deviation `std`.

        truncate   numbers more than two `std` from `avg` are drawn anew; the standard deviation is then less
        Errors:    ValueError for a size that is none, or has lengths below 1
        Source:    Box and Muller, 1958: pairs of uniform numbers as radius and angle
        """
        lengths = as_size(size)
        avg, std = undefined_grad(as_tensor_variable(avg)), undefined_grad(as_tensor_variable(std))
        if dtype is None:
            dtype = upcast(config.floatX, avg.type.dtype, std.type.dtype)
        avg, std = cast(avg, dtype), cast(std, dtype)
        count: Any = prod(lengths, dtype="int64")
        even = count + count % 2
        u: Any = self.uniform((even,), ndim=1, dtype=dtype, nstreams=nstreams, **kwargs)
        radius: Any = sqrt(-2.0 * log(u[: even // 2]))
        angle = np.array(2.0 * np.pi, dtype=dtype) * u[even // 2 :]
        halves: list[Any] = [cos(angle), sin(angle)]
        if truncate:
            made = self._drawn_within(radius, halves, dtype, nstreams, **kwargs)
        else:
            made = join(0, *[radius * half for half in halves])
        found: Any = reshape(made[:count], lengths, ndim=ndim)
        return found * std + avg  # type: ignore[no-any-return]

    def _drawn_within(
        self, radius: Any, halves: Sequence[Any], dtype: str, nstreams: int | None, **kwargs: Any
    ) -> Any:
        """Normal numbers, of which those beyond 2 are replaced by ones of the same angle and a radius below 2."""
        drawn = [radius * half for half in halves]
        beyond = [(z < -2.0) | (z > 2.0) for z in drawn]
        again: list[Any] = [nonzero(b)[0] for b in beyond]
        # From here on, -2 log(u) is at most 4.
        least = constant(np.exp(-2.0), dtype=dtype)
        count = again[0].size + again[1].size
        u: Any = self.uniform((count,), low=least, ndim=1, dtype=dtype, nstreams=nstreams, **kwargs)
        shorter: Any = sqrt(-2.0 * log(u))
        first = again[0].size
        pieces = []
        for z, b, half, places, r in zip(
            drawn, beyond, halves, again, (shorter[:first], shorter[first:]), strict=True
        ):
            pieces += [z[nonzero(~b)], r * half[places]]
        return join(0, *pieces)

    def truncated_normal(
        self, size: Any, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None, dtype: str | None = None,
        nstreams: int | None = None, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """Numbers of mean `avg` and standard deviation `std` from a normal distribution cut off on both sides."""
        wider = std / constant(_TRUNCATED_STD)
        return self.normal(
            size=size, avg=avg, std=wider, truncate=True, ndim=ndim, dtype=dtype, nstreams=nstreams, **kwargs
        )


def _probabilities(p: Any, method: str) -> Any:
    p = undefined_grad(as_tensor_variable(p))
    if p.type.ndim != 2:
        raise NotImplementedError(
            f"MRG_RandomStreams.{method} takes a matrix of probabilities, a row per draw; got {p.type.ndim} axes."
        )
    return p


def _check_uniform_size(size: Any) -> None:
    if isinstance(size, tuple):
        for n in size:
            if not _is_integer(n) and not isinstance(n, Variable):
                raise TypeError(f"size must be a tuple of integers or scalar variables; got {size}.")
        if any(_is_integer(n) and n <= 0 for n in size):
            raise ValueError(f"The specified size contains a dimension with value <= 0: {size}.")
    elif not (isinstance(size, Variable) and size.type.ndim == 1):
        raise TypeError(
            f"size must be a tuple of integers, or a variable of 1 axis; got {size!r} of type {type(size).__name__}."
        )


def as_size(size: Any) -> Variable:
    """The size of a draw as a vector.

    Errors: ValueError for what is no integer, no list of such, and no variable of at most one axis; for lengths below 1
    """
    if isinstance(size, Variable):
        if size.type.ndim > 1:
            raise ValueError(f"A size is a vector or a scalar; got {size} of type {size.type}.")
        return size if size.type.ndim else as_tensor_variable([size])
    entries = [size] if _is_integer(size) else size
    if not isinstance(entries, (tuple, list)):
        raise ValueError(f"A size is an integer, a tuple, a list or a variable; got {size!r}.")
    for n in entries:
        if isinstance(n, Variable):
            if n.type.ndim:
                raise ValueError(f"The entries of a size are scalars; got {n} of type {n.type}.")
        elif not _is_integer(n):
            raise ValueError(f"The entries of a size are integers; got {n!r}.")
        elif n <= 0:
            raise ValueError(f"The lengths of a size must be at least 1; got {size}.")
    if all(map(_is_integer, entries)):
        return constant(np.array(entries, "int64"))
    return as_tensor_variable(list(entries), ndim=1)
