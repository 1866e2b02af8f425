"""`theano.scan`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from croton.compile.rebuild import checked_update
from croton.compile.scan.answer import Answer, answer_of
from croton.compile.scan.arguments import (
    Element,
    ScanArgumentError,
    State,
    is_backwards,
    listed,
    number_of_steps,
    sequence_elements,
    states_of,
)
from croton.compile.shared import SharedVariable
from croton.compile.updates import OrderedUpdates
from croton.errors import CrotonError, MissingInputError
from croton.graph import walk
from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan
from croton.ops.shape import patternbroadcast
from croton.vartypes.tensor import TensorType


class StateTypeError(CrotonError, ValueError):
    """A step makes a value of another type than the loop begins with."""


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
    profile: Any = False,
    allow_gc: Any = None,
    strict: bool = False,
    return_list: bool = False,
) -> tuple[Any, OrderedUpdates]:
    """Compute `fn` step by step: over the elements of sequences, with values handed on from step to step.

    fn                 called once, with variables for: each tap of each sequence, each tap of each output that has an
                       initial state, the non-sequences. It gives back the outputs of a step, updates of shared
                       variables, and `until(condition)`, each where there is one
    sequences          tensors, whose first axis is gone over; or dicts with `input` and `taps`: [-1, 0] reads the
                       element before the current one, and that. The shortest tells how many steps there are
    outputs_info       for each output: None, where no step reads what another made; the value before the first
                       step; or a dict with `initial` and `taps`: for [-2, -1] the two values before, along a first
                       axis
    non_sequences      what is the same in all steps. What `fn` uses besides its arguments is found without being named
    n_steps            how many steps to do; where it is known and negative, so many backwards
    truncate_gradient  how many steps, from the last backwards, gradients go through; -1: all
    go_backwards       whether to go over the sequences from their ends
    name               for the reader of graphs and profiles
    strict             whether shared variables that `fn` uses must be among the non-sequences
    return_list        whether to give a list even of one output

    `mode`, `profile` and `allow_gc` are those of the function in which the loop stands, and are not needed here.

    The result is the output, or a list of the outputs, each with what the steps made along a new first axis; and the
    updates of shared variables, to be given to `theano.function`.

    Errors:  ValueError when an output changes its type from step to step, there are too many or too few
             `outputs_info`, or nothing says how many steps there are
    Example:
        >>> import theano, theano.tensor as T
        >>> x = T.dvector("x")
        >>> sums, updates = theano.scan(lambda a, before: before + a, sequences=x, outputs_info=T.zeros_like(x[0]))
        >>> sums.eval({x: [1.0, 2.0, 3.0]})
        array([1., 3., 6.])
    """
    if is_backwards(n_steps):
        n_steps, go_backwards = abs(as_tensor_variable(n_steps)), not go_backwards
    elements = sequence_elements(sequences, go_backwards)
    states = states_of(outputs_info)
    same = [one if isinstance(one, Variable) else as_tensor_variable(one) for one in listed(non_sequences)]
    steps = number_of_steps(n_steps, elements)
    taps = [inner for state in states if state is not None for inner in state.inner]
    answer = answer_of(
        _step(fn, {"sequences": [e.inner for e in elements], "outputs_info": taps, "non_sequences": same})
    )
    if not states:
        states = [None] * len(answer.outputs)
    if len(states) != len(answer.outputs):
        raise ScanArgumentError(
            f"A step makes {len(answer.outputs)} outputs, but outputs_info has {len(states)} entries. Give one for "
            "each output: None where it does not feed back into the loop."
        )
    updates = _all_updates(answer, [*(e.inner for e in elements), *taps], same)
    if strict:
        _check_strict(answer, updates, same)
    parts = _Parts(elements, states, answer, updates, same)
    outputs, results = parts.loop(steps, int(truncate_gradient), name or getattr(fn, "name", None))
    if return_list:
        return outputs, results
    return (outputs[0] if len(outputs) == 1 else outputs or None), results


def _step(fn: Any, arguments: dict[str, list[Variable]]) -> Any:
    """What the function of a step gives back; where it takes other arguments, the error says which there are."""
    if not callable(fn):
        raise TypeError(
            f"The first argument of scan is the function of a step; got {fn!r}. Put `lambda` before it."
        )
    given = [variable for variables in arguments.values() for variable in variables]
    try:
        return fn(*given)
    except TypeError as error:
        if not _takes(fn, given):
            counts = ", ".join(f"{len(variables)} for {name}" for name, variables in arguments.items())
            error.add_note(f"scan calls the function of a step with {len(given)} arguments: {counts}.")
        raise


def _takes(fn: Callable[..., Any], given: Sequence[Variable]) -> bool:
    try:
        inspect.signature(fn).bind(*given)
    except TypeError:
        return False
    except ValueError:  # Python can't tell
        return True
    return True


def _all_updates(answer: Answer, given: Sequence[Variable], same: Sequence[Variable]) -> OrderedUpdates:
    """The updates that a step makes: those it gave back, and the default ones of shared variables that it uses."""
    updates = OrderedUpdates()
    for variable, expression in answer.updates:
        updates.update({variable: expression})
    for variable in updates:
        updates[variable] = checked_update(variable, updates[variable])
    ends = {*given, *(v for v in same if v.owner is not None)}
    while True:
        found = [
            v
            for v in walk.ancestors([*answer.outputs, *updates.values(), *listed(answer.condition)], ends)
            if isinstance(v, SharedVariable) and v not in updates and _default(v) is not None
        ]
        if not found:
            return updates
        for variable in found:
            updates[variable] = variable.type.filter_variable(_default(variable), allow_convert=False)


def _default(variable: SharedVariable) -> Any:
    return getattr(variable, "default_update", None)


def _check_strict(answer: Answer, updates: OrderedUpdates, same: Sequence[Variable]) -> None:
    made = [*answer.outputs, *updates.values(), *listed(answer.condition)]
    for variable in walk.ancestors(made, same):
        if isinstance(variable, SharedVariable) and variable not in same:
            raise MissingInputError(
                f"A step uses the shared variable {variable}, which is not among the non_sequences: with strict=True "
                "each must be.",
                variable=variable,
            )


class _Parts:
    """What a loop is made of, in the variables that a step was written with."""

    def __init__(
        self,
        elements: Sequence[Element],
        states: Sequence[State | None],
        answer: Answer,
        updates: OrderedUpdates,
        same: Sequence[Variable],
    ) -> None:
        self.elements = elements
        self.same = same
        self.shared = list(updates)
        self.after = list(updates.values())
        self.stop = listed(answer.condition)
        self.recurrent = [at for at, state in enumerate(states) if state is not None]
        self.mapped = [at for at, state in enumerate(states) if state is None]
        self.states = [state for state in states if state is not None]
        self.outputs = list(answer.outputs)
        for state, at in zip(self.states, self.recurrent, strict=True):
            _check_state(at, state, self.outputs[at])
        self._widen()

    def _widen(self) -> None:
        """Let axes of states be of any length where either the first values, or what steps make, are."""
        while True:
            narrow = [
                (at, state)
                for at, state in zip(self.recurrent, self.states, strict=True)
                if _lost(state.inner[0], self.outputs[at])
            ]
            if not narrow:
                break
            replace: dict[Variable, Variable] = {}
            for at, state in narrow:
                pattern = [
                    a and b
                    for a, b in zip(
                        state.inner[0].type.broadcastable, self.outputs[at].type.broadcastable, strict=True
                    )
                ]
                state.initial = patternbroadcast(
                    state.initial, [state.initial.type.broadcastable[0], *pattern]
                )
                wide = [
                    _stand_in(v, TensorType(v.type.dtype, state.initial.type.shape[1:])) for v in state.inner
                ]
                replace.update(zip(state.inner, wide, strict=True))
                state.inner = wide
            kept = [v for v in self.same if v.owner is not None]
            made, _ = walk.clone_graph(
                [*self.outputs, *self.after, *self.stop],
                {**dict(zip(kept, kept, strict=True)), **replace},
                strict=False,
            )
            first, second = len(self.outputs), len(self.outputs) + len(self.after)
            self.outputs, self.after, self.stop = made[:first], made[first:second], made[second:]
        for at, state in zip(self.recurrent, self.states, strict=True):
            self.outputs[at] = patternbroadcast(self.outputs[at], state.inner[0].type.broadcastable)

    def loop(self, steps: Variable, truncate: int, name: str | None) -> tuple[list[Variable], OrderedUpdates]:
        """The outputs of the loop in the order of those of a step, and the updates."""
        moving = [*(e.inner for e in self.elements), *(v for state in self.states for v in state.inner)]
        results = [
            *(self.outputs[at] for at in self.recurrent), *self.after, *(self.outputs[at] for at in self.mapped),
            *self.stop,
        ]  # fmt: skip
        reached = set(walk.ancestors(results, [*moving, *self.same]))
        named = [v for v in dict.fromkeys(self.same) if v in reached and v not in self.shared]
        graph, found = InnerGraph.closing([*moving, *self.shared, *named], results)
        op = Scan(
            graph, len(self.elements), [state.taps for state in self.states], len(self.shared), bool(self.stop),
            truncate if truncate > 0 else -1, name,
        )  # fmt: skip
        outer = [e.outer for e in self.elements], [state.initial for state in self.states]
        made = op(steps, *outer[0], *outer[1], *self.shared, *named, *found, return_list=True)
        outputs: dict[int, Variable] = {}
        for at, state, buffer in zip(self.recurrent, self.states, made, strict=False):
            outputs[at] = buffer[-min(state.taps) :]
        last, stacked = (
            made[len(self.states) :][: len(self.shared)],
            made[len(self.states) + len(self.shared) :],
        )
        outputs.update(zip(self.mapped, stacked, strict=True))
        return [outputs[at] for at in range(len(outputs))], OrderedUpdates(
            zip(self.shared, last, strict=True)
        )


def _check_state(at: int, state: State, value: Variable) -> None:
    """Fail unless a step makes of a state what it reads."""
    before, after = state.inner[0].type, value.type
    for what, old, new in (
        ("dtype", before.dtype, getattr(after, "dtype", None)),
        ("number of dimensions", before.ndim, getattr(after, "ndim", None)),
    ):
        if old != new:
            raise StateTypeError(
                f"Output {at} of a step, {value}, has another type than its initial state (`outputs_info`)"
                f"{f', {state.name}' if state.name else ''}: the {what} is {new}, and was {old}. A step must make what "
                "the next one can read: cast the output, or begin with a state of its type."
            )


def _lost(tap: Variable, value: Variable) -> bool:
    """Whether an axis that has length 1 for certain may have another in the next step."""
    return any(a and not b for a, b in zip(tap.type.broadcastable, value.type.broadcastable, strict=True))


def _stand_in(variable: Variable, kind: TensorType) -> Variable:
    made: Variable = kind(variable.name)
    made.tag = variable.tag.copy()
    return made
