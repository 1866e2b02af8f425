"""Slices as variables, made of integers that are known or not."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.ops.index.template import index_number, parts
from croton.ops.numbers import as_tensor_number
from croton.vartypes.slices import NoneConst, NoneTypeT, slicetype


def as_int_none_variable(x: Any) -> Variable:
    """`x` as an integer variable, or as the constant None.

    Errors:  TypeError for what is no integer
    """
    if x is None or (isinstance(x, Variable) and isinstance(x.type, NoneTypeT)):
        return NoneConst
    v = as_tensor_number(x)
    index_number(v, "A bound of a slice")
    return v


class MakeSlice(Op):
    """A slice from its start, stop and step, or from a Python slice of them."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        given = parts(inputs[0]) if isinstance(inputs[0], slice) else (*inputs, None, None)[:3]
        return Apply(self, [as_int_none_variable(x) for x in given], [slicetype()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = slice(*(None if x is None else int(x) for x in inputs))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows through a slice."""
        return [[False] for _ in node.inputs]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [None] * len(inputs)


make_slice = MakeSlice()


def as_index_variable(idx: Any) -> Variable:
    """An entry of an index as a variable: a slice, None, an integer, or an array of integers."""
    if idx is None:
        return NoneConst
    if isinstance(idx, slice):
        known = all(part is None or isinstance(part, int) for part in parts(idx))
        made: Variable = slicetype.make_constant(idx) if known else make_slice(idx)
        return made
    if isinstance(idx, Variable) and isinstance(idx.type, (type(slicetype), NoneTypeT)):
        return idx
    v = as_tensor_number(idx)
    if v.type.dtype.startswith(("float", "complex")):
        raise TypeError(f"index must be integers; got {v} of type {v.type}.")
    return v


def make_constant(args: Any) -> tuple[Any, ...]:
    """Entries of an index with integers made constants, in slices too."""

    def convert(x: Any) -> Any:
        if isinstance(x, slice):
            return slice(*(convert(part) for part in parts(x)))
        return x if x is None or isinstance(x, (Variable, Constant)) else as_tensor_number(x)

    return tuple(map(convert, args))
