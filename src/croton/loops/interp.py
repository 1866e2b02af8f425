"""The reference interpreter: a kernel on NumPy arrays, a vector loop's iterations as the elements of one array.

Slow, and as plain as it can be: it is what native code is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from croton.loops.ir import (
    Cast,
    Combine,
    Const,
    Expr,
    Fail,
    Fold,
    For,
    If,
    Kernel,
    Load,
    Param,
    Prim,
    Result,
    Select,
    Stmt,
    Store,
    operands,
)  # fmt: skip
from croton.loops.walk import postorder

Array: TypeAlias = np.ndarray[Any, Any]
Functions: TypeAlias = Mapping[str, Callable[..., Any]]


def run(
    kernel: Kernel,
    arrays: Sequence[Array],
    arguments: Mapping[str, int],
    params: Sequence[Any] = (),
    functions: Functions | None = None,
) -> tuple[int, list[int]]:
    """Run it: the code it ended with, 0 if it did not fail, and the details of the failure.

    arrays      per buffer; in nests of shape (o, r, v), with length 1 on v for splat buffers; in form L as indexed
    arguments   o_lo o_hi nr v_lo v_hi, or lo hi
    functions   NumPy-like implementations of those of the special functions that NumPy lacks
    """
    values: dict[Any, Any] = dict(zip(kernel.buffers, arrays, strict=True))
    values.update({p: np.dtype(p.dtype).type(v) for p, v in zip(kernel.params, params, strict=True)})
    for b in kernel.scratch:
        values[b] = np.zeros((1, arguments["nr"], arguments["v_hi"]), b.dtype)
    interpreter = _Interpreter(values, arguments, functions or {})
    try:
        with np.errstate(all="ignore"):
            interpreter.body(kernel.body)
    except _Failed as failed:
        return failed.code, failed.details
    return 0, []


class _Failed(Exception):
    def __init__(self, code: int, details: list[int]) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class _Interpreter:
    def __init__(self, values: dict[Any, Any], arguments: Mapping[str, int], functions: Functions) -> None:
        self.values = values  # of what statements define
        self.arguments = arguments
        self.functions = {**_PRIMITIVES, **functions}
        self.mask: Array | None = (
            None  # the lanes that take part, under a condition that differs between lanes
        )

    def of(self, root: Expr | Result) -> Any:
        """The value of an expression: computed anew, as loops may have moved on."""
        made: dict[Any, Any] = {}
        for node in postorder([root]):
            made[node] = self.values[node] if node in self.values else self._node(node, made)
        return made[root]

    def _node(self, node: Expr, made: Mapping[Any, Any]) -> Any:
        args = [made[a] for a in operands(node)]
        match node:
            case Const():
                return np.dtype(node.dtype).type(node.value)
            case Param():
                return np.int64(self.arguments[node.name])
            case Prim():
                return self._prim(node, args)
            case Cast():
                return args[0].astype(node.dtype)
            case Select():
                return np.where(args[0], args[1], args[2]).astype(node.dtype)[()]
            case _:
                raise AssertionError(f"{type(node).__name__} is used where it is not defined")

    def _prim(self, node: Prim, args: Sequence[Any]) -> Any:
        computed = node.args[0].dtype
        if computed == "float16":
            args = [a.astype("float32") for a in args]
        with np.errstate(all="ignore"):
            return np.asarray(self.functions[node.name](*args)).astype(node.dtype)[()]

    def body(self, body: Sequence[Stmt]) -> None:
        """Statements in order."""
        for statement in body:
            match statement:
                case Load():
                    self.values[statement] = self._load(statement)
                case Store():
                    self._store(statement)
                case For():
                    self._for(statement)
                case If():
                    self._if(statement)
                case Fail():
                    raise _Failed(statement.code, [int(self.of(d)) for d in statement.details])

    def _place(self, access: Load | Store) -> tuple[Any, ...]:
        return tuple(self.of(i) for i in access.index)

    def _load(self, load: Load) -> Any:
        array, place = self.values[load.buffer], self._place(load)
        if self.mask is not None:
            place = tuple(np.where(self.mask, i, 0) for i in place)
        return array[place]

    def _store(self, store: Store) -> None:
        array, place, value = self.values[store.buffer], self._place(store), self.of(store.value)
        if self.mask is None:
            array[place] = value
            return
        lanes = np.broadcast_arrays(self.mask, value, *place)
        chosen = lanes[0]
        array[tuple(p[chosen] for p in lanes[2:])] = lanes[1][chosen]

    def _if(self, statement: If) -> None:
        condition = self.of(statement.condition)
        if np.ndim(condition) == 0:
            if condition and (self.mask is None or self.mask.any()):
                self.body(statement.body)
            return
        outer = self.mask
        self.mask = condition if outer is None else outer & condition
        if self.mask.any():
            self.body(statement.body)
        self.mask = outer

    def _for(self, loop: For) -> None:
        lo, hi = int(self.of(loop.lo)), int(self.of(loop.hi))
        inits = [tuple(self.of(i) for i in f.inits) for f in loop.folds]
        if loop.kind == "vector" and hi > lo:
            self.values[loop.var] = np.arange(lo, hi, dtype=np.int64)
            self._enter(loop, [self._identity(f, hi - lo) for f in loop.folds])
            self.body(loop.body)
            lanes = self._updates(loop)
            state = [self._folded(f, i, s) for f, i, s in zip(loop.folds, inits, lanes, strict=True)]
        else:
            state = inits
            for k in range(lo, hi):
                self.values[loop.var] = np.int64(k)
                self._enter(loop, state)
                self.body(loop.body)
                state = self._updates(loop)
        for fold, values in zip(loop.folds, state, strict=True):
            self.values.update(zip(fold.results, values, strict=True))

    def _enter(self, loop: For, state: Sequence[Sequence[Any]]) -> None:
        for fold, values in zip(loop.folds, state, strict=True):
            self.values.update(zip(fold.refs, values, strict=True))

    def _updates(self, loop: For) -> list[tuple[Any, ...]]:
        return [tuple(self.of(u) for u in f.updates) for f in loop.folds]

    def _identity(self, fold: Fold, lanes: int) -> list[Array]:
        assert fold.combine is not None
        return [np.full(lanes, self.of(i)) for i in fold.combine.identity]

    def _folded(self, fold: Fold, inits: Sequence[Any], lanes: Sequence[Array]) -> tuple[Any, ...]:
        """Pairwise, then with the initial values."""
        combine = fold.combine
        assert combine is not None
        now = [np.atleast_1d(x) for x in lanes]
        while (n := len(now[0])) > 1:
            half = n // 2
            joined = self._combined(combine, [x[:half] for x in now], [x[half : 2 * half] for x in now])
            now = [
                np.concatenate([np.atleast_1d(j), x[2 * half :]]) for j, x in zip(joined, now, strict=True)
            ]
        return self._combined(combine, inits, [x[0] for x in now])

    def _combined(self, combine: Combine, left: Sequence[Any], right: Sequence[Any]) -> tuple[Any, ...]:
        self.values.update(zip((*combine.left, *combine.right), (*left, *right), strict=True))
        return tuple(self.of(r) for r in combine.result)


def _power(x: Any, y: Any) -> Any:
    """Integer power that wraps; to a negative power, 0 but for bases 1 and -1."""

    def one(a: int, n: int) -> int:
        if n < 0:
            return {1: 1, -1: 1 - 2 * (n % 2)}.get(a, 0)
        return pow(a, n, 1 << 64)

    x, y = np.broadcast_arrays(x, y)
    wrapped = [one(int(a), int(n)) % (1 << 64) for a, n in zip(x.flat, y.flat, strict=True)]
    return np.array(wrapped, dtype=np.uint64).astype(x.dtype).reshape(x.shape)


def _fma(x: Any, y: Any, z: Any) -> Any:
    """Exact for float32, where the product of two fits a double, up to rare double roundings."""
    return np.asarray(np.float64(x) * np.float64(y) + np.float64(z)).astype(np.asarray(x).dtype)


def _math(name: str) -> Callable[..., Any]:
    return np.vectorize(getattr(math, name), otypes=[np.float64])


_PRIMITIVES: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "neg": np.negative, "abs": np.abs, "minimum": np.minimum, "maximum": np.maximum,
    "sign": np.sign, "sqrt": np.sqrt, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint,
    "copysign": np.copysign, "fma": _fma, "isnan": np.isnan, "isinf": np.isinf, "eq": np.equal, "ne": np.not_equal,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "and_": np.bitwise_and,
    "or_": np.bitwise_or, "xor": np.bitwise_xor, "invert": np.invert, "shl": np.left_shift,
    "shr": np.right_shift, "ipow": _power,
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10,
    "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin, "arccos": np.arccos,
    "arctan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arcsinh": np.arcsinh,
    "arccosh": np.arccosh, "arctanh": np.arctanh, "cbrt": np.cbrt, "pow": np.power, "arctan2": np.arctan2,
    "hypot": np.hypot, "erf": _math("erf"), "erfc": _math("erfc"), "exp10": lambda x: np.power(x.dtype.type(10), x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
}  # fmt: skip
