"""Groups as nest kernels, and 0-d elementwise nodes as numbers in registers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Protocol

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.loops.build import Builder
from croton.loops.ir import Buffer
from croton.ops.elemwise import Elemwise
from croton.ops.reduce import CAReduce
from croton.plan import program as p
from croton.plan.builder import Array, ProgramBuilder
from croton.plan.fuse import Group
from croton.plan.numbers import Size
from croton.plan.reductions import (
    gather,
    gathered_dtypes,
    has_identity,
    is_reduction,
    new_accumulator,
    results,
)
from croton.plan.stages import Layout, Source, analyse, scalar_constant, source_of

# Picoseconds of a plain addition of float64, by which work is estimated.
_ADD = 300


class Planning(Protocol):
    """What lowering asks of the planner. `number_of` numbers the nodes, for errors."""

    number_of: dict[Apply, int]

    def read_outside(self, variable: Variable, unit: Group) -> bool:
        """Whether anything outside `unit` reads `variable`."""

    def dies_here(self, array: Array) -> bool:
        """Whether the memory of `array` is read by nothing after the unit in hand."""


# -- numbers -------------------------------------------------------------------------------------------------
def lower_numbers(b: ProgramBuilder, node: Apply) -> None:
    """A 0-d elementwise node, computed in registers."""
    values = [b.scalar(v) for v in node.inputs]
    for out, value in zip(node.outputs, _scalar_code(b, node, values), strict=True):
        b.bind(out, value)


def _scalar_code(b: Any, node: Apply, values: Sequence[Any]) -> Sequence[Any]:
    """The outputs of an elementwise node for one element of each input."""
    scalar_op = node.op.scalar_op  # type: ignore[attr-defined]
    given = [v.type.dtype for v in node.inputs]
    inner, outer = scalar_op.out_dtypes(given)
    cast = [
        b.cast(x if hasattr(x, "node") else b.const(x, have), want)
        for x, have, want in zip(values, given, inner, strict=True)
    ]
    made = scalar_op.lower(b, *cast)
    if scalar_op.nout == 1:
        made = (made,)
    return [b.cast(m, dtype) for m, dtype in zip(made, outer, strict=True)]


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
    for node in group.nodes:
        b.node_number = planning.number_of[node]
        seen: dict[int, tuple[Size, int, int]] = {}
        axes = every if is_reduction(node) else group.axes[node.outputs[0]]
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
                common = lengths[axis]
                if common is None:
                    lengths[axis] = size
                else:  # equal by what the group was made from; a node of another unit may check that later only
                    b.require_equal(common, size, i, at, i, at)
        for out in node.outputs:
            met[out] = {axis: size for axis, (size, _, _) in seen.items()}
            b.inner_dims[out] = tuple(
                1 if axis is None else met[out].get(axis, 1) for axis in group.axes[out]
            )
    domain = [d if d is not None else _static(group.domain[a]) for a, d in enumerate(lengths)]
    for node in group.nodes:
        if is_reduction(node) and not has_identity(node):
            b.node_number = planning.number_of[node]
            _require_something(b, domain, group)
    return domain


def _require_something(b: ProgramBuilder, domain: Sequence[Size], group: Group) -> None:
    """End the program where a reduction without identity has nothing to make a result of."""
    taken = b.product([domain[a] for a in sorted(group.reduced)])
    if isinstance(taken, int) and taken:
        return
    b.fail_if(b.eq(taken, 0), p.EMPTY)


def _static(length: Any) -> int:
    if not isinstance(length, int):
        raise AssertionError("an axis that nothing read stands on has a length that is not known")
    return length


class _Body:
    """Emits the values of a group inside the loops of one kernel."""

    def __init__(
        self, layout: Layout, k: Builder, buffers: dict[Source, Buffer], kept: dict[Variable, Buffer]
    ) -> None:
        self.layout = layout
        self.k = k
        self.buffers = buffers
        self.kept = kept
        self.rows: dict[Variable, Any] = {}
        self.full: dict[Variable, Any] = {}
        self.nodes = {out: node for node in layout.group.nodes for out in node.outputs}
        self.fixed: dict[Source, Any] = {}
        self.visit = 0
        # The counters of the loops over the reduced axes that are open.
        self.inner: list[Any] = []

    def place(self) -> Any:
        """The place of this element along the reduced axes, in their order."""
        return self.inner[0] if len(self.inner) == 1 else self.inner[0] * self.k.extent("v") + self.inner[1]

    def value(self, variable: Variable, reader: Apply) -> Any:
        """The element of an input of `reader`, here."""
        number = scalar_constant(variable)
        if number is not None:
            return self.k.const(number[()].item(), variable.type.dtype)
        if variable in self.layout.group.axes:
            return self.made(variable)
        axes = (
            tuple(range(len(self.layout.group.domain)))
            if is_reduction(reader)
            else self.layout.group.axes[reader.outputs[0]]
        )
        source = source_of(variable, axes, reader)
        return self.fixed[source] if source in self.fixed else self.k.load(self.buffers[source])

    def before_loops(self) -> None:
        """Outside the loops over the reduced axes: read and compute what does not vary along them."""
        group = self.layout.group
        for source, buffer in self.buffers.items():
            if source not in self.fixed and not any(a in group.reduced for a in source.axes if a is not None):
                self.fixed[source] = self.k.load(buffer)
        for node in group.nodes:
            for out in node.outputs:
                if (
                    not self.layout.is_full(out)
                    and self.layout.visit[out] <= self.visit
                    and not is_reduction(node)
                ):
                    self.made(out)

    def made(self, variable: Variable) -> Any:
        """The element of a value of the group, here."""
        for table in (self.rows, self.full):
            if variable in table:
                return table[variable]
        todo = [variable]
        while todo:
            v = todo[-1]
            if v in self.rows or v in self.full:
                todo.pop()
                continue
            if v in self.kept and self.layout.visit[v] < self.visit:
                self.full[v] = self.k.load(self.kept[v])
                todo.pop()
                continue
            node = self.nodes[v]
            missing = [
                u
                for u in node.inputs
                if u in self.layout.group.axes and u not in self.rows and u not in self.full
            ]
            if missing:
                todo.extend(missing)
                continue
            todo.pop()
            table = self.full if self.layout.is_full(v) else self.rows
            if isinstance(node.op, Elemwise):
                table.update(
                    zip(
                        node.outputs,
                        _scalar_code(self.k, node, [self.value(u, node) for u in node.inputs]),
                        strict=True,
                    )
                )
            else:  # a DimShuffle of a row value
                table[v] = self.value(node.inputs[0], node)
        return self.rows[variable] if variable in self.rows else self.full[variable]

    def accumulators(self) -> list[tuple[Apply, Any]]:
        """A new accumulator for each reduction of this visit."""
        found = []
        for node in self.layout.group.nodes:
            if is_reduction(node) and self.layout.visit[node.outputs[0]] == self.visit + 1:
                found.append((node, new_accumulator(self.k, node)))
        return found

    def gather(self, accumulators: list[tuple[Apply, Any]]) -> None:
        """Bring this element into the accumulators."""
        for node, accumulator in accumulators:
            gather(self.k, node, accumulator, self.value(node.inputs[0], node), self.place)

    def settle(self, accumulators: list[tuple[Apply, Any]]) -> None:
        """After the loops: the reductions' results are row values."""
        for node, accumulator in accumulators:
            self.rows.update(results(self.k, node, accumulator.values))

    def stores(self) -> list[Variable]:
        """Full values that this visit writes to memory."""
        return [
            v
            for node in self.layout.group.nodes
            for v in node.outputs
            if v in self.kept or v in self.layout.results
            if self.layout.is_full(v) and self.layout.visit[v] == self.visit
        ]


