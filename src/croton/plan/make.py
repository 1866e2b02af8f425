"""From an optimised graph to a program.

The nodes are grouped (fuse.py), put in order, and lowered one unit after the other; each value gets its memory when it
is made and gives it back after it has been read for the last time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.elemwise import Elemwise
from croton.ops.reduce import CAReduce
from croton.plan import nest
from croton.plan import program as p
from croton.plan.builder import CODES, Array, Block, ProgramBuilder, Size, is_number, same_size
from croton.plan.fuse import Fusion, Group, is_native_elemwise
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the planner needs to know of the graph's use.

    arguments  how many of the graph's inputs come with a call; the others are cells
    updates    pairs (output number, cell number)
    borrow     for each returned output, whether it may share memory with an argument or a cell
    """

    arguments: int
    updates: tuple[tuple[int, int], ...] = ()
    borrow: tuple[bool, ...] = ()


def make_program(graph: FunctionGraph, around: Surroundings) -> p.Program:
    """The program of `graph`."""
    return Planner(graph, around).run()


def has_native_lowering(node: Apply) -> bool:
    """Whether `node` is compiled; if not, Python runs it."""
    if not callable(getattr(node.op, "lower", None)):  # to some operations `lower` is the half of a matrix
        return False
    accepts = getattr(node.op, "lowers", None)
    return accepts is None or bool(accepts(node))


