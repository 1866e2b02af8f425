"""What an operation's `lower` is given to say what it does: numbers, arrays, memory, kernels and runtime calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.loops.build import Builder
from croton.loops.ir import Kernel as LoopKernel
from croton.loops.walk import may_fail
from croton.plan import control, products
from croton.plan import program as p
from croton.plan.numbers import Numbers, Size, Step, Value, same_size
from croton.util.failures import MISMATCH, NO_BROADCAST
from croton.util.record import field, record
from croton.vartypes.tensor import TensorType

CODES = {
    "bool": 0, "int8": 1, "uint8": 2, "int16": 3, "uint16": 4, "int32": 5, "uint32": 6, "int64": 7, "uint64": 8,
    "float16": 9, "float32": 10, "float64": 11, "complex64": 12, "complex128": 13,
}  # fmt: skip

# Stands for an input that is no array, or lies nowhere yet.
UNKNOWN = p.Operand(-1, (), ())


@record(eq=False)
class Block:
    """A piece of memory of the program: who lives in it, and how it is given back."""

    address: p.Reg | None = None  # of an rt_alloc block
    pool: tuple[int, p.Number] | None = None  # of a block that a loop uses in each step: its level and size
    slot: p.Slot | None = None  # of an ndarray
    users: set[Variable] = field(default_factory=set)
    fixed: bool = False  # not the program's to give back: inputs, constants, cells, the stack


@record(eq=False)
class Array:
    """Where a value lies: address, lengths, and strides in bytes.

    still  the level inside of which its elements do not change, if there is one
    far    whether no elements are adjacent, along any axis
    """

    dtype: str
    data: p.Reg
    dims: tuple[Size, ...]
    strides: tuple[Size, ...]
    block: Block
    contiguous: bool = False
    still: int | None = None
    far: bool = False

    ndim = property(lambda self: len(self.dims))
    itemsize = property(lambda self: np.dtype(self.dtype).itemsize)


# What a variable of a graph that an operation holds is given as, or becomes: an array, a number, an object's slot.
Given = Array | Value | int | float | bool | p.Slot

# Where a value of a data type and of these lengths is to be written; None: anywhere, it will be copied.
Place = Callable[[str, tuple[Size, ...]], Array | None]


class ProgramBuilder(Numbers):
    """Grows a program, statement by statement."""

    def __init__(self, program: p.Program, storage: Any) -> None:
        super().__init__(program.statements)
        self.program = program
        self.storage = storage
        self.arrays: dict[Variable, Array] = {}
        self.scalars: dict[Variable, Value | int | float | bool] = {}
        self.node_number = -1
        # Lengths of values that exist only inside a kernel.
        self.inner_dims: dict[Variable, tuple[Size, ...]] = {}
        self._constants: dict[Any, Array] = {}

    # -- values of variables ---------------------------------------------------------------------------------
    def scalar(self, variable: Variable) -> Any:
        """The number that a 0-d variable holds."""
        if variable in self.scalars:
            return self.scalars[variable]
        if isinstance(variable, Constant):
            return variable.data.reshape(())[()].item()
        array = self.array(variable)
        return self.scalars.setdefault(variable, self.load(array.data, array.dtype))

    def array(self, variable: Variable) -> Array:
        """Where the value of a variable lies; a number is put into memory first."""
        found = self.arrays.get(variable)
        if found is None:
            if isinstance(variable, Constant):
                found = self._constant(variable)
            else:
                number = self.scalars[variable]
                dtype: str = variable.type.dtype
                at = self.local(dtype)
                self.store(at, number, dtype)
                found = Array(dtype, at, (), (), Block(fixed=True), True)
            self.arrays[variable] = found
        return found

    def dims(self, variable: Variable) -> tuple[Size, ...]:
        """The lengths of a variable's axes."""
        return self.array(variable).dims if variable.type.ndim else ()

    def _constant(self, variable: Constant) -> Array:
        key = variable.signature()
        if key not in self._constants:
            data = variable.data
            slot = p.Slot("constant", len(self.program.constants))
            self.program.constants.append(data)
            address = self.reg("ptr", 0)
            # Constants are loaded where the program begins: they may be read first in any place.
            self.prologue.append(p.SlotData(address, slot))
            self._constants[key] = Array(
                data.dtype.name,
                address,
                data.shape,
                data.strides,
                Block(slot=slot, fixed=True),
                bool(data.flags.c_contiguous),
                still=0,
            )
        return self._constants[key]

    def bind(self, variable: Variable, value: Array | Value | int | float | bool) -> None:
        """Say what an output of the node in hand is."""
        if isinstance(value, Array):
            self.arrays[variable] = value
            if not value.block.fixed:
                value.block.users.add(variable)
        else:
            self.scalars[variable] = value

    # -- graphs that operations hold -------------------------------------------------------------------------
    def given(self, variable: Variable) -> Given:
        """The value of an input of the node in hand, as a graph that the operation holds may be given it."""
        return self.storage.given(variable)  # type: ignore[no-any-return]

    def plan(self, inner: Any) -> Any:
        """What lowers an InnerGraph that the operation in hand holds: see plan/lower.py."""
        return self.storage.inner(inner)

    def home(self, variable: Variable) -> p.Slot:
        """The slot of a value that is no tensor."""
        return self.storage.home[variable]  # type: ignore[no-any-return]

    def new_slot(self) -> p.Slot:
        """A slot of the program's own, for an ndarray or another object."""
        self.program.n_locals += 1
        return p.Slot("local", self.program.n_locals - 1)

    # -- memory ----------------------------------------------------------------------------------------------
    def new(self, variable: Variable, dims: Sequence[Size], into: Array | None = None) -> Array:
        """Memory for an output of the node in hand, C-contiguous, not cleared; `into`: where it may be written."""
        dtype: str = variable.type.dtype
        made: Array = self.storage.place(self, variable, dtype, tuple(dims), into)
        self.bind(variable, made)
        return made

    def new_long(self, variable: Variable, dims: Sequence[Size]) -> Array:
        """As `new`, for an output of which in the end only the first part may be left: see `shorten`."""
        made = self.temporary(variable.type.dtype, dims)
        self.bind(variable, made)
        return made

    def shorten(self, variable: Variable, length: Size) -> None:
        """Of the array of `variable`, only so much of the first axis is left."""
        array = self.arrays[variable]
        made = self.part(array, (length, *array.dims[1:]), array.strides)
        made.contiguous = array.contiguous
        self.bind(variable, made)

    def lent(self, array: Array, address: p.Reg | None = None) -> Array:
        """An array, or one like it at another address, for those who may not give its memory back."""
        at = array.data if address is None else address
        return Array(array.dtype, at, array.dims, array.strides, Block(fixed=True), array.contiguous)

    def in_slot(self, slot: p.Slot, dtype: str, dims: tuple[Size, ...], cell: p.Slot | None = None) -> Array:
        """A new ndarray in an output or local slot; `cell` is one whose array may be written over."""
        address = self.reg("ptr")
        args = (self.dtype_code(dtype), p.I32(len(dims)), self.i64s(dims))
        if cell is None:
            self.emit(p.Call("rt_output", (slot, *args), address))
        else:
            self.emit(p.Call("rt_output_into", (slot, cell, *args), address))
        return Array(dtype, address, dims, self.strides(dtype, dims), Block(slot=slot, fixed=True), True)

    def temporary(self, dtype: str, dims: Sequence[Size]) -> Array:
        """Memory for a value that is no variable; give it back with `free`.

        In a loop, memory of a size that is known before it is taken there, once.
        """
        size = self.raw(self.count(np.dtype(dtype).itemsize, *dims))
        block = self._block(size, self.level_of((size,)))
        assert block.address is not None
        return Array(dtype, block.address, tuple(dims), self.strides(dtype, dims), block, True)

    def _block(self, size: p.Number, level: int) -> Block:
        pool = None if level == len(self.levels) - 1 else (level, size)
        home = self.levels[level]
        if pool is not None and home.free.get(size):
            return Block(home.free[size].pop(), pool)
        address = self.reg("ptr", level)
        home.statements.append(p.Call("rt_alloc", (p.I64(size),), address))
        if pool is not None:
            home.taken.append(address)
        return Block(address, pool)

    def on_stack(self, dtype: str) -> Array:
        """Room for one number."""
        return Array(dtype, self.local(dtype), (), (), Block(fixed=True), True)

    def renew(self, variable: Variable, x: Variable, *others: Variable) -> Array:
        """An output that is as `x` so far: in its memory, where nothing needs that more and no other lies there."""
        source = self.array(x)
        shared = any(v in self.arrays and self.arrays[v].block is source.block for v in others)
        made = self.new(variable, source.dims, None if shared else source)
        if made.data is not source.data:
            self.copy(made, source)
        return made

    def free(self, array: Array) -> None:
        """Give back a temporary."""
        self.give_back(array.block)

    def before_loop(self, size: p.Number, level: int) -> p.Reg:
        """Memory of `size` bytes, taken in a level around the loops in hand and given back after them."""
        address = self._block(size, level).address
        assert address is not None
        return address

    def give_back(self, block: Block) -> None:
        """Nothing needs the memory of `block` any more."""
        assert block.address is not None
        if block.pool is None:
            self.emit(p.Call("rt_free", (block.address,)))
        else:
            level, size = block.pool
            self.levels[level].free.setdefault(size, []).append(block.address)

    def view(
        self,
        variable: Variable,
        of: Array,
        dims: Sequence[Size],
        strides: Sequence[Size],
        offset: Size = 0,
        contiguous: bool = False,
    ) -> Array:
        """Bind an output as other axes over the memory of `of`, `offset` bytes on."""
        made = self.part(of, dims, strides, offset)
        made.dtype = variable.type.dtype
        made.contiguous = contiguous
        self.bind(variable, made)
        return made

    def part(self, of: Array, dims: Sequence[Size], strides: Sequence[Size], offset: Size = 0) -> Array:
        """Other axes over the memory of `of`, `offset` bytes on, which are no variable."""
        at = self.offset(of.data, offset)
        return Array(of.dtype, at, tuple(dims), tuple(strides), of.block, still=of.still, far=of.far)

    def element(self, vector: Array, i: int) -> Value:
        """The number at place `i` of a vector of a real type."""
        return self.load(self.part(vector, (), (), self.times(vector.strides[0], i)).data, vector.dtype)

    def broadcast(self, array: Array, dims: Sequence[Size], number: int) -> Array:
        """Input `number` as an array of lengths `dims`: axes of length 1, and those it lacks in front, do not vary.

        Ends the program where it does not broadcast.
        """
        missing = len(dims) - array.ndim
        strides: list[Size] = [0] * missing
        for axis, (n, wanted, stride) in enumerate(
            zip(array.dims, dims[missing:], array.strides, strict=True)
        ):
            if same_size(n, wanted):
                strides.append(stride)
                continue
            one = self.eq(n, 1)
            if one is True:
                strides.append(0)
                continue
            off = (
                self.ne(n, wanted)
                if one is False
                else self.and_(self.cast(self.ne(n, 1), "bool"), self.cast(self.ne(n, wanted), "bool"))
            )
            self.fail_if(off, NO_BROADCAST, number, axis, n, wanted)
            strides.append(stride if one is False else self.select(one, 0, stride))
        return Array(array.dtype, array.data, tuple(dims), tuple(strides), array.block)

    def spread(self, array: Array, variable: Variable) -> None:
        """Every element becomes the number that a 0-d variable holds."""
        if is_number(variable) or (isinstance(variable, Constant) and variable.type.ndim == 0):
            self.fill(array, self.scalar(variable))
        else:
            source = self.array(variable)
            self.copy(array, Array(array.dtype, source.data, array.dims, (0,) * array.ndim, source.block))

    def strides(self, dtype: str, dims: Sequence[Size]) -> tuple[Size, ...]:
        """Byte strides of a C-contiguous array."""
        step: Size = np.dtype(dtype).itemsize
        found: list[Size] = []
        for d in reversed(dims):
            found.append(step)
            step = self.times(step, d)
        return tuple(reversed(found))

    def copy(self, dst: Array, src: Array) -> None:
        """Copy elements between arrays of equal lengths and data type."""
        args = (
            p.I64(src.itemsize), p.I32(src.ndim), self.i64s(src.dims),
            dst.data, self.i64s(dst.strides), src.data, self.i64s(src.strides),
        )  # fmt: skip
        self.emit(p.Call("rt_copy", args))

    def as_contiguous(self, array: Array) -> Array:
        """`array` itself where it is known to be C-contiguous; else one that is, made at run time if need be."""
        if array.contiguous:
            return array
        address = self.reg("ptr")
        args = (
            p.I64(array.itemsize),
            p.I32(array.ndim),
            self.i64s(array.dims),
            array.data,
            self.i64s(array.strides),
        )
        self.emit(p.Call("rt_contiguous", args, address))
        if len(self.levels) > 1:  # outside of loops it is given back when the program ends
            self.levels[-1].copies.append((address, array.data))
        return Array(
            array.dtype, address, array.dims, self.strides(array.dtype, array.dims), array.block, True
        )

    def multiply(self, alpha: Any, x: Array, y: Array, beta: Any, out: Array) -> None:
        """`out` becomes `alpha * x y + beta * out`, x and y being matrices whose lengths agree."""
        products.multiply(self, alpha, x, y, beta, out)

    def multiply_vector(self, alpha: Any, x: Array, y: Array, beta: Any, out: Array) -> None:
        """`out` becomes `alpha * x y + beta * out`, x being a matrix, y and out vectors; the lengths agree."""
        products.multiply_vector(self, alpha, x, y, beta, out)

    def fill(self, array: Array, value: Any) -> None:
        """Every element becomes `value`."""
        zero = (
            isinstance(value, (int, float))
            and value == 0
            and not (isinstance(value, float) and np.signbit(value))
        )
        ref: p.Argument = p.Null() if zero else p.Ref(self.raw(value), array.dtype)
        args = (
            p.I64(array.itemsize),
            p.I32(array.ndim),
            self.i64s(array.dims),
            array.data,
            self.i64s(array.strides),
            ref,
        )
        self.emit(p.Call("rt_fill", args))

    def row(self, array: Array, i: Size) -> Array:
        """What stands at place `i` of the first axis."""
        made = self.part(array, array.dims[1:], array.strides[1:], self.times(array.strides[0], i))
        made.contiguous = array.contiguous
        return made

    def element_of(self, array: Array, i: Size, variable: Variable) -> Given:
        """What stands at place `i` of the first axis, for an input of a graph that an operation holds."""
        row = self.row(array, i)
        return self.load(row.data, row.dtype) if is_number(variable) else self.lent(row)

    def collector(
        self, variable: Variable, step: Step, count: Size, shrinks: bool = False
    ) -> control.Collector:
        """Memory for an output of the node in hand that is made of what each step of a loop makes."""
        return control.Collector(self, variable, step, count, shrinks)

    def fixed(self, variable: Variable, array: Array) -> Place:
        """A place for what a step makes of an output of the node in hand: always `array`."""
        return control.fixed(self, variable, array)

    def choose(self, condition: Any, then: Any, otherwise: Any, ys: Sequence[Variable]) -> None:
        """The outputs `ys` of the node in hand are those of one of two graphs: pairs (graph, values of its inputs)."""
        control.choose(self, condition, then, otherwise, ys)

    @staticmethod
    def holds_number(variable: Variable) -> bool:
        """Whether the value of a variable is kept in a register."""
        return is_number(variable)

    @contextmanager
    def placing(self, storage: Any) -> Iterator[None]:
        """Let `storage` place what is made in the context."""
        before, self.storage = self.storage, storage
        yield
        self.storage = before

    def moved(self, variable: Variable, address: p.Reg, dims: Sequence[Size]) -> Array:
        """The array of `variable`, whose memory was taken in another list of statements, at an address known here."""
        before = self.arrays[variable].block
        block = Block(None if before.fixed else address, slot=before.slot, fixed=before.fixed)
        dtype: str = variable.type.dtype
        return Array(dtype, address, tuple(dims), self.strides(dtype, dims), block, True)

    # -- calls -----------------------------------------------------------------------------------------------
    def call(self, function: str, *args: Any) -> None:
        """Call a runtime function. Values and ints become int64; wrap anything else in the classes of program.py."""
        self.emit(p.Call(function, tuple(self._argument(a) for a in args)))

    def lapack(self, routine: str, dtype: str, flags: int, *args: Any) -> None:
        """Call a LAPACK routine of the runtime for the node in hand (runtime/abi.md, section 4)."""
        self.call(f"rt_{routine}", p.I32(self.node_number), self.dtype_code(dtype), p.I32(flags), *args)

    def _argument(self, a: Any) -> p.Argument:
        if isinstance(a, Array):
            return a.data
        if isinstance(a, (Value, int)):
            return p.I64(self.raw(a))
        return a  # type: ignore[no-any-return]

    def dtype_code(self, dtype: str) -> p.I32:
        """An argument: the runtime's code of a data type."""
        return p.I32(CODES[dtype])

    def flag(self, value: bool) -> p.I32:
        """An argument: yes or no."""
        return p.I32(int(value))

    def no_address(self) -> p.Null:
        """An argument: no array."""
        return p.Null()

    def one(self, value: Any, dtype: str) -> p.Ref:
        """An argument: the address of one number."""
        return p.Ref(self.raw(value), dtype)

    def i64s(self, values: Sequence[Size]) -> p.I64s:
        """An argument: an array of int64."""
        return p.I64s(tuple(self.raw(v) for v in values))

    def loop(
        self, kernel: LoopKernel, buffers: Sequence[Array], params: Sequence[Size], n: Size, *,
        cost: Size = 1000, parallel: bool = False, once_if_empty: bool = False,
    ) -> None:  # fmt: skip
        """Run a loop kernel (form L) over [0, n); `cost` is in picoseconds per step."""
        number = self.kernel(kernel)
        flags = (1 if parallel else 0) | (2 if once_if_empty else 0)
        self.emit(
            p.Call(
                "rt_loop",
                (
                    p.I32(number), p.I32(self.node_number), p.I32(flags),
                    p.Ptrs(tuple(b.data for b in buffers)), self.i64s(params),
                    p.I64(self.raw(n)), p.I64(self.raw(cost)),
                ),
                operands=self._operands() if may_fail(kernel) else (),
            )
        )  # fmt: skip

    def elementwise(self, make: Callable[..., Any], out: Array, *ins: Array, cost: int = 300) -> None:
        """Each element of `out` becomes what `make(builder, *elements)` says; axes that an input lacks have stride 0.

        An input may be just where `out` is. `cost` is in picoseconds per element.
        """
        k = Builder("E")
        arrays = [*ins, out]
        if not out.ndim:
            arrays = [Array(a.dtype, a.data, (1,), (a.itemsize,), a.block) for a in arrays]
            out = arrays[-1]
        access = [
            "splat" if isinstance(a.strides[-1], int) and a.strides[-1] == 0 else "unit" for a in arrays
        ]
        access[-1] = "unit"
        buffers = [
            k.buffer(f"x{i}", a.dtype, along) for i, (a, along) in enumerate(zip(arrays, access, strict=True))
        ]
        with k.loop("o"), k.loop("v", kind="vector"):
            k.store(buffers[-1], make(k, *[k.load(x) for x in buffers[:-1]]))
        descs = tuple(p.NestBuffer(a.itemsize, along) for a, along in zip(arrays, access, strict=True))
        self.program.descs.append(
            p.NestDesc(self.kernel(k.kernel()), "E", out.ndim, len(ins), 0, frozenset(), cost, descs)
        )
        strides = [s for a in arrays for s in a.strides]
        args = (
            p.Desc(len(self.program.descs) - 1), p.Ptrs(tuple(a.data for a in arrays)),
            self.i64s(out.dims), self.i64s(strides),
        )  # fmt: skip
        self.emit(p.Call("rt_nest", args))

    def loops(self) -> Builder:
        """A builder of a loop kernel (form L), to be run by `loop`."""
        return Builder("L")

    def kernel(self, body: LoopKernel, title: str = "", nodes: Sequence[Apply] = ()) -> int:
        """Enter a kernel into the program; its number."""
        number = len(self.program.kernels)
        node = self.program.nodes[self.node_number] if self.node_number >= 0 else None
        self.program.kernels.append(
            p.Kernel(title or str(node and node.op), list(nodes) or ([node] if node else []), body)
        )
        return number

    def kernel_later(self, make: Callable[[], LoopKernel], title: str, nodes: Sequence[Apply]) -> int:
        """Enter a kernel that is made and compiled when it is first run; its number."""
        self.program.kernels.append(p.Kernel(title, list(nodes), later=make))
        return len(self.program.kernels) - 1

    # -- checks ----------------------------------------------------------------------------------------------
    def fail_if(self, condition: Any, code: int, *details: Any) -> None:
        """End the program with an error when `condition`."""
        if condition is False:
            return
        if condition is True:
            condition = self.register(condition, "bool")
        facts = tuple(self.raw(d) for d in details)
        self.emit(p.Fail(condition.node, code, self.node_number, facts, self._operands()))

    def _operands(self) -> tuple[p.Operand, ...]:
        """The inputs of the node in hand."""
        return tuple(map(self._operand, self.program.nodes[self.node_number].inputs))

    def _operand(self, variable: Variable) -> p.Operand:
        array = self.arrays.get(variable)
        if array is not None:
            dims, strides = self.i64s(array.dims).values, self.i64s(array.strides).values
            return p.Operand(CODES[array.dtype], dims, strides, array.data)
        kind = variable.type
        if not isinstance(kind, TensorType):
            return UNKNOWN
        code = CODES[kind.dtype]
        if variable in self.scalars or (isinstance(variable, Constant) and not kind.ndim):
            return p.Operand(code, (), (), self.one(self.scalar(variable), kind.dtype))
        if isinstance(variable, Constant):
            return p.Operand(code, variable.data.shape, variable.data.strides)
        inner = self.inner_dims.get(variable, () if kind.ndim == 0 else None)
        return UNKNOWN if inner is None else p.Operand(code, self.i64s(inner).values, ())

    def require_equal(self, a: Size, b: Size, *details: Any) -> None:
        """End the program with a shape mismatch unless two lengths are equal; nothing where that is known."""
        if same_size(a, b):
            return
        pair = frozenset((self.raw(a), self.raw(b)))
        if self.is_checked(pair):
            return
        if isinstance(a, int) and isinstance(b, int):
            self.fail_if(True, MISMATCH, *details, a, b)
            return
        self.fail_if(self.ne(a, b), MISMATCH, *details, a, b)


def is_number(variable: Variable) -> bool:
    """Whether a variable is a 0-d tensor of a real type, which is kept in a register."""
    kind = variable.type
    return (
        isinstance(kind, TensorType)
        and kind.ndim == 0
        and kind.dtype not in ("complex64", "complex128", "float16")
    )
