"""Several loops made one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from croton.graph import walk
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan


def loops_of(graph: FunctionGraph) -> list[Apply]:
    """The loops in a graph, in order."""
    return [node for node in graph.toposort() if isinstance(node.op, Scan)]


def absorbed(graph: FunctionGraph) -> Iterator[tuple[Variable, Variable]]:
    """Loops that make what another makes, too: their outputs, and those of the other.

    (The gradient of a loop asks for more of its values by such another loop.)
    """
    nodes = loops_of(graph)
    for small in nodes:
        for large in nodes:
            places = None if small is large else _places(small, large)
            if places is not None:
                yield from ((small.outputs[at], large.outputs[place]) for at, place in enumerate(places))
                break


def _places(small: Apply, large: Apply) -> list[int] | None:
    """For each output of a loop, which output of another it is; None where it is not."""
    a: Any = small.op
    b: Any = large.op
    if small.inputs != large.inputs or len(a.graph.outputs) >= len(b.graph.outputs):
        return None
    if (a.taps, a.carried, a.sequences, a.until, a.truncate) != (
        b.taps,
        b.carried,
        b.sequences,
        b.until,
        b.truncate,
    ):
        return None
    made, more, mapped = a.graph.outputs, b.graph.outputs, a.roles.mapped
    if a.graph.inputs != b.graph.inputs or (a.until and made[-1] is not more[-1]):
        return None
    if made[: mapped.start] != more[: mapped.start]:
        return None
    last = {v: at for at, v in enumerate(more) if at in b.roles.mapped}
    if not all(made[at] in last for at in mapped):
        return None
    return [*range(mapped.start), *(last[made[at]] for at in mapped)]


def united(graph: FunctionGraph) -> list[tuple[Variable, Variable]]:
    """Two loops over, or from, the same that do not need one another, as one; nothing where there are none.

    One pair at a time: what needs what is another question once two are one.
    """
    nodes = loops_of(graph)
    for one, other in itertools.combinations(nodes, 2):
        if _go_together(one, other):
            return _united(one, other)
    return []


def _go_together(one: Apply, other: Apply) -> bool:
    a: Any = one.op
    b: Any = other.op
    if a.until or b.until or one.inputs[0] is not other.inputs[0]:
        return False
    mine, theirs = (node.inputs[1 : node.op.roles.others.start] for node in (one, other))  # type: ignore[attr-defined]
    if not {v for v in mine if not isinstance(v, Constant)} & set(theirs):
        return False
    return not _needs(other, one) and not _needs(one, other)


def _needs(node: Apply, other: Apply) -> bool:
    return any(v.owner is other for v in walk.ancestors(node.inputs))


def _united(one: Apply, other: Apply) -> list[tuple[Variable, Variable]]:
    """Both loops as one: their outputs, and those of that."""
    a: Any = one.op
    b: Any = other.op
    fresh = {v: v.type(v.name) for v in b.graph.inputs}
    moved, _ = walk.clone_graph(b.graph.outputs, fresh)
    inner = _in_turn(a, a.graph.inputs, b, list(fresh.values()), _inner_groups)
    outer = _in_turn(a, one.inputs[1:], b, other.inputs[1:], _outer_groups)
    outs = _in_turn(a, a.graph.outputs, b, moved, _out_groups)
    old = _in_turn(a, one.outputs, b, other.outputs, _out_groups)
    op = Scan(
        InnerGraph(inner, outs), a.sequences + b.sequences, (*a.taps, *b.taps), a.carried + b.carried, False,
        a.truncate, a.name,
    )  # fmt: skip
    return list(zip(old, op(one.inputs[0], *outer, return_list=True), strict=True))


def _in_turn(a: Scan, xs: Any, b: Scan, ys: Any, groups: Any) -> list[Variable]:
    """Group by group, those of `xs`, then those of `ys`."""
    made: list[Variable] = []
    for (i, j), (k, m) in zip(groups(a), groups(b), strict=True):
        made += [*xs[i:j], *ys[k:m]]
    return made


def _groups(*counts: int) -> list[tuple[int, int]]:
    ends = [sum(counts[: i + 1]) for i in range(len(counts))]
    return list(zip([0, *ends], ends, strict=False))


def _inner_groups(op: Scan) -> list[tuple[int, int]]:
    return _groups(op.sequences, sum(map(len, op.taps)), op.carried, len(op.roles.others))


def _outer_groups(op: Scan) -> list[tuple[int, int]]:
    return _groups(op.sequences, len(op.taps), op.carried, len(op.roles.others))


def _out_groups(op: Scan) -> list[tuple[int, int]]:
    return _groups(len(op.taps), op.carried, len(op.roles.mapped))
