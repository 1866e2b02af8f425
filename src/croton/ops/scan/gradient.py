"""The gradient of a loop: a loop that runs backwards.

Its step t takes the cotangents of what step t of the loop made back to what that step read. Cotangents of sequences
are made step by step; those of others are summed over the steps. A state that is read up to d steps back has d
cotangents on their way at any time, those of the values of the d steps before t: they are carried, and move on by one
place in each step.

The graph is computed again, backwards, from the states, which are known in all steps; but products of matrices and
other dear values are not: they become outputs of the loop, as do carried values that are needed. So do the values of
loops of numbers in the steps, which take no more room than the sequences that these go over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from croton.graph import walk
from croton.graph.node import Apply, Variable
from croton.ops.creation import zeros_like
from croton.ops.elementwise import eq, minimum, switch
from croton.ops.index.assign import set_subtensor
from croton.ops.inner import InnerGraph
from croton.ops.join import join
from croton.ops.scan.roles import is_continuous, same_type
from croton.ops.shape import Shape_i, shape_i
from croton.vartypes.null import NullType
from croton.vartypes.tensor import TensorType

if TYPE_CHECKING:
    from croton.ops.scan.loop import Scan

Cotangents = list[Variable | None]
Vjp = Callable[..., Cotangents]


def backward(
    op: Scan, xs: Sequence[Variable], ys: Sequence[Variable], gs: Cotangents, vjp: Vjp
) -> Cotangents:
    """The cotangents of `xs` for the cotangents `gs` of `ys`; None for what is not connected."""
    roles, graph = op.roles, op.graph
    flowing = _flowing(op, [at for at, g in enumerate(gs) if g is not None])
    entering = {at: same_type(graph.outputs[at]) for at in flowing}
    found = vjp([graph.outputs[at] for at in flowing], graph.inputs, list(entering.values()))
    undefined = {
        outer: g for g, outer in zip(found, roles.read_from(), strict=True) if g is not None and _is_null(g)
    }
    if any(roles.output_of(outer) in flowing for outer in undefined):
        return [None, *[next(iter(undefined.values()))] * (roles.outer_inputs - 1)]
    found = [None if g is None or _is_null(g) else g for g in found]
    known = Known(op, xs, ys, [g for g in found if g is not None])
    back = Backward(op, known)
    for at in flowing:
        back.enter(at, entering[at], found, gs[at])
    back.leave(found)
    answers = back.answers(gs)
    return [undefined.get(outer, answer) for outer, answer in enumerate(answers)]


def _flowing(op: Scan, given: Iterable[int]) -> list[int]:
    """The outputs into which cotangents flow: those `given`, and what later steps make these of."""
    roles = op.roles
    inner = op.graph.connections()
    reads = roles.read_from()
    flowing = {at for at in given if is_continuous(op.graph.outputs[at])}
    while True:
        more = {
            out
            for at, outer in enumerate(reads)
            if (out := roles.output_of(outer)) is not None
            and is_continuous(op.graph.outputs[out])
            and any(inner[at][o] for o in flowing)
        }
        if more <= flowing:
            return sorted(flowing)
        flowing |= more


def _is_null(cotangent: Variable) -> bool:
    return isinstance(cotangent.type, NullType)


# -- what is known of the loop -------------------------------------------------------------------------------
class Known:
    """The values that the variables of a loop's graph had: a row for each step, the last step first.

    `reads` are the variables from which the cotangents `found` are made; `steps`, how many steps there were.
    """

    def __init__(self, op: Scan, xs: Sequence[Variable], ys: Sequence[Variable], found: Cotangents) -> None:
        self.op, self.xs, self.ys = op, xs, list(ys)
        self.outputs = list(op.graph.outputs[: op.roles.outer_outputs])
        stored = self._stored()
        ends = {*op.graph.inputs, *stored}
        self.reads = [v for v in walk.ancestors([g for g in found if g is not None], ends) if v in ends]
        missing = [v for v in self.reads if v in stored and self._output(v) is None]
        if op.until and not (op.taps or op.roles.mapped or missing):
            missing.append(op.graph.outputs[-1])
        for variable in missing:
            if not isinstance(variable.type, TensorType):
                raise TypeError(
                    f"The gradient of {op} needs all values that {variable}, of type {variable.type}, has in its "
                    "steps: only tensors can be kept."
                )
        if missing:
            self._remake(missing)
        self.steps = self._count() if op.until else xs[0]

    def _stored(self) -> set[Variable]:
        """What is not computed again: it is carried, or dear and not the same in all steps."""
        op, graph = self.op, self.op.graph
        roles = op.roles
        moving = set(graph.inputs[: len(graph.inputs) - len(roles.others)])
        stored = {
            graph.inputs[roles.carried_input(at)] for at in range(roles.states, roles.states + op.carried)
        }
        for node in graph.nodes:
            if any(v in moving for v in node.inputs):
                moving.update(node.outputs)
                if getattr(node.op, "is_dear", False) or self._is_loop_of_numbers(node, moving):
                    stored.update(node.outputs)
        return stored

    def _is_loop_of_numbers(self, node: Apply, moving: set[Variable]) -> bool:
        """Whether a step has a loop over a sequence of its own, of which the values take no more room than that."""
        op: Any = node.op
        if (
            not isinstance(op, type(self.op))
            or op.until
            or not any(v in moving for v in node.inputs[1:][: op.sequences])
        ):
            return False
        steps = node.inputs[0]
        rows = self.op.graph.inputs[: self.op.sequences]
        is_length = (
            steps.owner is not None and isinstance(steps.owner.op, Shape_i) and steps.owner.inputs[0] in rows
        )
        same_count = is_length or steps not in moving
        return same_count and not any(getattr(v.type, "ndim", 1) for v in op.graph.outputs)

    def _remake(self, missing: Sequence[Variable]) -> None:
        """The loop with more outputs. (Where graphs are rewritten, the loop that it is made of becomes the same.)"""
        graph, count = self.op.graph, self.op.roles.outer_outputs
        self.outputs += missing
        made = self.op.holding(InnerGraph(graph.inputs, [*self.outputs, *graph.outputs[count:]]))
        self.ys = made(*self.xs, return_list=True)

    def _count(self) -> Variable:
        op = self.op
        if op.taps:
            made: Variable = shape_i(self.ys[0], 0) - op.roles.depths[0]
            return made
        return shape_i(self.ys[op.carried], 0)

    def other(self, variable: Variable) -> Variable | None:
        """What `variable` is in all steps, where it is the same."""
        op = self.op
        if variable not in op.graph.inputs:
            return None
        outer = op.roles.read_from()[op.graph.inputs.index(variable)]
        return self.xs[outer] if outer in op.roles.others else None

    def rows(self, variable: Variable) -> Variable:
        """The values of a variable that is in `reads`."""
        op, graph = self.op, self.op.graph
        at = self._output(variable)
        if at is not None:
            return self.rows_of_output(at, self.ys[at])
        for state, taps in enumerate(op.taps):
            for i, tap in zip(op.roles.tap_inputs(state), taps, strict=True):
                if graph.inputs[i] is variable:
                    return self.ys[state][op.roles.depths[state] + tap : tap][::-1]
        sequence = self.xs[1 + graph.inputs.index(variable)]
        return (sequence if self.is_whole(sequence) else sequence[: self.steps])[::-1]

    def _output(self, variable: Variable) -> int | None:
        """The output that has all values of `variable`."""
        is_carried = self.op.roles.is_carried
        found = (at for at, v in enumerate(self.outputs) if v is variable and not is_carried(at))
        return next(found, None)

    def rows_of_output(self, at: int, stacked: Variable) -> Variable:
        """What belongs to the steps in something with the rows of output `at`."""
        roles = self.op.roles
        return (stacked[roles.depths[at] :] if at < roles.states else stacked)[::-1]

    def is_whole(self, sequence: Variable) -> bool:
        """Whether there are as many steps as elements in `sequence` for certain."""
        node = self.steps.owner
        return (
            node is not None
            and isinstance(node.op, Shape_i)
            and node.op.i == 0
            and node.inputs[0] is sequence
        )


# -- the loop backwards --------------------------------------------------------------------------------------
class Backward:
    """A backward loop in the making: variables of its graph, and what they stand for outside."""

    def __init__(self, op: Scan, known: Known) -> None:
        self.op, self.known = op, known
        self.steps = known.steps if op.truncate < 0 else minimum(known.steps, op.truncate)
        self.meaning: dict[Variable, Variable] = {}
        self.sequences: dict[Variable, Variable] = {}
        self.others: dict[Variable, Variable] = {}
        # A variable that is carried, to its first value, and its value in the next step.
        self.carried: dict[Variable, tuple[Variable, Variable]] = {}
        self.registers: dict[int, list[Variable]] = {}
        self.mapped: dict[int, Variable] = {}
        self.sums: dict[int, Variable] = {}
        for variable in known.reads:
            same = known.other(variable)
            if same is None:
                self.sequences[variable] = known.rows(variable)
            else:
                self.others[variable] = same

    def enter(self, at: int, entering: Variable, found: Cotangents, g: Variable | None) -> None:
        """Say what `entering`, the cotangent of what a step makes for output `at`, is."""
        roles = self.op.roles
        if roles.is_carried(at):
            now = same_type(entering)
            back = found[roles.carried_input(at)]
            first = zeros_like(self.known.xs[roles.state_input(at)]) if g is None else g
            self.carried[now] = first, zeros_like(now) if back is None else back
            self.registers[at] = [now]
            self.meaning[entering] = now
            return
        parts = self._on_their_way(at, entering, found)[:1] if at < roles.states else []
        if g is not None:
            element = same_type(entering)
            self.sequences[element] = self.known.rows_of_output(at, g)
            parts = [*parts, element]
        self.meaning[entering] = _sum_of(parts, entering)

    def _on_their_way(self, at: int, like: Variable, found: Cotangents) -> list[Variable]:
        """The cotangents of the values of a state before a step, the nearest first, that later steps made."""
        roles, depth = self.op.roles, self.op.roles.depths[at]
        nows = [same_type(like) for _ in range(depth)]
        by_tap = {-tap: found[i] for i, tap in zip(roles.tap_inputs(at), self.op.taps[at], strict=True)}
        first = zeros_like(self.known.xs[roles.state_input(at)][0])
        for back, now in enumerate(nows, 1):
            passed = nows[back] if back < depth else None
            self.carried[now] = first, _sum_of([passed, by_tap.get(back)], now)
        self.registers[at] = nows
        return nows

    def leave(self, found: Cotangents) -> None:
        """Say what becomes of cotangents that do not go on to earlier steps."""
        roles = self.op.roles
        for term, outer in zip(found, roles.read_from(), strict=True):
            if term is None or roles.output_of(outer) is not None:
                continue
            if outer <= self.op.sequences:
                self.mapped[outer] = term
            else:
                now = same_type(term)
                first = zeros_like(self.known.xs[outer], dtype=term.type.dtype)
                self.carried[now] = first, now + term
                self.sums[outer] = now

    def _apply(self) -> tuple[dict[Variable, Variable], dict[int, Variable]]:
        """The last values of what is carried, and what is mapped."""
        inside = {v: same_type(v) for v in (*self.sequences, *self.carried, *self.others)}
        entering, _ = walk.clone_graph(list(self.meaning.values()), inside, strict=False)
        outs = [*(after for _, after in self.carried.values()), *self.mapped.values()]
        made, _ = walk.clone_graph(
            outs, {**inside, **dict(zip(self.meaning, entering, strict=True))}, strict=False
        )
        loop = type(self.op)
        graph = InnerGraph(list(inside.values()), made)
        name = f"grad_of_{self.op.name or 'scan_fn'}"
        values = loop(graph, len(self.sequences), carried=len(self.carried), name=name)(
            self.steps,
            *self.sequences.values(),
            *[first for first, _ in self.carried.values()],
            *self.others.values(),
            return_list=True,
        )
        count = len(self.carried)
        return dict(zip(self.carried, values[:count], strict=True)), dict(
            zip(self.mapped, values[count:], strict=True)
        )

    def answers(self, gs: Cotangents) -> Cotangents:
        """The cotangents of the loop's inputs, for those of its outputs."""
        if not self.carried and not self.mapped:
            return [None] * self.op.roles.outer_inputs
        last, stacked = self._apply()
        return [self._answer(outer, gs, last, stacked) for outer in range(self.op.roles.outer_inputs)]

    def _answer(
        self, outer: int, gs: Cotangents, last: dict[Variable, Variable], stacked: dict[int, Variable]
    ) -> Variable | None:
        out = self.op.roles.output_of(outer)
        x = self.known.xs[outer]
        if out is not None:
            if out not in self.registers:
                return zeros_like(x) if isinstance(x.type, TensorType) and not is_continuous(x) else None
            return self._of_first(out, [last[v] for v in self.registers[out]], gs[out])
        if outer in self.sums:
            return last[self.sums[outer]]
        if outer not in stacked:
            return None
        rows = stacked[outer][::-1]
        if self.op.truncate < 0 and self.known.is_whole(x):
            return rows
        nothing = zeros_like(x, dtype=rows.type.dtype)
        return set_subtensor(nothing[self.known.steps - self.steps : self.known.steps], rows)

    def _of_first(self, out: int, values: list[Variable], g: Variable | None) -> Variable:
        """The cotangent of what a state or carried value begins with, from what is on its way at the end."""
        if self.op.roles.is_carried(out):
            if self.op.truncate < 0:
                return values[0]
            # What went through some of the steps only is the cotangent of a value in their middle.
            whole: Variable = switch(eq(self.steps, self.known.steps), values[0], zeros_like(values[0]))
            return whole
        rows = [v.dimshuffle("x", *range(v.type.ndim)) for v in reversed(values)]
        made = rows[0] if len(rows) == 1 else join(0, *rows)
        if self.op.truncate >= 0:
            # The cotangents are those of the values before the first step that they went through: of these, the
            # first `left` are what the state begins with and no such step reads.
            left = minimum(self.known.steps - self.steps, len(values))
            made = set_subtensor(zeros_like(made)[left:], made[: len(values) - left])
        return made if g is None else made + g[: len(values)]


def _sum_of(parts: Sequence[Variable | None], like: Variable) -> Variable:
    """The sum of one or two cotangents, or zero."""
    given = [p for p in parts if p is not None]
    made: Variable = sum(given[1:], given[0]) if given else zeros_like(like)
    return made
