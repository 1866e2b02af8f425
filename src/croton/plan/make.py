"""From an optimised graph to a program: where its inputs come from, where its outputs and updates go."""

from __future__ import annotations

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Variable
from croton.plan import program as p
from croton.plan.builder import Array, ProgramBuilder
from croton.plan.checks import checked_before_writing
from croton.plan.fuse import Group, is_native_elemwise
from croton.plan.lower import Planner, applied_in_place, makes_new_memory
from croton.plan.numbers import Size
from croton.plan.order import Order, nodes_of
from croton.plan.recompute import Recomputation
from croton.util.record import record
from croton.vartypes.tensor import TensorType


@record(frozen=True)
class Surroundings:
    """What the planner needs to know of the graph's use.

    arguments  how many of the graph's inputs come with a call; the others are cells
    updates    pairs (output number, cell number)
    borrow     for each returned output, whether it may share memory with an argument or a cell
    fusion     whether nodes may share a loop
    inplace    whether what is read for the last time may be written over
    recompute  whether cheap values are computed again rather than kept for long
    """

    arguments: int
    updates: tuple[tuple[int, int], ...] = ()
    borrow: tuple[bool, ...] = ()
    fusion: bool = True
    inplace: bool = True
    recompute: bool = False


def make_program(graph: FunctionGraph, around: Surroundings) -> p.Program:
    """The program of `graph`."""
    return ProgramPlanner(graph, around).run()


class ProgramPlanner(Planner):
    """The planning of the graph of a function."""

    def __init__(self, graph: FunctionGraph, around: Surroundings) -> None:
        self.around = around
        self.program = p.Program(
            inputs=graph.inputs[: around.arguments],
            cells=graph.inputs[around.arguments :],
            outputs=graph.outputs,
        )
        super().__init__(graph, ProgramBuilder(self.program, self), around.fusion, around.inplace)
        self.into_cell: dict[Variable, int] = {}

    def run(self) -> p.Program:
        """Lower all units, then see that every output lies in its slot."""
        self._bind_inputs()
        self.lower_units()
        for number, variable in enumerate(self.graph.outputs):
            self._deliver(number, variable)
        self.program.statements[:] = checked_before_writing([*self.b.prologue, *self.program.statements])
        return self.program

    def ordered(self, units: list[Group | Apply]) -> list[Group | Apply]:
        """What only makes new values of cells comes when old values have been read; see order.py."""
        chains = self._new_states()
        states = {v for _, chain in chains for v in chain}
        late = [
            u
            for u in units
            if all(out in states for node in nodes_of(u) for out in node.outputs if self.read_outside(out, u))
        ]
        chosen = set(map(id, late))
        order = Order(
            [u for u in units if id(u) not in chosen] + late,
            self.graph,
            is_view=self._is_view,
            may_move=lambda u: isinstance(u, Group) or self.is_native(u),
            may_fail=self._may_fail,
        )
        for cell, chain in chains:
            order.write_over(cell, chain)
        return order.hastened()

    def computed_again(self, units: list[Group | Apply]) -> list[Group | Apply] | None:
        """The units with those that compute values again, where that is asked for."""
        if not self.around.recompute:
            return None
        updates = [(self.program.cells[c], self.graph.outputs[o]) for o, c in self.around.updates]
        return Recomputation(units, self.graph, self._is_view, updates).units_anew()

    def _may_fail(self, unit: Group | Apply) -> bool:
        """Whether a unit may end the program, but for lengths that do not fit."""
        if isinstance(unit, Group) or is_native_elemwise(unit) or self._is_view(unit):
            return False
        return not getattr(unit.op, "fails_by_lengths", False)

    def _is_view(self, unit: Group | Apply) -> bool:
        """Whether a unit only shows memory that there is."""
        return isinstance(unit, Apply) and self.is_native(unit) and not makes_new_memory(unit)

    def _new_states(self) -> list[tuple[Variable, list[Variable]]]:
        """Cells, each with what may be written over it: its new value, and what that was before."""
        found = []
        for output, cell in self.around.updates:
            new = self.graph.outputs[output]
            maker = new.owner and self.unit_of[new.owner]
            if maker is not None and all(self.unit_of[one] is maker for one in self.graph.readers(new)):
                found.append((self.program.cells[cell], [new, *self.earlier_states(new)]))
        return found

    def _bind_inputs(self) -> None:
        slots = [p.Slot("input", i) for i in range(len(self.program.inputs))]
        slots += [p.Slot("cell", i) for i in range(len(self.program.cells))]
        for variable, slot in zip(self.graph.inputs, slots, strict=True):
            self.bind_slot(variable, slot)

    # -- memory ----------------------------------------------------------------------------------------------
    def choose_homes(self) -> None:
        for number, variable in enumerate(self.graph.outputs):
            if variable.owner is not None and variable not in self.home:
                self.home[variable] = p.Slot("output", number)
        super().choose_homes()
        for number, variable in enumerate(self.graph.outputs):
            if self.home.get(variable) == p.Slot("output", number):
                self.choose_rooms(variable)
        for output, cell in self.around.updates:
            variable = self.graph.outputs[output]
            if self.home.get(variable) == p.Slot("output", output) and self.may_write_over(
                variable, self.program.cells[cell]
            ):
                self.into_cell[variable] = cell

    def place(
        self, b: ProgramBuilder, variable: Variable, dtype: str, dims: tuple[Size, ...], into: Array | None
    ) -> Array:
        output = self.becomes.get(variable, variable)
        slot = self.home.get(output)
        cell = self.into_cell.get(output)
        if slot is None or cell is None or (into is not None and into.block.slot == slot):
            return super().place(b, variable, dtype, dims, into)
        return b.in_slot(slot, dtype, dims, p.Slot("cell", cell))

    def as_run(self, node: Apply) -> Apply:
        """With an operation that works on the value of a cell itself, where that may be written over."""
        moved = hasattr(node.op, "in_place") and any(out in self.into_cell for out in node.outputs)
        return applied_in_place(node) if moved else node

    def _deliver(self, number: int, variable: Variable) -> None:
        """See that output `number` lies in its slot, as memory of its own."""
        slot = p.Slot("output", number)
        if not isinstance(variable.type, TensorType):
            self.b.emit(p.Call("rt_alias", (slot, self.boxed(variable))))
            return
        if variable in self.b.scalars and variable not in self.b.arrays:
            cell = self.into_cell.get(variable)
            into = None if cell is None else p.Slot("cell", cell)
            made = self.b.in_slot(slot, variable.type.dtype, (), into)
            self.b.store(made.data, self.b.scalar(variable), variable.type.dtype)
            return
        array = self.b.array(variable)
        if array.block.slot == slot and self.home.get(variable) == slot and self.is_whole(variable, array):
            return
        borrowed = number < len(self.around.borrow) and self.around.borrow[number]
        if borrowed and array.block.slot is not None and self.is_whole(variable, array):
            self.b.emit(p.Call("rt_alias", (slot, array.block.slot)))
            return
        self.b.copy(self.b.in_slot(slot, array.dtype, array.dims), array)
