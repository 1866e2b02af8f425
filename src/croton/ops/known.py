"""What is known of a value while the graph is still being built: numbers, elements of short vectors, signs."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.errors import EmptyConstantError, NotScalarConstantError
from croton.graph.node import Constant, Variable
from croton.graph.op import Op
from croton.ops.base import Primitive
from croton.ops.convert import Stack, as_tensor_variable
from croton.ops.elemwise import Elemwise
from croton.vartypes.tensor import TensorType

# Deep and large computations on constants are left to constant folding.
_DEPTH = 10
_SIZE = 64


def known_value(x: Any, depth: int = _DEPTH) -> np.ndarray | None:
    """The value of `x` where it depends on no input and is quick to compute, else None."""
    if not isinstance(x, Variable):
        return np.asarray(x)
    if isinstance(x, Constant):
        return x.data if isinstance(x.data, np.ndarray) else None
    node = x.owner
    if (
        node is None
        or depth == 0
        or not isinstance(node.op, (Primitive, Stack))
        or not node.op.do_constant_folding(node)
    ):
        return None
    if not isinstance(x.type, TensorType) or x.type.ndim > 1:
        return None
    values = []
    for variable in node.inputs:
        value = known_value(variable, depth - 1)
        if value is None or value.size > _SIZE:
            return None
        values.append(value)
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    try:
        node.op.perform(node, values, storage)
    except (ValueError, IndexError, ArithmeticError, AssertionError):
        # What can't be computed is an error at run time, where it is reported in full.
        return None
    made: np.ndarray = storage[x.index or 0][0]
    return made


def known_int(x: Any) -> int | None:
    """The integer that `x` is known to be, else None."""
    value = known_value(x)
    if value is None or value.ndim or value.dtype.kind not in "biu":
        return None
    return int(value)


def never_negative(x: Variable, depth: int = _DEPTH) -> bool:
    """Whether `x` is known to be at least 0: a length, or a sum or product of such."""
    if isinstance(x, Constant):
        return bool((x.data >= 0).all())
    if x.type.dtype == "bool" or x.type.dtype.startswith("u"):
        return True
    if x.owner is None or depth == 0:
        return False
    op = x.owner.op
    if getattr(op, "is_length", False):
        return True
    if isinstance(op, Elemwise) and op.scalar_op.name == "mod":
        return never_negative(x.owner.inputs[1], depth - 1)
    if isinstance(op, Elemwise) and op.scalar_op.name in _KEEPS_SIGN:
        return all(never_negative(v, depth - 1) for v in x.owner.inputs)
    return False


_KEEPS_SIGN = {"add", "mul", "maximum", "minimum", "int_div", "convert_to_int64", "identity"}


def elements(x: Variable) -> list[Variable] | None:
    """The elements of a vector as 0-d variables, where they can be had without computing the vector; else None.

    Operations that make vectors whose elements they can name have a method `elements(node)`.
    """
    if isinstance(x, Constant):
        return [as_tensor_variable(item) for item in x.data] if x.data.size <= _SIZE else None
    name_them = getattr(x.owner.op, "elements", None) if x.owner is not None else None
    return None if name_them is None else name_them(x.owner)


def get_vector_length(v: Any) -> int:
    """The length of a vector that is known while the graph is being built.

    Errors:  TypeError for what is no vector; ValueError when the length is not known
    """
    x = as_tensor_variable(v)
    if x.type.ndim != 1:
        raise TypeError(f"The argument must be a vector; got {x} of type {x.type}.")
    (length,) = x.type.shape
    if length is None:
        named = elements(x)
        if named is None:
            raise ValueError(f"length not known: {x} of type {x.type}.")
        length = len(named)
    return int(length)


# -- one number ----------------------------------------------------------------------------------------------
def numpy_scalar(data: Any) -> np.ndarray:
    """An array that is one number, or holds but one.

    Errors:  EmptyConstantError when it holds none; NotScalarConstantError when several
    """
    array = np.asarray(data)
    if array.size == 0:
        raise EmptyConstantError(f"An array of shape {array.shape} has no element.")
    if array.dtype.kind not in "biufc" or not (array == array.flat[0]).all():
        raise NotScalarConstantError("The constant is no number, or holds several.", array)
    return array.reshape(-1)[0]  # type: ignore[no-any-return]


def get_scalar_constant_value(
    orig_v: Any, elemwise: bool = True, only_process_constants: bool = False, max_recur: int = 10
) -> np.ndarray:
    """The one number that stands in every element of `orig_v`, as a 0-d array.

    elemwise                whether to look through elementwise operations
    only_process_constants  whether to look at constants only

    Errors:  NotScalarConstantError when there is no such number, or it is not known
    """
    if orig_v is None or isinstance(orig_v, str):
        raise NotScalarConstantError(f"{orig_v!r} is no number.")
    if not isinstance(orig_v, Variable):
        return np.asarray(numpy_scalar(orig_v)).copy()
    x = orig_v
    for _ in range(max_recur):
        if isinstance(x, Constant):
            return np.asarray(numpy_scalar(x.data)).copy()
        if x.owner is None or only_process_constants:
            break
        op: Op = x.owner.op
        if not elemwise and isinstance(op, Elemwise):
            break
        value = known_value(x, max_recur)
        if value is not None:
            return np.asarray(numpy_scalar(value)).copy()
        passed = _passes(op)
        if passed is None:
            if not isinstance(op, Elemwise):
                break
            numbers = [get_scalar_constant_value(v, elemwise, False, max_recur - 1) for v in x.owner.inputs]
            return np.asarray(op.scalar_op.compute(np, numbers)[x.index or 0])
        x = x.owner.inputs[passed]
    raise NotScalarConstantError(f"{orig_v} is not known to be one number.")


def _passes(op: Op) -> int | None:
    """The input whose number, where it is but one, is that of the output."""
    if isinstance(op, Elemwise):
        return 1 if op.scalar_op.name == "second" else None
    passed: int | None = getattr(op, "passes_scalar", None)
    return passed


def extract_constant(x: Any, elemwise: bool = True, only_process_constants: bool = False) -> Any:
    """The number that `get_scalar_constant_value` finds; `x` itself where there is none."""
    try:
        return get_scalar_constant_value(x, elemwise, only_process_constants)
    except NotScalarConstantError:
        return x
