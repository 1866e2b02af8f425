"""Outputs of loops and branches: arrays whose lengths may be known only inside of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from croton.graph.node import Variable
from croton.ops.inner import InnerGraph
from croton.plan import program as p
from croton.plan.numbers import Size, Step, Value, same_size
from croton.util.failures import CHANGED
from croton.vartypes.tensor import TensorType

if TYPE_CHECKING:
    from croton.plan.builder import Array, Given, Place, ProgramBuilder

    Part = tuple[InnerGraph, Sequence[Given]]


class Collector:
    """Memory for an output of the node in hand, taken when a step of the loop first says how long it is.

    Where that does not depend on the step, the memory is taken before the loop.

    count    how many rows there are at most, one for each step
    shrinks  whether there may be less steps
    """

    def __init__(
        self, b: ProgramBuilder, variable: Variable, step: Step, count: Size, shrinks: bool = False
    ) -> None:
        self.b = b
        self.variable = variable
        self.step = step
        self.count = count
        self.shrinks = shrinks
        self.node_number = b.node_number
        # The level around the loop.
        self.level = len(b.levels) - 2
        self.array: Array | None = None
        # In which registers the address and the lengths come out of the loop, where it finds them itself.
        self.carried: tuple[p.Reg, list[Value]] | None = None

    def place(self, dtype: str, dims: tuple[Size, ...]) -> Array | None:
        """Where this step writes; None in a branch of it, since another may make a value of other lengths."""
        b = self.b
        if len(b.levels) - 2 > self.level:
            return None
        if self.array is None:
            self.array = (
                self._taken_before(dims) if self._is_known(dims) else self._taken_at_first(dtype, dims)
            )
        elif self._is_known(dims):
            for axis, (n, wanted) in enumerate(zip(dims, self.array.dims[1:], strict=True)):
                self._require(n, wanted, axis)
        return b.row(self.array, self.step.number)

    def _is_known(self, dims: Sequence[Size]) -> bool:
        """Whether these lengths are known before the loop."""
        return self.b.level_of(dims) <= self.level

    def _new(self, dims: Sequence[Size]) -> Array:
        new = self.b.new_long if self.shrinks else self.b.new
        return new(self.variable, (self.count, *dims))

    def _taken_before(self, dims: Sequence[Size]) -> Array:
        b = self.b
        with b.at_level(self.level):
            made = self._new(dims)
            if self.shrinks or not b.storage.is_read_from_the_end(self.variable):
                return made
            first, *rest = made.strides
            turned = b.part(made, made.dims, (b.sub(0, first), *rest), b.times(first, b.sub(self.count, 1)))
            b.bind(self.variable, turned)
            rows = b.lent(turned)
            rows.contiguous = True  # each row is
            return rows

    def _taken_at_first(self, dtype: str, dims: Sequence[Size]) -> Array:
        b, step = self.b, self.step
        address = step.carry(0, "ptr")
        lengths = [step.carry(0, "int64") for _ in dims]
        is_first = b.eq(step.number, 0)

        def take() -> list[p.Reg]:
            with b.placing(b.levels[self.level].storage):
                return [self._new(dims).data]

        (found,) = b.either(is_first, take, lambda: [address])
        for axis, (n, known) in enumerate(zip(dims, lengths, strict=True)):
            wanted = b.select(is_first, n, known)
            self._require(n, wanted, axis)
            step.hand_on(known, wanted)
        step.hand_on(address, found)
        self.carried = address, lengths
        return self._array(found, dims)

    def _array(self, address: p.Reg, dims: Sequence[Size]) -> Array:
        """The output at an address, in the same memory as far as giving it back goes."""
        return self.b.moved(self.variable, address, (self.count, *dims))

    def _require(self, length: Size, wanted: Size, axis: int) -> None:
        require_same_step(self.b, self.node_number, self.variable, length, wanted, axis)

    def finish(self, lengths: Callable[[], Sequence[Size]]) -> None:
        """After the loop: say what the output is; `lengths` computes those of a row where there was no step."""
        if self.carried is not None:
            self._found_at_first(*self.carried, lengths)
        if self.shrinks:
            self.b.shorten(self.variable, self.step.number)

    def _found_at_first(
        self, address: p.Reg, known: list[Value], lengths: Callable[[], Sequence[Size]]
    ) -> None:
        b = self.b

        def take() -> list[Any]:
            dims = lengths()
            return [self._new(dims).data, *dims]

        found, *dims = b.either(b.eq(self.step.number, 0), take, lambda: [address, *known])
        b.bind(self.variable, self._array(found, dims))


def require_same_step(
    b: ProgramBuilder, node: int, variable: Variable, length: Size, wanted: Size, axis: int
) -> None:
    """End the program unless what a step makes is as long as what the steps before it made."""
    if same_size(length, wanted):
        return
    number, b.node_number = b.node_number, node
    b.fail_if(b.ne(length, wanted), CHANGED, variable.index or 0, axis, length, wanted)
    b.node_number = number


def fixed(b: ProgramBuilder, variable: Variable, array: Array) -> Place:
    """A place for what a step makes of `variable`: always this one."""
    node = b.node_number

    def place(dtype: str, dims: tuple[Size, ...]) -> Array:
        for axis, (n, wanted) in enumerate(zip(dims, array.dims, strict=True)):
            require_same_step(b, node, variable, n, wanted, axis)
        return array

    return place


def choose(b: ProgramBuilder, condition: Any, then: Part, otherwise: Part, ys: Sequence[Variable]) -> None:
    """The outputs of the node in hand are those of one of two graphs, each given with the values of its inputs."""
    outer = b.storage
    home = {y: b.home(y) for y in ys if not isinstance(y.type, TensorType)}

    def place_of(y: Variable) -> Callable[[str, tuple[Size, ...]], Array]:
        def place(dtype: str, dims: tuple[Size, ...]) -> Array:
            with b.placing(outer):
                return b.new(y, dims)

        return place

    def write(part: Part) -> list[Any]:
        graph, values = part
        made = b.plan(graph).run(values, [None if b.holds_number(y) else place_of(y) for y in ys])
        found: list[Any] = []
        for y, value in zip(ys, made, strict=True):
            if isinstance(value, p.Slot):
                b.call("rt_alias", home[y], value)
            elif b.holds_number(y):
                found.append(b.cast(value, y.type.dtype))
            else:
                array: Any = value
                found.extend([array.data, *array.dims])
        return found

    joined = iter(b.either(condition, lambda: write(then), lambda: write(otherwise)))
    for y in ys:
        if b.holds_number(y):
            b.bind(y, next(joined))
        elif isinstance(y.type, TensorType):
            address = next(joined)
            b.bind(y, b.moved(y, address, [next(joined) for _ in range(y.type.ndim)]))
