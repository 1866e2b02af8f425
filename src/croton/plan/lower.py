"""Lowering a graph into a program that is being written.

The nodes are grouped (fuse.py), put in order, and lowered one unit after the other; each value gets its memory when it
is made and gives it back after it has been read for the last time.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.elemwise import Elemwise
from croton.ops.index.subtensor import Subtensor
from croton.ops.inner import InnerGraph
from croton.ops.reduce import CAReduce
from croton.plan import nest
from croton.plan import program as p
from croton.plan.builder import Array, Block, Given, Place, ProgramBuilder, is_number
from croton.plan.expand import expand
from croton.plan.fuse import Fusion, Group, is_native_elemwise
from croton.plan.numbers import Size, same_size
from croton.plan.order import nodes_of
from croton.rules.loops.draft import entries_of
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType


def has_native_lowering(node: Apply) -> bool:
    """Whether `node` is compiled; if not, Python runs it."""
    if not callable(getattr(node.op, "lower", None)):  # to some operations `lower` is the half of a matrix
        return False
    accepts = getattr(node.op, "lowers", None)
    return accepts is None or bool(accepts(node))


class Planner:
    """One planning of one graph. It is also what the builder asks for memory.

    fusion, inplace  whether nodes may share a loop, and whether what is read for the last time may be written over
    """

    def __init__(
        self, graph: FunctionGraph, b: ProgramBuilder, fusion: bool = True, inplace: bool = True
    ) -> None:
        self.graph = graph
        self.b = b
        self.fusion = fusion
        self.inplace = inplace
        nodes = graph.toposort()
        units = Fusion(nodes, ShapeTable(), graph.outputs, apart=not fusion).units(nodes)
        self.unit_of = {node: unit for unit in units for node in nodes_of(unit)}
        self.units = self.ordered(units)
        if (again := self.computed_again(self.units)) is not None:
            self.units, nodes = again, graph.toposort()
            self.unit_of = {node: unit for unit in again for node in nodes_of(unit)}
        self.place_of = {node: at for at, unit in enumerate(self.units) for node in nodes_of(unit)}
        self.times_output = Counter(graph.outputs)
        self.number_of = {node: len(b.program.nodes) + i for i, node in enumerate(nodes)}
        b.program.nodes.extend(nodes)
        self.last_use = self._last_uses()
        self.dying: dict[int, list[Variable]] = {}
        for variable, at in self.last_use.items():
            self.dying.setdefault(at, []).append(variable)
        # What becomes an output where it lies, step by step: it is made in the memory of that output.
        self.becomes: dict[Variable, Variable] = {}
        self.begun: dict[Variable, Variable] = {}  # the first state of each such output
        # Where a value that is returned, or that Python reads or makes, has its ndarray.
        self.home: dict[Variable, p.Slot] = {}
        self.position = 0

    # -- order -----------------------------------------------------------------------------------------------
    def ordered(self, units: list[Group | Apply]) -> list[Group | Apply]:
        """The units in the order in which they are lowered."""
        return units

    def computed_again(self, units: list[Group | Apply]) -> list[Group | Apply] | None:
        """The units with those that compute values again, which are then in the graph; None where nothing changes."""
        return None

    def read_outside(self, variable: Variable, unit: Group | Apply) -> bool:
        """Whether anything outside `unit` reads `variable`."""
        clients = self.graph.clients[variable]
        return any(not isinstance(c, Apply) or self.unit_of[c] is not unit for c, _ in clients)

    def earlier_states(self, variable: Variable) -> list[Variable]:
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

    def _last_uses(self) -> dict[Variable, int]:
        last: dict[Variable, int] = {}
        for at, unit in enumerate(self.units):
            for node in nodes_of(unit):
                for variable in node.inputs:
                    last[variable] = at
        for variable in self.graph.outputs:
            last[variable] = len(self.units)
        return last

    # -- memory ----------------------------------------------------------------------------------------------
    def choose_homes(self) -> None:
        """Slots for what Python reads and makes, and for what is no tensor."""
        for unit in self.units:
            if not isinstance(unit, Apply):
                continue
            boxed = (*unit.inputs, *unit.outputs)
            if self.is_native(unit):
                boxed = tuple(v for v in unit.outputs if not isinstance(v.type, TensorType))
            for variable in boxed:
                if variable.owner is not None and variable not in self.home:
                    self.home[variable] = self.b.new_slot()

    def choose_rooms(self, output: Variable) -> None:
        """Earlier states of an output are made where it will lie."""
        for variable in self.earlier_states(output):
            maker = variable.owner
            if variable in self.home or maker is None or not makes_new_memory(maker):
                break
            self.becomes[variable] = output
            self.begun[output] = variable

    def is_native(self, node: Apply) -> bool:
        """Whether no Python runs `node`."""
        if is_native_elemwise(node) and (node.outputs[0].type.ndim or _all_numbers(node)):
            return True
        return has_native_lowering(node)

    def may_write_over(self, variable: Variable, old: Variable) -> bool:
        """Whether nothing reads `old` after `variable` is written, or but element by element."""
        if (
            not self.inplace
            or old.type != variable.type
            or self.graph.is_output(old)
            or self.times_output[variable] > 1
        ):
            return False
        first = self.begun.get(variable, variable)
        maker = None if first.owner is None else self.place_of.get(first.owner)
        if maker is None or not nest.reads_only_at_own_place(self.units[maker], old, first):
            return False
        seen = {old}
        views = [old]
        while views:
            v = views.pop()
            if self.last_use.get(v, -1) > maker or (v is not old and self.last_use.get(v, -1) == maker):
                return False
            for reader in self.graph.readers(v):
                if not makes_new_memory(reader):
                    views.extend(set(reader.outputs) - seen)
                    seen.update(reader.outputs)
        return True

    def place(
        self, b: ProgramBuilder, variable: Variable, dtype: str, dims: tuple[Size, ...], into: Array | None
    ) -> Array:
        """Memory for `variable`; `into` is an array that could be written over when it dies here."""
        slot = self.home.get(self.becomes.get(variable, variable))
        if slot is not None and into is not None and into.block.slot == slot:
            return Array(dtype, into.data, dims, into.strides, into.block, True)
        if slot is not None:
            return b.in_slot(slot, dtype, dims)
        if not dims:
            return Array(dtype, b.local(dtype), (), (), Block(fixed=True), True)
        if self.inplace and into is not None and self.dies_here(into) and _fits(into, dtype, dims):
            return Array(dtype, into.data, dims, into.strides, into.block, True)
        return b.temporary(dtype, dims)

    def is_read_from_the_end(self, variable: Variable) -> bool:
        """Whether all that reads `variable` reads its rows the last first, so that they may be stored so."""
        return all(
            isinstance(c, Apply) and isinstance(c.op, Subtensor) and entries_of(c) == [slice(None, None, -1)]
            for c, _ in self.graph.clients[variable]
        )

    def dies_here(self, array: Array) -> bool:
        """Whether the memory of `array` is the program's own and is read by nothing after the unit in hand."""
        block = array.block
        return (
            not block.fixed
            and block.address is not None
            and all(self.last_use.get(v, len(self.units)) <= self.position for v in block.users)
        )

    def _release(self) -> None:
        """Give back the memory of all that was read for the last time by the unit in hand."""
        for variable in self.dying.get(self.position, ()):
            array = self.b.arrays.get(variable)
            if array is None or variable not in array.block.users:
                continue
            array.block.users.discard(variable)
            if not array.block.users and array.block.address is not None and self.is_own(variable):
                self.b.give_back(array.block)

    def is_own(self, variable: Variable) -> bool:
        """Whether the memory of `variable` goes when nothing in the graph reads it any more."""
        return True

    # -- lowering --------------------------------------------------------------------------------------------
    def lower_units(self) -> None:
        """Lower one unit after the other."""
        self.choose_homes()
        for position, unit in enumerate(self.units):
            self.position = position
            if isinstance(unit, Group):
                nest.lower_group(self.b, unit, self)
            else:
                self._lower_node(unit)
            self._release()
        self.position = len(self.units)

    def bind_slot(self, variable: Variable, slot: p.Slot) -> None:
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
        inputs = [self.boxed(v) for v in node.inputs]
        outputs = []
        for out in node.outputs:
            slot = self.home[out]
            kind = out.type
            is_tensor = isinstance(kind, TensorType)
            outputs.append((slot, kind.dtype if is_tensor else "object", kind.ndim if is_tensor else 0))
        callbacks = self.b.program.callbacks
        self.b.emit(p.Call("rt_python", (p.I32(len(callbacks)),)))
        callbacks.append(p.Callback(self.as_run(node), self.number_of[node], inputs, outputs))
        for out in node.outputs:
            self.bind_slot(out, self.home[out])

    def as_run(self, node: Apply) -> Apply:
        """The application that Python runs for `node`."""
        return node

    def boxed(self, variable: Variable) -> p.Slot:
        """The slot with the ndarray (or other object) that is the value of `variable`."""
        if isinstance(variable, Constant):
            if not isinstance(variable.type, TensorType):
                constants = self.b.program.constants
                constants.append(variable.data)
                return p.Slot("constant", len(constants) - 1)
            slot = self.b.array(variable).block.slot
            assert slot is not None
            return slot
        if not isinstance(variable.type, TensorType):
            return self.home[variable]
        array = self.b.array(variable)
        own = array.block.slot
        if own is not None and own == self.home.get(variable, own) and self.is_whole(variable, array):
            return own
        return self._box(variable, array)

    def is_whole(self, variable: Variable, array: Array) -> bool:
        """Whether the slot of the array's memory holds just this array, not one that it is a view of."""
        return variable.owner is None or self.home.get(variable) == array.block.slot

    def _box(self, variable: Variable, array: Array) -> p.Slot:
        """An ndarray of what is a view, or a number in a register."""
        slot = self.home.get(variable) or self.b.new_slot()
        made = self.b.in_slot(slot, array.dtype, array.dims)
        self.b.copy(made, array)
        self.home[variable] = slot
        self.b.arrays[variable] = made
        return slot

    # -- graphs that operations hold -------------------------------------------------------------------------
    def given(self, variable: Variable) -> Given:
        """The value of `variable`, for a graph that an operation holds."""
        if is_number(variable):
            return self.b.scalar(variable)  # type: ignore[no-any-return]
        if not isinstance(variable.type, TensorType):
            return self.boxed(variable)
        array = self.b.array(variable)
        slot = array.block.slot
        if slot is not None and not isinstance(variable, Constant) and not self.is_whole(variable, array):
            slot = None
        block = Block(slot=slot, fixed=True)
        still = len(self.b.levels) - 1 if array.still is None else array.still
        return Array(array.dtype, array.data, array.dims, array.strides, block, array.contiguous, still)

    def inner(self, graph: InnerGraph) -> InnerPlanner:
        """What lowers a graph that an operation holds."""
        return InnerPlanner(graph, self.b, self.fusion, self.inplace)