class _Nest:
    """A group that keeps some axes: forms E, RI and RO."""

    def __init__(self, b: ProgramBuilder, layout: Layout, domain: list[Size], planning: Planning) -> None:
        self.b = b
        self.layout = layout
        self.domain = domain
        self.planning = planning
        self.k = Builder(layout.form)  # type: ignore[arg-type]
        self.arrays: list[Array] = []
        self.strides: list[Size] = []
        self.descs: list[p.NestBuffer] = []

    def run(self) -> None:
        """Build the kernel, enter it, call it."""
        layout, k = self.layout, self.k
        sources: dict[Source, Buffer] = {}
        for i, source in enumerate(layout.sources):
            sources[source] = self._buffer(f"x{i}", self.b.array(source.variable), source.axes)
        nin = len(self.arrays)
        outs: dict[Variable, Buffer] = {}
        results = self._results()
        for i, (variable, array) in enumerate(results):
            outs[variable] = self._buffer(
                f"y{i}", array, layout.group.axes[variable], variable in layout.kept
            )
        kept = {
            v: outs[v] if v in outs else k.scratch(f"t{i}", v.type.dtype) for i, v in enumerate(layout.kept)
        }
        body = _Body(layout, k, sources, kept)
        {"E": self._loops_e, "RI": self._loops_ri, "RO": self._loops_ro}[layout.form](body, outs)
        self._call(k.kernel(), nin)

    def _results(self) -> list[tuple[Variable, Array]]:
        taken: set[int] = set()
        made = []
        for variable in self.layout.results:
            axes = self.layout.group.axes[variable]
            dims = [1 if a is None else self.domain[a] for a in axes]
            into = self._overwritable(variable, taken)
            if into is not None:
                taken.add(id(into.block))
            made.append((variable, self.b.new(variable, dims, into)))
        return made

    def _overwritable(self, variable: Variable, taken: set[int]) -> Array | None:
        """An input that dies here and is read at each place before `variable` is written there."""
        if self.layout.form != "E":
            return None
        uses: dict[int, int] = {}
        for source in self.layout.sources:
            block = id(self.b.array(source.variable).block)
            uses[block] = uses.get(block, 0) + 1
        for source in self.layout.sources:
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

    def _buffer(self, name: str, array: Array, axes: Sequence[int | None], reread: bool = False) -> Buffer:
        unit = self.layout.vector in axes
        self.arrays.append(array)
        row: list[Size] = [0] * len(self.domain)
        for at, axis in enumerate(axes):
            if axis is not None:
                row[axis] = array.strides[at]
        self.strides.extend(row)
        self.descs.append(p.NestBuffer(array.itemsize, not unit, reread))
        return self.k.buffer(name, array.dtype, "unit" if unit else "splat")

    # -- loops -----------------------------------------------------------------------------------------------
    def _loops_e(self, body: _Body, outs: dict[Variable, Buffer]) -> None:
        k = self.k
        with k.loop("o"), k.loop("v", kind="vector"):
            values = [(buffer, body.made(variable)) for variable, buffer in outs.items()]
            for buffer, value in values:
                k.store(buffer, value)

    def _loops_ri(self, body: _Body, outs: dict[Variable, Buffer]) -> None:
        with self.k.loop("o"):
            self._visits(body, outs, ("r", "v"))

    def _loops_ro(self, body: _Body, outs: dict[Variable, Buffer]) -> None:
        with self.k.loop("o"), self.k.loop("v", kind="vector"):
            self._visits(body, outs, ("r",))

    def _visits(self, body: _Body, outs: dict[Variable, Buffer], axes: tuple[str, ...]) -> None:
        k, layout = self.k, self.layout
        for body.visit in range(layout.visits):
            body.full.clear()
            body.before_loops()
            accumulators = body.accumulators()
            with ExitStack() as loops:
                body.inner = [
                    loops.enter_context(k.loop(axis, kind="vector" if axis == "v" else "serial"))
                    for axis in axes
                ]
                body.gather(accumulators)
                values = [(variable, body.made(variable)) for variable in body.stores()]
                for variable, value in values:
                    k.store(body.kept.get(variable) or outs[variable], value)
            body.settle(accumulators)
        body.full.clear()
        rows = [
            (buffer, body.made(variable)) for variable, buffer in outs.items() if not layout.is_full(variable)
        ]
        for buffer, value in rows:
            k.store(buffer, value)

    def _call(self, kernel: Any, nin: int) -> None:
        layout, b = self.layout, self.b
        lanes = _LANES if layout.form == "RO" and kernel.scratch else 0
        number = b.kernel(kernel, _title(layout), layout.group.nodes)
        desc = p.NestDesc(
            number, layout.form, len(self.domain), nin, 0, layout.group.reduced,
            _ADD * max(layout.cost, 1), tuple(self.descs),
            scratch=64 * kernel.scratch_itemsize, scratch_point=kernel.scratch_itemsize, lanes=lanes,
        )  # fmt: skip
        b.program.descs.append(desc)
        args = (
            p.Desc(len(b.program.descs) - 1), p.Ptrs(tuple(a.data for a in self.arrays)),
            b.i64s(self.domain), b.i64s(self.strides),
        )  # fmt: skip
        b.emit(p.Call("rt_nest", args))


