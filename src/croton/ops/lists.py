"""Lists whose elements are of one type: made, read and changed. What changes a list gives a new one."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from croton.config import config
from croton.errors import CrotonError
from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.convert import as_tensor_variable
from croton.ops.index.slices import as_index_variable
from croton.vartypes.dtype import INTEGER
from croton.vartypes.lists import TypedListType
from croton.vartypes.slices import SliceType
from croton.vartypes.tensor import TensorType


class ListTypeError(CrotonError, AssertionError, TypeError):
    """What was given is no list, or its elements are of another type."""


def _list_type(x: Any) -> TypedListType:
    kind = getattr(x, "type", None)
    if not isinstance(kind, TypedListType):
        raise ListTypeError(f"Expected a list variable; got {x!r} of type {kind}.")
    return kind


def _element(x: Any, of: TypedListType) -> Variable:
    v = x if isinstance(x, Variable) else as_tensor_variable(x)
    if v.type != of.ttype:
        raise ListTypeError(f"Expected an element of type {of.ttype}; got {v} of type {v.type}.")
    return v


def _is_number(x: Variable) -> bool:
    return isinstance(x.type, TensorType) and x.type.ndim == 0 and x.type.dtype in INTEGER


class _ListOp(Op):
    """What has no gradient."""

    __props__: tuple[str, ...] = ()

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows through lists."""
        return [[False] for _ in node.inputs]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [None] * len(inputs)

    def __str__(self) -> str:
        return type(self).__name__


