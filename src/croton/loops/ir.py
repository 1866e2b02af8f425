"""The nodes of the loop IR: a closed set, typed and immutable.

Expressions are shared freely (a graph, not a tree) and mean the same wherever they stand: where they are computed is
the code generator's choice. What has an order are statements; a Load is both, a statement that makes a value.
Nodes compare by identity; the builder interns the pure ones. `croton.loops.text` gives a form that compares by content.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from croton.util.record import record

Form = Literal["E", "RI", "RO", "L"]
Access = Literal["unit", "splat", "spaced", "strided", "scratch", "place"]
LoopKind = Literal["serial", "vector"]

INT = "int64"
NEST_AXES = ("o", "r", "v")


@record(frozen=True, eq=False)
class Const:
    """A number."""

    value: float | int | bool
    dtype: str


@record(frozen=True, eq=False)
class Param:
    """A scalar argument of the kernel."""

    name: str
    dtype: str = INT


@record(frozen=True, eq=False)
class LoopVar:
    """The counter of a loop."""

    name: str
    dtype: str = INT


@record(frozen=True, eq=False)
class Prim:
    """A primitive of `croton.loops.primitives` on operands of one type."""

    name: str
    args: tuple[Expr, ...]
    dtype: str


@record(frozen=True, eq=False)
class Cast:
    """The value in another type, by NumPy's rules."""

    x: Expr
    dtype: str


@record(frozen=True, eq=False)
class Select:
    """`yes` where the condition holds, else `no`; both are computed."""

    condition: Expr
    yes: Expr
    no: Expr
    dtype: str


@record(frozen=True, eq=False)
class Ref:
    """A running value as an iteration finds it; also a formal operand of a Combine."""

    dtype: str


@record(frozen=True, eq=False)
class Result:
    """A running value as its loop leaves it."""

    dtype: str


@record(frozen=True, eq=False)
class Buffer:
    """An array the kernel reads or writes.

    unit, splat  of nests: on axis v its elements are adjacent, or all one; strides of o and r come with the call
    spaced       of nests: the stride of v comes with the call, too
    strided      of form L: byte strides, one per index
    scratch      of nests: a row-local intermediate, one element per (r, v) of the call
    place        of nests: no memory; an element is its own address, a byte further per element on v. With the strides
                 of an array of bytes, and no address to begin with, that is where the element stands in C order
    """

    name: str
    dtype: str
    access: Access
    strides: tuple[Expr, ...] = ()


@record(frozen=True, eq=False)
class Load:
    """An element read here and now; nests index by (o, r, v), an absent axis by the constant 0."""

    buffer: Buffer
    index: tuple[Expr, ...]
    dtype: str


Expr: TypeAlias = Const | Param | LoopVar | Prim | Cast | Select | Ref | Result | Load


@record(frozen=True, eq=False)
class Combine:
    """An associative operation on tuples of values, `result` in terms of `left` and `right`."""

    left: tuple[Ref, ...]
    right: tuple[Ref, ...]
    result: tuple[Expr, ...]
    identity: tuple[Const, ...]
    rounds: bool = False  # each step rounds: long chains are to be broken up


@record(frozen=True, eq=False)
class Fold:
    """Values carried from one iteration of a loop to the next.

    Without `combine` they go in order. With it, `updates` is known to be combine(refs, something), and an iteration may
    start from the identity on a part of the range, the parts being combined afterwards in an order fixed by the range.
    """

    refs: tuple[Ref, ...]
    inits: tuple[Expr, ...]
    updates: tuple[Expr, ...]
    results: tuple[Result, ...]
    combine: Combine | None


@record(frozen=True, eq=False)
class Store:
    """An element written."""

    buffer: Buffer
    index: tuple[Expr, ...]
    value: Expr


@record(frozen=True, eq=False)
class For:
    """The body for var in [lo, hi).

    serial   in order
    vector   iterations are independent but for folds that combine; several are done at once
    """

    var: LoopVar
    lo: Expr
    hi: Expr
    kind: LoopKind
    folds: tuple[Fold, ...]
    body: tuple[Stmt, ...]


@record(frozen=True, eq=False)
class If:
    """The body where the condition holds."""

    condition: Expr
    body: tuple[Stmt, ...]


@record(frozen=True, eq=False)
class Fail:
    """Leave the kernel (form L) with a code other than 0; the details are int64."""

    code: int
    details: tuple[Expr, ...]


Stmt: TypeAlias = Load | Store | For | If | Fail


@record(frozen=True, eq=False)
class Kernel:
    """A function of buffers.

    form        E, RI, RO: a nest over axes o, r, v; L: any loops
    parallel    form L: iterations of the outermost loop, over [lo, hi) of the call, may run on different threads
    packs       form RO: written for so few columns that several rows are done as one
    """

    form: Form
    buffers: tuple[Buffer, ...]
    params: tuple[Param, ...]
    scratch: tuple[Buffer, ...]
    body: tuple[Stmt, ...]
    parallel: bool = False
    packs: bool = False

    @property
    def scratch_itemsize(self) -> int:
        """Bytes of scratch memory per element; a call needs this times nr * (v_hi - v_lo) rounded up to 64."""
        return sum(SIZES[b.dtype] for b in self.scratch)


SIZES = {
    "bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8,
    "float16": 2, "float32": 4, "float64": 8,
}  # fmt: skip


def operands(node: Expr) -> tuple[Expr, ...]:
    """The expressions a value is computed from; none for what loops and statements define."""
    match node:
        case Prim():
            return node.args
        case Cast():
            return (node.x,)
        case Select():
            return (node.condition, node.yes, node.no)
        case _:
            return ()