def applied_in_place(node: Apply) -> Apply:
    """The same application, by the operation that changes the object it reads."""
    made = copy.copy(node)
    made.op = node.op.in_place()  # type: ignore[attr-defined]
    return made


class InnerPlanner(Planner):
    """The planning of a graph that an operation holds: part of the program of the graph around it."""

    def __init__(self, inner: InnerGraph, b: ProgramBuilder, fusion: bool, inplace: bool) -> None:
        graph, _ = FunctionGraph.copy_of(inner.inputs, inner.outputs)
        expand(graph)
        first = len(b.program.nodes)
        super().__init__(graph, b, fusion, inplace)
        b.program.held.append(p.Held(b.node_number, graph, first, len(b.program.nodes)))
        for variable in graph.outputs:
            self.choose_rooms(variable)
        self.places: dict[Variable, Place] = {}
        self.placed: dict[Variable, Array] = {}
        # Objects that are made of those before them, which nothing else reads.
        self.moved_on: set[Variable] = set()

    def writes_over(self, output: int, given: int) -> bool:
        """Whether an output may be made where an input lies."""
        return self.may_write_over(self.graph.outputs[output], self.graph.inputs[given])

    def moves_on(self, output: int, given: int) -> bool:
        """Let an output be made of the object itself that is an input; False where others read that."""
        variable = self.graph.outputs[output]
        if not self.writes_over(output, given) or not hasattr(
            variable.owner and variable.owner.op, "in_place"
        ):
            return False
        self.moved_on.add(variable)
        return True

    def as_run(self, node: Apply) -> Apply:
        return applied_in_place(node) if any(out in self.moved_on for out in node.outputs) else node

    def run(self, values: Sequence[Given], places: Sequence[Place | None]) -> list[Given]:
        """Lower the graph on `values`: what its outputs are.

        They are written where their places say; one without a place stays where it happens to lie.
        """
        number = self.b.node_number
        with self.b.placing(self):
            for variable, value in zip(self.graph.inputs, values, strict=True):
                self._bind(variable, value)
            for variable, place in zip(self.graph.outputs, places, strict=True):
                if place is not None and variable.owner is not None:
                    self.places.setdefault(variable, place)
            self.lower_units()
            pairs = zip(self.graph.outputs, places, strict=True)
            made = [self._delivered(variable, place) for variable, place in pairs]
            self._release()
        self.b.node_number = number
        return made

    def _bind(self, variable: Variable, value: Given) -> None:
        if isinstance(value, p.Slot):
            self.home[variable] = value
        elif isinstance(value, Array):
            self.b.arrays[variable] = value
        else:
            self.b.scalars[variable] = value

    def place(
        self, b: ProgramBuilder, variable: Variable, dtype: str, dims: tuple[Size, ...], into: Array | None
    ) -> Array:
        output = self.becomes.get(variable, variable)
        place = self.places.get(output)
        if place is None or output in self.home:
            return super().place(b, variable, dtype, dims, into)
        lies = self.placed.get(output)
        if lies is None or into is None or into.data is not lies.data:
            lies = place(dtype, dims)
        if lies is None:
            return super().place(b, variable, dtype, dims, into)
        self.placed[output] = lies
        return lies

    def is_own(self, variable: Variable) -> bool:
        return self.becomes.get(variable, variable) not in self.placed

    def _delivered(self, variable: Variable, place: Place | None) -> Given:
        """An output: a number, the slot of an object, or an array, copied where it does not lie in its place yet."""
        if is_number(variable):
            number = self.b.scalar(variable)
            if place is not None:
                dtype = variable.type.dtype
                self.b.store(_taken(place, dtype, ()).data, number, dtype)
            return number  # type: ignore[no-any-return]
        if not isinstance(variable.type, TensorType):
            return self.boxed(variable)
        array = self.b.array(variable)
        # Branches and loops may have asked the place more than once: where it lies is what they bound in the end.
        if place is None or (variable in self.placed and place is self.places[variable]):
            return array
        target = _taken(place, array.dtype, array.dims)
        self.b.copy(target, array)
        return target


def _taken(place: Place, dtype: str, dims: tuple[Size, ...]) -> Array:
    """The memory of a place, where it has to give it: when the whole graph has been lowered."""
    array = place(dtype, dims)
    assert array is not None
    return array


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


def makes_new_memory(node: Apply) -> bool:
    """Whether no output of `node` can be a view of an input."""
    return isinstance(node.op, (Elemwise, CAReduce)) or bool(getattr(node.op, "makes_new_memory", False))
