"""Loops that store few values, and compute the others again when gradients need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from croton.compile.scan.arguments import (
    ScanArgumentError,
    State,
    listed,
    number_of_steps,
    sequence_elements,
    states_of,
)
from croton.compile.scan.build import scan
from croton.compile.updates import OrderedUpdates
from croton.graph.node import Variable
from croton.ops.elementwise import int_div
from croton.ops.join import join
from croton.ops.reshape import reshape
from croton.ops.shape import as_length, lengths


class CheckpointError(ScanArgumentError, RuntimeError):
    """The loop is of a kind that can't be cut into stretches."""


def scan_checkpoints(
    fn: Callable[..., Any],
    sequences: Any = (),
    outputs_info: Any = None,
    non_sequences: Any = (),
    name: str | None = "checkpointscan_fn",
    n_steps: Any = None,
    save_every_N: int = 10,
    padding: bool = True,
) -> tuple[Any, OrderedUpdates]:
    """As scan, but of the outputs only every `save_every_N`-th value is stored and given, and the last.

    Gradients compute those in between again, a stretch of `save_every_N` steps at a time: for one more run of the loop,
    they need memory for n / save_every_N + save_every_N steps instead of n.

    padding  whether there may be a last, shorter stretch; without it their number must divide the number of steps

    Errors:  CheckpointError (a RuntimeError) for taps of outputs, updates, and loops that end early; those of scan
    """
    elements = [element.outer for element in sequence_elements(sequences, False)]
    states = states_of(outputs_info)
    if any(state is not None and state.taps != (-1,) for state in states):
        raise CheckpointError(
            "scan_checkpoints doesn't work with taps of outputs other than -1: a stretch begins with the "
            "last value only."
        )
    steps = as_length(number_of_steps(n_steps, sequence_elements(sequences, False)), "n_steps")
    stretch = int(save_every_N)
    if stretch < 1:
        raise CheckpointError(f"save_every_N must be 1 or more; got {save_every_N}.")
    count = int_div(steps, stretch)
    loop = _Stretches(fn, states, listed(non_sequences), name)
    whole = [_cut(v if not padding else v[: count * stretch], stretch) for v in elements]
    outs = loop.over(whole, count, stretch)
    if padding:
        outs = loop.with_rest(outs, [v[count * stretch : steps] for v in elements], steps - count * stretch)
    return (outs[0] if len(outs) == 1 else outs), OrderedUpdates()


def _cut(sequence: Variable, stretch: int) -> Variable:
    """A sequence as stretches of so many elements."""
    return reshape(sequence, [-1, stretch, *lengths(sequence)[1:]], ndim=sequence.type.ndim + 1)


class _Stretches:
    """A loop whose steps are loops over stretches."""

    def __init__(
        self, fn: Callable[..., Any], states: Sequence[State | None], same: Sequence[Any], name: str | None
    ) -> None:
        self.fn, self.states, self.same, self.name = fn, states, same, name

    def _values(self, elements: Sequence[Variable], firsts: Sequence[Variable], steps: Any) -> list[Variable]:
        """All values of the outputs in a stretch that begins with `firsts`."""
        values = iter(firsts)
        infos = [None if state is None else next(values) for state in self.states]
        outs: list[Variable]
        outs, updates = scan(
            self.fn, list(elements), infos, self.same, n_steps=steps, name=self.name, return_list=True
        )
        if updates:
            raise CheckpointError(
                f"scan_checkpoints doesn't work with updates, since steps are computed twice; got those of "
                f"{list(updates)}."
            )
        node: Any = outs[0].owner
        while node is not None and not hasattr(node.op, "until"):
            node = node.inputs[0].owner
        if node is not None and node.op.until:
            raise CheckpointError("scan_checkpoints doesn't work with loops that end early.")
        return outs

    def over(self, stretches: Sequence[Variable], count: Variable, stretch: int) -> list[Variable]:
        """The last values in each of `count` stretches."""

        def step(*args: Variable) -> list[Variable]:
            elements, rest = args[: len(stretches)], args[len(stretches) :]
            return [out[-1] for out in self._values(elements, rest, stretch)]

        infos = [None if state is None else state.initial[0] for state in self.states]
        outs: list[Variable]
        outs, _ = scan(step, list(stretches), infos, n_steps=count, name=self.name, return_list=True)
        return outs

    def with_rest(
        self, outs: Sequence[Variable], elements: Sequence[Variable], steps: Variable
    ) -> list[Variable]:
        """`outs` with the last values of what is left after all whole stretches, where there is something."""
        states = self.states or [None] * len(outs)
        firsts = [
            join(0, state.initial, out)[-1]
            for state, out in zip(states, outs, strict=True)
            if state is not None
        ]
        rest = self._values(elements, firsts, steps)
        return [join(0, out, last[-1:]) for out, last in zip(outs, rest, strict=True)]