class Planner:
    """One planning of one graph. It is also what the builder asks for memory."""

    def __init__(self, graph: FunctionGraph, around: Surroundings) -> None:
        self.graph = graph
        self.around = around
        nodes = graph.toposort()
        fusion = Fusion(nodes, ShapeTable(), graph.outputs)
        self.units = self._ordered(fusion.units(nodes))
        self.program = p.Program(
            inputs=graph.inputs[: around.arguments],
            cells=graph.inputs[around.arguments :],
            outputs=graph.outputs,
            nodes=nodes,
        )
        self.number_of = {node: i for i, node in enumerate(nodes)}
        self.b = ProgramBuilder(self.program, self)
        self.last_use = self._last_uses()
        self.dying: dict[int, list[Variable]] = {}
        for variable, at in self.last_use.items():
            self.dying.setdefault(at, []).append(variable)
        # What becomes an output where it lies, step by step: it is made in the memory of that output.
        self.becomes: dict[Variable, Variable] = {}
        # Where a value that is returned, or that Python reads or makes, has its ndarray.
        self.home: dict[Variable, p.Slot] = {}
        self.into_cell: dict[Variable, int] = {}
        self.position = 0
        self._choose_homes()

    # -- order -----------------------------------------------------------------------------------------------
    def _ordered(self, units: list[Group | Apply]) -> list[Group | Apply]:
        """Units that only make new values of cells come last, so that old values have been read by then."""
        updates = {self.graph.outputs[o] for o, _ in self.around.updates}
        last = {v for v in updates if not self.graph.readers(v)}
        last.update(v for new in last.copy() for v in self._earlier_states(new))
        late = [
            u
            for u in units
            if all(out in last for node in _nodes(u) for out in node.outputs if self.read_outside(out, u))
        ]
        chosen = set(map(id, late))
        return [u for u in units if id(u) not in chosen] + late

    def _earlier_states(self, variable: Variable) -> list[Variable]:
        """What `variable` was before the last applications that write over an input, latest first."""
        found: list[Variable] = []
        node = variable.owner
        while node is not None and (at := getattr(node.op, "writes_over", None)) is not None:
            v = node.inputs[at]
            alone = sum(u is v for u in node.inputs) == 1 and len(self.graph.clients[v]) == 1
            if v.owner is None or v.type != variable.type or not alone or not has_native_lowering(node):
                break
            found.append(v)
            node = v.owner
        return found

    def read_outside(self, variable: Variable, unit: Group | Apply) -> bool:
        """Whether anything outside `unit` reads `variable`."""
        inside = set(_nodes(unit))
        return any(client == "output" or client not in inside for client, _ in self.graph.clients[variable])

    def _last_uses(self) -> dict[Variable, int]:
        last: dict[Variable, int] = {}
        for at, unit in enumerate(self.units):
            for node in _nodes(unit):
                for variable in node.inputs:
                    last[variable] = at
        for variable in self.graph.outputs:
            last[variable] = len(self.units)
        return last

    # -- memory ----------------------------------------------------------------------------------------------
    def _choose_homes(self) -> None:
        for number, variable in enumerate(self.graph.outputs):
            if variable.owner is not None and variable not in self.home:
                self.home[variable] = p.Slot("output", number)
        for unit in self.units:
            if isinstance(unit, Apply) and not self._is_native(unit):
                for variable in (*unit.inputs, *unit.outputs):
                    if variable.owner is not None and variable not in self.home:
                        self.home[variable] = self._new_local()
        for number, variable in enumerate(self.graph.outputs):
            if self.home.get(variable) == p.Slot("output", number):
                self._choose_rooms(variable)
        for output, cell in self.around.updates:
            variable = self.graph.outputs[output]
            if self.home.get(variable) == p.Slot("output", output) and self._may_write_over(variable, cell):
                self.into_cell[variable] = cell

    def _choose_rooms(self, output: Variable) -> None:
        """Earlier states of an output are made where it will lie."""
        for variable in self._earlier_states(output):
            maker = variable.owner
            if variable in self.home or maker is None or not _makes_new_memory(maker):
                break
            self.becomes[variable] = output

    def _new_local(self) -> p.Slot:
        self.program.n_locals += 1
        return p.Slot("local", self.program.n_locals - 1)

    def _is_native(self, node: Apply) -> bool:
        if is_native_elemwise(node) and (node.outputs[0].type.ndim or _all_numbers(node)):
            return True
        return has_native_lowering(node)

    def _may_write_over(self, variable: Variable, cell: int) -> bool:
        """Whether nothing reads the cell's old value after its new one is written, or but element by element."""
        old = self.program.cells[cell]
        if (
            old.type != variable.type
            or self.graph.is_output(old)
            or sum(v is variable for v in self.graph.outputs) > 1
        ):
            return False
        first = next((v for v in reversed(self.becomes) if self.becomes[v] is variable), variable)
        maker = next((at for at, unit in enumerate(self.units) if first.owner in _nodes(unit)), None)
        if maker is None or not nest.reads_only_at_own_place(self.units[maker], old, first):
            return False
        seen = {old}
        views = [old]
        while views:
            v = views.pop()
            if self.last_use.get(v, -1) > maker or (v is not old and self.last_use.get(v, -1) == maker):
                return False
            for reader in self.graph.readers(v):
                if not _makes_new_memory(reader):
                    views.extend(set(reader.outputs) - seen)
                    seen.update(reader.outputs)
        return True

    def place(
        self, b: ProgramBuilder, variable: Variable, dtype: str, dims: tuple[Size, ...], into: Array | None
    ) -> Array:
        """Memory for `variable`; `into` is an array that could be written over when it dies here."""
        output = self.becomes.get(variable, variable)
        slot = self.home.get(output)
        if slot is not None and into is not None and into.block.slot == slot:
            return Array(dtype, into.data, dims, into.strides, into.block, True)
        if slot is not None:
            address = b.reg("ptr")
            args = (b.dtype_code(dtype), p.I32(len(dims)), b.i64s(dims))
            cell = self.into_cell.get(output)
            if cell is None:
                b.emit(p.Call("rt_output", (slot, *args), address))
            else:
                b.emit(p.Call("rt_output_into", (slot, p.Slot("cell", cell), *args), address))
            return Array(dtype, address, dims, b.strides(dtype, dims), Block(slot=slot, fixed=True), True)
        if not dims:
            return Array(dtype, b.local(dtype), (), (), Block(fixed=True), True)
        if into is not None and self.dies_here(into) and _fits(into, dtype, dims):
            return Array(dtype, into.data, dims, into.strides, into.block, True)
        return b.temporary(dtype, dims)

    def dies_here(self, array: Array) -> bool:
        """Whether the memory of `array` is the program's own and is read by nothing after the unit in hand."""
        block = array.block
        return (
            not block.fixed
            and block.address is not None
            and all(self.last_use[v] <= self.position for v in block.users)
        )

    def _release(self) -> None:
        """Give back the memory of all that was read for the last time by the unit in hand."""
        for variable in self.dying.get(self.position, ()):
            array = self.b.arrays.get(variable)
            if array is None or variable not in array.block.users:
                continue
            array.block.users.discard(variable)
            if not array.block.users and array.block.address is not None:
                self.b.emit(p.Call("rt_free", (array.block.address,)))

    # -- lowering --------------------------------------------------------------------------------------------
    def run(self) -> p.Program:
        """Lower all units, then see that every output lies in its slot."""
        self._bind_inputs()
        for position, unit in enumerate(self.units):
            self.position = position
            if isinstance(unit, Group):
                nest.lower_group(self.b, unit, self)
            else:
                self._lower_node(unit)
            self._release()
        self.position = len(self.units)
        for number, variable in enumerate(self.graph.outputs):
            self._deliver(number, variable)
        self.program.statements[:0] = self.b.prologue
        return self.program

    def _bind_inputs(self) -> None:
        slots = [p.Slot("input", i) for i in range(len(self.program.inputs))]
        slots += [p.Slot("cell", i) for i in range(len(self.program.cells))]
        for variable, slot in zip(self.graph.inputs, slots, strict=True):
            self._bind_slot(variable, slot)

    def _bind_slot(self, variable: Variable, slot: p.Slot) -> None:
        """Say that the value of `variable` is what a slot holds."""
        kind = variable.type
        b = self.b
        if not isinstance(kind, TensorType):
            self.home[variable] = slot
            return
        data = b.reg("ptr")
        b.emit(p.SlotData(data, slot))
        dims: list[Size] = []
        strides: list[Size] = []
        for axis, known in enumerate(kind.shape):
            dims.append(known if known is not None else b.slot_number(p.SlotDim, slot, axis))
            strides.append(0 if known == 1 else b.slot_number(p.SlotStride, slot, axis))
        b.arrays[variable] = Array(
            kind.dtype, data, tuple(dims), tuple(strides), Block(slot=slot, fixed=True), not dims
        )

    def _lower_node(self, node: Apply) -> None:
        self.b.node_number = self.number_of[node]
        if is_native_elemwise(node) and _all_numbers(node):
            nest.lower_numbers(self.b, node)
        elif has_native_lowering(node):
            node.op.lower(self.b, node.inputs, node.outputs)  # type: ignore[attr-defined]
        else:
            self._lower_python(node)

    def _lower_python(self, node: Apply) -> None:
        inputs = [self._boxed(v) for v in node.inputs]
        outputs = []
        for out in node.outputs:
            slot = self.home[out]
            kind = out.type
            is_tensor = isinstance(kind, TensorType)
            outputs.append((slot, kind.dtype if is_tensor else "object", kind.ndim if is_tensor else 0))
        self.b.emit(p.Call("rt_python", (p.I32(len(self.program.callbacks)),)))
        self.program.callbacks.append(p.Callback(node, self.number_of[node], inputs, outputs))
        for out in node.outputs:
            self._bind_slot(out, self.home[out])

    def _boxed(self, variable: Variable) -> p.Slot:
        """The slot with the ndarray (or other object) that is the value of `variable`."""
        if isinstance(variable, Constant):
            if not isinstance(variable.type, TensorType):
                self.program.constants.append(variable.data)
                return p.Slot("constant", len(self.program.constants) - 1)
            slot = self.b.array(variable).block.slot
            assert slot is not None
            return slot
        if not isinstance(variable.type, TensorType):
            return self.home[variable]
        array = self.b.array(variable)
        own = array.block.slot
        if own is not None and own == self.home.get(variable, own) and self._is_whole(variable, array):
            return own
        return self._box(variable, array)

    def _is_whole(self, variable: Variable, array: Array) -> bool:
        """Whether the slot of the array's memory holds just this array, not one that it is a view of."""
        return variable.owner is None or self.home.get(variable) == array.block.slot

    def _box(self, variable: Variable, array: Array) -> p.Slot:
        """An ndarray of what is a view, or a number in a register."""
        slot = self.home.get(variable) or self._new_local()
        address = self.b.reg("ptr")
        args = (self.b.dtype_code(array.dtype), p.I32(array.ndim), self.b.i64s(array.dims))
        self.b.emit(p.Call("rt_output", (slot, *args), address))
        strides = self.b.strides(array.dtype, array.dims)
        made = Array(array.dtype, address, array.dims, strides, Block(slot=slot, fixed=True), True)
        self.b.copy(made, array)
        self.home[variable] = slot
        self.b.arrays[variable] = made
        return slot

    def _deliver(self, number: int, variable: Variable) -> None:
        """See that output `number` lies in its slot, as memory of its own."""
        slot = p.Slot("output", number)
        if not isinstance(variable.type, TensorType):
            self.b.emit(p.Call("rt_alias", (slot, self._boxed(variable))))
            return
        array = self.b.array(variable)
        if array.block.slot == slot and self.home.get(variable) == slot and self._is_whole(variable, array):
            return
        borrowed = number < len(self.around.borrow) and self.around.borrow[number]
        if borrowed and array.block.slot is not None and self._is_whole(variable, array):
            self.b.emit(p.Call("rt_alias", (slot, array.block.slot)))
            return
        address = self.b.reg("ptr")
        self.b.emit(
            p.Call(
                "rt_output",
                (slot, p.I32(CODES[array.dtype]), p.I32(array.ndim), self.b.i64s(array.dims)),
                address,
            )
        )
        strides = self.b.strides(array.dtype, array.dims)
        self.b.copy(Array(array.dtype, address, array.dims, strides, Block(fixed=True), True), array)


def _fits(array: Array, dtype: str, dims: Sequence[Size]) -> bool:
    """Whether `array` is just as a new one of this data type and these lengths would be."""
    return (
        array.dtype == dtype
        and array.contiguous
        and len(dims) == array.ndim
        and all(map(same_size, array.dims, dims))
    )


def _all_numbers(node: Apply) -> bool:
    return all(is_number(v) for v in (*node.inputs, *node.outputs))


def _nodes(unit: Group | Apply) -> Sequence[Apply]:
    return unit.nodes if isinstance(unit, Group) else (unit,)


def _makes_new_memory(node: Apply) -> bool:
    """Whether no output of `node` can be a view of an input."""
    return isinstance(node.op, (Elemwise, CAReduce)) or bool(getattr(node.op, "makes_new_memory", False))
