"""How a group is computed: which buffers it reads and writes, and in how many visits of the reduced axes.

A *visit* goes over the reduced axes once, for one place on the kept axes. A full value belongs to the first visit in
which all it is made of is known; a row value is known after the visit whose reductions it needs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from croton.graph.node import Apply, Variable
from croton.loops.primitives import PRIMITIVES
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.place import Place
from croton.plan.fuse import Axes, Group
from croton.plan.reductions import gathered_dtypes, is_reduction
from croton.rewrite.pattern import scalar_value
from croton.util.record import field, record, replace

# Values that cost more than this, in additions, are kept for a later visit instead of being computed again.
KEEP_ABOVE = 12


@record(frozen=True)
class Source:
    """Something that a group reads: a variable, and which axis of the domain each of its axes is (None: length 1)."""

    variable: Variable
    axes: Axes
    is_place: bool = False  # nothing is read: the element is its own place

    def stands_on(self, axis: int) -> bool:
        """Whether it varies along an axis of the domain."""
        return axis in self.axes


@record
class Layout:
    """A group, analysed.

    form      E, RI, RO, or ALL for one whose reductions leave no axis
    vector    the axis of the domain that is the kernel's v axis
    sources   what it reads from memory, in order
    results   values that are read outside, in order
    visit     for a full value, the visit that makes it; for a row value, the first visit that may read it
    kept      full values that are stored in one visit and read back in a later one
    homes     of kept values that are no results, the results that take their place in the last visit
    packs     lanes may do several rows of few columns at once
    far       what lies where elements are never adjacent: the parts of complex arrays
    """

    group: Group
    form: str
    vector: int
    sources: list[Source] = field(default_factory=list)
    results: list[Variable] = field(default_factory=list)
    visit: dict[Variable, int] = field(default_factory=dict)
    kept: set[Variable] = field(default_factory=set)
    homes: dict[Variable, Variable] = field(default_factory=dict)
    visits: int = 1
    cost: int = 0
    is_spaced: bool = False
    packs: bool = False
    far: set[Variable] = field(default_factory=set)

    def is_full(self, variable: Variable) -> bool:
        """Whether a value of the group stands on all axes of the domain, rather than on a row's."""
        return len([a for a in self.group.axes[variable] if a is not None]) == len(self.group.domain)

    def is_read_back(self, result: Variable) -> bool:
        """Whether the memory of a result is read in a later visit than one that wrote there."""
        return result in self.kept or result in self.homes.values()

    def in_scratch(self) -> list[Variable]:
        """Kept values that lie in no result's memory."""
        return [v for v in self.kept if v not in self.results and v not in self.homes]

    def access(self, variable: Variable, axes: Axes) -> str:
        """How a kernel goes along its v axis over a variable that stands on these axes."""
        if self.vector not in axes:
            return "splat"
        if variable in self.far:
            return "spaced"
        return "spaced" if self.is_spaced and any(a in self.group.reduced for a in axes) else "unit"

    def spaced(self) -> Layout | None:
        """The same in form RO, which goes along the kept axes wherever the memory lies."""
        if self.form not in ("RI", "RO") or not self.group.kept or self.group.has_places:
            return None
        return replace(self, form="RO", vector=self.group.kept[-1], is_spaced=True)

    def along(self) -> Layout | None:
        """Of form RO, a form for few long columns. Where elements take much work it goes along the reduced axes, as to
        gather costs less than idle lanes. Where not, and values are gathered, lanes do several rows at once."""
        if self.form != "RO" or self.group.has_places:
            return None
        full = [node for node in self.group.nodes if not is_reduction(node) and self.is_full(node.outputs[0])]
        if sum(map(cost_of, full)) > KEEP_ABOVE:
            return replace(self, form="RI", vector=max(self.group.reduced), is_spaced=True)
        values = all(len(gathered_dtypes(node)) == 1 for node in self.group.nodes if is_reduction(node))
        once = self.visits == 1 and not any(map(self.is_full, self.results))
        return replace(self, packs=True) if values and once else None

    def turned(self) -> Layout | None:
        """Of form RI the same in form RO, and the other way round: for memory that lies along the other axis."""
        if self.group.has_places:
            return None
        if self.form == "RI" and self.group.kept:
            return replace(self, form="RO", vector=self.group.kept[-1])
        return replace(self, form="RI", vector=max(self.group.reduced)) if self.form == "RO" else None

    def outer(self, axes: Axes) -> bool:
        """Whether something on these axes varies along the kernel's o axis."""
        group = self.group
        return any(a is not None and a not in group.reduced and a != self.vector for a in axes)

    def inner(self, axes: Axes) -> bool:
        """Whether something on these axes varies along the kernel's r axis."""
        return any(a is not None and a in self.group.reduced and a != self.vector for a in axes)


