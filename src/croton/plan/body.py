"""The loops of a group: what is loaded, computed, gathered and stored where."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from croton.graph.node import Apply, Variable
from croton.loops.build import Builder
from croton.loops.ir import Buffer, Kernel
from croton.ops.elemwise import Elemwise
from croton.ops.place import Place
from croton.plan.fuse import Axes
from croton.plan.reductions import gather, is_reduction, new_accumulator, results
from croton.plan.stages import Layout, Source, place_of, scalar_constant, source_of
from croton.util.record import replace


def scalar_code(b: Any, node: Apply, values: Sequence[Any]) -> Sequence[Any]:
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


class Body:
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
                        scalar_code(self.k, node, [self.value(u, node) for u in node.inputs]),
                        strict=True,
                    )
                )
            elif isinstance(node.op, Place):
                table[v] = self.k.load(self.buffers[place_of(node)])
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


def source_buffer(k: Builder, name: str, layout: Layout, source: Source) -> Buffer:
    """The next buffer of a kernel: what is read, or what tells places."""
    access = "place" if source.is_place else layout.access(source.variable, source.axes)
    return k.buffer(name, source.variable.type.dtype, access)


def nest_kernel(layout: Layout) -> Kernel:
    """The kernel of a group that keeps some axes."""
    return replace(_Nest(layout).kernel(), packs=layout.packs)


class _Nest:
    """Forms E, RI and RO."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.k = Builder(layout.form)  # type: ignore[arg-type]

    def kernel(self) -> Kernel:
        """Sources, then results; the loops of the form."""
        layout, k = self.layout, self.k
        sources = {
            source: source_buffer(k, f"x{i}", layout, source) for i, source in enumerate(layout.sources)
        }
        outs = {v: self._buffer(f"y{i}", v, layout.group.axes[v]) for i, v in enumerate(layout.results)}
        kept = {v: k.scratch(f"t{i}", v.type.dtype) for i, v in enumerate(layout.in_scratch())}
        kept |= {v: outs[layout.homes.get(v, v)] for v in layout.kept if v not in kept}
        body = Body(layout, k, sources, kept)
        {"E": self._loops_e, "RI": self._loops_ri, "RO": self._loops_ro}[layout.form](body, outs)
        return k.kernel()

    def _buffer(self, name: str, variable: Variable, axes: Axes) -> Buffer:
        return self.k.buffer(name, variable.type.dtype, self.layout.access(variable, axes))

    def _loops_e(self, body: Body, outs: dict[Variable, Buffer]) -> None:
        k = self.k
        with k.loop("o"), k.loop("v", kind="vector"):
            values = [(buffer, body.made(variable)) for variable, buffer in outs.items()]
            for buffer, value in values:
                k.store(buffer, value)

    def _loops_ri(self, body: Body, outs: dict[Variable, Buffer]) -> None:
        with self.k.loop("o"):
            self._visits(body, outs, ("r", "v"))

    def _loops_ro(self, body: Body, outs: dict[Variable, Buffer]) -> None:
        with self.k.loop("o"), self.k.loop("v", kind="vector"):
            self._visits(body, outs, ("r",))

    def _visits(self, body: Body, outs: dict[Variable, Buffer], axes: tuple[str, ...]) -> None:
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
