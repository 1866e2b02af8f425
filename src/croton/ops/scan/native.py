"""A loop in native code: all steps inside the one function, in memory that is taken before the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from croton.graph.node import Variable
from croton.ops.inner import InnerGraph
from croton.ops.scan.reference import sequence_too_short, state_of_wrong_depth, too_few_steps
from croton.util.failures import BAD_VALUE
from croton.vartypes.tensor import TensorType

if TYPE_CHECKING:
    from croton.ops.scan.loop import Scan

# What the first detail of a reported failure says is wrong.
_STEPS, _SEQUENCE, _STATE = range(3)


def lower_loop(op: Scan, b: Any, xs: Sequence[Variable], ys: Sequence[Variable]) -> None:
    """The loop. Sequences are read, and states and mapped outputs written, where they lie."""
    roles = op.roles
    n = b.scalar(xs[0])
    values = [b.given(x) for x in xs[1:]]
    sequences, first = values[: op.sequences], values[op.sequences : roles.others.start - 1]
    _check(op, b, n, sequences, first[: roles.states])
    inner = b.plan(op.graph)
    kept: list[Any] = []
    for out, value in enumerate(first):
        if out < roles.states:
            tapped = [op.graph.inputs[at] for at in roles.tap_inputs(out)]
            kept.append(_State(b, ys[out], value, n, op.taps[out], tapped, op.until))
        else:
            kept.append(_carried(b, ys[out], value, n, inner, (out, roles.carried_input(out)), op.until))
    with b.repeat(n) as step:
        mapped = [b.collector(ys[out], step, n, shrinks=op.until) for out in roles.mapped]
        elements = [b.element_of(s, step.number, v) for s, v in zip(sequences, op.graph.inputs, strict=False)]
        before = [value for one in kept for value in one.enter(step)]
        places = [*[one.place for one in kept], *[one.place for one in mapped], *[None] * op.until]
        made = inner.run([*elements, *before, *values[roles.others.start - 1 :]], places)
        for one, value in zip(kept, made, strict=False):
            one.leave(step, value)
        for one in kept:
            one.settle()
        if op.until:
            step.stop_when(b.is_true(made[-1], op.graph.outputs[-1].type.dtype))
    for one in kept:
        one.finish()
    for out, one in zip(roles.mapped, mapped, strict=True):
        one.finish(lambda out=out: _lengths_of_no_step(op, b, out, values))


def _lengths_of_no_step(op: Scan, b: Any, out: int, values: Sequence[Any]) -> Sequence[Any]:
    """The lengths of what a step would make of a mapped output: those that one on zeros makes."""
    roles, graph = op.roles, op.graph
    made: list[Any] = []
    rows = []
    for sequence, variable in zip(values[: op.sequences], graph.inputs, strict=False):
        if b.holds_number(variable):
            made.append(b.register(False if sequence.dtype == "bool" else 0, sequence.dtype))
        else:
            rows.append(b.temporary(sequence.dtype, sequence.dims[1:]))
            b.fill(rows[-1], 0)
            made.append(b.lent(rows[-1]))
    for state, taps in enumerate(op.taps):
        first, depth = values[op.sequences + state], roles.depths[state]
        for tap, at in zip(taps, roles.tap_inputs(state), strict=True):
            made.append(b.element_of(first, depth + tap, graph.inputs[at]))
    (row,) = b.plan(InnerGraph(graph.inputs, [graph.outputs[out]])).run(
        [*made, *values[op.sequences + roles.states :]], [None]
    )
    for array in rows:
        b.free(array)
    return row.dims  # type: ignore[no-any-return]


def _check(op: Scan, b: Any, n: Any, sequences: Sequence[Any], states: Sequence[Any]) -> None:
    """End the program where there are not as many elements, or values before the first step, as will be read."""
    b.fail_if(b.lt(n, 0), BAD_VALUE, _STEPS, n)
    for at, sequence in enumerate(sequences):
        b.fail_if(b.lt(sequence.dims[0], n), BAD_VALUE, _SEQUENCE, n, at, sequence.dims[0])
    for at, (state, depth) in enumerate(zip(states, op.roles.depths, strict=True)):
        b.fail_if(b.ne(state.dims[0], depth), BAD_VALUE, _STATE, at, state.dims[0])


def explain(op: Scan, details: Sequence[int]) -> Exception:
    """The exception for what `_check` found."""
    what, first, *rest = details
    if what == _STEPS:
        return too_few_steps(op, first)
    if what == _SEQUENCE:
        return sequence_too_short(op, first, *rest)
    return state_of_wrong_depth(op, first, *rest)


# So many steps back, numbers are kept in registers.
_REGISTERS = 4


class _State:
    """All values of a state, one behind the other, in the memory of the output."""

    def __init__(
        self,
        b: Any,
        y: Variable,
        x: Any,
        n: Any,
        taps: Sequence[int],
        read_as: Sequence[Variable],
        shrinks: bool,
    ) -> None:
        self.b = b
        self.y = y
        self.taps = taps
        self.read_as = read_as
        self.depth = -min(taps)
        self.shrinks = shrinks
        self.place: Any = None
        dims = (b.add(n, self.depth), *x.dims[1:])
        self.array = b.new_long(y, dims) if shrinks else b.new(y, dims)
        b.copy(b.part(self.array, (self.depth, *dims[1:]), self.array.strides), x)
        # The last values of a number are kept in registers, too.
        small = b.holds_number(read_as[0]) and self.depth <= _REGISTERS
        self.before = [b.element(x, at) for at in range(self.depth)] if small else []
        self.recent: list[Any] = []

    def enter(self, step: Any) -> list[Any]:
        """What the graph reads in a step; `place` is where it writes."""
        b = self.b
        self.step = step
        end = b.add(step.number, self.depth)
        self.place = b.fixed(self.y, b.row(self.array, end))
        self.recent = [step.carry(first, first.dtype) for first in self.before]
        if self.recent:
            return [self.recent[tap] for tap in self.taps]
        return [
            b.element_of(self.array, b.add(end, tap), v)
            for tap, v in zip(self.taps, self.read_as, strict=True)
        ]

    def leave(self, step: Any, value: Any) -> None:
        """The value lies in its place; registers take what the next step reads."""
        if self.recent:
            newest = self.b.cast(value, self.recent[0].dtype)
            for old, new in zip(self.recent, [*self.recent[1:], newest], strict=True):
                step.hand_on(old, new)

    def settle(self) -> None:
        """Nothing is put off until all values have been made."""

    def finish(self) -> None:
        """After the loop: what was not reached is left out."""
        if self.shrinks:
            self.b.shorten(self.y, self.b.add(self.step.number, self.depth))


def _carried(b: Any, y: Variable, x: Any, n: Any, inner: Any, pair: tuple[int, int], early: bool) -> Any:
    """A carried value, as what it is: `pair` is the numbers of the graph's output and input."""
    if not isinstance(y.type, TensorType):
        return _Object(b, y, x, inner.moves_on(*pair))
    if b.holds_number(y):
        return _Number(b, y, x)
    return _Single(b, y, x) if inner.writes_over(*pair) else _Double(b, y, x, n, early)


