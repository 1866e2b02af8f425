"""What a backend is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply
from croton.util.record import record


class Slot(Protocol):
    """A place that holds one value between calls."""

    value: Any


@record(frozen=True)
class Interface:
    """How a graph meets its surroundings.

    The graph's inputs are, in order, `arguments` values that come with each call and one for each of `cells`. Its
    outputs are, in order, those returned, one for each of `borrow`, and the new values of cells.

    arguments   how many values come with a call
    mutable     for each of these: whether the program may write into it
    cells       where the other inputs are read from when a call begins
    borrow      for each returned output: whether it may share memory with an argument or a cell
    fusion      whether nodes may share a loop
    inplace     whether what is read for the last time may be written over
    recompute   whether cheap values are computed again rather than kept for long
    bare        whether a call through the program's own protocol gives its only output as it is, not in a list
    updates     pairs (output number, cell number): what is stored where, all together, after all has been computed
    allow_gc    whether values that nothing needs any more are let go at once
    """

    arguments: int
    mutable: tuple[bool, ...] = ()
    cells: tuple[Slot, ...] = ()
    borrow: tuple[bool, ...] = ()
    updates: tuple[tuple[int, int], ...] = ()
    allow_gc: bool = True
    bare: bool = False
    fusion: bool = True
    inplace: bool = True
    recompute: bool = False


class NodeListener(Protocol):
    """Sees each application run, where a backend runs them one by one."""

    def before_node(self, position: int, node: Apply, inputs: list[Any]) -> None:
        """`node` is about to run on `inputs`."""

    def after_node(self, position: int, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """`node` has run."""


class Program(Protocol):
    """A compiled graph.

    It may also have `call_base`, a class that calls it without Python: its instances are made with `native`, and what
    they can't call at once they pass to their method `_call_slow(args, kwargs)`, which ends in `_run(arguments)`.
    """

    def run(self, arguments: list[Any]) -> list[Any]:
        """Compute from checked arguments; store the updates; give the returned outputs."""


class Backend(Protocol):
    """A way to run graphs."""

    name: str

    def compile(self, graph: FunctionGraph, interface: Interface, listeners: Sequence[Any] = ()) -> Program:
        """A program that computes `graph`."""
