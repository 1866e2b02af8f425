"""Streams whose states are NumPy's legacy generators."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from croton.compile.shared import SharedVariable, shared, shared_constructor
from croton.graph.node import Variable
from croton.ops.random.raw import RandomStreamsBase
from croton.vartypes.random import random_state_type

# Seeds of states are drawn below this.
_SEEDS = 2**30


class RandomStateSharedVariable(SharedVariable):
    """A shared state of NumPy's legacy generator."""


@shared_constructor
def randomstate_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None, borrow: bool = False
) -> RandomStateSharedVariable:  # fmt: skip
    """A numpy.random.RandomState; without `borrow`, a copy of it."""
    if not isinstance(value, np.random.RandomState):
        raise TypeError(f"expected a numpy.random.RandomState; got {type(value).__name__}")
    state = value if borrow else copy.deepcopy(value)
    return RandomStateSharedVariable(name, random_state_type, state, strict, allow_downcast)


class RandomStreams(RandomStreamsBase):
    """Draws from NumPy's legacy generator: each has a state of its own, which functions move on.

    The variable that a draw gives has its state as `rng`, and as `update` the pair of the state and what it becomes.
    Functions make the update by themselves, unless told not to (`no_default_updates`).

    Example:
        >>> import theano
        >>> f = theano.function([], RandomStreams(seed=234).uniform((2,)))
        >>> (f() == f()).any()
        np.False_
    """

    def __init__(self, seed: int | None = None) -> None:
        self.state_updates: list[tuple[Variable, Variable]] = []
        self.default_instance_seed = seed
        self.gen_seedgen = np.random.RandomState(seed)

    def updates(self) -> list[tuple[Variable, Variable]]:
        """Each state with what a call makes of it."""
        return list(self.state_updates)

    def seed(self, seed: int | None = None) -> None:
        """Begin anew: all states as if they had been drawn from in a stream of this seed; of the first, if None."""
        seeds = np.random.RandomState(self.default_instance_seed if seed is None else seed)
        for state, _ in self.state_updates:
            state.set_value(_new_state(seeds), borrow=True)  # type: ignore[attr-defined]

    def gen(self, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Variable:
        """The numbers of `op(state, *args, **kwargs)`, which gives a new state and numbers, for a state of its own."""
        state: Any = shared(_new_state(self.gen_seedgen), borrow=True)
        moved, drawn = op(state, *args, **kwargs)
        drawn.rng = state
        drawn.update = (state, moved)
        state.default_update = moved
        self.state_updates.append(drawn.update)
        return drawn  # type: ignore[no-any-return]


def _new_state(seeds: np.random.RandomState) -> np.random.RandomState:
    return np.random.RandomState(int(seeds.randint(_SEEDS)))