class GetItem(_ListOp):
    """One element of a list by its place, or the list of several by a slice.

    Errors:  TypeError for another index; IndexError at run time for a place outside
    """

    view_map = {0: [0]}

    def make_node(self, *inputs: Any) -> Apply:
        x, index = inputs
        kind = _list_type(x)
        place: Any = index if isinstance(index, Variable) else as_index_variable(index)
        if isinstance(place.type, SliceType):
            return Apply(self, [x, place], [kind()])
        if (
            not isinstance(place.type, TensorType)
            or place.type.ndim != 0
            or np.dtype(place.type.dtype).kind not in "iu"
        ):
            raise TypeError(f"A list is indexed by an integer or a slice; got {place} of type {place.type}.")
        return Apply(self, [x, place], [kind.ttype()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        x, index = inputs
        output_storage[0][0] = x[index if isinstance(index, slice) else int(index)]


class _Change(_ListOp):
    """What makes a changed list; with `inplace` the list itself is changed."""

    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [0]}
            self.view_map = {}

    def changed(self, node: Apply, inputs: list[Any]) -> list[Any]:
        """The list in which to make the change."""
        made: list[Any] = inputs[0] if self.inplace else list(inputs[0])
        return made


class Append(_Change):
    """A list with an element at its end."""

    def make_node(self, *inputs: Any) -> Apply:
        x, element = inputs
        kind = _list_type(x)
        return Apply(self, [x, _element(element, kind)], [kind()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        made = self.changed(node, inputs)
        made.append(copy.deepcopy(inputs[1]))
        output_storage[0][0] = made


class Extend(_Change):
    """A list with the elements of another at its end."""

    def make_node(self, *inputs: Any) -> Apply:
        x, more = inputs
        kind = _list_type(x)
        if _list_type(more) != kind:
            raise ListTypeError(f"Expected lists of one type; got {kind} and {more.type}.")
        return Apply(self, [x, more], [kind()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        made = self.changed(node, inputs)
        made.extend(copy.deepcopy(v) for v in list(inputs[1]))
        output_storage[0][0] = made


class Insert(_Change):
    """A list with an element before a place."""

    def make_node(self, *inputs: Any) -> Apply:
        x, index, element = inputs
        kind = _list_type(x)
        place = as_tensor_variable(index)
        if not _is_number(place):
            raise ListTypeError(
                f"The place to insert at must be an integer; got {place} of type {place.type}."
            )
        return Apply(self, [x, place, _element(element, kind)], [kind()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        made = self.changed(node, inputs)
        made.insert(int(inputs[1]), copy.deepcopy(inputs[2]))
        output_storage[0][0] = made


class Remove(_Change):
    """A list without the first element that equals a value."""

    def make_node(self, *inputs: Any) -> Apply:
        x, element = inputs
        kind = _list_type(x)
        return Apply(self, [x, _element(element, kind)], [kind()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        made = self.changed(node, inputs)
        at = _place(_list_type(node.inputs[0]), made, inputs[1])
        if at is not None:
            del made[at]
        output_storage[0][0] = made


class Reverse(_Change):
    """A list in the opposite order."""

    def make_node(self, *inputs: Any) -> Apply:
        (x,) = inputs
        return Apply(self, [x], [_list_type(x)()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        made = self.changed(node, inputs)
        made.reverse()
        output_storage[0][0] = made


def _place(kind: TypedListType, x: list[Any], element: Any) -> int | None:
    return next((i for i, v in enumerate(x) if kind.ttype.values_eq(v, element)), None)


class Index(_ListOp):
    """The place of the first element that equals a value, as floatX.

    Errors:  ValueError at run time when none does
    """

    def make_node(self, *inputs: Any) -> Apply:
        x, element = inputs
        kind = _list_type(x)
        return Apply(self, [x, _element(element, kind)], [TensorType(config.floatX, ())()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        at = _place(_list_type(node.inputs[0]), inputs[0], inputs[1])
        if at is None:
            raise ValueError(f"The list has no element that equals {inputs[1]}.")
        output_storage[0][0] = np.asarray(at, dtype=node.outputs[0].type.dtype)


class Count(_ListOp):
    """How many elements equal a value, as floatX."""

    def make_node(self, *inputs: Any) -> Apply:
        x, element = inputs
        kind = _list_type(x)
        return Apply(self, [x, _element(element, kind)], [TensorType(config.floatX, ())()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        kind = _list_type(node.inputs[0])
        count = sum(1 for v in inputs[0] if kind.ttype.values_eq(v, inputs[1]))
        output_storage[0][0] = np.asarray(count, dtype=node.outputs[0].type.dtype)


class Length(_ListOp):
    """The number of elements of a list, as int64."""

    def make_node(self, *inputs: Any) -> Apply:
        (x,) = inputs
        _list_type(x)
        return Apply(self, [x], [TensorType("int64", ())()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = np.asarray(len(inputs[0]), dtype="int64")


class MakeList(_ListOp):
    """A list of variables of one type.

    Errors:  TypeError for different types; ValueError for none
    """

    def make_node(self, *inputs: Any) -> Apply:
        variables = [v if isinstance(v, Variable) else as_tensor_variable(v) for v in inputs[0]]
        if not variables:
            raise ValueError("A list needs at least one element, from which to take its type.")
        kind: Type = variables[0].type
        if any(v.type != kind for v in variables):
            raise TypeError(
                f"The elements of a list must be of one type; got {[str(v.type) for v in variables]}."
            )
        return Apply(self, variables, [TypedListType(kind)()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = [copy.deepcopy(v) for v in inputs]


getitem = GetItem()
append = Append()
extend = Extend()
insert = Insert()
remove = Remove()
reverse = Reverse()
index_ = Index()
count = Count()
length = Length()
make_list = MakeList()


# -- variables -----------------------------------------------------------------------------------------------
class _ListOperators:
    """The methods of a list, each of which makes a new variable."""

    type: Any

    def __getitem__(self, index: Any) -> Any:
        return getitem(self, index)

    def __len__(self) -> Any:
        return length(self)

    def __bool__(self) -> bool:
        # Its length is a variable; as an object it is true.
        return True

    def append(self, toAppend: Any) -> Any:
        """The list with an element at its end."""
        return append(self, toAppend)

    def extend(self, toAppend: Any) -> Any:
        """The list with the elements of another at its end."""
        return extend(self, toAppend)

    def insert(self, index: Any, toInsert: Any) -> Any:
        """The list with an element before a place."""
        return insert(self, index, toInsert)

    def remove(self, toRemove: Any) -> Any:
        """The list without the first element that equals a value."""
        return remove(self, toRemove)

    def reverse(self) -> Any:
        """The list in the opposite order."""
        return reverse(self)

    def count(self, elem: Any) -> Any:
        """How many elements equal a value."""
        return count(self, elem)

    def ind(self, elem: Any) -> Any:
        """The place of the first element that equals a value."""
        return index_(self, elem)

    ttype = property(lambda self: self.type.ttype)
    dtype = property(lambda self: self.type.ttype.dtype)
    ndim = property(lambda self: self.type.ttype.ndim + 1)


class TypedListVariable(_ListOperators, Variable):
    """A list that is not known yet."""


class TypedListConstant(_ListOperators, Constant):
    """A list whose elements are known."""


TypedListType.variable_class = TypedListVariable
TypedListType.constant_class = TypedListConstant
