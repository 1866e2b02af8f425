"""The lengths of the axes of every variable of a graph, found without computing the variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from croton.errors import MethodNotDefined, ShapeError
from croton.graph import walk
from croton.graph.node import Apply, Constant, Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import Elemwise
from croton.ops.inner import InnerGraph
from croton.ops.shape import Shape_i
from croton.vartypes.tensor import TensorType

# A length: known, or a 0-d int64 variable that says it.
Length = int | Variable
Lengths = tuple[Length, ...]


class ShapeTable:
    """Lengths of variables, in terms of those of the variables they are computed from.

    Equal lengths are one object: where an elementwise operation needs two lengths to be equal, they are from then on
    the same (the operation itself checks that at run time).
    """

    def __init__(self) -> None:
        self._lengths: dict[Variable, Lengths] = {}
        self._leader: dict[Variable, Length] = {}
        self._made: dict[Any, Variable] = {}
        self._merged: set[Variable] = set()
        self._met: dict[Variable, int] = {}
        self._as_variable: dict[int, Variable] = {}

    def lengths(self, variable: Variable) -> Lengths:
        """The length of each axis of `variable`.

        Errors: TypeError when it is no tensor.
        """
        if variable not in self._lengths:
            for node in walk.toposort([variable], self._lengths):
                self._enter(node)
            if variable not in self._lengths:
                self._lengths[variable] = self._leaf(variable)
        return tuple(self.canonical(length) for length in self._lengths[variable])

    def knows(self, variable: Variable) -> bool:
        """Whether the lengths of `variable` have been found, or told."""
        return variable in self._lengths

    def tell(self, variable: Variable, lengths: Sequence[Any]) -> None:
        """Take `lengths` for those of `variable`, whatever it is computed from."""
        self._lengths[variable] = tuple(self._entry(variable, i, n) for i, n in enumerate(lengths))

    def canonical(self, length: Length) -> Length:
        """The one object that stands for all lengths known to equal `length`."""
        while not isinstance(length, int):
            leader = self._leader.get(length)
            if leader is None:
                return length
            length = leader
        return length

    def is_length(self, length: Length, variable: Variable) -> bool:
        """Whether `variable`, an integer, is known to be this length."""
        known, length = self._told(variable), self.canonical(length)
        return known is length or (isinstance(length, int) and known == length)

    def _told(self, variable: Variable) -> Length:
        """The length that `variable` says."""
        if isinstance(variable, Constant):
            return int(variable.data)
        node = variable.owner
        if node is not None and isinstance(node.op, Shape_i):
            return self.lengths(node.inputs[0])[node.op.i]
        merged = self._merge(variable)
        self._age(merged)
        return int(merged.data) if isinstance(merged, Constant) else self.canonical(merged)

    def equate(self, a: Length, b: Length) -> Length:
        """Note that two lengths are equal, and give the one that stands for both."""
        a, b = self.canonical(a), self.canonical(b)
        if a is b or (isinstance(a, int) and isinstance(b, int)):
            return a
        if isinstance(b, int) or (isinstance(a, Variable) and self._age(b) < self._age(a)):
            a, b = b, a
        assert isinstance(b, Variable)
        self._leader[b] = a
        return a

    def _age(self, length: Variable) -> int:
        """When a length was met first: the older of two equal ones stands for both, as it never needs the younger."""
        return self._met.setdefault(length, len(self._met))

    # -- how lengths come about ------------------------------------------------------------------------------
    def _leaf(self, variable: Variable) -> Lengths:
        kind = variable.type
        if not isinstance(kind, TensorType):
            return ()
        return tuple(self._own(variable, axis) if d is None else d for axis, d in enumerate(kind.shape))

    def _own(self, variable: Variable, axis: int) -> Variable:
        key = (variable, axis)
        if key not in self._made:
            self._made[key] = made = Shape_i(axis)(variable)
            # Lengths of inputs are older than all others.
            self._met[made] = -1 if variable.owner is None else len(self._met)
        return self._made[key]

    def _enter(self, node: Apply) -> None:
        for variable in node.inputs:
            if variable not in self._lengths:
                self._lengths[variable] = self._leaf(variable)
        if not any(isinstance(out.type, TensorType) and out.type.ndim for out in node.outputs):
            for out in node.outputs:
                self._lengths[out] = ()
            return
        if isinstance(node.op, Elemwise):
            shared = self._of_elemwise(node)
            for out in node.outputs:
                self._lengths[out] = shared
            return
        answers = self._ask(node)
        if len(answers) != len(node.outputs):
            raise ShapeError(
                f"The infer_shape of {node.op} answered for {len(answers)} outputs; it has {len(node.outputs)}."
            )
        for out, answer in zip(node.outputs, answers, strict=True):
            self._lengths[out] = self._leaf(out) if answer is None else self._settle(out, answer)

    def _of_elemwise(self, node: Apply) -> Lengths:
        out: list[Length] = []
        for axis, static in enumerate(node.outputs[0].type.shape):
            found: Length | None = static
            for variable in node.inputs:
                if not variable.type.broadcastable[axis]:
                    length = self._lengths[variable][axis]
                    found = self.canonical(length) if found is None else self.equate(found, length)
            out.append(1 if found is None else found)
        return tuple(out)

    def _ask(self, node: Apply) -> Sequence[Any]:
        shapes = [
            tuple(self.variable(length) for length in self._lengths[v])
            if isinstance(v.type, TensorType)
            else None
            for v in node.inputs
        ]
        services = {"lengths": inner_lengths} if hasattr(node.op, "inner_outputs") else {}
        try:
            return node.op.infer_shape(node, shapes, **services)
        except (MethodNotDefined, ShapeError, NotImplementedError):
            return [None] * len(node.outputs)

    def _settle(self, out: Variable, answer: Sequence[Any]) -> Lengths:
        static = out.type.shape
        if not isinstance(answer, (list, tuple)):
            raise ShapeError(
                f"The infer_shape of {out.owner and out.owner.op} must give a list of shapes, a tuple of lengths for "
                f"each output; got {answer} for output {out.index}."
            )
        if len(answer) != len(static):
            raise ShapeError(
                f"The infer_shape of {out.owner and out.owner.op} gave {len(answer)} lengths, {tuple(answer)}, for its "
                f"output {out.index}, which has {len(static)} axes."
            )
        return tuple(
            d if d is not None else self._entry(out, axis, entry)
            for axis, (d, entry) in enumerate(zip(static, answer, strict=True))
        )

    def _entry(self, out: Variable, axis: int, entry: Any) -> Length:
        if entry is None:
            return self._own(out, axis)
        if isinstance(entry, (int, np.integer)):
            return int(entry)
        # An operation may give a length as it was given it, of any integer type.
        length = as_tensor_variable(entry)
        return self._told(length if isinstance(length, Constant) else cast(length, "int64"))

    def _merge(self, variable: Variable) -> Variable:
        """`variable`, or the equal one met before: the same operation on the same inputs is the same length."""
        if variable.owner is None or variable in self._merged:
            return variable
        first: dict[Variable, Variable] = {}
        for node in walk.toposort([variable], self._merged):
            key = (
                node.op,
                tuple(v.signature() if isinstance(v, Constant) else first.get(v, v) for v in node.inputs),
            )
            known = self._made.setdefault(key, node.outputs[0])
            first[node.outputs[0]] = known
            self._merged.add(known)
        return first.get(variable, variable)

    def variable(self, length: Length) -> Variable:
        """A length as an int64 variable."""
        if isinstance(length, int):
            if length not in self._as_variable:
                self._as_variable[length] = as_tensor_variable(np.int64(length))
            return self._as_variable[length]
        canonical = self.canonical(length)
        return self.variable(canonical) if isinstance(canonical, int) else canonical


def inner_lengths(graph: InnerGraph, shapes: Sequence[Any], known: Mapping[Variable, Variable]) -> list[Any]:
    """The lengths of the outputs of a graph that an operation holds; None for those that can't be told outside.

    shapes   the lengths of the graph's inputs
    known    what inputs of the graph are outside, where that is known
    """
    table = ShapeTable()
    found = [list(table.lengths(v)) if isinstance(v.type, TensorType) else None for v in graph.outputs]
    replace: dict[Variable, Variable] = dict(known)
    places = {v: at for at, v in enumerate(graph.inputs)}
    entries = [e for row in found if row is not None for e in row if isinstance(e, Variable)]
    for variable in walk.ancestors(entries):
        node = variable.owner
        if node is not None and isinstance(node.op, Shape_i) and node.inputs[0] in places:
            replace[variable] = as_tensor_variable(shapes[places[node.inputs[0]]][node.op.i])
    outside = set(graph.inputs) - set(known)
    told = [e for e in entries if not outside & set(walk.ancestors([e], replace))]
    fresh = dict(zip(told, walk.clone_graph(told, replace)[0], strict=True))
    return [
        None if row is None else tuple(fresh.get(e) if isinstance(e, Variable) else e for e in row)
        for row in found
    ]
