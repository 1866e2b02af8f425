"""Patterns: graphs with holes, written with the same functions and operators as a user's program.

Holes are 0-d variables; a pattern matches whatever the shapes, through the axes of length 1 that broadcasting puts in.
A constant in a pattern matches an equal number of any data type and shape. A hole that stands twice must match the same
variable. The arguments of a commutative operation match in any order, and those that the pattern of a variadic one does
not name are given to `rest`, when the pattern has such a hole.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.util.record import record

Found = dict[str, Variable]


def scalar_value(variable: Variable) -> Any:
    """The one number that every element of `variable` is known to be, as a 0-d array; None when there is none."""
    while True:
        if isinstance(variable, Constant):
            data = variable.data
            if not isinstance(data, np.ndarray) or not data.size:
                return None
            if data.size == 1:
                return data.reshape(())
            if data.dtype.kind != "O" and bool((data == data.flat[0]).all()):
                return data.flat[0:1].reshape(())
            return None
        node = variable.owner
        if node is None:
            return None
        through = getattr(node.op, "passes_scalar", None)
        if through is None:
            return None
        variable = node.inputs[through]


def through_broadcast(variable: Variable) -> Variable:
    """`variable` without what only moves or adds axes of length 1 around it."""
    while variable.owner is not None and getattr(variable.owner.op, "only_adds_axes", False):
        variable = variable.owner.inputs[0]
    return variable


@record(frozen=True)
class Pattern:
    """A compiled pattern: `root` is the pattern's own graph."""

    root: Apply
    root_key: Hashable
    holes: tuple[str, ...]

    @classmethod
    def of(cls, variable: Variable) -> Pattern:
        """The pattern that `variable`'s graph says. Errors: ValueError where it is a mere hole or constant."""
        if variable.owner is None:
            raise ValueError(f"A pattern must be an expression; {variable} is a single variable.")
        holes: dict[str, None] = {}
        stack = [variable]
        while stack:
            v = stack.pop()
            if v.owner is not None:
                stack.extend(v.owner.inputs)
            elif not isinstance(v, Constant):
                if v.name is None:
                    raise ValueError("Each hole of a pattern needs a name.")
                holes[v.name] = None
        return cls(variable.owner, _key(variable.owner), tuple(sorted(holes)))

    def inside(self) -> tuple[frozenset[Hashable], ...]:
        """The keys of the operations that make inputs of the root, each as a set of its own."""
        keys = {_key(v.owner) for v in self.root.inputs if v.owner is not None}
        return tuple(frozenset({key}) for key in sorted(keys, key=str))

    def match(self, variable: Variable) -> Found | None:
        """What the holes stand for where `variable` is an instance of the pattern; None where it is not."""
        return next(_match(self.root.outputs[0], variable, {}), None)

    def taking(self, function: Callable[..., Any]) -> Callable[[Found], Any]:
        """`function` as one of what the holes stand for, which it asks for by name; a lone hole under any name.

        Errors: ValueError when it asks for what is no hole
        """
        names = tuple(inspect.signature(function).parameters)
        if len(names) == len(self.holes) == 1:
            names = self.holes
        unknown = [name for name in names if name not in self.holes]
        if unknown:
            raise ValueError(
                f"{function} asks for {unknown}; the holes of the pattern are {list(self.holes)}."
            )
        return lambda found: function(*[found[name] for name in names])


def _key(node: Apply) -> str | type:
    name: str | None = getattr(getattr(node.op, "scalar_op", None), "name", None)
    return name or type(node.op)


def _match(pattern: Variable, variable: Variable, found: Found) -> Iterator[Found]:
    if isinstance(pattern, Constant):
        value = scalar_value(variable)
        if value is not None and value == pattern.data:
            yield found
        return
    if pattern.owner is None:
        assert pattern.name is not None
        bound = found.get(pattern.name)
        if bound is None:
            yield {**found, pattern.name: variable}
        elif _same(bound, variable):
            yield found
        return
    inner = through_broadcast(variable)
    node = inner.owner
    if node is None or _key(node) != _key(pattern.owner) or inner.index != pattern.index:
        return
    if getattr(getattr(node.op, "scalar_op", None), "commutative", False):
        yield from _match_any_order(pattern.owner.inputs, list(node.inputs), found)
    elif len(node.inputs) == len(pattern.owner.inputs):
        yield from _match_in_order(pattern.owner.inputs, node.inputs, found)


def _match_in_order(
    patterns: Sequence[Variable], variables: Sequence[Variable], found: Found
) -> Iterator[Found]:
    if not patterns:
        yield found
        return
    for first in _match(patterns[0], variables[0], found):
        yield from _match_in_order(patterns[1:], variables[1:], first)


def _match_any_order(
    patterns: Sequence[Variable], variables: list[Variable], found: Found
) -> Iterator[Found]:
    if len(patterns) != len(variables):
        return
    if not patterns:
        yield found
        return
    for i, variable in enumerate(variables):
        for first in _match(patterns[0], variable, found):
            yield from _match_any_order(patterns[1:], variables[:i] + variables[i + 1 :], first)


def _same(a: Variable, b: Variable) -> bool:
    if a is b:
        return True
    if isinstance(a, Constant) and isinstance(b, Constant):
        return a.equals(b)
    a, b = through_broadcast(a), through_broadcast(b)
    return a is b
