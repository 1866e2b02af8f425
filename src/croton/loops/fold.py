"""Running values: accumulators and variables, threaded by the builder through the loops between birth and use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from croton.loops.ir import INT, Combine, Expr, Fold, Ref, Result
from croton.loops.primitives import FLOAT
from croton.loops.scope import LoopError, Scope, Scopes
from croton.loops.value import Operand, Value
from croton.util.record import field, record

if TYPE_CHECKING:
    from croton.loops.build import Builder

Step: TypeAlias = Callable[[Sequence[Value], Sequence[Value]], Sequence[Operand]]


@record(eq=False)
class _Frame:
    """A running value within one loop."""

    scope: Scope
    refs: tuple[Ref, ...]
    inits: tuple[Expr, ...]
    now: tuple[Expr, ...]


@record(eq=False)
class _Running:
    """One or several values that are carried together."""

    birth: Scope
    now: tuple[Expr, ...]
    combine: Combine | None
    step: Step | None
    frames: list[_Frame] = field(default_factory=list)

    def latest(self) -> tuple[Expr, ...]:
        """The values as of here."""
        return self.frames[-1].now if self.frames else self.now

    def assign(self, values: tuple[Expr, ...]) -> None:
        """New values as of here."""
        if self.frames:
            self.frames[-1].now = values
        else:
            self.now = values


class Accumulator:
    """What loops gather: `update` inside them, `value` (or `values`) after them."""

    __slots__ = ("_folds", "_running")

    def __init__(self, folds: Folds, running: _Running) -> None:
        self._folds = folds
        self._running = running

    def update(self, *elements: Operand) -> None:
        """Combine an element with what was gathered so far."""
        self._folds.update(self._running, elements)

    @property
    def values(self) -> tuple[Value, ...]:
        """What was gathered, after the loops that gather."""
        return self._folds.gathered(self._running)

    @property
    def value(self) -> Value:
        """What was gathered, where that is one value."""
        (only,) = self.values
        return only


class Variable:
    """A value that serial loops carry along in order."""

    __slots__ = ("_folds", "_running")

    def __init__(self, folds: Folds, running: _Running) -> None:
        self._folds = folds
        self._running = running

    @property
    def value(self) -> Value:
        """The value as of here."""
        return self._folds.read(self._running)

    @value.setter
    def value(self, new: Operand) -> None:
        self._folds.write(self._running, new)


class Folds:
    """The running values of one builder."""

    __slots__ = ("_all", "_b", "_scopes")

    def __init__(self, b: Builder, scopes: Scopes) -> None:
        self._b = b
        self._scopes = scopes
        self._all: list[_Running] = []

    # Making

    def named(self, kind: str, dtype: str, init: Operand | None, ascending: bool) -> Accumulator:
        """An accumulator of one of the known kinds."""
        if kind in ("argmin", "argmax"):
            if init is not None:
                raise LoopError(f"{kind} starts from nothing; leave out `init`.")
            identity: tuple[float | int, ...] = (_extreme(dtype, low=kind == "argmax"), np.iinfo(INT).max)
            dtypes: tuple[str, ...] = (dtype, INT)
            floating = dtype in FLOAT
            step, update = _arg_step(kind, floating), _arg_update(kind, floating) if ascending else None
            return self._accumulator(dtypes, identity, None, step, False, update)
        if kind not in _IDENTITY:
            raise LoopError(
                f"No accumulator is called {kind!r}; choose one of {', '.join(_IDENTITY)}, argmin, argmax."
            )
        rounds = kind == "add" and dtype in FLOAT
        inits = None if init is None else (self._b.node(init, dtype),)
        return self._accumulator((dtype,), (_IDENTITY[kind](dtype),), inits, _prim_step(kind), rounds)

    def custom(
        self, inits: Sequence[Value], identity: Sequence[float | int | bool], step: Step
    ) -> Accumulator:
        """An accumulator of any associative operation."""
        if len(identity) != len(inits) or not inits:
            raise LoopError(f"{len(inits)} initial values, but {len(identity)} identities.")
        nodes = tuple(self._b.node(i) for i in inits)
        return self._accumulator(tuple(i.dtype for i in inits), tuple(identity), nodes, step, False)

    def _accumulator(
        self,
        dtypes: tuple[str, ...],
        identity: tuple[float | int | bool, ...],
        inits: tuple[Expr, ...] | None,
        step: Step,
        rounds: bool,
        update: Step | None = None,
    ) -> Accumulator:
        left, right = (tuple(Ref(d) for d in dtypes) for _ in range(2))
        for ref in (*left, *right):
            self._scopes.place(ref, self._scopes.current)
        start = tuple(self._b.node(self._b.const(i, d)) for i, d in zip(identity, dtypes, strict=True))
        combine = Combine(left, right, self._apply(step, left, right), start, rounds)  # type: ignore[arg-type]
        running = _Running(self._scopes.current, start if inits is None else inits, combine, update or step)
        self._all.append(running)
        return Accumulator(self, running)

    def variable(self, init: Value) -> Variable:
        """A variable."""
        running = _Running(self._scopes.current, (self._b.node(init),), None, None)
        self._all.append(running)
        return Variable(self, running)

    def _apply(self, step: Step, left: Sequence[Expr], right: Sequence[Expr]) -> tuple[Expr, ...]:
        made = step([Value(self._b, x) for x in left], [Value(self._b, x) for x in right])
        if len(made) != len(left):
            raise LoopError(f"The combination of {len(left)} values gave {len(made)}.")
        return tuple(self._b.node(m, x.dtype) for m, x in zip(made, left, strict=True))

    # Using

    def _around(self, running: _Running) -> list[Scope]:
        """The scopes entered since the value was born, outermost first."""
        stack = self._scopes.stack
        if not running.birth.open:
            raise LoopError("This running value was made inside a loop that has been left.")
        return stack[stack.index(running.birth) + 1 :]

    def _enter(self, running: _Running) -> None:
        """Carry the value through each loop around that does not carry it yet."""
        around = self._around(running)
        if any(s.what == "if" for s in around):
            raise LoopError(
                "A running value cannot change under a condition; choose its new value by select."
            )
        self._carry(running, around)

    def _carry(self, running: _Running, around: Sequence[Scope]) -> None:
        for scope in around[len(running.frames) :]:
            inits = running.latest()
            refs = tuple(Ref(x.dtype) for x in inits)
            for ref in refs:
                self._scopes.place(ref, scope)
            running.frames.append(_Frame(scope, refs, inits, refs))

    def update(self, running: _Running, elements: Sequence[Operand]) -> None:
        """Combine elements into an accumulator."""
        assert running.step is not None
        if len(elements) != len(running.now):
            raise LoopError(f"This accumulator gathers {len(running.now)} values; got {len(elements)}.")
        self._enter(running)
        now = running.latest()
        nodes = [self._b.node(x, n.dtype) for x, n in zip(elements, now, strict=True)]
        running.assign(self._apply(running.step, now, nodes))

    def gathered(self, running: _Running) -> tuple[Value, ...]:
        """The values of an accumulator after its loops."""
        if running.frames:
            raise LoopError("An accumulator has its value only after the loops that update it.")
        return tuple(Value(self._b, x) for x in running.now)

    def read(self, running: _Running) -> Value:
        """The value of a variable."""
        # Later steps of the serial loops around may change it; what it is does not change inside of others.
        around = self._around(running)
        self._carry(running, list(takewhile(lambda s: s.what != "if" and s.kind != "vector", around)))
        return Value(self._b, running.latest()[0])

    def write(self, running: _Running, new: Operand) -> None:
        """Give a variable a new value."""
        if any(s.kind == "vector" for s in self._around(running)):
            raise LoopError(
                "A vector loop cannot carry a variable in order; use an accumulator or a serial loop."
            )
        self._enter(running)
        running.assign((self._b.node(new, running.now[0].dtype),))

    def close(self, scope: Scope) -> tuple[Fold, ...]:
        """The folds of a loop that is being left."""
        folds = []
        for running in self._all:
            if running.frames and running.frames[-1].scope is scope:
                frame = running.frames.pop()
                results = tuple(Result(r.dtype) for r in frame.refs)
                folds.append(Fold(frame.refs, frame.inits, frame.now, results, running.combine))
                running.assign(results)
        return tuple(folds)


def _extreme(dtype: str, low: bool) -> float | int | bool:
    if dtype == "bool":
        return not low
    if dtype in FLOAT:
        return -np.inf if low else np.inf
    info = np.iinfo(dtype)
    return int(info.min if low else info.max)


# -0.0 + x is x for every x; 0.0 + -0.0 is not -0.0.
_IDENTITY: dict[str, Callable[[str], float | int | bool]] = {
    "add": lambda d: -0.0 if d in FLOAT else 0,
    "mul": lambda d: 1,
    "minimum": lambda d: _extreme(d, low=False),
    "maximum": lambda d: _extreme(d, low=True),
    "and_": lambda d: True if d == "bool" else -1,
    "or_": lambda d: 0,
    "xor": lambda d: 0,
}


def _prim_step(kind: str) -> Step:
    return lambda left, right: [left[0].b.prim(kind, left[0], right[0])]


def _arg_step(kind: str, floating: bool) -> Step:
    """The better of two (value, index) pairs: NaN beats all, then the extreme, then the lower index."""

    def step(left: Sequence[Value], right: Sequence[Value]) -> Sequence[Operand]:
        (x, i), (y, j) = left, right
        better = y > x if kind == "argmax" else y < x
        if x.dtype == "bool":
            better = y & ~x if kind == "argmax" else x & ~y
        equal = y == x
        if floating:
            b = x.b
            x_nan, y_nan = b.isnan(x), b.isnan(y)
            better = better | (y_nan & ~x_nan)
            equal = equal | (y_nan & x_nan)
        take = better | (equal & (j < i))
        return [x.b.select(take, y, x), x.b.select(take, j, i)]

    return step


def _arg_update(kind: str, floating: bool) -> Step:
    """As `_arg_step` where the second pair comes after all of the first: of equals, the first stays."""

    def step(left: Sequence[Value], right: Sequence[Value]) -> Sequence[Operand]:
        (x, i), (y, j) = left, right
        if x.dtype == "bool":
            take = y & ~x if kind == "argmax" else x & ~y
        elif floating:
            # A comparison with NaN is false: this also takes a NaN where there was none.
            take = ~(y <= x if kind == "argmax" else y >= x) & ~x.b.isnan(x)
        else:
            take = y > x if kind == "argmax" else y < x
        return [x.b.select(take, y, x), x.b.select(take, j, i)]

    return step
