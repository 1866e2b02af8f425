"""A loop taken apart: what rules of loops change, and from which a new loop is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from croton.graph import walk
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.index import template as index
from croton.ops.index.subtensor import Subtensor
from croton.ops.inner import InnerGraph
from croton.ops.known import known_int
from croton.ops.scan.loop import Scan
from croton.ops.scan.steps import FirstRows, checked
from croton.rules.shapes import ShapeTable
from croton.util.record import record
from croton.vartypes.tensor import TensorType

# In all of these `inner` is a variable of the loop's graph, `outer` the input that it reads, `after` what a step makes
# of it, and `out` the output outside that others read: where it was made here, a variable that stands for it.


@record
class Sequence:
    """One element in each step."""

    inner: Variable
    outer: Variable


@record
class State:
    """Values of earlier steps, one for each of `taps`."""

    taps: tuple[int, ...]
    inner: list[Variable]
    outer: Variable
    after: Variable
    out: Variable

    @property
    def depth(self) -> int:
        """How many values it begins with."""
        return -min(self.taps)


@record
class Carried:
    """The value of the step before."""

    inner: Variable
    outer: Variable
    after: Variable
    out: Variable


@record
class Mapped:
    """What each step makes, stacked."""

    after: Variable
    out: Variable


class Draft:
    """The parts of a loop.

    `settled` maps outputs of the loop, or what reads them, to expressions that take their place; these may read the
    other outputs, under the names that they have here. `changed` tells whether there is anything to do.
    """

    def __init__(self, node: Apply, graph: FunctionGraph, shapes: ShapeTable) -> None:
        op: Any = node.op
        assert isinstance(op, Scan)
        self.node, self.op, self.graph, self.shapes = node, op, graph, shapes
        roles, inner, made = op.roles, op.graph.inputs, op.graph.outputs
        self.steps, *outer = node.inputs
        self.sequences = [Sequence(inner[i], outer[i]) for i in range(op.sequences)]
        self.states = [
            State(
                taps,
                [inner[i] for i in roles.tap_inputs(s)],
                outer[op.sequences + s],
                made[s],
                node.outputs[s],
            )
            for s, taps in enumerate(op.taps)
        ]
        self.carried = [
            Carried(inner[roles.carried_input(o)], outer[op.sequences + o], made[o], node.outputs[o])
            for o in range(roles.states, roles.states + op.carried)
        ]
        self.mapped = [Mapped(made[o], node.outputs[o]) for o in roles.mapped]
        self.others: dict[Variable, Variable] = dict(
            zip(inner[len(inner) - len(roles.others) :], outer[roles.others.start - 1 :], strict=True)
        )
        self.stop = list(made[roles.outer_outputs :])
        self.settled: dict[Variable, Variable] = {}
        self.changed = False
        # Expressions of outputs that others will read; and once it is applied, the loop.
        self.demanded: list[Variable] = []
        self.made: Apply | None = None
        self.drop_unread()

    def parts(self) -> list[State | Carried | Mapped]:
        """What has an output, in the order of the outputs."""
        return [*self.states, *self.carried, *self.mapped]

    # -- reading ---------------------------------------------------------------------------------------------
    def results(self) -> list[Variable]:
        """The outputs of the loop's graph."""
        return [*(part.after for part in self.parts()), *self.stop]

    def inputs(self) -> list[Variable]:
        """The inputs of the loop's graph."""
        return [
            *(s.inner for s in self.sequences), *(v for s in self.states for v in s.inner),
            *(c.inner for c in self.carried), *self.others,
        ]  # fmt: skip

    def nodes(self) -> list[Apply]:
        """The applications in a step, in order."""
        return walk.toposort(self.results(), self.inputs())

    def core(self) -> set[Variable]:
        """What later steps, and the end of the loop, depend on."""
        made = [*(s.after for s in self.states), *(c.after for c in self.carried), *self.stop]
        return set(walk.ancestors(made, self.inputs()))

    @property
    def known_steps(self) -> int | None:
        """How many steps there are, where that is known."""
        return None if self.stop else known_int(self.steps)

    @property
    def count(self) -> Variable:
        """How many steps there are, for what is computed without the loop; an error for less than 0."""
        return checked(self.steps)

    def rows(self, stacked: Variable) -> Variable:
        """The part of something with an axis of steps, or more, that the loop goes over; an error for less."""
        if _has_rows_of(stacked, self.steps) or self.shapes.is_length(
            self.shapes.lengths(stacked)[0], self.steps
        ):
            return stacked
        part: Variable = FirstRows()(stacked, self.count)
        return part

    def readers(self, out: Variable) -> list[tuple[Apply | str, int]]:
        """Who reads an output of the loop as it was."""
        return list(self.graph.clients.get(out, ()))

    def reached(self, expressions: Iterable[Variable]) -> set[Variable]:
        """What new expressions are made of, down to what is in the graph outside."""
        todo = list(expressions)
        found: set[Variable] = set()
        while todo:
            variable = todo.pop()
            if variable not in found:
                found.add(variable)
                if variable.owner is not None and variable not in self.graph.clients:
                    todo.extend(variable.owner.inputs)
        return found

    def depends(self, variable: Variable) -> bool:
        """Whether a variable outside is made of the loop's outputs."""
        return any(v.owner is self.node for v in walk.ancestors([variable]))

    def reads_of(self, inner: Variable) -> int:
        """How often a step reads a variable."""
        return sum(node.inputs.count(inner) for node in self.nodes()) + self.results().count(inner)

    def _read_by_settled(self) -> set[Variable]:
        """What those expressions read that are needed."""
        found: set[Variable] = set()
        for out, expression in self.settled.items():
            if out in found or self.readers(out):
                found |= self.reached([expression])
        return found

    def is_private(self, carried: Carried) -> bool:
        """Whether a carried value is read only to make that of the next step."""
        return self.reads_of(carried.inner) == 1 == self.reads_of(carried.after)

    # -- changing --------------------------------------------------------------------------------------------
    def substitute(self, replace: dict[Variable, Variable]) -> None:
        """Let a step read other variables in the place of some."""
        self.changed = True
        made, _ = walk.clone_graph(self.results(), {v: v for v in self.inputs()} | replace)
        values = iter(made)
        for part in self.parts():
            part.after = next(values)
        self.stop = list(values)

    def map(self, value: Variable) -> Variable:
        """The output that has the values of `value` in all steps; a new one where there is none."""
        for state in self.states:
            if state.after is value:
                rows: Variable = state.out[state.depth :]
                return rows
        for mapped in self.mapped:
            if mapped.after is value:
                return mapped.out
        kind: Any = value.type
        out: Variable = TensorType(kind.dtype, (None, *kind.shape))()
        self.mapped.append(Mapped(value, out))
        self.changed = True
        return out

    def settle(self, out: Variable, value: Variable) -> None:
        """Put an expression in the place of an output."""
        self.settled[out] = value
        self.changed = True

    def drop_unread(self) -> None:
        """Leave out what neither others nor later steps read."""
        before = len(self.inputs()) + len(self.results())
        wanted = {out for out in self.node.outputs if self.readers(out) and out not in self.settled}
        wanted |= self._read_by_settled() | self.reached(self.demanded)
        self.mapped = [m for m in self.mapped if m.out in wanted]
        while True:
            made = [part.after for part in self.parts() if part.out in wanted]
            needed = set(walk.ancestors([*made, *self.stop], self.inputs()))
            more = {s.out for s in self.states if any(v in needed for v in s.inner)}
            more |= {c.out for c in self.carried if c.inner in needed}
            if more <= wanted:
                break
            wanted |= more
        self.states = [s for s in self.states if s.out in wanted]
        self.carried = [c for c in self.carried if c.out in wanted]
        needed = set(walk.ancestors(self.results(), self.inputs()))
        self.sequences = [s for s in self.sequences if s.inner in needed]
        self.others = {v: outer for v, outer in self.others.items() if v in needed}
        self.changed = self.changed or before != len(self.inputs()) + len(self.results())

    # -- making it anew --------------------------------------------------------------------------------------
    def inner_graph(self) -> InnerGraph:
        """The graph of a step."""
        return InnerGraph(self.inputs(), self.results())

    def rewrite(self, change: Callable[[InnerGraph], InnerGraph]) -> None:
        """Let `change` make another graph of a step, of the same inputs and outputs."""
        graph = self.inner_graph()
        made = change(graph)
        fresh = dict(zip(graph.inputs, made.inputs, strict=True))
        for sequence in self.sequences:
            sequence.inner = fresh[sequence.inner]
        for state in self.states:
            state.inner = [fresh[v] for v in state.inner]
        for carried in self.carried:
            carried.inner = fresh[carried.inner]
        self.others = {fresh[v]: outer for v, outer in self.others.items()}
        values = iter(made.outputs)
        for part in self.parts():
            part.after = next(values)
        self.stop = list(values)
        self.changed = True

    def outputs(self) -> list[Variable]:
        """The outputs of the loop, in order, under the names that they have here."""
        return [part.out for part in self.parts()]

    def apply(self) -> dict[Variable, Variable]:
        """What takes the place of each output of the loop that it was made of."""
        self.drop_unread()
        made: dict[Variable, Variable] = {}
        if self.outputs():
            op = Scan(
                self.inner_graph(), len(self.sequences), [s.taps for s in self.states], len(self.carried),
                bool(self.stop), self.op.truncate, self.op.name,
            )  # fmt: skip
            values = op(
                self.steps, *(s.outer for s in self.sequences), *(s.outer for s in self.states),
                *(c.outer for c in self.carried), *self.others.values(), return_list=True,
            )  # fmt: skip
            made = dict(zip(self.outputs(), values, strict=True))
            self.made = values[0].owner
        needed = self._read_by_settled()
        # What was settled later may stand in what was settled before.
        for out, expression in reversed(self.settled.items()):
            if out in needed or self.readers(out):
                kept = {v: v for v in self.reached([expression]) if v in self.graph.clients}
                made[out] = walk.clone_graph([expression], kept | made, strict=False)[0][0]
        kept = {v: v for v in self.reached(self.demanded) if v in self.graph.clients}
        self.demanded, _ = walk.clone_graph(self.demanded, kept | made, strict=False)
        return {out: new for out, new in made.items() if self.readers(out)}


