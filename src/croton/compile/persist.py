"""Functions and graphs in a form that pickles and deep-copies without recursion, however deep the graph is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from croton.compile.callable import Function
from croton.compile.signature import In, Out, Signature
from croton.graph import origin, walk
from croton.graph.node import Apply, Variable
from croton.util.record import record, replace
from croton.util.slots import Slotted


@record
class FlatGraph(Slotted):
    """A graph as lists: variables without owner, then nodes whose inputs and outputs are numbers of variables."""

    leaves: list[Variable]
    nodes: list[tuple[Any, list[int], list[Variable], Any, Any]]
    size: int

    @classmethod
    def of(cls, roots: Iterable[Variable]) -> tuple[FlatGraph, dict[Variable, int]]:
        """The graph of `roots`, and the number of each variable."""
        wanted = list(roots)
        number: dict[Variable, int] = {}
        leaves = walk.graph_inputs(wanted)
        for variable in leaves:
            number[variable] = len(number)
        nodes = []
        for node in walk.toposort(wanted):
            for out in node.outputs:
                number[out] = len(number)
            bare = [out.clone() for out in node.outputs]
            nodes.append((node.op, [number[v] for v in node.inputs], bare, node.tag, node.origin))
        return cls(leaves, nodes, len(number)), number

    def variables(self) -> list[Variable]:
        """The variables, made anew, by number."""
        made = list(self.leaves)
        for op, inputs, bare, tag, where in self.nodes:
            with origin.inherit(where):
                node = Apply(op, [made[i] for i in inputs], [out.clone() for out in bare])
            node.tag = tag
            made.extend(node.outputs)
        return made


@record
class Dormant(Slotted):
    """A function that is not compiled: what is needed to compile it again, and the values that it keeps."""

    graph: FlatGraph
    inputs: list[tuple[In, int, int | None]]
    outputs: list[tuple[int, bool]]
    outputs_form: Any
    updates: list[tuple[int, int]]
    givens: list[tuple[int, Any]]
    options: Any
    mode: Any
    name: str | None
    profile: Any
    kept: list[Any]
    trust_input: bool

    @classmethod
    def of(cls, function: Function) -> Dormant:
        """What `function` is, without what was compiled."""
        maker = function.maker
        old = maker.signature
        roots = [i.variable for i in old.inputs] + [i.update for i in old.inputs if i.update is not None]
        roots += [o.variable for o in old.outputs] + [v for pair in old.updates for v in pair]
        roots += [v for pair in old.givens for v in pair if isinstance(v, Variable)]
        graph, number = FlatGraph.of(roots)
        return cls(
            graph=graph,
            inputs=[
                (_without_variables(i), number[i.variable], None if i.update is None else number[i.update])
                for i in old.inputs
            ],
            outputs=[(number[o.variable], o.borrow) for o in old.outputs],
            outputs_form=old.keys if old.keys is not None else "single" if old.single else "list",
            updates=[(number[v], number[e]) for v, e in old.updates],
            givens=[(number[v], number[e] if isinstance(e, Variable) else _Plain(e)) for v, e in old.givens],
            options=replace(old.options, no_default_updates=True, on_unused_input="ignore"),
            mode=maker.mode,
            name=function.name,
            profile=maker.profile is not None,
            kept=[p.container.value for p in function.binding.places],
            trust_input=function.trust_input,
        )

    def signature(self) -> Signature:
        """The signature, of variables made anew."""
        made = self.graph.variables()
        outputs = [Out(made[at], borrow) for at, borrow in self.outputs]
        form = self.outputs_form
        wanted: Any = outputs[0] if form == "single" else outputs
        if isinstance(form, list):
            wanted = dict(zip(form, outputs, strict=True))
        return Signature.of(
            [_with_variables(i, made[v], None if u is None else made[u]) for i, v, u in self.inputs],
            wanted,
            [(made[v], made[e]) for v, e in self.updates],
            [(made[v], e.value if isinstance(e, _Plain) else made[e]) for v, e in self.givens],
            self.options,
        )

    def restore(self, function: Function) -> Function:
        """Give `function`, compiled from the signature, the values that were kept."""
        function.trust_input = self.trust_input
        for place, value in zip(function.binding.places, self.kept, strict=True):
            place.container.storage.value = value
        return function


@record(frozen=True)
class _Plain:
    """A value given where a variable may stand."""

    value: Any


def _without_variables(one: In) -> In:
    made = object.__new__(type(one))
    made.__dict__.update(one.__dict__, variable=None, update=None)
    return made


def _with_variables(one: In, variable: Variable, update: Variable | None) -> In:
    made = object.__new__(type(one))
    made.__dict__.update(one.__dict__, variable=variable, update=update)
    return made
