"""Which nodes are computed together, in one visit of memory.

A group has a *domain*: the lengths of its axes. Every value in it stands on all axes of the domain (a full value) or on
those that its reductions keep (a row value); `axes` of a value says, for each of its own axes, which axis of the domain
it is, or None where it has length 1. All reductions of a group reduce the same axes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.place import Place
from croton.plan.needs import Needs
from croton.plan.reductions import gathered_dtypes, is_native_reduction, is_reduction
from croton.rules.shapes import Length, ShapeTable
from croton.util.record import field, record
from croton.vartypes.dtype import is_complex

Axes = tuple[int | None, ...]

# A kernel takes at most 64 buffers (runtime/abi.md). What is read on two sets of axes takes two: hence the slack.
MOST_BUFFERS = 56

# What LLVM needs for a kernel grows faster than the kernel: from some hundred nodes on, two kernels that hand values on
# in memory are ready sooner, and no slower, than one.
MOST_NODES = 256

# Where reductions leave no axis, the second kernel takes two buffers for each.
MOST_REDUCTIONS = 28


@record(eq=False)
class Group:
    """Nodes computed together."""

    index: int
    domain: tuple[Length, ...]
    reduced: frozenset[int] = frozenset()
    nodes: list[Apply] = field(default_factory=list)
    reads: set[Variable] = field(default_factory=set)
    shown: set[Variable] = field(default_factory=set)  # values that something outside reads
    axes: dict[Variable, Axes] = field(default_factory=dict)
    has_places: bool = False

    @property
    def kept(self) -> tuple[int, ...]:
        """The axes of the domain that reductions keep."""
        return tuple(a for a in range(len(self.domain)) if a not in self.reduced)


def is_native_elemwise(node: Apply) -> bool:
    """Whether `node` applies a scalar operation that has native code, on data types that have it, in one kernel."""
    if not isinstance(node.op, Elemwise) or node.op.scalar_op.lower is None:
        return False
    if node.outputs[0].type.ndim and len(node.inputs) + len(node.outputs) > MOST_BUFFERS:
        return False
    return not any(is_complex(v.type.dtype) for v in (*node.inputs, *node.outputs))


class Fusion:
    """Grows groups over the nodes of a graph, in order; with `apart` each node has a group of its own."""

    def __init__(
        self,
        nodes: Sequence[Apply],
        shapes: ShapeTable,
        outputs: Sequence[Variable] = (),
        apart: bool = False,
    ) -> None:
        self.shapes = shapes
        self.apart = apart
        self.kept_outputs = set(outputs)
        self.order = {node: i for i, node in enumerate(nodes)}
        # For each variable: the nodes that read it, and how many of them are outside of its group.
        self.clients: dict[Variable, list[Apply]] = {}
        for node in nodes:
            for variable in dict.fromkeys(node.inputs):
                self.clients.setdefault(variable, []).append(node)
        self.strangers = {variable: len(clients) for variable, clients in self.clients.items()}
        self.groups: dict[int, Group] = {}
        self.group_of: dict[Apply, int] = {}
        self.needs = Needs()  # of units: groups, or nodes by themselves
        self.readers: dict[Variable, list[Apply]] = {}
        for node in nodes:
            self._place(node)
        if not apart:
            self._sink(nodes)

    # -- placing a node --------------------------------------------------------------------------------------
    def _place(self, node: Apply) -> None:
        joined = None
        if is_native_elemwise(node) and node.outputs[0].type.ndim:
            joined = self._place_elemwise(node)
        elif is_native_reduction(node):
            joined = self._place_reduction(node)
        elif isinstance(node.op, DimShuffle) and not self.apart:
            joined = self._place_dimshuffle(node)
        elif isinstance(node.op, Place):
            joined = self._place_places(node)
        if joined is None:
            joined = self.needs.new()
            self.group_of[node] = joined
            self.needs.add(joined, self._read(node, joined))
        for variable in node.inputs:
            self.readers.setdefault(variable, []).append(node)

    def _unit_of(self, variable: Variable) -> int | None:
        return None if variable.owner is None else self.group_of.get(variable.owner)

    def _read(self, node: Apply, but: int) -> Iterator[int]:
        """The units, but one, whose values `node` reads."""
        for variable in node.inputs:
            unit = self._unit_of(variable)
            if unit is not None and unit != but:
                yield unit

    def _can_join(self, node: Apply, unit: int) -> bool:
        """Whether no other input of `node` needs `unit`, which would make a circle, and there is room for it."""
        group = self.groups[unit]
        if not self.needs.is_open(unit) or len(group.nodes) >= MOST_NODES:
            return False
        if len(group.reads) + len(group.shown) + len(node.inputs) + len(node.outputs) > MOST_BUFFERS:
            return False
        return not any(self.needs.holds(other, unit) for other in self._read(node, unit))

    def _join(self, node: Apply, group: Group) -> int:
        group.nodes.append(node)
        group.reads.update(v for v in node.inputs if v not in group.axes)
        group.shown.update(v for v in node.outputs if v in self.clients or v in self.kept_outputs)
        self._meet(group, node)
        self.group_of[node] = group.index
        self.needs.add(group.index, self._read(node, group.index))
        return group.index

    def _meet(self, group: Group, node: Apply) -> None:
        """What `node` reads of the group's values is read by one less from outside."""
        for variable in set(node.inputs):
            if variable in group.axes:
                self.strangers[variable] -= 1
                if not self.strangers[variable] and variable not in self.kept_outputs:
                    group.shown.discard(variable)

    def _candidates(self, node: Apply) -> Iterator[Group]:
        """Groups that make an input of `node`, latest first, then groups that read one."""
        if self.apart:
            return
        seen: set[int] = set()
        makers = [self._unit_of(v) for v in node.inputs]
        for unit in sorted((u for u in makers if u is not None), reverse=True):
            if unit in self.groups and unit not in seen:
                seen.add(unit)
                yield self.groups[unit]
        for variable in node.inputs:
            if isinstance(variable, Constant) or not variable.type.ndim:
                continue
            for reader in reversed(self.readers.get(variable, ())[-4:]):
                unit = self.group_of[reader]
                if unit in self.groups and unit not in seen:
                    seen.add(unit)
                    yield self.groups[unit]

    # -- elementwise -----------------------------------------------------------------------------------------
    def _place_elemwise(self, node: Apply) -> int:
        lengths = self.shapes.lengths(node.outputs[0])
        home: Group | None = None
        for group in self._candidates(node):
            axes = self._axes_in(node, group, lengths)
            if axes is None:
                continue
            if home is None:
                if not self._can_join(node, group.index):
                    continue
                home = group
                for out in node.outputs:
                    home.axes[out] = axes
                self._join(node, home)
            elif self._can_merge(home, group):
                home = self._merge(home, group)
        if home is None:
            home = self._new_group(lengths)
            for out in node.outputs:
                home.axes[out] = tuple(range(len(lengths)))
            self._join(node, home)
        return home.index

    def _new_group(self, lengths: tuple[Length, ...]) -> Group:
        group = Group(self.needs.new(), lengths)
        self.groups[group.index] = group
        return group

    def _axes_in(self, node: Apply, group: Group, lengths: tuple[Length, ...]) -> Axes | None:
        """The axes that the outputs of `node` would stand on in `group`; None where they would not fit."""
        found: list[int | None] = [None] * len(lengths)
        inside = False
        for variable in node.inputs:
            axes = group.axes.get(variable)
            if axes is None:
                continue
            inside = True
            for at, axis in enumerate(axes):
                if axis is None:
                    continue
                if found[at] is not None and found[at] != axis:
                    return None
                found[at] = axis
        if not inside:
            return tuple(range(len(lengths))) if self._same(lengths, group.domain) else None
        return self._completed(tuple(found), group, lengths)

    def _completed(self, found: Axes, group: Group, lengths: tuple[Length, ...]) -> Axes | None:
        """`found` with what other inputs add: all axes of the domain, or just those that are kept."""
        if len(lengths) == len(group.domain):
            full = all(axis is None or axis == at for at, axis in enumerate(found))
            if full and self._same(lengths, group.domain):
                return tuple(range(len(lengths)))
        stands_on = [axis for axis in found if axis is not None]
        if not group.reduced or tuple(stands_on) != group.kept or not stands_on:
            return None
        for length, axis in zip(lengths, found, strict=True):
            # What has length 1 on a kept axis may be stretched here: then it does not stand on that axis.
            if not self._same((length,), (1 if axis is None else group.domain[axis],)):
                return None
        return found

    def _same(self, a: Sequence[Length], b: Sequence[Length]) -> bool:
        if len(a) != len(b):
            return False
        canonical = self.shapes.canonical
        return all(
            x == y if isinstance(x, int) else x is y
            for x, y in zip(map(canonical, a), map(canonical, b), strict=True)
        )

    # -- reductions ------------------------------------------------------------------------------------------
    def _place_reduction(self, node: Apply) -> int:
        variable = node.inputs[0]
        lengths = self.shapes.lengths(variable)
        op: Any = node.op
        axis = op.axis
        reduced = frozenset(range(len(lengths)) if axis is None else axis)
        for group in self._candidates(node):
            axes = group.axes.get(variable)
            fits = (
                axes == tuple(range(len(group.domain)))
                if axes is not None
                else self._same(lengths, group.domain) and self._unit_of(variable) != group.index
            )
            if (
                fits
                and group.reduced in (frozenset(), reduced)
                and self._counts(group, reduced)
                and self._can_join(node, group.index)
                and self._has_room(group)
            ):
                home = group
                break
        else:
            home = self._new_group(lengths)
        home.reduced = reduced
        for out in node.outputs:
            home.axes[out] = home.kept[: out.type.ndim]
        return self._join(node, home)

    # -- places ----------------------------------------------------------------------------------------------
    def _place_places(self, node: Apply) -> int:
        home = self._new_group(self.shapes.lengths(node.outputs[0]))
        home.has_places = True
        home.axes[node.outputs[0]] = tuple(range(len(home.domain)))
        return self._join(node, home)

    def _counts(self, group: Group, reduced: frozenset[int]) -> bool:
        """Whether places can be told where these axes are reduced: if those, and the others, stand in a row."""
        last = len(group.domain)
        return (
            not group.has_places
            or not reduced
            or reduced == frozenset(range(len(reduced)))
            or reduced == frozenset(range(last - len(reduced), last))
        )

    # -- moving axes -----------------------------------------------------------------------------------------
    def _place_dimshuffle(self, node: Apply) -> int | None:
        """A row value whose axes only gain or lose ones of length 1 stays in its group."""
        variable = node.inputs[0]
        unit = self._unit_of(variable)
        group = self.groups.get(unit) if unit is not None else None
        if group is None or not group.reduced or not group.kept:
            return None
        op: Any = node.op
        axes = group.axes[variable]
        if tuple(a for a in axes if a is not None) != group.kept:
            return None
        moved: Axes = tuple(None if j == "x" else axes[j] for j in op.new_order)
        if tuple(a for a in moved if a is not None) != group.kept:
            return None
        group.axes[node.outputs[0]] = moved
        return self._join(node, group)

    # -- merging two groups ----------------------------------------------------------------------------------
    def _can_merge(self, a: Group, b: Group) -> bool:
        if a.index == b.index or not self._same(a.domain, b.domain):
            return False
        if not (self.needs.is_open(a.index) and self.needs.is_open(b.index)):
            return False
        if len(a.nodes) + len(b.nodes) > MOST_NODES:
            return False
        if len(a.reads | b.reads) + len(a.shown) + len(b.shown) > MOST_BUFFERS or not self._has_room(a, b):
            return False
        if a.reduced and b.reduced and a.reduced != b.reduced:
            return False
        if not (self._counts(a, b.reduced) and self._counts(b, a.reduced)):
            return False
        for first, second in ((a, b), (b, a)):
            if not self.needs.holds(second.index, first.index):
                continue
            if first.reduced and not first.kept:
                return False
            for variable in second.reads:
                between = self._unit_of(variable)
                if between is None or between == second.index:
                    continue
                if between != first.index and self.needs.holds(between, first.index):
                    return False
                if between == first.index and not self._aligned(variable, first, second):
                    return False
        return True

    def _has_room(self, *groups: Group) -> bool:
        """Whether a kernel can hold the reductions of all these groups, and one more."""
        nodes = [node for group in groups for node in group.nodes if is_reduction(node)]
        return sum(len(gathered_dtypes(node)) for node in nodes) < MOST_REDUCTIONS

    def _aligned(self, variable: Variable, first: Group, second: Group) -> bool:
        """Whether `second` reads a value of `first` on the very axes that it stands on there."""
        axes = first.axes[variable]
        for node in self.clients[variable]:
            if self.group_of.get(node) == second.index:
                places = (
                    tuple(range(len(second.domain))) if is_reduction(node) else second.axes[node.outputs[0]]
                )
                if len(places) != len(axes) or any(
                    axis is not None and axis != at for axis, at in zip(axes, places, strict=True)
                ):
                    return False
        return True

    def _merge(self, a: Group, b: Group) -> Group:
        """One group of two."""
        if len(a.nodes) < len(b.nodes):
            a, b = b, a
        for node in b.nodes:
            self._meet(a, node)
        for variable in b.axes:
            for node in self.clients.get(variable, ()):
                if self.group_of.get(node) == a.index:
                    self.strangers[variable] -= 1
        a.nodes = sorted((*a.nodes, *b.nodes), key=self.order.__getitem__)
        a.axes.update(b.axes)
        a.shown |= {v for v in b.shown if self.strangers.get(v) or v in self.kept_outputs}
        a.reads = {v for v in a.reads | b.reads if v not in a.axes}
        a.reduced = a.reduced or b.reduced
        a.has_places = a.has_places or b.has_places
        for node in b.nodes:
            self.group_of[node] = a.index
        self.needs.merge(a.index, b.index)
        del self.groups[b.index]
        return a

    # -- moving work to where it is read ---------------------------------------------------------------------
    def _sink(self, nodes: Sequence[Apply]) -> None:
        """What one other group alone reads is computed there, where all that it is made of lies in memory anyway."""
        outside: dict[Variable, set[int]] = {}
        for node in nodes:
            unit = self.group_of[node]
            for variable in node.inputs:
                if self._unit_of(variable) != unit:
                    outside.setdefault(variable, set()).add(unit)
        for node in reversed(nodes):
            unit = self.group_of[node]
            readers = outside.get(node.outputs[0], set())
            if (
                unit not in self.groups
                or len(node.outputs) != 1
                or len(readers) != 1
                or not isinstance(node.op, Elemwise)
            ):
                continue
            (target,) = readers
            if target in self.groups and self._same(self.groups[target].domain, self.groups[unit].domain):
                self._move(node, self.groups[unit], self.groups[target], outside)

    def _move(self, node: Apply, source: Group, target: Group, outside: dict[Variable, set[int]]) -> None:
        every = tuple(range(len(source.domain)))
        moving: dict[Apply, None] = {}
        todo = [node]
        while todo:
            n = todo.pop()
            v = n.outputs[0]
            if (
                not isinstance(n.op, Elemwise)
                or len(n.outputs) != 1
                or source.axes[v] != every
                or v in self.kept_outputs
            ):
                return
            if n is not node and outside.get(v):
                return
            if any(r not in moving and self.group_of[r] == source.index for r in self.clients[v]):
                return
            moving[n] = None
            for u in n.inputs:
                if (
                    u in source.axes
                    and not outside.get(u)
                    and u not in self.kept_outputs
                    and u.owner not in moving
                ):
                    todo.append(u.owner)  # type: ignore[arg-type]
        reads = target.reads | {u for n in moving for u in n.inputs}
        shown = source.shown | {u for n in moving for u in n.inputs if u in source.axes}
        if (
            len(moving) == len(source.nodes)
            or max(len(reads) + len(target.shown), len(source.reads) + len(shown)) > MOST_BUFFERS
        ):
            return
        source.nodes = [n for n in source.nodes if n not in moving]
        target.nodes = sorted((*moving, *target.nodes), key=self.order.__getitem__)
        for n in moving:
            self.group_of[n] = target.index
            target.axes[n.outputs[0]] = source.axes.pop(n.outputs[0])
            for u in n.inputs:
                if u in source.axes:
                    outside.setdefault(u, set()).add(target.index)
        source.shown = {v for v in shown if v in source.axes}
        target.reads = {u for u in reads if u not in target.axes}

    # -- the answer ------------------------------------------------------------------------------------------
    def units(self, nodes: Sequence[Apply]) -> list[Group | Apply]:
        """Groups, and nodes that stand alone, each after all that it needs."""
        members: dict[int, list[Apply]] = {}
        needs: dict[int, dict[int, None]] = {}
        for node in nodes:
            own = self.group_of[node]
            members.setdefault(own, []).append(node)
            direct = needs.setdefault(own, {})
            for variable in node.inputs:
                unit = self._unit_of(variable)
                if unit is not None and unit != own:
                    direct[unit] = None
        done: set[int] = set()
        order: list[Group | Apply] = []
        for start in members:
            stack = [start]
            while stack:
                own = stack[-1]
                missing = [u for u in needs[own] if u not in done]
                if own not in done and missing:
                    stack.extend(missing)
                    continue
                stack.pop()
                if own not in done:
                    done.add(own)
                    order.append(self.groups[own] if own in self.groups else members[own][0])
        return order
