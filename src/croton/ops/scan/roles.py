"""Which inputs and outputs of a loop, and of its graph, are what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.graph.node import Variable
from croton.ops.inner import InnerGraph
from croton.util.record import record
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType


@record(frozen=True)
class Roles:
    """The numbers of inputs and outputs by what they are: outer ones are those of the loop, inner ones of its graph.

    Outer inputs are the number of steps, then sequences, states, carried values and others. Outer outputs are states,
    carried values and mapped outputs; inner outputs are these, and the condition to stop where there is one.
    """

    sequences: int
    taps: tuple[tuple[int, ...], ...]
    carried: int
    until: bool
    inputs: int
    outputs: int

    # -- how many --------------------------------------------------------------------------------------------
    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.taps)

    @property
    def stacked(self) -> int:
        """How many outer inputs have an axis of steps: the sequences and states. They are 1, …, `stacked`."""
        return self.sequences + self.states

    @property
    def depths(self) -> list[int]:
        """For each state, how many steps it is read back by at most."""
        return [-min(taps) for taps in self.taps]

    @property
    def outer_outputs(self) -> int:
        """How many outputs the loop has."""
        return self.outputs - self.until

    @property
    def mapped(self) -> range:
        """The outputs that are stacked."""
        return range(self.states + self.carried, self.outer_outputs)

    @property
    def outer_inputs(self) -> int:
        """How many inputs the loop has, the number of steps among them."""
        return 1 + self.inputs - sum(map(len, self.taps)) + self.states

    @property
    def others(self) -> range:
        """The outer inputs that are the same in all steps."""
        return range(1 + self.stacked + self.carried, self.outer_inputs)

    # -- which -----------------------------------------------------------------------------------------------
    def is_carried(self, output: int) -> bool:
        """Whether an output is the last of the values carried."""
        return self.states <= output < self.states + self.carried

    def state_input(self, output: int) -> int:
        """The outer input that a state, or a carried value, begins with."""
        return 1 + self.sequences + output

    outer_carried = state_input

    def output_of(self, outer: int) -> int | None:
        """The output that goes on from an outer input, where that is a state or a carried value."""
        at = outer - 1 - self.sequences
        return at if 0 <= at < self.states + self.carried else None

    def tap_inputs(self, state: int) -> range:
        """The inner inputs that read a state, one for each of its taps."""
        first = self.sequences + sum(map(len, self.taps[:state]))
        return range(first, first + len(self.taps[state]))

    def carried_input(self, output: int) -> int:
        """The inner input that reads the carried value which is this output."""
        return self.sequences + sum(map(len, self.taps)) + output - self.states

    def read_from(self) -> list[int]:
        """For each inner input, the outer input that it reads."""
        found = list(range(1, 1 + self.sequences))
        for state, taps in enumerate(self.taps):
            found += [self.state_input(state)] * len(taps)
        return found + list(range(1 + self.stacked, self.outer_inputs))

    def read_as(self, inner: Sequence[Variable]) -> list[Variable]:
        """For each outer input but the number of steps, an inner input that reads it."""
        first: dict[int, Variable] = {}
        for variable, outer in zip(inner, self.read_from(), strict=True):
            first.setdefault(outer, variable)
        return [first[outer] for outer in range(1, self.outer_inputs)]

    # -- what must hold --------------------------------------------------------------------------------------
    def check(self, graph: InnerGraph) -> None:
        """Fail unless the graph can be what the roles say of it.

        Errors:  ValueError for taps that are not in the past, or too few inputs or outputs; TypeError when a state or
                 carried value changes its type
        """
        if any(not taps or max(taps) >= 0 for taps in self.taps):
            raise ValueError(f"A state is read at taps in the past, such as -1; got {self.taps}.")
        if self.others.stop < self.others.start or self.mapped.stop < self.mapped.start:
            raise ValueError(
                f"A loop with {self.sequences} sequences, states with taps {self.taps} and {self.carried} carried "
                f"values has more inputs or outputs than its graph, which has {self.inputs} and {self.outputs}."
            )
        for state in range(self.states):
            for at in self.tap_inputs(state):
                _check_same("state", state, graph.inputs[at].type, graph.outputs[state].type)
        for out in range(self.states, self.states + self.carried):
            kind = graph.inputs[self.carried_input(out)].type
            _check_same("carried value", out - self.states, kind, graph.outputs[out].type)
        for variable in (*graph.inputs[: self.sequences], *(graph.outputs[at] for at in self.mapped)):
            if not isinstance(variable.type, TensorType):
                raise TypeError(
                    f"The elements of sequences and of mapped outputs are tensors; got {variable} of type "
                    f"{variable.type}."
                )


def _check_same(what: str, number: int, before: Any, after: Any) -> None:
    if before != after:
        raise TypeError(
            f"A step must leave the type of each {what} as it is: number {number} is read as {before}, and "
            f"made as {after}."
        )


# -- variables of graphs -------------------------------------------------------------------------------------
def is_continuous(variable: Variable) -> bool:
    """Whether a variable has derivatives."""
    return isinstance(variable.type, TensorType) and not is_discrete(variable.type.dtype)


def same_type(variable: Variable) -> Variable:
    """A variable of the same type, to stand for something."""
    made: Variable = variable.type()
    if hasattr(variable.tag, "test_value"):
        made.tag.test_value = variable.tag.test_value
    return made
