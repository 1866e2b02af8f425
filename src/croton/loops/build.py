"""The builder: kernels of loop IR written with Python's operators and `with`.

    b = Builder("E")
    x, y = b.buffer("x", "float64"), b.buffer("y", "float64")
    with b.loop("o"), b.loop("v", kind="vector"):
        b.store(y, 1 / (1 + b.exp(-b.load(x))))
    kernel = b.kernel()

Equal expressions are one node, an element loaded twice is loaded once, and constants are folded, so that callers need
not care.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from croton.loops import simplify
from croton.loops.fold import Accumulator, Folds, Variable
from croton.loops.ir import (
    INT,
    NEST_AXES,
    SIZES,
    Buffer,
    Cast,
    Const,
    Expr,
    Fail,
    For,
    Form,
    If,
    Kernel,
    Load,
    LoopKind,
    LoopVar,
    Param,
    Prim,
    Select,
    Store,
)
from croton.loops.primitives import FLOAT, INTEGER, PRIMITIVES
from croton.loops.scope import LoopError, Scopes
from croton.loops.value import Operand, Value

N = TypeVar("N", bound=Expr)

NEST_ACCESS = ("unit", "splat", "spaced", "place")


class Builder:
    """Makes one kernel.

    Errors: LoopError, a TypeError, for operands of different types, for values used outside their loop, and the like.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self._buffers: list[Buffer] = []
        self._params: list[Param] = []
        self._scratch: list[Buffer] = []
        self._interned: dict[Any, Expr] = {}
        self._scopes = Scopes()
        self._folds = Folds(self, self._scopes)
        self._parallel = False

    # What the kernel is called with

    def buffer(
        self, name: str, dtype: str, access: str = "unit", strides: Sequence[Operand] | None = None
    ) -> Buffer:
        """Declare the next buffer: form L gives byte strides, nests one of the ways of `access` that they have."""
        _known(dtype)
        if self.form == "L":
            made = Buffer(name, dtype, "strided", tuple(self.node(s, INT) for s in strides or ()))
        elif access in NEST_ACCESS and strides is None:
            made = Buffer(name, dtype, access)  # type: ignore[arg-type]
        else:
            raise LoopError(
                f"A nest's buffer {name!r} is one of {', '.join(NEST_ACCESS)} and has no strides; got {access!r}."
            )
        self._buffers.append(made)
        return made

    def scratch(self, name: str, dtype: str) -> Buffer:
        """A row-local intermediate of nests: stored and loaded at the (r, v) of the loops it stands in."""
        if self.form == "L":
            raise LoopError("Form L has no scratch memory; declare a buffer.")
        made = Buffer(name, _known(dtype), "scratch")
        # Widest first keeps each one aligned to its own size.
        self._scratch.append(made)
        self._scratch.sort(key=lambda s: -SIZES[s.dtype])
        return made

    def param(self, name: str, dtype: str = INT) -> Value:
        """Declare the next scalar argument (form L)."""
        if self.form != "L":
            raise LoopError("Nest kernels take no scalar arguments; pass a splat buffer with strides 0.")
        made = Param(name, _known(dtype))
        self._params.append(made)
        return Value(self, made)

    # Loops and other statements

    @contextmanager
    def loop(
        self,
        name: str,
        lo: Operand | None = None,
        hi: Operand | None = None,
        kind: LoopKind = "serial",
        parallel: bool = False,
    ) -> Iterator[Value]:
        """A loop over [lo, hi).

        In nests, "o", "r" and "v" take their ranges from the call. In form L, a loop without bounds takes the call's
        [lo, hi), and `parallel` says that threads may share its iterations.
        """
        low, high = self._bounds(name, lo, hi)
        if parallel:
            self._check_parallel(lo, hi)
        var = LoopVar(name)
        with self._scopes.enter("loop", kind, var) as scope:
            yield Value(self, var)
            folds = self._folds.close(scope)
        self._scopes.append(For(var, low, high, kind, folds, tuple(scope.body)))

    def _bounds(self, name: str, lo: Operand | None, hi: Operand | None) -> tuple[Expr, Expr]:
        if hi is not None:
            return self.node(0 if lo is None else lo, INT), self.node(hi, INT)
        if lo is not None:
            raise LoopError(f"Loop {name!r} has a lower bound and no upper one.")
        if self.form == "L":
            return self._argument("lo"), self._argument("hi")
        if name not in NEST_AXES:
            raise LoopError(
                f"Loop {name!r} needs bounds; only the axes 'o', 'r', 'v' of a nest have their own."
            )
        if name == "r":
            return self.node(0, INT), self._argument("nr")
        return self._argument(f"{name}_lo"), self._argument(f"{name}_hi")

    def _check_parallel(self, lo: Operand | None, hi: Operand | None) -> None:
        if self.form != "L" or lo is not None or hi is not None or self._scopes.loops():
            raise LoopError(
                "Only the outermost loop of a form L kernel, without bounds, can be marked parallel."
            )
        self._parallel = True

    def _argument(self, name: str) -> Expr:
        return self._intern(("argument", name), Param(name))

    def extent(self, name: str) -> Value:
        """The number of elements on an axis of the nest: "v" of this call, or "r"."""
        low, high = self._bounds(name, None, None)
        return Value(self, high) - Value(self, low)

    @contextmanager
    def if_(self, condition: Value) -> Iterator[None]:
        """Statements done where the condition holds; values are chosen by `select`, not here."""
        test = self.node(condition, "bool")
        with self._scopes.enter("if", "serial", None) as scope:
            yield
        self._scopes.append(If(test, tuple(scope.body)))

    def fail(self, code: int, *details: Operand) -> None:
        """Leave the kernel with `code`, not 0, and up to six int64 details."""
        if self.form != "L":
            raise LoopError("Only form L kernels can fail.")
        if code == 0 or len(details) > 6:
            raise LoopError("A failure has a code other than 0 and at most six details.")
        self._scopes.append(Fail(code, tuple(self.node(d, INT) for d in details)))

    def load(self, buffer: Buffer, *index: Operand) -> Value:
        """The element at `index`; in nests, without index, at the current (o, r, v)."""
        place = self._place(buffer, index)
        scope = self._scopes.current
        found = self._scopes.loaded(buffer, place)
        if found is None:
            found = Load(buffer, place, buffer.dtype)
            scope.loads[(buffer, place)] = found
            self._scopes.place(found, scope)
            scope.body.append(found)
        return Value(self, found)

    def store(self, buffer: Buffer, value: Operand, *index: Operand) -> None:
        """Write an element; places as in `load`."""
        place = self._place(buffer, index)
        self._scopes.append(Store(buffer, place, self.node(value, buffer.dtype)))
        self._scopes.forget(buffer)

    def _place(self, buffer: Buffer, index: Sequence[Operand]) -> tuple[Expr, ...]:
        if index:
            wanted = len(buffer.strides) if buffer.access == "strided" else 3
            if len(index) != wanted:
                raise LoopError(f"Buffer {buffer.name!r} takes {wanted} indices; got {len(index)}.")
            return tuple(self.node(i, INT) for i in index)
        if buffer.access == "strided":
            return () if not buffer.strides else self._missing(buffer)
        zero = self.node(0, INT)
        axes = {v.name: v for v in self._scopes.loops()}
        place = [axes.get(axis, zero) for axis in NEST_AXES]
        if buffer.access == "splat":
            place[2] = zero
        elif place[2] is zero:
            raise LoopError(
                f"Buffer {buffer.name!r} varies along v; use it in a loop over v, or declare it 'splat'."
            )
        if buffer.access == "scratch":
            place[0] = zero
        return tuple(place)

    def _missing(self, buffer: Buffer) -> tuple[Expr, ...]:
        raise LoopError(f"Buffer {buffer.name!r} takes {len(buffer.strides)} indices; got none.")

    # Running values

    def accumulator(
        self, kind: str, dtype: str, init: Operand | None = None, ascending: bool = False
    ) -> Accumulator:
        """A value that loops entered from here on gather: add mul minimum maximum and_ or_ xor argmin argmax.

        `update(x)` inside them, `value` after them. In which order elements are combined is open, except that it
        depends on nothing but the ranges. `init` is combined with all; without it the identity is. argmin and argmax
        take `update(x, i)` and have two values: the extreme (the first NaN, if there is one) and the least index of it.
        `ascending` promises them that each `i` is greater than those before, and is faster; the index is then the
        greatest int64 where all elements are as extreme as none would be.
        """
        return self._folds.named(kind, _known(dtype), init, ascending)

    def accumulators(
        self,
        inits: Sequence[Value],
        identity: Sequence[float | int | bool],
        combine: Callable[[Sequence[Value], Sequence[Value]], Sequence[Operand]],
    ) -> Accumulator:
        """As `accumulator`, for a tuple of values and any associative operation on such tuples."""
        return self._folds.custom(inits, identity, combine)

    def variable(self, init: Value) -> Variable:
        """A value that serial loops carry along in order: read and assign its `value`."""
        return self._folds.variable(init)

    # Values

    def const(self, value: float | int | bool, dtype: str) -> Value:
        """A number."""
        return Value(self, self._const(value, dtype))

    def _const(self, value: Any, dtype: str) -> Expr:
        if _known(dtype) in INTEGER:
            bits = 8 * SIZES[dtype]
            exact = int(value) % (1 << bits)
            value = exact - (1 << bits) if dtype[0] == "i" and exact >> (bits - 1) else exact
        else:
            with np.errstate(over="ignore"):
                value = bool(value) if dtype == "bool" else float(np.dtype(dtype).type(value))
        return self._intern(("const", dtype, repr(value)), Const(value, dtype))

    def _intern(self, key: Any, node: N) -> N:
        return self._interned.setdefault(key, node)  # type: ignore[return-value]

    def _share(self, node: Expr) -> Expr:
        """The node of that content met first."""
        match node:
            case Const():
                return self._const(node.value, node.dtype)
            case Prim():
                return self._intern((node.name, *node.args), node)
            case Cast():
                return self._intern(("cast", node.dtype, node.x), node)
            case Select():
                return self._intern(("select", node.condition, node.yes, node.no), node)
            case _:
                return node

    def node(self, x: Operand, dtype: str | None = None) -> Expr:
        """The expression of a value or Python number, which must be of type `dtype` if that is given."""
        if isinstance(x, Value):
            if x.b is not self:
                raise LoopError("This value belongs to another builder.")
            self._scopes.check_visible(x.node)
            if dtype is not None and x.dtype != dtype:
                raise LoopError(f"Expected a value of type {dtype}, got {x!r}; cast it.")
            return x.node
        if dtype is None:
            raise LoopError(f"The number {x!r} has no type here; use const(value, dtype).")
        if isinstance(x, float) and dtype not in FLOAT:
            raise LoopError(f"The number {x!r} is no {dtype}.")
        return self._const(x, dtype)

    def prim(self, name: str, *operands: Operand) -> Value:
        """A primitive by name; Python numbers take the type of the other operands."""
        signature = PRIMITIVES.get(name)
        if signature is None:
            raise LoopError(f"There is no primitive called {name!r}.")
        if len(operands) != signature.arity:
            raise LoopError(f"{name} takes {signature.arity} operands; got {len(operands)}.")
        dtypes = {x.dtype for x in operands if isinstance(x, Value)}
        if len(dtypes) != 1:
            raise LoopError(
                f"{name} takes operands of one type; got {sorted(dtypes) or 'none of known type'}."
            )
        (dtype,) = dtypes
        if dtype not in signature.dtypes:
            raise LoopError(f"{name} is not defined on {dtype}.")
        args = tuple(self.node(x, dtype) for x in operands)
        out = "bool" if signature.to_bool else dtype
        return Value(self, self._share(simplify.prim(name, args, out) or Prim(name, args, out)))

    def cast(self, x: Value, dtype: str) -> Value:
        """The value in another type, by NumPy's rules for arrays."""
        node = self.node(x)
        return Value(self, self._share(simplify.cast(node, _known(dtype)) or Cast(node, dtype)))

    def select(self, condition: Value, yes: Operand, no: Operand) -> Value:
        """`yes` where the condition holds, else `no`."""
        dtypes = {x.dtype for x in (yes, no) if isinstance(x, Value)}
        if len(dtypes) != 1:
            raise LoopError(
                f"select takes two values of one type; got {sorted(dtypes) or 'none of known type'}."
            )
        (dtype,) = dtypes
        test, a, b = self.node(condition, "bool"), self.node(yes, dtype), self.node(no, dtype)
        return Value(self, self._share(simplify.select(test, a, b) or Select(test, a, b, dtype)))

    def __getattr__(self, name: str) -> Callable[..., Value]:
        """`b.exp(x)` is `b.prim("exp", x)`, and so for each primitive."""
        if name not in PRIMITIVES:
            raise AttributeError(f"Builder has no attribute or primitive {name!r}.")
        return lambda *operands: self.prim(name, *operands)

    def kernel(self) -> Kernel:
        """What was built."""
        body = self._scopes.finish()
        return Kernel(
            self.form, tuple(self._buffers), tuple(self._params), tuple(self._scratch), body, self._parallel
        )


def _known(dtype: str) -> str:
    if dtype not in SIZES:
        raise LoopError(f"{dtype!r} is no type of the loop IR.")
    return dtype


__all__ = ["Accumulator", "Builder", "LoopError", "Value", "Variable"]
