"""Groups as nest kernels, and 0-d elementwise nodes as numbers in registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.loops.build import Builder
from croton.loops.ir import Buffer
from croton.ops.elemwise import Elemwise
from croton.ops.parts import OfParts, place_parts
from croton.ops.place import Place
from croton.ops.reduce import CAReduce
from croton.plan import program as p
from croton.plan.body import Body, nest_kernel, scalar_code, source_buffer
from croton.plan.builder import Array, ProgramBuilder, is_number
from croton.plan.fuse import Group, is_native_elemwise
from croton.plan.numbers import Size
from croton.plan.reductions import (
    gathered_dtypes,
    has_identity,
    is_reduction,
    new_accumulator,
    results,
)
from croton.plan.stages import Layout, Source, analyse, source_of
from croton.util.failures import BAD_VALUE, EMPTY

# Picoseconds of a plain addition of float64, by which work is estimated.
_ADD = 300


class Planning(Protocol):
    """What lowering asks of the planner. `number_of` numbers the nodes of `graph`, for errors."""

    number_of: dict[Apply, int]
    graph: FunctionGraph

    def read_outside(self, variable: Variable, unit: Group) -> bool:
        """Whether anything outside `unit` reads `variable`."""

    def dies_here(self, array: Array) -> bool:
        """Whether the memory of `array` is read by nothing after the unit in hand."""


# -- numbers -------------------------------------------------------------------------------------------------
def lower_numbers(b: ProgramBuilder, node: Apply) -> None:
    """A 0-d elementwise node, computed in registers."""
    values = [b.scalar(v) for v in node.inputs]
    for out, value in zip(node.outputs, scalar_code(b, node, values), strict=True):
        b.bind(out, value)


# -- groups --------------------------------------------------------------------------------------------------
def lower_group(b: ProgramBuilder, group: Group, planning: Planning) -> None:
    """A group as one kernel (a pair, where no axis is kept), and the call of it."""
    layout = analyse(group, lambda v: planning.read_outside(v, group))
    domain = _domain(b, layout, planning)
    if layout.form == "ALL":
        _AllReduced(b, layout, domain).run()
    else:
        _Nest(b, layout, domain, planning).run()


def _domain(b: ProgramBuilder, layout: Layout, planning: Planning) -> list[Size]:
    """The lengths of the axes, taken from what is read; where two that meet in a node differ, the program ends."""
    group = layout.group
    every = tuple(range(len(group.domain)))
    lengths: list[Size | None] = [None] * len(group.domain)
    met: dict[Variable, dict[int, Size]] = {}
    # Asked last, so that where two lengths differ, the node in which they meet is the one that says so.
    elsewhere: list[tuple[int, Size, Size, int, int]] = []
    for node in group.nodes:
        b.node_number = planning.number_of[node]
        seen: dict[int, tuple[Size, int, int]] = {}
        axes = every if is_reduction(node) else group.axes[node.outputs[0]]
        if isinstance(node.op, Place):
            given = _lengths_of_places(b, node)
            lengths = [mine if mine is not None else given[axis] for axis, mine in enumerate(lengths)]
            met[node.outputs[0]] = given
            b.inner_dims[node.outputs[0]] = tuple(given.values())
            continue
        for i, variable in enumerate(node.inputs):
            if variable in met:
                found = [
                    (axis, size, at)
                    for at, axis in enumerate(group.axes[variable])
                    if axis is not None and (size := met[variable].get(axis)) is not None
                ]
            else:
                dims = variable.data.shape if isinstance(variable, Constant) else b.dims(variable)
                found = [
                    (axis, dims[at], at)
                    for at, axis in enumerate(source_of(variable, axes, node).axes)
                    if axis is not None
                ]
            for axis, size, at in found:
                known, j, at_known = seen.setdefault(axis, (size, i, at))
                b.require_equal(known, size, j, at_known, i, at)
        for axis, (size, i, at) in seen.items():
            common = lengths[axis]
            if common is None:
                lengths[axis] = size
            else:  # equal by what the group was made from; a node of another unit may check that later only
                elsewhere.append((b.node_number, common, size, i, at))
        for out in node.outputs:
            met[out] = {axis: size for axis, (size, _, _) in seen.items()}
            b.inner_dims[out] = tuple(
                1 if axis is None else met[out].get(axis, 1) for axis in group.axes[out]
            )
    for b.node_number, common, size, i, at in elsewhere:
        b.require_equal(common, size, i, at, i, at)
    domain = [d if d is not None else _static(group.domain[a]) for a, d in enumerate(lengths)]
    for node in group.nodes:
        if is_reduction(node) and not has_identity(node):
            b.node_number = planning.number_of[node]
            _require_something(b, domain, group)
    return domain


def _lengths_of_places(b: ProgramBuilder, node: Apply) -> dict[int, Size]:
    """The lengths that a Place is given; a negative one ends the program."""
    found: dict[int, Size] = {}
    for axis, variable in enumerate(node.inputs):
        size = b.scalar(variable)
        found[axis] = size if isinstance(size, int) else b.cast(size, "int64")
        b.fail_if(b.lt(found[axis], 0), BAD_VALUE, axis, found[axis])
    return found


def _require_something(b: ProgramBuilder, domain: Sequence[Size], group: Group) -> None:
    """End the program where a reduction without identity has nothing to make a result of."""
    taken = b.product([domain[a] for a in sorted(group.reduced)])
    if isinstance(taken, int) and taken:
        return
    b.fail_if(b.eq(taken, 0), EMPTY)


def _static(length: Any) -> int:
    if not isinstance(length, int):
        raise AssertionError("an axis that nothing read stands on has a length that is not known")
    return length


class _Nest:
    """A group that keeps some axes: forms E, RI and RO."""

    def __init__(self, b: ProgramBuilder, layout: Layout, domain: list[Size], planning: Planning) -> None:
        self.b = b
        self.layout = layout
        self.domain = domain
        self.planning = planning

    def run(self) -> None:
        """Build the kernel, enter it, call it."""
        b, layout = self.b, self.layout
        places = [_where(b, source, self.domain) for source in layout.sources]
        places += [
            (array.data, _row(array, layout.group.axes[v], len(self.domain))) for v, array in self._results()
        ]
        _note_far(b, layout)
        first = self._described(layout, b.kernel(nest_kernel(layout), title_of(layout), layout.group.nodes))
        args: tuple[p.Argument, ...] = (
            p.Ptrs(tuple(at for at, _ in places)), b.i64s(self.domain), b.i64s([s for _, row in places for s in row]),
        )  # fmt: skip
        turned = layout.turned() if self._may_be_turned() else None
        may_space = self._may_have_short_rows() and (layout.form == "RI" or turned is not None)
        spaced = layout.spaced() if may_space else None
        along = layout.along() if self._may_have_few_columns() else None
        if spaced is None and turned is None and along is None:
            b.emit(p.Call("rt_nest", (first, *args)))
            return
        others = (
            self._later(spaced, "of short rows"),
            self._later(turned, "of turned arrays"),
            self._later(along, "of few columns"),
        )
        b.emit(p.Call("rt_nest_either", (first, *others, *args)))

    def _later(self, layout: Layout | None, when: str) -> p.Argument:
        """Another form of the kernel, for when it is needed."""
        if layout is None:
            return p.Null()
        title = f"{title_of(layout)} ({when})"
        number = self.b.kernel_later(lambda: nest_kernel(layout), title, layout.group.nodes)
        return self._described(layout, number)

    def _may_be_turned(self) -> bool:
        """Whether something may lie along another axis in memory than its last: it came with the call, or is a view."""
        arrays = self.b.arrays
        return any(
            sum(axis is not None for axis in source.axes) > 1
            and source.variable in arrays
            and not arrays[source.variable].contiguous
            for source in self.layout.sources
        )

    def _may_have_short_rows(self) -> bool:
        """As far as lengths are known; see has_short_rows in runtime/launch.c."""
        points, rows = 1, 1
        for axis, d in enumerate(self.domain):
            if isinstance(d, int) and axis in self.layout.group.reduced:
                points *= d
            elif isinstance(d, int):
                rows *= d
        few = rows < _MANY_ROWS and all(isinstance(self.domain[a], int) for a in self.layout.group.kept)
        return points <= _SHORT_ROW_BYTES and not few

    def _may_have_few_columns(self) -> bool:
        """As far as lengths are known; see has_few_columns in runtime/launch.c."""
        columns, points = 1, 1
        for axis, d in enumerate(self.domain):
            if isinstance(d, int) and axis in self.layout.group.reduced:
                points *= d
            elif isinstance(d, int):
                columns *= d
        few = points < _MANY_ROWS and all(isinstance(self.domain[a], int) for a in self.layout.group.reduced)
        return columns <= _FEW_COLUMNS and not few

    def _described(self, layout: Layout, kernel: int) -> p.Desc:
        """Enter a descriptor of a kernel into the program."""
        results = [(v, layout.group.axes[v]) for v in layout.results]
        buffers = tuple(_nest_buffer(layout, source) for source in layout.sources) + tuple(
            p.NestBuffer(np.dtype(v.type.dtype).itemsize, layout.access(v, axes), layout.is_read_back(v))
            for v, axes in results
        )
        scratch = sum(np.dtype(v.type.dtype).itemsize for v in layout.in_scratch())
        lanes = _LANES if layout.form == "RO" and scratch else 0
        desc = p.NestDesc(
            kernel, layout.form, len(self.domain), len(layout.sources), 0, layout.group.reduced,
            _ADD * max(layout.cost, 1), buffers, scratch=64 * scratch, scratch_point=scratch, lanes=lanes,
        )  # fmt: skip
        self.b.program.descs.append(desc)
        return p.Desc(len(self.b.program.descs) - 1)

    def _results(self) -> list[tuple[Variable, Array]]:
        taken: set[int] = set()
        made = []
        for variable in self.layout.results:
            axes = self.layout.group.axes[variable]
            dims = [1 if a is None else self.domain[a] for a in axes]
            joined = self._joined(variable)
            if joined is not None:
                if joined.outputs[0] not in self.b.arrays:
                    place_parts(self.b, joined, dims)
                made.append((variable, self.b.arrays[variable]))
                continue
            into = self._overwritable(variable, taken)
            if into is not None:
                taken.add(id(into.block))
            made.append((variable, self.b.new(variable, dims, into)))
        return made

    def _joined(self, variable: Variable) -> Apply | None:
        """What makes a complex array of `variable` and of another result, if this is the first to do so."""
        for node in self.planning.graph.readers(variable):
            if isinstance(node.op, OfParts) and len(set(node.inputs)) == 2:
                if all(v in self.layout.results for v in node.inputs):
                    return node
        return None

    def _overwritable(self, variable: Variable, taken: set[int]) -> Array | None:
        """An input that dies here and is read at each place before `variable` is written there."""
        if self.layout.form != "E":
            return None
        uses: dict[int, int] = {}
        read = [source for source in self.layout.sources if not source.is_place]
        for source in read:
            block = id(self.b.array(source.variable).block)
            uses[block] = uses.get(block, 0) + 1
        for source in read:
            array = self.b.array(source.variable)
            whole = source.axes == tuple(range(len(self.domain)))
            if (
                whole
                and uses[id(array.block)] == 1
                and id(array.block) not in taken
                and array.contiguous
                and self.planning.dies_here(array)
            ):
                if array.dtype == variable.type.dtype:
                    return array
        return None


def _note_far(b: ProgramBuilder, layout: Layout) -> None:
    """Note what the kernels of a layout read and write that lies apart."""
    named = [*[s.variable for s in layout.sources if not s.is_place], *layout.results]
    layout.far.update(v for v in named if v in b.arrays and b.arrays[v].far)


def _row(array: Array, axes: Sequence[int | None], ndim: int) -> list[Size]:
    """The strides of an array along the axes of the domain; 0 where it does not vary."""
    row: list[Size] = [0] * ndim
    for at, axis in enumerate(axes):
        if axis is not None:
            row[axis] = array.strides[at]
    return row


def _where(b: ProgramBuilder, source: Source, domain: Sequence[Size]) -> tuple[p.Reg | None, Sequence[Size]]:
    """The address and the strides of a source; of places, those of bytes in C order, which lie nowhere."""
    if source.is_place:
        return None, b.strides("uint8", domain)
    array = b.array(source.variable)
    return array.data, _row(array, source.axes, len(domain))


def _nest_buffer(layout: Layout, source: Source) -> p.NestBuffer:
    """How a nest sees a source; places as bytes that are adjacent."""
    if source.is_place:
        return p.NestBuffer(1, "unit")
    return p.NestBuffer(
        np.dtype(source.variable.type.dtype).itemsize, layout.access(source.variable, source.axes)
    )


# Elements along v for which a kernel of form RO may use scratch memory at once.
_LANES = 64

# As in runtime/launch.c.
_SHORT_ROW_BYTES, _MANY_ROWS, _FEW_COLUMNS = 128, 512, 16


class _AllReduced:
    """A group whose reductions leave no axis: partial results per grain, which a second kernel combines."""

    def __init__(self, b: ProgramBuilder, layout: Layout, domain: list[Size]) -> None:
        self.b = b
        self.layout = layout
        self.domain = domain

    def run(self) -> None:
        """Build both kernels, enter them, call them."""
        b, layout = self.b, self.layout
        _note_far(b, layout)
        k = Builder("RI")
        addresses: list[p.Reg | None] = []
        strides: list[Size] = []
        descs: list[p.NestBuffer] = []

        def source(name: str, of: Source) -> Buffer:
            address, row = _where(b, of, self.domain)
            addresses.append(address)
            strides.extend(row)
            descs.append(_nest_buffer(layout, of))
            return source_buffer(k, name, layout, of)

        def result(name: str, v: Variable, array: Array) -> Buffer:
            axes = layout.group.axes[v]
            addresses.append(array.data)
            strides.extend(_row(array, axes, len(self.domain)))
            descs.append(p.NestBuffer(array.itemsize, layout.access(v, axes)))
            return k.buffer(name, array.dtype, layout.access(v, axes))

        sources = {s: source(f"x{i}", s) for i, s in enumerate(layout.sources)}
        nin = len(addresses)
        outs = {
            v: result(f"y{i}", v, b.new(v, self.domain))
            for i, v in enumerate(v for v in layout.results if layout.is_full(v))
        }
        body = Body(layout, k, sources, {})
        nodes = [node for node in layout.group.nodes if is_reduction(node)]
        dtypes = [d for node in nodes for d in gathered_dtypes(node)]
        partial = [k.buffer(f"a{i}", dtype, "splat") for i, dtype in enumerate(dtypes)]
        descs.extend(p.NestBuffer(np.dtype(dtype).itemsize, "splat") for dtype in dtypes)
        with k.loop("o"):
            accumulators = body.accumulators()
            with k.loop("r") as r, k.loop("v", kind="vector") as v_:
                body.inner = [r, v_]
                body.gather(accumulators)
                values = [(at, body.made(v)) for v, at in outs.items()]
                for at, value in values:
                    k.store(at, value)
            found = [value for _, accumulator in accumulators for value in accumulator.values]
            for value, at in zip(found, partial, strict=True):
                k.store(at, value)
        number = b.kernel(k.kernel(), title_of(layout), layout.group.nodes)
        cost = _ADD * max(layout.cost, 1)
        flat = any(len(gathered_dtypes(node)) > 1 for node in nodes)
        first = p.NestDesc(
            number,
            "RI",
            len(self.domain),
            nin,
            len(dtypes),
            layout.group.reduced,
            cost,
            tuple(descs),
            flat=flat,
        )
        b.program.descs.extend((first, self._finish(nodes)))
        totals = [b.new(out, ()) for node in nodes for out in node.outputs]
        count = len(b.program.descs)
        b.emit(
            p.Call(
                "rt_reduce_all",
                (
                    p.Desc(count - 2), p.Desc(count - 1), p.Ptrs(tuple(addresses)), b.i64s(self.domain),
                    b.i64s(strides), p.Ptrs(tuple(a.data for a in totals)),
                ),
            )
        )  # fmt: skip

    def _finish(self, nodes: Sequence[Apply]) -> p.NestDesc:
        k = Builder("RI")
        dtypes = [d for node in nodes for d in gathered_dtypes(node)]
        partial = [k.buffer(f"a{i}", dtype, "unit") for i, dtype in enumerate(dtypes)]
        made = [out for node in nodes for out in node.outputs]
        outs = {out: k.buffer(f"y{i}", out.type.dtype, "splat") for i, out in enumerate(made)}
        with k.loop("o"):
            accumulators = [new_accumulator(k, node) for node in nodes]
            with k.loop("r"), k.loop("v", kind="vector"):
                parts = iter(partial)
                for node, accumulator in zip(nodes, accumulators, strict=True):
                    accumulator.update(*[k.load(next(parts)) for _ in gathered_dtypes(node)])
            for node, accumulator in zip(nodes, accumulators, strict=True):
                for out, value in results(k, node, accumulator.values):
                    k.store(outs[out], value)
        number = self.b.kernel(k.kernel(), "finish " + title_of(self.layout), list(nodes))
        descs = [p.NestBuffer(np.dtype(d).itemsize, "unit") for d in dtypes]
        descs += [p.NestBuffer(np.dtype(at.dtype).itemsize, "splat") for at in outs.values()]
        return p.NestDesc(number, "RI", 1, len(dtypes), 0, frozenset({0}), _ADD * len(nodes), tuple(descs))


def title_of(layout: Layout) -> str:
    """What a kernel computes, in short."""
    names: list[str] = []
    for node in layout.group.nodes:
        op: Any = node.op
        of_scalars = isinstance(op, (Elemwise, CAReduce))
        label = str(op.scalar_op.name if of_scalars else getattr(op, "op_name", "axes"))
        names.append(f"{label} over {sorted(layout.group.reduced)}" if is_reduction(node) else label)
    return f"{layout.form}: {' '.join(names)}"


# -- writing over a cell -------------------------------------------------------------------------------------
def reads_only_at_own_place(unit: Group | Apply, old: Variable, new: Variable) -> bool:
    """Whether `unit` reads each element of `old` before it writes that element of `new`, and no other after."""
    if isinstance(unit, Apply):
        if new.owner is unit and is_native_elemwise(unit) and all(map(is_number, (*unit.inputs, new))):
            return True  # numbers are in registers by then
        at = getattr(unit.op, "writes_over", None)
        return at is not None and unit.inputs[at] is old and sum(v is old for v in unit.inputs) == 1
    if unit.reduced or unit.axes.get(new) != tuple(range(len(unit.domain))):
        return False
    before, after = old.type.broadcastable, new.type.broadcastable
    return before == after and len(before) == len(unit.domain)
