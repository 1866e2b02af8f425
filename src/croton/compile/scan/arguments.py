"""What loops go over and begin with, as users may say it."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

from croton.errors import CrotonError
from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import minimum
from croton.ops.inner import shown
from croton.ops.known import known_int
from croton.ops.shape import shape_i
from croton.util.record import field, record
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType


class ScanArgumentError(CrotonError, ValueError):
    """A loop is described in a way that does not say what to do."""


@record
class Element:
    """What a step reads of something with an axis of steps: `inner` stands for its element at t + `tap`."""

    inner: Variable
    outer: Variable
    tap: int


@record
class State:
    """An output that later steps read.

    initial   the values before the first step, along a first axis; as many as the farthest of `taps` needs
    """

    initial: Variable
    taps: tuple[int, ...]
    inner: list[Variable] = field(default_factory=list)
    name: str | None = None


def listed(given: Any) -> list[Any]:
    """`given` as a list: one thing is a list of one."""
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


# -- sequences -----------------------------------------------------------------------------------------------
def sequence_elements(given: Any, go_backwards: bool) -> list[Element]:
    """What a step reads of the sequences: for each, one element per tap, in the order given.

    Errors:  KeyError for a dict without `input`; IndexError for a sequence without axes; ScanArgumentError
    """
    return [
        element
        for one in listed(given)
        for element in _elements_of(one if isinstance(one, Mapping) else {"input": one}, go_backwards)
    ]


def _elements_of(described: Mapping[str, Any], go_backwards: bool) -> list[Element]:
    if "input" not in described:
        raise MissingSequenceError(
            f"A sequence that is a dict has the tensor as its 'input'; got {described}."
        )
    sequence = as_tensor_variable(described["input"])
    if not sequence.type.ndim:
        raise NoSequenceError(f"A loop can't go over {sequence}: it has no axis to take elements along.")
    taps = _taps(described, (0,))
    if not taps:
        raise ScanArgumentError(
            f"The taps of the sequence {sequence} are empty: leave it out, or give taps such as [0]."
        )
    first, last = min(*taps, 0), max(*taps, 0)
    made = []
    for tap in taps:
        # From where this tap of the first step that has all taps stands, to where that of the last one does.
        begin, end = tap - first, tap - last
        part = sequence if not begin and not end else sequence[begin : end or None]
        outer = part[::-1] if go_backwards else part
        inner = shown(_row_of(sequence)(), outer, True)
        if sequence.name:
            inner.name = f"{sequence.name}[{_time(tap)}]"
        made.append(Element(inner, outer, tap))
    return made


def _row_of(variable: Variable) -> TensorType:
    kind = variable.type
    assert isinstance(kind, TensorType)
    return TensorType(kind.dtype, kind.shape[1:])


def _time(tap: int) -> str:
    return f"t{tap:+d}" if tap else "t"


def _taps(described: Mapping[str, Any], default: tuple[int, ...]) -> tuple[int, ...]:
    taps = described.get("taps")
    if taps is None:
        return default
    return tuple(int(tap) for tap in listed(taps))


# -- states --------------------------------------------------------------------------------------------------
def states_of(given: Any) -> list[State | None]:
    """What each output begins with; None for one that later steps do not read.

    Errors:  ScanArgumentError
    """
    return [_state_of(one) for one in listed(given)]


def _state_of(given: Any) -> State | None:
    if given is None:
        return None
    described = given if isinstance(given, Mapping) else {"initial": given}
    if "return_steps" in described:
        raise ScanArgumentError(
            "outputs_info takes no return_steps any more: take the steps you need from the output, as in out[-3:]. "
            "Only what is read is stored."
        )
    initial = described.get("initial")
    if initial is None:
        if described.get("taps"):
            raise ScanArgumentError(
                f"An output that is read at taps needs an initial state, for the steps before the first; "
                f"got {described}."
            )
        return None
    if "taps" in described and not described["taps"]:
        return None
    taps = _taps(described, (-1,))
    if max(taps) >= 0:
        raise ScanArgumentError(
            f"The taps of an output must be smaller than 0, since only earlier steps are known; got {list(taps)}."
        )
    if len(set(taps)) < len(taps):
        raise ScanArgumentError(f"The taps of an output must all be different; got {list(taps)}.")
    start = as_tensor_variable(initial)
    depth = -min(taps)
    if tuple(taps) == (-1,):
        buffer = start.dimshuffle("x", *range(start.type.ndim))
    elif not start.type.ndim:
        raise ScanArgumentError(
            f"The initial state {start} of an output with the taps {list(taps)} needs an axis of {depth} steps."
        )
    else:
        buffer = start[:depth]
    state = State(buffer, taps, name=start.name)
    for tap in taps:
        inner = shown(_row_of(buffer)(), buffer, True)
        if start.name:
            inner.name = f"{start.name}[{_time(tap)}]"
        state.inner.append(inner)
    return state


# -- steps ---------------------------------------------------------------------------------------------------
def number_of_steps(n_steps: Any, elements: Sequence[Element]) -> Variable:
    """How many steps there are to do: as many as said, or as the shortest sequence has elements.

    Errors:  ScanArgumentError when neither says it, or when `n_steps` is no integer; TypeError for a float
    """
    if n_steps is None:
        if not elements:
            raise ScanArgumentError(
                "No information about the number of steps: give n_steps, or a sequence to go over."
            )
        return functools.reduce(_shorter, [shape_i(element.outer, 0) for element in elements])
    if isinstance(n_steps, numbers.Real) and not isinstance(n_steps, numbers.Integral):
        raise TypeError(f"n_steps must be an integer; got {n_steps!r}.")
    steps = as_tensor_variable(n_steps)
    if steps.type.ndim or not is_discrete(steps.type.dtype):
        raise ScanArgumentError(f"n_steps must be one integer; got {steps} of type {steps.type}.")
    return steps


def _shorter(a: Variable, b: Variable) -> Variable:
    made: Variable = a if a is b else minimum(a, b)
    return made


def is_backwards(n_steps: Any) -> bool:
    """Whether the number of steps is known to be negative: then the loop goes the other way."""
    known = None if n_steps is None or isinstance(n_steps, float) else known_int(as_tensor_variable(n_steps))
    return known is not None and known < 0


class MissingSequenceError(CrotonError, KeyError):
    """A dict that describes a sequence does not have it."""

    def __str__(self) -> str:
        return str(self.args[0])


class NoSequenceError(CrotonError, IndexError):
    """A loop can't go over what has no elements."""
