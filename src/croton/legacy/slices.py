"""A slice of a slice as one: `theano.tensor.opt.merge_two_slices`."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import eq, ge, int_div, lt, maximum, switch
from croton.ops.index.template import get_canonical_form_slice
from croton.ops.known import known_int


def merge_two_slices(slice1: slice, len1: Any, slice2: Any, len2: Any) -> Any:
    """The slice, or number, with which `x[slice1][slice2]` is `x[that]`.

    len1   the length of the axis of `x`
    len2   that of `x[slice1]`

    A number that is outside of `x[slice1]` is outside of `x`, too.

    Errors: ValueError for a first slice that is none
    Example:
        >>> merge_two_slices(slice(1, 7, 2), 10, slice(None, None, -1), 3)
        slice(TensorConstant{5}, TensorConstant{-11}, TensorConstant{-2})
    """
    if not isinstance(slice1, slice):
        raise ValueError(f"The first of two slices must be one, not a number: {slice1!r}.")
    given = [*_parts(slice1), len1, *(_parts(slice2) if isinstance(slice2, slice) else [slice2])]
    known = [None if part is None else known_int(as_tensor_variable(part)) for part in given]
    if any(part is not None and value is None for part, value in zip(given, known, strict=True)):
        return _merged(slice1, len1, slice2, len2)
    first = range(known[3] or 0)[slice(*known[:3])]
    if not isinstance(slice2, slice):
        at = known[4] or 0
        return as_tensor_variable(first[at] if -len(first) <= at < len(first) else known[3])
    both = first[slice(*known[4:])] or range(0)
    return _slice(both.start, both.stop if both.stop >= 0 else -1 - (known[3] or 0), both.step)


def _parts(one: slice) -> list[Any]:
    return [one.start, one.stop, one.step]


def _slice(start: Any, stop: Any, step: Any) -> slice:
    return slice(as_tensor_variable(start), as_tensor_variable(stop), as_tensor_variable(step))


def _merged(slice1: slice, len1: Any, slice2: Any, len2: Any) -> Any:
    first, ahead1 = get_canonical_form_slice(slice1, len1)
    second, ahead2 = get_canonical_form_slice(slice2, len2)
    forward = eq(ahead1, 1)
    low, step1 = as_tensor_variable(first.start), as_tensor_variable(first.step)
    if not isinstance(slice2, slice):
        at = as_tensor_variable(second)
        place: Any = low + switch(forward, at, len2 - 1 - at) * step1
        inside: Any = ge(at, 0) & lt(at, len2)
        found: Variable = switch(inside, place, len1)
        return found
    start2, stop2, step2 = map(as_tensor_variable, _parts(second))
    count: Any = maximum(int_div(stop2 - start2 + step2 - 1, step2), 0)
    steps = maximum(count - 1, 0)
    step = step1 * step2
    # From the least place to the greatest; those of a first slice that runs back count from its end.
    least = low + switch(forward, start2, len2 - 1 - (start2 + steps * step2)) * step1
    most = least + steps * step
    onward = eq(as_tensor_variable(ahead1) * ahead2, 1)
    before: Any = least - step
    empty = eq(count, 0)
    # An end before the first element is told by a number that no place has.
    start = switch(empty, 0, switch(onward, least, most))
    stop = switch(empty, 0, switch(onward, most + 1, switch(lt(before, 0), -1 - len1, before)))
    return _slice(start, stop, switch(onward, step, -step))