class _Number:
    """A carried number, in a register."""

    place = None

    def __init__(self, b: Any, y: Variable, x: Any) -> None:
        self.b = b
        self.y = y
        self.x = x

    def enter(self, step: Any) -> list[Any]:
        """What the graph reads."""
        self.value = step.carry(self.x, self.y.type.dtype)
        return [self.value]

    def leave(self, step: Any, value: Any) -> None:
        """What the next step reads."""
        step.hand_on(self.value, self.b.cast(value, self.y.type.dtype))

    def settle(self) -> None:
        """Nothing is put off until all values have been made."""

    def finish(self) -> None:
        """After the loop."""
        self.b.bind(self.y, self.value)


class _Object:
    """A carried value that is no tensor, in the output's slot; where steps change it, a copy that is made once."""

    place = None

    def __init__(self, b: Any, y: Variable, x: Any, moves_on: bool) -> None:
        self.b = b
        self.home = b.home(y)
        b.call("rt_duplicate" if moves_on else "rt_alias", self.home, x)

    def enter(self, step: Any) -> list[Any]:
        """What the graph reads."""
        return [self.home]

    def leave(self, step: Any, value: Any) -> None:
        """What the step made; the value before may be that of another, and stays until all have been made."""
        self.made = self.b.new_slot()
        self.b.call("rt_alias", self.made, value)

    def settle(self) -> None:
        """What the next step reads."""
        self.b.call("rt_alias", self.home, self.made)

    def finish(self) -> None:
        """After the loop, the value lies in its slot."""


class _Single:
    """A carried array that each step writes over."""

    def __init__(self, b: Any, y: Variable, x: Any) -> None:
        self.array = b.new(y, x.dims)
        b.copy(self.array, x)
        self.place = b.fixed(y, b.lent(self.array))
        self.b = b

    def enter(self, step: Any) -> list[Any]:
        """What the graph reads."""
        return [self.b.lent(self.array)]

    def leave(self, step: Any, value: Any) -> None:
        """The value lies in its place."""

    def settle(self) -> None:
        """Nothing is put off until all values have been made."""

    def finish(self) -> None:
        """After the loop, the value lies where it should."""


class _Double:
    """A carried array in two places in turn: one that a step reads, one that it writes."""

    def __init__(self, b: Any, y: Variable, x: Any, n: Any, early: bool) -> None:
        self.b = b
        self.y = y
        self.early = early
        self.array = b.new(y, x.dims)
        self.other = b.temporary(self.array.dtype, x.dims)
        # Where the number of steps is known, it begins so that it ends in the output.
        self.swapped = False if early else self._is_odd(n)
        self.begin = self._in_turn(self.swapped)
        b.copy(b.lent(self.array, self.begin[0]), x)

    def _is_odd(self, n: Any) -> Any:
        return self.b.eq(self.b.mod(n, 2), 1)

    def _in_turn(self, swapped: Any) -> list[Any]:
        own, other = self.array.data, self.other.data
        if isinstance(swapped, bool):
            return [other, own] if swapped else [own, other]
        return self.b.either(swapped, lambda: [other, own], lambda: [own, other])  # type: ignore[no-any-return]

    def enter(self, step: Any) -> list[Any]:
        """What the graph reads."""
        self.step = step
        self.now, self.next = (step.carry(at, "ptr") for at in self.begin)
        self.place = self.b.fixed(self.y, self.b.lent(self.array, self.next))
        return [self.b.lent(self.array, self.now)]

    def leave(self, step: Any, value: Any) -> None:
        """The next step reads what this one wrote."""
        step.hand_on(self.now, self.next)
        step.hand_on(self.next, self.now)

    def settle(self) -> None:
        """Nothing is put off until all values have been made."""

    def finish(self) -> None:
        """After the loop: the last value, in the output."""
        b = self.b
        if self.early:

            def fetch() -> list[Any]:
                b.copy(self.array, self.other)
                return []

            b.either(self._is_odd(self.step.number), fetch, list)
        b.free(self.other)
