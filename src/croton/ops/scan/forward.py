"""The derivative of a loop along a direction: a loop that carries derivatives beside values.

Each step computes its values, and from the derivatives of what it reads those of what it makes. So no more is stored
than by the loop itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from croton.graph.node import Variable
from croton.ops.creation import zeros_like
from croton.ops.inner import InnerGraph
from croton.ops.scan.roles import is_continuous, same_type

if TYPE_CHECKING:
    from croton.ops.scan.loop import Scan

# From the derivatives of some variables to those of others; what does not move is left out.
Jvp = Callable[[dict[Variable, Variable], Sequence[Variable]], dict[Variable, Variable]]
Tangents = Sequence[Variable | None]


def push(
    op: Scan, xs: Sequence[Variable], ys: Sequence[Variable], moved: Tangents, jvp: Jvp
) -> list[Variable | None]:
    """The derivatives of `ys` when `xs` move along `moved`; None for what does not move."""
    roles, graph = op.roles, op.graph
    reads = roles.read_from()
    moving = _moving(op, [outer for outer, tangent in enumerate(moved) if outer and tangent is not None])
    beside = {v: same_type(v) for v, outer in zip(graph.inputs, reads, strict=True) if outer in moving}
    found = jvp(beside, graph.outputs)

    def inner(numbers: Iterable[int]) -> list[Variable]:
        values = [graph.inputs[at] for at in numbers]
        return [*values, *(beside[v] for v in values if v in beside)]

    def outer(numbers: Sequence[int]) -> list[Variable]:
        pairs = [(xs[at], moved[at]) for at in numbers if at in moving]
        return [*(xs[at] for at in numbers), *(zeros_like(x) if t is None else t for x, t in pairs)]

    def after(at: int) -> Variable:
        value = graph.outputs[at]
        made: Variable = value.type.filter_variable(found[value]) if value in found else zeros_like(value)
        return made

    states, carried = range(roles.states), range(roles.states, roles.states + op.carried)
    new_states, new_carried = (
        [at for at in kind if roles.state_input(at) in moving] for kind in (states, carried)
    )
    new_mapped = [
        at for at in roles.mapped if graph.outputs[at] in found and is_continuous(graph.outputs[at])
    ]
    inputs = [
        *inner(range(op.sequences)), *(graph.inputs[i] for s in states for i in roles.tap_inputs(s)),
        *(beside[graph.inputs[i]] for s in new_states for i in roles.tap_inputs(s)),
        *inner(roles.carried_input(at) for at in carried),
        *inner(at for at, source in enumerate(reads) if source in roles.others),
    ]  # fmt: skip
    outputs = [
        *(graph.outputs[at] for at in states), *map(after, new_states),
        *(graph.outputs[at] for at in carried), *map(after, new_carried),
        *(graph.outputs[at] for at in roles.mapped), *map(after, new_mapped), *graph.outputs[roles.outer_outputs :],
    ]  # fmt: skip
    given = [
        *outer(range(1, 1 + op.sequences)), *outer([roles.state_input(at) for at in states]),
        *outer([roles.state_input(at) for at in carried]), *outer(roles.others),
    ]  # fmt: skip
    loop = type(op)(
        InnerGraph(inputs, outputs), len(inner(range(op.sequences))),
        [op.taps[s] for s in (*states, *new_states)], len(carried) + len(new_carried), op.until, op.truncate, op.name,
    )  # fmt: skip
    made = iter(loop(xs[0], *given, return_list=True))
    answers: dict[int, Variable] = {}
    for old, new in ((states, new_states), (carried, new_carried), (roles.mapped, new_mapped)):
        for _ in old:
            next(made)
        answers.update((at, next(made)) for at in new)
    return [answers.get(at, None if is_continuous(y) else zeros_like(y)) for at, y in enumerate(ys)]


def _moving(op: Scan, given: Sequence[int]) -> set[int]:
    """The outer inputs whose derivatives steps read: those `given`, and what steps make move."""
    roles, reads = op.roles, op.roles.read_from()
    inner = op.graph.connections()
    moving = {outer for outer in given if is_continuous(roles.read_as(op.graph.inputs)[outer - 1])}
    while True:
        more = {
            roles.state_input(out)
            for out in range(roles.states + op.carried)
            if is_continuous(op.graph.outputs[out])
            and any(outer in moving and inner[at][out] for at, outer in enumerate(reads))
        }
        if more <= moving:
            return moving
        moving |= more