def analyse(group: Group, read_outside: Callable[[Variable], bool]) -> Layout:
    """The layout of a group; `read_outside` says which of its values anything else reads."""
    last = len(group.domain) - 1
    if not group.reduced:
        layout = Layout(group, "E", last)
    elif not group.kept:
        layout = Layout(group, "ALL", last)
    elif last in group.reduced:
        layout = Layout(group, "RI", last)
    else:
        layout = Layout(group, "RO", group.kept[-1])
    seen: dict[Source, None] = {}
    for node in group.nodes:
        axes = group.axes[node.outputs[0]] if not is_reduction(node) else tuple(range(len(group.domain)))
        if isinstance(node.op, Place):
            seen[place_of(node)] = None
            _place(layout, node)
            layout.results.extend(out for out in node.outputs if read_outside(out))
            continue
        for variable in node.inputs:
            if variable not in group.axes and scalar_constant(variable) is None:
                seen[source_of(variable, axes, node)] = None
        _place(layout, node)
        layout.results.extend(out for out in node.outputs if read_outside(out))
    layout.sources = list(seen)
    layout.visits = 1 + max(
        (layout.visit[out] for out in layout.group.axes if layout.is_full(out)), default=0
    )
    for node in group.nodes:
        if is_reduction(node):
            layout.visits = max(layout.visits, layout.visit[node.outputs[0]])
        layout.cost += cost_of(node)
    _choose_kept(layout)
    _choose_homes(layout)
    return layout


def place_of(node: Apply) -> Source:
    """What the places that `node` gives come from."""
    return Source(node.outputs[0], tuple(range(node.outputs[0].type.ndim)), is_place=True)


def source_of(variable: Variable, axes: Axes, node: Apply) -> Source:
    """How `node`, whose output stands on `axes`, reads `variable` from memory."""
    pattern = variable.type.broadcastable
    if isinstance(node.op, DimShuffle):
        raise AssertionError("a DimShuffle in a group reads a value of the group")
    return Source(variable, tuple(None if one else axes[at] for at, one in enumerate(pattern)))


def scalar_constant(variable: Variable) -> np.ndarray | None:
    """The number a variable is known to be everywhere; it goes into the kernel's code."""
    number: np.ndarray | None = scalar_value(variable)
    return number


def _place(layout: Layout, node: Apply) -> None:
    visit = 0
    for variable in node.inputs:
        visit = max(visit, layout.visit.get(variable, 0))
    if is_reduction(node):
        visit += 1
    for out in node.outputs:
        layout.visit[out] = visit


def cost_of(node: Apply) -> int:
    """Work per element, in additions."""
    if isinstance(node.op, Elemwise):
        scalar_op = node.op.scalar_op
        known = PRIMITIVES.get(scalar_op.name or "")
        return known.cost if known else int(scalar_op.cost)
    return 1


def _choose_kept(layout: Layout) -> None:
    """Full values that a later visit reads are kept where computing them again would be dear."""
    effort: dict[Variable, int] = {}
    for node in layout.group.nodes:
        out = node.outputs[0]
        if is_reduction(node) or not layout.is_full(out):
            continue
        visit = layout.visit[out]
        total = cost_of(node)
        for variable in node.inputs:
            if variable not in effort:
                continue
            if layout.visit[variable] < visit and effort[variable] > KEEP_ABOVE:
                layout.kept.add(variable)
            else:
                total += effort[variable]
        for o in node.outputs:
            effort[o] = total


def _choose_homes(layout: Layout) -> None:
    """What is kept lies where a result of the last visit will, which is written after all that is read there."""
    free = [
        v
        for v in layout.results
        if layout.is_full(v) and layout.visit[v] == layout.visits - 1 and v not in layout.kept
    ]
    for node in layout.group.nodes:
        for v in node.outputs:
            home = next((r for r in free if r.type.dtype == v.type.dtype), None)
            if v in layout.kept and v not in layout.results and home is not None:
                layout.homes[v] = home
                free.remove(home)
