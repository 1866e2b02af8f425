"""Cheap values that are read again much later are computed again there, rather than kept till then.

This is for functions whose memory matters more than their time: what a gradient reads of the forward pass takes most
of it. Every element is computed as before, and kernels that sum keep what they compute, for the order in which they sum
depends on that: so no bit changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.elemwise import Elemwise
from croton.plan.fuse import MOST_BUFFERS, MOST_NODES, Group
from croton.plan.order import Unit, guessed_size, nodes_of
from croton.plan.stages import cost_of
from croton.util.record import field, record

# A value is let go where between two that read it there is more work than so many kernels or products.
_LONG = 3

# What it is made of may be kept for so many more.
_SHORT = 2

# The most that is computed again for an element, in additions: three functions like tanh.
_MOST_EFFORT = 64


@record(eq=False)
class _Late:
    """A value that is read after a long while.

    at       where it is
    clients  by which applications, as which of their inputs
    again    what makes it again, in order
    kept     what has to be kept for that
    """

    node: Apply
    at: int
    clients: list[tuple[Apply, int]]
    again: list[Apply] = field(default_factory=list)
    kept: set[Variable] = field(default_factory=set)


class Recomputation:
    """What is computed again in a graph whose units run in this order.

    cells  the new value of each cell that is updated
    """

    def __init__(
        self,
        units: Sequence[Unit],
        graph: FunctionGraph,
        is_view: Callable[[Unit], bool],
        cells: Sequence[tuple[Variable, Variable]],
    ) -> None:
        self.units = units
        self.graph = graph
        self.is_view = [is_view(unit) for unit in units]
        self.place = {node: i for i, unit in enumerate(units) for node in nodes_of(unit)}
        self.rank = {node: i for i, node in enumerate(self.place)}
        self.work = [0]  # how much is done before each place
        for view in self.is_view:
            self.work.append(self.work[-1] + (not view))
        self.let_go: set[Variable] = set()
        self.kept_for: dict[Variable, int] = {}  # where what is computed again is read last
        self.written = {cell: self.place[new.owner] for cell, new in cells if new.owner is not None}
        self.before: dict[int, list[Unit]] = {}  # what comes in before each place
        self.moved: set[int] = set()  # the places of views that go with what they are of

    def units_anew(self) -> list[Unit]:
        """The units in order, with those that compute again."""
        for unit in self.units:
            if isinstance(unit, Group):
                self._let_go_of(unit)
        made: list[Unit] = []
        for i, unit in enumerate(self.units):
            made.extend(self.before.get(i, ()))
            if i not in self.moved and (not isinstance(unit, Group) or self._is_needed(unit)):
                made.append(unit)
        return made

    def _let_go_of(self, group: Group) -> None:
        """Let what is read late be computed again, if less has to be kept for that."""
        late = [found for found in map(self._read_late, group.nodes) if found]
        self.let_go.update(one.node.outputs[0] for one in late)
        made = [one for one in late if self._can_be_made(one)]
        if len(set().union(*(one.kept for one in made))) >= len(made):
            made = [one for one in made if not one.kept]
        self.let_go.difference_update(one.node.outputs[0] for one in late if one not in made)
        for one in made:
            self._compute_again(one)

    def _is_needed(self, group: Group) -> bool:
        """Whether anything is left of a group, without what is read late only and is computed there instead."""
        gone = [node for node in group.nodes if node not in self.graph.apply_nodes]
        if gone:
            group.nodes = [node for node in group.nodes if node in self.graph.apply_nodes]
            for node in gone:
                del group.axes[node.outputs[0]]
        return bool(group.nodes)

    # -- where values are read -------------------------------------------------------------------------------
    def _uses(self, variable: Variable) -> list[int]:
        """Where units read `variable`, or views of it."""
        found: list[int] = []
        todo = [variable]
        while todo:
            for client, _ in self.graph.clients[todo.pop()]:
                if not isinstance(client, Apply):
                    found.append(len(self.units))
                elif self.is_view[self.place[client]]:
                    todo.extend(client.outputs)
                else:
                    found.append(self.place[client])
        return found

    def _views(self, clients: Sequence[Apply]) -> list[int]:
        """The places of those of some applications that make views, and of views of these."""
        found: set[int] = set()
        todo = list(clients)
        while todo:
            client = todo.pop()
            if self.is_view[self.place[client]]:
                found.add(self.place[client])
                todo.extend(reader for out in client.outputs for reader in self.graph.readers(out))
        return sorted(found)

    def _read_late(self, node: Apply) -> _Late | None:
        """What reads the value of `node` after a long while, if it may be let go till then."""
        v, own = node.outputs[0], self.place[node]
        group = self.units[own]
        if not isinstance(group, Group) or v not in group.shown or not self._can_be_copied(node):
            return None
        if None in group.axes[v] or len(group.axes[v]) < len(group.domain):
            return None  # a value for each row takes little memory
        uses: dict[tuple[Apply, int], list[int]] = {}
        for client, at in self.graph.clients[v]:
            if not isinstance(client, Apply):
                return None
            view = self.is_view[self.place[client]]
            uses[client, at] = self._uses(client.outputs[0]) if view else [self.place[client]]
        times = sorted({own, *(i for places in uses.values() for i in places)})
        gaps = [(self.work[b] - self.work[a + 1], b) for a, b in pairwise(times)]
        gap, first = max(gaps, default=(0, 0))
        clients = [client for client, places in uses.items() if max(places, default=0) >= first]
        if gap <= _LONG or any(min(uses[client]) < first for client in clients):
            return None  # soon, or through a view that is read soon, too
        if first == len(self.units) or (group.reduced and len(clients) == len(uses)):
            return None  # to be returned, or a part of a kernel that sums
        return _Late(node, first, clients)

    # -- what they are made of -------------------------------------------------------------------------------
    def _can_be_made(self, late: _Late) -> bool:
        """Whether the value can be made again, for little work; find of what."""
        found: dict[Apply, None] = {}
        effort = 0
        todo = [late.node]
        while todo:
            one = todo.pop()
            if one in found:
                continue
            found[one] = None
            effort += cost_of(one)
            if effort > _MOST_EFFORT:
                return False
            for u in one.inputs:
                if self._is_there(u, late):
                    continue
                if u.owner is not None and self._can_be_copied(u.owner, like=late.node):
                    todo.append(u.owner)
                elif u.owner is not None and self._is_stored(u):
                    late.kept.add(u)
                else:
                    return False
        late.again = sorted(found, key=self.rank.__getitem__)
        return True

    def _is_stored(self, u: Variable) -> bool:
        """Whether `u` lies in memory, till it is read for the last time."""
        unit = u.owner and self.units[self.place[u.owner]]
        return u not in self.let_go and (not isinstance(unit, Group) or u in unit.shown)

    def _is_there(self, u: Variable, late: _Late) -> bool:
        """Whether `u` can be read late for little memory, measured by that of the value."""
        if u.owner is None:
            return isinstance(u, Constant) or self.written.get(u, late.at) >= late.at
        if guessed_size(u) < guessed_size(late.node.outputs[0]):
            return u not in self.let_go
        if not self._is_stored(u):
            return False
        last = max([self.kept_for.get(u, 0), *self._uses(u)])
        return self.work[late.at] - self.work[last] <= _SHORT

    def _can_be_copied(self, maker: Apply, like: Apply | None = None) -> bool:
        """Whether an application can stand in a kernel beside one like another."""
        return (
            isinstance(maker.op, Elemwise)
            and isinstance(self.units[self.place[maker]], Group)
            and maker.nout == 1
            and maker.outputs[0].type.ndim > 0
            and (like is None or maker.outputs[0].type.broadcastable == like.outputs[0].type.broadcastable)
        )

    # -- computing again -------------------------------------------------------------------------------------
    def _compute_again(self, late: _Late) -> None:
        """Let what reads a value late read that of a copy, made in the kernel that reads it or in one before."""
        made: dict[Variable, Variable] = {}
        copies = []
        for one in late.again:
            copy = one.clone_with_new_inputs([made.get(u, u) for u in one.inputs])
            copy.origin = one.origin
            copy.tag.story = (*getattr(one.tag, "story", ()), "recompute")
            made[one.outputs[0]] = copy.outputs[0]
            copies.append(copy)
            self.place[copy], self.rank[copy] = late.at, self.rank[one]
            for u in one.inputs:
                self.kept_for[u] = max(late.at, self.kept_for.get(u, 0))
        v = late.node.outputs[0]
        for client, at in late.clients:
            self.graph.change_input(client, at, made[v])
        own = self.units[self.place[late.node]]
        assert isinstance(own, Group)
        target = self._reader(v, late, len(copies))
        if target is None:
            domain = tuple(1 if axis is None else own.domain[axis] for axis in own.axes[v])
            target = Group(-1, domain)
            target.shown.add(made[v])
            views = self._views([client for client, _ in late.clients])
            self.moved.update(views)
            self.before.setdefault(late.at, []).extend((target, *(self.units[i] for i in views)))
        target.nodes[:0] = copies
        target.axes.update({copy.outputs[0]: tuple(range(len(target.domain))) for copy in copies})
        target.reads.update(u for copy in copies for u in copy.inputs)
        target.reads.difference_update((v, *target.axes))

    def _reader(self, v: Variable, late: _Late, count: int) -> Group | None:
        """The group that alone reads `v` late, if `count` more applications fit into it."""
        unit = self.units[late.at]
        if not isinstance(unit, Group) or unit.reduced or any(v.type.broadcastable):
            return None
        every = tuple(range(len(unit.domain)))
        for client, _ in late.clients:
            if self.place[client] != late.at:
                return None
            axes = unit.axes[client.outputs[0]] if isinstance(client.op, Elemwise) else every
            if axes != every or v.type.ndim != len(every):
                return None
        room = MOST_BUFFERS - len(unit.reads) - len(unit.shown) - 2 * count
        return unit if room > 0 and len(unit.nodes) + count <= MOST_NODES else None