def stand_in(variable: Variable) -> Variable:
    """A variable of the same type and name."""
    made: Variable = variable.type(variable.name)
    return made


def moving(nodes: Iterable[Apply], start: Iterable[Variable]) -> set[Variable]:
    """All that depends on `start`."""
    found = set(start)
    for node in nodes:
        if any(v in found for v in node.inputs):
            found.update(node.outputs)
    return found


def _has_rows_of(stacked: Variable, steps: Variable) -> bool:
    """Whether `stacked` has a row for each of `steps`: it is made of a loop of as many, or cut to this length."""
    cut = 0
    while stacked.owner is not None and isinstance(stacked.owner.op, Subtensor):
        entries = entries_of(stacked.owner)
        if len(entries) != 1 or not isinstance(entries[0], slice):
            return False
        (start, stop, step) = index.parts(entries[0])
        if start is None and stop is steps and step is None and not cut:
            return True
        start, stop = start or 0, stop or 0
        if step not in (None, 1) and (step != -1 or start or stop):
            return False
        if not (isinstance(start, int) and isinstance(stop, int) and start >= 0 >= stop):
            return False
        cut += start - stop
        stacked = stacked.owner.inputs[0]
    node = stacked.owner
    if node is None or not isinstance(node.op, Scan) or node.op.until or node.inputs[0] is not steps:
        return False
    at, roles = stacked.index or 0, node.op.roles
    return cut == roles.depths[at] if at < roles.states else at in roles.mapped and not cut


def entries_of(node: Apply) -> list[Any]:
    """The index of a part: ints, slices, variables."""
    op: Any = node.op
    known = [int(v.data) if isinstance(v, Constant) else v for v in node.inputs[1:]]
    return index.join(op.idx_list, known)
