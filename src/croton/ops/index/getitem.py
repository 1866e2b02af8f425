"""What `x[…]` means: which operations take the part out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.errors import AxisError
from croton.graph.node import Constant, Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import dimshuffle
from croton.ops.index import template as index
from croton.ops.index.advanced import (
    AdvancedBooleanSubtensor,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    as_place,
)
from croton.ops.index.subtensor import Subtensor
from croton.ops.numbers import as_tensor_number
from croton.ops.shape import Shape, shape_i
from croton.vartypes.scalar import Scalar
from croton.vartypes.slices import NoneTypeT, SliceType
from croton.vartypes.tensor import TensorType


def getitem(x: Any, args: Any) -> Variable:
    """The part of `x` that the index `args` names, in any form that NumPy understands.

    Errors:  IndexError for more entries than axes; TypeError for entries that are no integers, slices or masks
    """
    entries = _expanded(x, [_entry(a) for a in (args if isinstance(args, tuple) else (args,))])
    if any(_is_array(e) for e in entries):
        return _advanced(x, entries)
    return _basic(x, entries)


def _is_array(entry: Any) -> bool:
    return isinstance(entry, Variable) and (entry.type.ndim != 0 or entry.type.dtype == "bool")


# -- what was given ------------------------------------------------------------------------------------------
def _entry(given: Any) -> Any:
    """One entry: None, Ellipsis, an int, a slice of ints and 0-d variables, a 0-d or array variable."""
    if given is None or given is Ellipsis:
        return given
    if isinstance(given, slice):
        return slice(*(_bound(part) for part in index.parts(given)))
    if isinstance(given, (bool, np.bool_)) or (isinstance(given, (list, tuple)) and _has_bool(given)):
        raise TypeError(
            "TensorType does not support Python bools for indexing, such as tensor[[True, False]]. "
            "To use a boolean mask, convert the mask to a NumPy array first, e.g., tensor[numpy.array([True, False])]."
        )
    if isinstance(given, (int, np.integer)):
        return int(given)
    if isinstance(given, Variable):
        return _variable_entry(given)
    if isinstance(given, (list, tuple, np.ndarray)):
        return _number_or(as_place(given))
    if hasattr(given, "_as_TensorVariable"):
        return _variable_entry(as_tensor_variable(given))
    raise TypeError(
        f"index must be integers, slices or a boolean mask; got {given!r} of type {type(given).__name__}."
    )


def _variable_entry(given: Variable) -> Any:
    if isinstance(given.type, NoneTypeT):
        return None
    if isinstance(given.type, SliceType):
        return _slice_of(given)
    if not isinstance(given.type, (TensorType, Scalar)):
        raise TypeError(
            f"index must be integers, slices or a boolean mask; got {given} of type {given.type}."
        )
    return _number_or(as_place(given))


def _number_or(v: Variable) -> Any:
    """A 0-d integer constant as an int, all else as it is."""
    if isinstance(v, Constant) and v.type.ndim == 0 and v.data.dtype.kind != "b":
        return int(v.data)
    return v


def _slice_of(given: Variable) -> slice:
    if isinstance(given, Constant):
        return slice(*(_bound(part) for part in index.parts(given.data)))
    if given.owner is None:
        raise TypeError(
            f"A slice that is only known at run time can't be an index: {given}. Give its start, stop and step."
        )
    return slice(*(_bound(part) for part in given.owner.inputs))


def _bound(part: Any) -> Any:
    if isinstance(part, Variable):
        if isinstance(part.type, NoneTypeT):
            return None
        part = as_tensor_number(part)
    return index.index_number(part, "A bound of a slice")


def _has_bool(items: Sequence[Any]) -> bool:
    return any(
        isinstance(i, (bool, np.bool_)) or (isinstance(i, (list, tuple)) and _has_bool(i)) for i in items
    )


def _expanded(x: Any, entries: list[Any]) -> list[Any]:
    """The entries with full slices in place of an Ellipsis.

    Errors:  IndexError for several of them, or for more entries than axes
    """
    used = sum(_axes(e) for e in entries)
    ndim = x.type.ndim
    if used > ndim:
        raise IndexError(f"too many indices for array: {x} has {ndim} axes, the index takes {used}.")
    at = [i for i, e in enumerate(entries) if e is Ellipsis]
    if len(at) > 1:
        raise IndexError("an index can only have a single Ellipsis (`...`)")
    for i in at:
        entries[i : i + 1] = [slice(None)] * (ndim - used)
    return entries


def _axes(entry: Any) -> int:
    if entry is None or entry is Ellipsis:
        return 0
    if isinstance(entry, Variable) and entry.type.dtype == "bool":
        return int(entry.type.ndim)
    return 1


# -- what it means -------------------------------------------------------------------------------------------
def _basic(x: Any, entries: list[Any]) -> Variable:
    if None in entries:
        # New axes first, so that what is taken from can be assigned to.
        left = iter(range(x.type.ndim))
        order = ["x" if e is None else next(left) for e in entries]
        x = dimshuffle(x, *order, *left)
        entries = [slice(None) if e is None else e for e in entries]
        if all(index.is_full(e) for e in entries):
            return x  # type: ignore[no-any-return]
    if (
        len(entries) == 1
        and x.owner is not None
        and isinstance(x.owner.op, Shape)
        and isinstance(entries[0], int)
    ):
        return _length(x, entries[0])
    idx_list, places = index.split(entries)
    made: Variable = Subtensor(idx_list)(x, *places)
    return made


def _length(x: Variable, i: int) -> Variable:
    of = x.owner.inputs[0]  # type: ignore[union-attr]
    ndim: int = of.type.ndim
    if not -ndim <= i < ndim:
        raise AxisError(f"index {i} is out of bounds for the shape of {of}, which has {ndim} axes.")
    return shape_i(of, i % ndim)


def _advanced(x: Any, entries: list[Any]) -> Variable:
    first, *rest = entries
    masks = any(isinstance(e, Variable) and e.type.dtype == "bool" for e in entries)
    made: Variable
    if not masks and _is_array(first) and first.type.ndim == 1 and all(index.is_full(e) for e in rest):
        made = AdvancedSubtensor1()(x, first)
        return made
    idx_list, places = index.split(entries)
    made = (AdvancedBooleanSubtensor if masks else AdvancedSubtensor)(idx_list)(x, *places)
    return made
