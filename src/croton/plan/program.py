"""What the planner makes of a graph: a program over numbers in registers, pointers, and calls of the runtime.

A closed set of statements, of which two hold others: loops and branches. It knows no LLVM. The driver room of a backend
turns it into one native function.

A register is written once. It is visible after its statement, to the end of the list that the statement stands in, and
in lists inside of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from croton.graph.node import Apply, Variable
from croton.util.record import field, record


@record(frozen=True, eq=False)
class Reg:
    """A register: a number of a data type, or an address (dtype 'ptr'). It is one object, found by its identity."""

    index: int
    dtype: str


Number = Reg | int | float | bool


@record(frozen=True)
class Slot:
    """A slot of the runtime: number `index` among those of its kind (see Program.slot_number)."""

    kind: str  # input, constant, cell, output or local
    index: int


@record(frozen=True)
class I64s:
    """An argument: an array of int64 on the stack."""

    values: tuple[Number, ...]


@record(frozen=True)
class Ptrs:
    """An argument: an array of addresses on the stack; None is no address."""

    values: tuple[Reg | None, ...]


@record(frozen=True)
class Ref:
    """An argument: the address of one number of `dtype` on the stack."""

    value: Number | complex
    dtype: str


@record(frozen=True)
class I32:
    """An argument: a 32-bit integer known now."""

    value: int


@record(frozen=True)
class I64:
    """An argument: a 64-bit integer."""

    value: Number


@record(frozen=True)
class Desc:
    """An argument: the address of nest descriptor number `index`."""

    index: int


@record(frozen=True)
class Null:
    """An argument: no address."""


Argument = I64s | Ptrs | Ref | I32 | I64 | Desc | Null | Reg | Slot


# -- statements ----------------------------------------------------------------------------------------------
@record(frozen=True)
class Compute:
    """out = prim(args), all numbers."""

    out: Reg
    prim: str
    args: tuple[Number, ...]
    dtype: str  # that of the arguments


@record(frozen=True)
class Load:
    """out = the number at an address."""

    out: Reg
    at: Reg


@record(frozen=True)
class Store:
    """The number at an address becomes `value`."""

    at: Reg
    value: Number
    dtype: str


@record(frozen=True)
class SlotData:
    """out = the address of the first element of what a slot holds."""

    out: Reg
    slot: Slot


@record(frozen=True)
class SlotDim:
    """out = the length of an axis of what a slot holds."""

    out: Reg
    slot: Slot
    axis: int


@record(frozen=True)
class SlotStride:
    """out = the distance in bytes between neighbours along an axis of what a slot holds."""

    out: Reg
    slot: Slot
    axis: int


@record(frozen=True)
class Offset:
    """out = an address some bytes after another."""

    out: Reg
    base: Reg
    nbytes: Number


@record(frozen=True)
class Local:
    """out = the address of room for one number of `dtype` on the stack."""

    out: Reg
    dtype: str


@record(frozen=True)
class Operand:
    """An input of a node that may fail, as far as it is known there: for the message.

    data  where it lies; None where it exists within a kernel only
    """

    dtype: int
    dims: tuple[Number, ...]
    strides: tuple[Number, ...]
    data: Reg | Ref | None = None


@record(frozen=True)
class Call:
    """A call of a runtime function. `out` takes an address it gives; its failure ends the program."""

    function: str
    args: tuple[Argument, ...]
    out: Reg | None = None
    operands: tuple[Operand, ...] = ()


@record(frozen=True)
class Fail:
    """When `condition`: the program ends with error `code` of node number `node`, and these details."""

    condition: Reg
    code: int
    node: int
    details: tuple[Number, ...]
    operands: tuple[Operand, ...] = ()


@record(frozen=True)
class Carried:
    """A register that holds `first` in the first step of a loop, in each later one what `next` held in the step before.

    After the loop it holds what the next step would have read.
    """

    reg: Reg
    first: Number
    next: Number


@record(frozen=True)
class Loop:
    """The body, while `counter`, which begins at 0, is less than `steps`, and `stop` is not true.

    counter   the number of the step; after the loop, how many there were
    carried   what one step hands to the next
    stop      one of the carried registers, or None
    """

    counter: Reg
    steps: Number
    carried: tuple[Carried, ...]
    body: list[Statement]
    stop: Reg | None = None

    @property
    def is_arithmetic(self) -> bool:
        """Whether nothing is called in the loop: a step takes nanoseconds."""
        return not any(isinstance(s, Call) for s in walk(self.body))


@record(frozen=True)
class Joined:
    """A register that holds what one of two branches made, the one that was taken."""

    reg: Reg
    then: Number
    otherwise: Number


@record(frozen=True)
class Branch:
    """`then` when `condition`, else `otherwise`; `joined` are the registers that come out of it."""

    condition: Reg
    then: list[Statement]
    otherwise: list[Statement]
    joined: tuple[Joined, ...]


Statement = (
    Compute | Load | Store | SlotData | SlotDim | SlotStride | Offset | Local | Call | Fail | Loop | Branch
)


def walk(statements: Sequence[Statement]) -> Iterator[Statement]:
    """All statements, in order, each followed by those that it holds."""
    for statement in statements:
        yield statement
        if isinstance(statement, Loop):
            yield from walk(statement.body)
        elif isinstance(statement, Branch):
            yield from walk(statement.then)
            yield from walk(statement.otherwise)


# -- what goes with them -------------------------------------------------------------------------------------
FORMS = {"E": 0, "RI": 1, "RO": 2}


@record(frozen=True)
class NestBuffer:
    """How a nest kernel sees one buffer: unit, splat or spaced along v (loops/ir.py); read after it was written."""

    itemsize: int
    access: str
    reread: bool = False


@record(frozen=True)
class NestDesc:
    """What the launcher needs to know of a nest kernel."""

    kernel: int
    form: str
    ndim: int
    nin: int
    nacc: int
    reduced: frozenset[int]
    cost: int
    buffers: tuple[NestBuffer, ...]
    flat: bool = False
    scratch: int = 0
    scratch_point: int = 0
    lanes: int = 0


@record
class Callback:
    """A node that is run by Python: slots of its inputs, and slot, dtype and ndim of each output."""

    node: Apply
    number: int
    inputs: list[Slot]
    outputs: list[tuple[Slot, str, int]]


@record
class Kernel:
    """A kernel of a program: its loop IR, and what is told of it.

    later  makes the loop IR, of a kernel that is compiled when it is first run
    """

    title: str
    nodes: list[Apply]
    loops: Any = None
    later: Callable[[], Any] | None = None

    @property
    def body(self) -> Any:
        """The loop IR."""
        if self.loops is None:
            assert self.later is not None
            self.loops = self.later()
        return self.loops


@record(frozen=True)
class Held:
    """A graph that the operation of a node holds: its nodes are numbers `first` to `end - 1` of the program's."""

    holder: int
    graph: Any
    first: int
    end: int


@record
class Program:
    """A planned graph.

    Slots, in order: inputs, constants, cells, outputs, locals.
    """

    inputs: Sequence[Variable]
    constants: list[Any] = field(default_factory=list)
    cells: Sequence[Variable] = ()
    outputs: Sequence[Variable] = ()
    n_locals: int = 0
    statements: list[Statement] = field(default_factory=list)
    kernels: list[Kernel] = field(default_factory=list)
    descs: list[NestDesc] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    nodes: list[Apply] = field(default_factory=list)  # numbered, for errors
    held: list[Held] = field(default_factory=list)

    def calls(self) -> list[str]:
        """The runtime functions that the program calls, in order."""
        return [s.function for s in walk(self.statements) if isinstance(s, Call)]

    def slot_number(self, slot: Slot) -> int:
        """The number that the runtime knows a slot by."""
        sizes = {
            "input": len(self.inputs), "constant": len(self.constants), "cell": len(self.cells),
            "output": len(self.outputs), "local": self.n_locals,
        }  # fmt: skip
        before = 0
        for kind, size in sizes.items():
            if kind == slot.kind:
                return before + slot.index
            before += size
        raise ValueError(f"There is no kind of slot called {slot.kind}.")