# Elements along v for which a kernel of form RO may use scratch memory at once.
_LANES = 64


class _AllReduced:
    """A group whose reductions leave no axis: partial results per grain, which a second kernel combines."""

    def __init__(self, b: ProgramBuilder, layout: Layout, domain: list[Size]) -> None:
        self.b = b
        self.layout = layout
        self.domain = domain

    def run(self) -> None:
        """Build both kernels, enter them, call them."""
        b, layout = self.b, self.layout
        k = Builder("RI")
        arrays: list[Array] = []
        strides: list[Size] = []
        descs: list[p.NestBuffer] = []

        def buffer(name: str, array: Array, axes: Sequence[int | None]) -> Buffer:
            row: list[Size] = [0] * len(self.domain)
            for at, axis in enumerate(axes):
                if axis is not None:
                    row[axis] = array.strides[at]
            arrays.append(array)
            strides.extend(row)
            descs.append(p.NestBuffer(array.itemsize, layout.vector not in axes))
            return k.buffer(name, array.dtype, "unit" if layout.vector in axes else "splat")

        sources = {s: buffer(f"x{i}", b.array(s.variable), s.axes) for i, s in enumerate(layout.sources)}
        nin = len(arrays)
        outs = {
            v: buffer(f"y{i}", b.new(v, self.domain), layout.group.axes[v])
            for i, v in enumerate(v for v in layout.results if layout.is_full(v))
        }
        body = _Body(layout, k, sources, {})
        nodes = [node for node in layout.group.nodes if is_reduction(node)]
        dtypes = [d for node in nodes for d in gathered_dtypes(node)]
        partial = [k.buffer(f"a{i}", dtype, "splat") for i, dtype in enumerate(dtypes)]
        descs.extend(p.NestBuffer(np.dtype(dtype).itemsize, True) for dtype in dtypes)
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
        number = b.kernel(k.kernel(), _title(layout), layout.group.nodes)
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
                    p.Desc(count - 2), p.Desc(count - 1), p.Ptrs(tuple(a.data for a in arrays)), b.i64s(self.domain),
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
        number = self.b.kernel(k.kernel(), "finish " + _title(self.layout), list(nodes))
        descs = [p.NestBuffer(np.dtype(d).itemsize, False) for d in dtypes]
        descs += [p.NestBuffer(np.dtype(at.dtype).itemsize, True) for at in outs.values()]
        return p.NestDesc(number, "RI", 1, len(dtypes), 0, frozenset({0}), _ADD * len(nodes), tuple(descs))


def _title(layout: Layout) -> str:
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
        at = getattr(unit.op, "writes_over", None)
        return at is not None and unit.inputs[at] is old and sum(v is old for v in unit.inputs) == 1
    if unit.reduced or unit.axes.get(new) != tuple(range(len(unit.domain))):
        return False
    before, after = old.type.broadcastable, new.type.broadcastable
    return before == after and len(before) == len(unit.domain)
