"""Where random numbers stand: the shape of a draw from the size that is asked for and from the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.known import get_vector_length
from croton.ops.shape import shape_i
from croton.vartypes.dtype import is_discrete

Pattern = tuple[bool, ...]


def shape_of_draw(ndim: int | None, size: Any, *parameters: Variable) -> tuple[Variable, Pattern]:
    """The shape of a draw as an int64 vector, and which of its axes broadcast.

    ndim        number of axes, where `size` alone does not say it
    size        None: as the parameters broadcast; a tuple of lengths, in which -1 stands for a parameter's own length;
                an integer vector
    parameters  of the distribution

    Errors: TypeError for a size of another kind, or none where there are no parameters; ValueError for a
            negative length, an `ndim` that contradicts the size, or parameters of more axes than that
    """
    if isinstance(size, (tuple, list)):
        shape, pattern = _from_entries(ndim, size, parameters)
    elif size is None:
        if not parameters:
            raise TypeError("A draw needs a size, as there are no parameters to take its shape from.")
        template: Any = reduce(add, parameters)
        shape, pattern = template.shape, template.type.broadcastable
    else:
        shape = as_tensor_variable(size)
        _check_vector(shape)
        pattern = (False,) * (get_vector_length(shape) if ndim is None else ndim)
    _check_vector(shape)
    most = max((p.type.ndim for p in parameters), default=0)
    if most > len(pattern):
        raise ValueError(f"A draw of {len(pattern)} axes can't have parameters of {most} axes.")
    return cast(shape, "int64"), pattern


def _check_vector(shape: Variable) -> None:
    if shape.type.ndim != 1:
        raise TypeError(
            f"The size of a draw must be a vector or a list of integers; got {shape} of type {shape.type}."
        )
    if not is_discrete(shape.type.dtype):
        raise TypeError(f"The size of a draw must be of integers; got {shape} of type {shape.type}.")


def _from_entries(
    ndim: int | None, size: Sequence[Any], parameters: Sequence[Variable]
) -> tuple[Variable, Pattern]:
    if ndim is not None and ndim != len(size):
        raise ValueError(f"ndim should be equal to len(size), but ndim = {ndim} and size = {size}.")
    if not size:
        return as_tensor_variable(np.zeros(0, "int64")), ()
    found = [_entry(i, entry, len(size), parameters) for i, entry in enumerate(size)]
    return as_tensor_variable([as_tensor_variable(length) for length, _ in found]), tuple(
        one for _, one in found
    )


def _entry(i: int, entry: Any, ndim: int, parameters: Sequence[Variable]) -> tuple[Any, bool]:
    """The length of axis `i`, and whether that is 1 for certain."""
    if isinstance(entry, Variable):
        return entry, False
    if entry >= 0:
        return entry, entry == 1
    if entry != -1:
        raise ValueError(f"A draw can't have an axis of length {entry} (-1 means: as a parameter).")
    known = [(p, i + p.type.ndim - ndim) for p in parameters if i >= ndim - p.type.ndim]
    if not known:
        raise ValueError(f"Length -1 of axis {i} means that of a parameter, but none has that axis.")
    for parameter, axis in known:
        if not parameter.type.broadcastable[axis]:
            return shape_i(parameter, axis), False
    return 1, True
