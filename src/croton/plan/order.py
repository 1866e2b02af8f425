"""In which order units run.

What only leads to new values of cells, or to outputs, runs as soon as it can: large values that it reads need not be
kept till the end. A new value is made after all that reads the old one, so that it may be written over; and after all
that may still fail, since a call that fails changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.plan.fuse import Group

Unit = Group | Apply

# How much longer an axis is than what lacks it, for want of knowledge.
_LENGTH = 16

# So many steps before an end of the graph are its end.
_NEAR = 2


class Order:
    """The order of the units of a graph, beginning with one in which each comes after all that it needs.

    is_view   whether a unit makes no memory of its own
    may_move  whether a unit may run before others that stand before it
    may_fail  whether a unit may end the program for what it computes, not for lengths, which are checked before
    """

    def __init__(
        self,
        units: Sequence[Unit],
        graph: FunctionGraph,
        is_view: Callable[[Unit], bool],
        may_move: Callable[[Unit], bool],
        may_fail: Callable[[Unit], bool],
    ) -> None:
        self.units = units
        self.graph = graph
        self.is_view = [is_view(unit) for unit in units]
        self.may_move = may_move
        self.may_fail = [may_fail(unit) for unit in units]
        self.maker = {
            out: i for i, unit in enumerate(units) for node in nodes_of(unit) for out in node.outputs
        }
        self.inputs = [self._read_by(i) for i in range(len(units))]
        self.needs: list[set[int]] = [
            {self.maker[v] for v in read if v in self.maker} for read in self.inputs
        ]
        self.over: set[Variable] = set()  # what is written over something else

    def _read_by(self, i: int) -> dict[Variable, None]:
        read = (v for node in nodes_of(self.units[i]) for v in node.inputs if not isinstance(v, Constant))
        return dict.fromkeys(v for v in read if self.maker.get(v) != i)

    def write_over(self, old: Variable, states: Sequence[Variable]) -> None:
        """Let `states`, which are made where `old` lies, come after all else that reads it."""
        makers = {self.maker[v] for v in states}
        readers = set(self._readers(old)) - makers
        for i in makers:
            self.needs[i] |= readers
        self.over.update(states)

    def _readers(self, variable: Variable) -> Iterator[int]:
        """The units that read `variable`, or views of it."""
        todo = [variable]
        while todo:
            for node in self.graph.readers(todo.pop()):
                i = self.maker[node.outputs[0]]
                yield i
                if self.is_view[i]:
                    todo.extend(node.outputs)

    def hastened(self) -> list[Unit]:
        """The units in order."""
        dependents: list[list[int]] = [[] for _ in self.units]
        missing = [len(needs) for needs in self.needs]
        for i, needs in enumerate(self.needs):
            for j in needs:
                dependents[j].append(i)
        urgency = self._urgency()
        soon = [(0, i) for i, needs in enumerate(missing) if not needs and not urgency[i]]
        writers = {self.maker[v] for v in self.over}
        dangers = sum(self.may_fail)
        postponed: list[int] = []
        done: dict[int, None] = {}
        for start in range(len(self.units)):
            heappush(soon, (_NEAR + 1, start))
            while soon:
                _, i = heappop(soon)
                if i in done:
                    continue
                done[i] = None
                dangers -= self.may_fail[i]
                ready = [] if dangers else postponed
                for d in dependents[i]:
                    missing[d] -= 1
                    if not missing[d] and urgency[d] <= _NEAR:
                        (postponed if dangers and d in writers else ready).append(d)
                for d in ready:
                    heappush(soon, (urgency[d], d))
                if not dangers:
                    postponed = []
        return [self.units[i] for i in done]

    def _urgency(self) -> list[int]:
        """Of each unit, how many steps it is from an end of the graph; 0 where it costs nothing, many where much."""
        left, found = [0] * len(self.units), [0] * len(self.units)
        for i in reversed(range(len(self.units))):
            shown = self._shown(i)
            clients = (c for v in shown for c, _ in self.graph.clients[v])
            readers = {self.maker[c.outputs[0]] for c in clients if isinstance(c, Apply)} - {i}
            left[i] = max((left[j] for j in readers), default=0)
            if self.is_view[i] or self._is_small(i):
                continue
            left[i] += 1
            made = sum(guessed_size(v) for v in shown if v not in self.over)
            read = sum(guessed_size(v) for v in self.inputs[i] if v in self.maker)
            found[i] = left[i] if made <= read and self.may_move(self.units[i]) else _NEAR + 1
        return found

    def _is_small(self, i: int) -> bool:
        """Whether a unit makes numbers of numbers: it costs nothing to have them early."""
        values = (*self.inputs[i], *(out for node in nodes_of(self.units[i]) for out in node.outputs))
        return self.may_move(self.units[i]) and all(guessed_size(v) <= 1 for v in values)

    def _shown(self, i: int) -> list[Variable]:
        """What others read of what a unit makes."""
        unit = self.units[i]
        return [
            v
            for node in nodes_of(unit)
            for v in node.outputs
            if not isinstance(unit, Group) or v in unit.shown
        ]


def nodes_of(unit: Unit) -> Sequence[Apply]:
    """The nodes of a unit."""
    return unit.nodes if isinstance(unit, Group) else (unit,)


def guessed_size(variable: Variable) -> int:
    """A guess at how large a value is, from how many axes it has."""
    pattern: Sequence[bool] = getattr(variable.type, "broadcastable", (False,))
    axes = sum(not one for one in pattern)
    return int(_LENGTH**axes)
