"""The form in which an operation keeps an index: what is known, and types where variables come in.

An entry is one of
    an int               that place of the axis, which falls away
    a slice              whose start, stop and step are each None, an int, or a type
    None                 a new axis of length 1
    a type               the next input: an integer (the axis falls away), integers, or a mask
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from croton.graph.node import Constant, Variable
from croton.graph.type import Type
from croton.ops.elementwise import ge, int_div, lt, maximum, minimum, neg, switch
from croton.ops.known import known_int, never_negative
from croton.ops.shape import as_length
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import Dim

Template = tuple[Any, ...]


def parts(entry: slice) -> tuple[Any, Any, Any]:
    """Start, stop and step."""
    return entry.start, entry.stop, entry.step


def is_full(entry: Any) -> bool:
    """Whether an entry is a slice that takes all, in order."""
    return isinstance(entry, slice) and entry.start is None and entry.stop is None and entry.step in (None, 1)


def split(entries: Iterable[Any]) -> tuple[Template, list[Variable]]:
    """Entries that hold variables as a template, and the variables in order."""
    found: list[Variable] = []

    def mark(part: Any) -> Any:
        if not isinstance(part, Variable):
            return part
        found.append(part)
        return part.type

    template = tuple(
        slice(*map(mark, parts(entry))) if isinstance(entry, slice) else mark(entry) for entry in entries
    )
    return template, found


def join(template: Sequence[Any], values: Iterable[Any]) -> list[Any]:
    """The entries of a template, with `values` in place of its types."""
    left: Iterator[Any] = iter(values)

    def take(part: Any) -> Any:
        return next(left) if isinstance(part, Type) else part

    return [
        slice(*map(take, parts(entry))) if isinstance(entry, slice) else take(entry) for entry in template
    ]


def get_idx_list(inputs: Sequence[Any], idx_list: Sequence[Any], get_count: bool = False) -> Any:
    """The entries of the index of an application: `inputs[0]` is what is indexed, the rest fills `idx_list`.

    With `get_count`, also how many of the rest were used.
    """
    entries = tuple(join(idx_list, inputs[1:]))
    return (entries, count(idx_list)) if get_count else entries


def count(template: Sequence[Any]) -> int:
    """The number of inputs that a template takes."""
    return len(collapse(template, lambda part: isinstance(part, Type)))


def collapse(entries: Sequence[Any], condition: Any) -> list[Any]:
    """Those entries, and starts, stops and steps of slices, that `condition` holds for, in order."""
    flat = [part for entry in entries for part in (parts(entry) if isinstance(entry, slice) else (entry,))]
    return [part for part in flat if condition(part)]


def key(template: Sequence[Any]) -> tuple[Any, ...]:
    """A hashable form (slices have no hash before Python 3.12)."""
    return tuple(("slice", *parts(entry)) if isinstance(entry, slice) else entry for entry in template)


def describe(template: Sequence[Any]) -> str:
    """As it would be written between brackets, with data types for what is not known."""

    def say(part: Any) -> str:
        if part is None:
            return ""
        return getattr(part, "dtype", str(part)) if isinstance(part, Type) else str(part)

    said = []
    for entry in template:
        if isinstance(entry, slice):
            start, stop, step = map(say, parts(entry))
            said.append(f"{start}:{stop}:{step}" if step else f"{start}:{stop}")
        else:
            said.append("None" if entry is None else say(entry))
    return ", ".join(said)


def values_index(xp: Any, template: Sequence[Any], values: Sequence[Any]) -> tuple[Any, ...]:
    """The index as NumPy takes it. 0-d integer arrays become numbers, so that they give views."""
    plain = [v[()] if xp is np and v.ndim == 0 and v.dtype.kind != "b" else v for v in values]
    return tuple(join(template, plain))


def index_number(x: Any, what: str) -> Any:
    """An entry, or a start, stop or step, that is one integer: as an int where it is known, else a variable.

    Errors:  TypeError for what is no integer; ValueError for several
    """
    if x is None or (isinstance(x, (int, np.integer)) and not isinstance(x, bool)):
        return None if x is None else int(x)
    if not isinstance(x, Variable):
        if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "iu":
            return int(x)
        raise TypeError(f"{what} must be an integer; got {x!r} of type {type(x).__name__}.")
    dtype = getattr(x.type, "dtype", None)
    if dtype is None or not is_discrete(dtype) or dtype == "bool":
        raise TypeError(f"{what} must be an integer; got {x} of type {x.type}.")
    if x.type.ndim != 0:
        raise ValueError(f"{what} must be one integer; got {x} of type {x.type}.")
    return int(x.data) if isinstance(x, Constant) else x


# -- lengths of slices ---------------------------------------------------------------------------------------
def static_length(entry: slice, dim: Dim) -> Dim:
    """The length of a slice of an axis of length `dim`, where it is known; 1 only where the result broadcasts."""
    start, stop, step = parts(entry)
    if not all(part is None or isinstance(part, int) for part in (start, stop, step)):
        return None
    if dim is None or step == 0:
        return None
    length = len(range(*slice(start, stop, step).indices(dim)))
    if dim == 1:
        # From the first element on, and at least up to it: otherwise the original takes the length for unknown.
        begins = start in (None, 0) and (stop is None or stop > 0)
        return 1 if begins and length == 1 else None if length == 1 else length
    return None if length == 1 else length


def symbolic_length(entry: slice, n: Any) -> Any:
    """The length of a slice of an axis of length `n`, an int64 variable; the slice may hold variables."""
    start, stop, step = parts(entry)
    if is_full(entry):
        return n
    step = 1 if step is None else step
    if not isinstance(step, int):
        length = known_int(step)
        if length is None:
            forward = _count(_clip(start, n, 0, n, True), _clip(stop, n, n, n, True), as_length(step))
            return switch(ge(step, 0), forward, _backward(start, stop, neg(as_length(step)), n))
        step = length
    if step > 0:
        if start is None and stop is None:
            return _count(0, n, step)
        return _count(_clip(start, n, 0, n, True), _clip(stop, n, n, n, True), step)
    if start is None and stop is None:
        return n if step == -1 else _count(0, n, -step)
    return _backward(start, stop, -step, n)


def _backward(start: Any, stop: Any, step: Any, n: Any) -> Any:
    first = n - 1 if start is None else _clip(start, n, n, n - 1, False)
    last = np.int64(-1) if stop is None else _clip(stop, n, n, n - 1, False)
    return _count(last, first, step)


def _clip(x: Any, n: Any, default: Any, top: Any, forward: bool) -> Any:
    """A start or stop as Python understands it: negative ones count from the end, all are brought within bounds."""
    bottom = np.int64(0 if forward else -1)
    if x is None:
        return default
    if isinstance(x, int):
        return (
            minimum(np.int64(x), top)
            if x > 0 or (x == 0 and not forward)
            else 0
            if x == 0
            else maximum(n + x, bottom)
        )
    x = as_length(x)
    if never_negative(x):
        return minimum(x, top)
    return switch(lt(x, 0), maximum(x + n, bottom), minimum(x, top))


def _count(low: Any, high: Any, step: Any) -> Any:
    """How many steps lead from `low` to before `high`."""
    gap = high if isinstance(low, int) and low == 0 else high - low
    if not (isinstance(step, int) and step == 1):
        gap = neg(int_div(neg(gap), np.int64(step) if isinstance(step, int) else step))
    return gap if isinstance(gap, Variable) and never_negative(gap) else maximum(gap, np.int64(0))


def get_canonical_form_slice(theslice: Any, length: Any) -> tuple[Any, Any]:
    """A slice of an axis of length `length` in which 0 <= start <= stop <= length and step > 0, and its direction.

    `x[theslice]` is `x[slice][::direction]`, where direction is 1 or -1. What is no slice, an integer, is made
    one that counts from the beginning.
    """
    if not isinstance(theslice, slice):
        place = index_number(theslice, "An index")
        if isinstance(place, int):
            return (place if place >= 0 else length + place), 1
        return switch(lt(place, 0), place + length, place), 1
    start, stop, step = (index_number(part, "A bound of a slice") for part in parts(theslice))
    n = as_length(length)
    step = 1 if step is None else step
    if isinstance(step, Variable):
        ahead = ge(step, 0)
        up = _forward_slice(start, stop, as_length(step), n)
        down = _reversed_slice(start, stop, neg(as_length(step)), n)
        made = slice(*(switch(ahead, a, b) for a, b in zip(parts(up), parts(down), strict=True)))
        return made, switch(ahead, 1, -1)
    return (
        (_forward_slice(start, stop, step, n), 1)
        if step > 0
        else (_reversed_slice(start, stop, -step, n), -1)
    )


def _forward_slice(start: Any, stop: Any, step: Any, n: Any) -> slice:
    low = _clip(start, n, 0, n, True)
    high = _clip(stop, n, n, n, True)
    return slice(low, maximum(low, high), step)


def _reversed_slice(start: Any, stop: Any, step: Any, n: Any) -> slice:
    first = n - 1 if start is None else _clip(start, n, n, n - 1, False)
    steps = _backward(start, stop, step, n)
    last = first - (steps - 1) * step
    nothing = lt(steps, 1)
    return slice(switch(nothing, 0, last), switch(nothing, 0, first + 1), step)
