"""What distributions are given: data types, parameters that must make sense, and the shape of a draw.

What is known while the graph is built is checked there. Counts and gamma-distributed numbers check theirs at run time,
too; other continuous numbers do not, as they are computed in the kernels that read them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from croton.config import config
from croton.graph.node import Constant, Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import eq
from croton.ops.known import get_vector_length, known_int
from croton.ops.raise_op import CheckedDraw
from croton.ops.shape import as_length, shape_i
from croton.util.record import record
from croton.vartypes.dtype import as_dtype, is_complex, is_discrete, is_float, upcast

Lengths = Sequence[Any]


# -- data types ----------------------------------------------------------------------------------------------
def of(dtype: str, value: float) -> Any:
    """A number in a data type."""
    return np.asarray(value, dtype=dtype)


def parameters(dtype: Any, *values: Any) -> tuple[str, list[Any]]:
    """The data type of a draw of floats (at least floatX, unless it is given), and its parameters in it.

    Errors: TypeError for a data type that is none of floats, or complex parameters
    """
    variables = [as_tensor_variable(v) for v in values]
    dtype = upcast(config.floatX, *(v.type.dtype for v in variables)) if dtype is None else as_dtype(dtype)
    if not is_float(dtype) or any(is_complex(v.type.dtype) for v in variables):
        raise TypeError(
            f"This distribution is of floating point numbers; got dtype={dtype!r}, and parameters of types "
            f"{[v.type for v in variables]}."
        )
    return dtype, [in_type(v, dtype) for v in variables]


def in_type(v: Variable, dtype: str) -> Variable:
    """A parameter in a data type; a constant one stays a constant, of which more is known."""
    return as_tensor_variable(v.data.astype(dtype)) if isinstance(v, Constant) else cast(v, dtype)


def count_type(dtype: Any) -> str:
    """The data type of a draw of whole numbers: any of real numbers.

    Errors: TypeError for another one
    """
    name = as_dtype(dtype)
    if is_complex(name):
        raise TypeError(f"This distribution is of whole numbers; got dtype={name!r}.")
    return name


# -- what parameters may be ----------------------------------------------------------------------------------
@record(frozen=True)
class Domain:
    """A set of numbers: its description, and whether arrays lie in it. NaN lies in none."""

    text: str
    holds: Callable[[Any], Any]


POSITIVE = Domain("above 0", lambda x: x > 0)
NOT_NEGATIVE = Domain("at least 0", lambda x: x >= 0)
PROBABILITY = Domain("from 0 to 1", lambda x: (x >= 0) & (x <= 1))


def require(what: str, domain: Domain, **given: Any) -> None:
    """Raise where a parameter of `what` is known, and not in its domain.

    Errors: ValueError
    """
    for name, value in given.items():
        variable = as_tensor_variable(value)
        if isinstance(variable, Constant) and not np.all(domain.holds(variable.data)):
            raise ValueError(f"{name} of {what} must be {domain.text}; got {variable.data}.")


def require_order(what: str, **given: Any) -> None:
    """Raise where of two parameters in succession, both known, the first is the greater.

    Errors: ValueError
    """
    known = [(name, as_tensor_variable(value)) for name, value in given.items()]
    for (name, low), (other, high) in pairwise(known):
        if isinstance(low, Constant) and isinstance(high, Constant) and not np.all(low.data <= high.data):
            raise ValueError(f"{name} of {what} must be at most {other}; got {low.data} and {high.data}.")


def checked(value: Any, condition: Any, complaint: str) -> Any:
    """`value`, so long as a condition is true: seen at once where it is known, else at run time.

    Errors: ValueError
    """
    known = known_int(condition) if isinstance(condition, Variable) else condition
    if known is None:
        return CheckedDraw(complaint)(value, condition)
    if not known:
        raise ValueError(complaint)
    return value


# -- shapes --------------------------------------------------------------------------------------------------
def lengths_of_draw(size: Any, *parameters: Variable) -> list[Variable]:
    """The lengths of a draw: those that `size` says, or those that the parameters broadcast to.

    Errors: TypeError for a size that is no integers; ValueError for a negative length, or where parameters do not
            broadcast to the size: at run time if that is not known before
    """
    most = max((p.type.ndim for p in parameters), default=0)
    if size is None:
        return [_common_length(parameters, axis - most) for axis in range(most)]
    lengths = [_length(n, size) for n in _entries(size)]
    if most > len(lengths):
        raise ValueError(f"A draw of {len(lengths)} axes can't have parameters of {most} axes.")
    return [_fitting(n, i - len(lengths), parameters) for i, n in enumerate(lengths)]


def _entries(size: Any) -> Sequence[Any]:
    if isinstance(size, Variable) and size.type.ndim == 1:
        try:
            return [size[i] for i in range(get_vector_length(size))]
        except ValueError as error:
            raise ValueError(
                f"How many axes a draw has must be known: {size} of type {size.type} may have any length. Give the "
                "lengths one by one, as in size=(n[0], n[1])."
            ) from error
    if isinstance(size, (tuple, list)) or (isinstance(size, np.ndarray) and size.ndim):
        return list(size)
    return [size]


def _length(entry: Any, size: Any) -> Variable:
    n = as_tensor_variable(entry)
    if n.type.ndim or not is_discrete(n.type.dtype):
        raise TypeError(f"The size of a draw is an integer, or a list of integers; got {size!r}.")
    known = known_int(n)
    if known is not None and known < 0:
        raise ValueError(f"A draw can't have an axis of negative length; got size={size!r}.")
    return as_length(n)


def _fitting(n: Variable, axis: int, parameters: Sequence[Variable]) -> Variable:
    """The length of an axis, counted from the last, that the parameters fit."""
    known = known_int(n)
    if known is None:
        return n
    for p in parameters:
        if p.type.ndim < -axis or p.type.broadcastable[axis]:
            continue
        own = p.type.shape[axis]
        complaint = f"A parameter does not broadcast to a draw that has length {known} on axis {axis}."
        if own is not None and own != known:
            raise ValueError(f"{complaint} Its length there is {own}.")
        if own is None and known == 1:
            # Else the type of the draw would let it stretch to the parameter's length: all of it the same number.
            there = shape_i(p, p.type.ndim + axis)
            n = CheckedDraw(complaint)(there, eq(there, 1))
    return n


def _common_length(parameters: Sequence[Variable], axis: int) -> Variable:
    """The length of an axis, counted from the last, that parameters broadcast to."""
    having = [p for p in parameters if p.type.ndim >= -axis]
    for p in having:
        if not p.type.broadcastable[axis]:
            return shape_i(p, p.type.ndim + axis)
    return as_tensor_variable(np.int64(1))
