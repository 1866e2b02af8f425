"""Uniform numbers from many MRG31k3p generators side by side."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.gradient_marks import grad_undefined
from croton.ops.join import concatenate
from croton.ops.known import elements, get_vector_length, known_int
from croton.ops.random.arrays import ARRAYS
from croton.ops.random.mrg_jump import M1, matVecModM, step
from croton.ops.reduce import sum as sum_of
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType

# What a number below 2^31 - 1 is multiplied with: as large as it may be for the greatest to stay below 1. Halves have
# room for 15 bits only, of which the lowest are taken; one is added, so that 0 does not come. Products are float64.
_SCALE = {
    "float16": float(np.float16(3.0458e-05)),
    "float32": float(np.float32(4.6566126e-10)),
    "float64": 2.0**-31,
}
_HALF_BITS = 0x7FFF

# Streams that native code moves on together.
_STRIP = 256


def _states(count: int) -> np.ndarray:
    return np.arange(1, 6 * count + 1, dtype="int32").reshape(count, 6)


_VECTOR = TensorType("float32", (None,))


@op("mrg_uniform")
class mrg_uniform(Primitive):
    """Numbers evenly spread in (0, 1): number i from generator i modulo the count of generators, by its next step.

    `inplace` is taken for the sake of old programs: what is computed in place is for the plan to decide.

    Shapes:    states (n, 6) and a size, a vector -> states (n, 6), numbers (the size)
    Dtypes:    states int32; numbers float16, float32 or float64
    Gradient:  undefined
    Errors:    TypeError for other types; ValueError at run time for a negative length, or 2^31 numbers and more
    Source:    L'Ecuyer and Touzin, WSC 2000
    """

    output_type: Any
    inplace: bool = False

    is_dear = True
    ndim = property(lambda self: self.output_type.ndim)

    @classmethod
    def new(cls, rstate: Any, ndim: int | None, dtype: str, size: Any) -> list[Variable]:
        """The new states, and numbers of data type `dtype`; `ndim` where the length of `size` is not known."""
        lengths = as_tensor_variable(
            size if isinstance(size, Variable) or len(size) else np.zeros(0, "int64")
        )
        if ndim is None:
            ndim = get_vector_length(lengths)
        made: list[Variable] = cls(TensorType(dtype, [None] * ndim))(rstate, lengths)
        return made

    def prepare(self, *args: Any) -> list[Variable]:
        states, size = as_tensor_variable(args[0]), as_tensor_variable(args[1], ndim=1)
        if states.type.dtype != "int32" or states.type.ndim != 2:
            raise TypeError(
                f"The states of MRG31k3p are an int32 matrix; got {states} of type {states.type}."
            )
        if not is_discrete(size.type.dtype):
            raise TypeError(f"The size of a draw must be of integers; got {size} of type {size.type}.")
        if self.output_type.dtype not in _SCALE:
            raise TypeError(f"MRG31k3p gives floating point numbers; got {self.output_type}.")
        return [states, size]

    def infer(self, states: Variable, size: Any) -> list[Type]:
        named = elements(size) or [size[i] for i in range(self.ndim)]
        lengths = [known_int(n) for n in named]
        return [states.type, TensorType(self.output_type.dtype, [1 if n == 1 else None for n in lengths])]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        size: Any = node.inputs[1]
        return [shapes[0], tuple(size[i] for i in range(self.ndim))]

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def eval(self, xp: Any, states: Any, size: Any) -> Any:
        shape = tuple(int(n) for n in size)
        if len(shape) != self.ndim:
            raise ShapeError(f"A draw of {self.ndim} axes got a size of {len(shape)} entries: {shape}.")
        count = int(np.prod([1, *shape], dtype="object"))
        _check_count(count, shape)
        state = list(states.T.astype("uint32"))
        out = np.empty(count, self.output_type.dtype)
        for at in range(0, count, len(states)):
            taking = min(len(states), count - at)
            moved, number = step(ARRAYS, [x[:taking] for x in state])
            state = [np.concatenate([new, x[taking:]]) for x, new in zip(state, moved, strict=True)]
            out[at : at + taking] = self._scaled(number)
        return np.stack(state, axis=1).astype("int32"), out.reshape(shape)

    def _scaled(self, number: Any) -> Any:
        bits = (number & _HALF_BITS) + 1 if self.output_type.dtype == "float16" else number
        return bits * _SCALE[self.output_type.dtype]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [grad_undefined(self, i, x, "these are random numbers") for i, x in enumerate(xs)]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None, None]

    makes_new_memory: ClassVar[bool] = True
    # Each row is read before it is written.
    writes_over: ClassVar[int] = 0

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        states, size = b.array(xs[0]), b.array(xs[1])
        b.require_equal(size.dims[0], self.ndim)
        dims = [b.cast(b.element(size, i), "int64") for i in range(self.ndim)]
        for i, n in enumerate(dims):
            b.fail_if(b.lt(n, 0), BAD_VALUE, i, n)
        count = b.product(dims)
        if not isinstance(count, int):
            b.fail_if(b.lt(int(M1), count), BAD_VALUE, -1, count)
        moved, out = b.renew(ys[0], xs[0]), b.new(ys[1], dims)
        streams = states.dims[0]
        kernel, strips = self._kernel(b), b.floordiv(b.add(streams, _STRIP - 1), _STRIP)
        rounds, rest = b.floordiv(count, streams), b.mod(count, streams)
        cost = b.times(b.add(rounds, 1), 1000 * _STRIP)
        b.loop(
            kernel, [moved, out], [*moved.strides, streams, rounds, rest], strips, cost=cost, parallel=True
        )

    def _kernel(self, b: Any) -> Any:
        """Strips of streams: as many whole rounds as there are, and one step more of the first `rest` streams."""
        k = b.loops()
        strides = [k.param("row"), k.param("column")]
        streams, rounds, rest = k.param("streams"), k.param("rounds"), k.param("rest")
        dtype = self.output_type.dtype
        states = k.buffer("states", "int32", strides=strides)
        out = k.buffer("out", dtype, strides=[np.dtype(dtype).itemsize])

        def load(s: Any) -> list[Any]:
            return [k.cast(k.load(states, s, i), "uint32") for i in range(6)]

        def store(s: Any, values: list[Any]) -> None:
            for i, value in enumerate(values):
                k.store(states, k.cast(value, "int32"), s, i)

        with k.loop("strip", parallel=True) as strip:
            low = strip * _STRIP
            high = k.minimum(low + _STRIP, streams)
            with k.loop("s", low, high, kind="vector") as s:
                carried = [k.variable(x) for x in load(s)]
                with k.loop("round", 0, rounds) as i:
                    moved, number = step(k, [c.value for c in carried])
                    for c, x in zip(carried, moved, strict=True):
                        c.value = x
                    k.store(out, self._lower_scaled(k, number), i * streams + s)
                store(s, [c.value for c in carried])
            with k.loop("t", low, k.minimum(high, rest), kind="vector") as s:
                moved, number = step(k, load(s))
                k.store(out, self._lower_scaled(k, number), rounds * streams + s)
                store(s, moved)
        return k.kernel()

    def _lower_scaled(self, k: Any, number: Any) -> Any:
        dtype = self.output_type.dtype
        bits = k.cast(number, "int32")
        if dtype == "float16":
            bits = (bits & _HALF_BITS) + 1
        return k.cast(k.cast(bits, "float64") * _SCALE[dtype], dtype)

    def explain_failure(self, node: Apply, details: Any) -> Exception:
        """The exception for what native code reports."""
        axis, n = details[0], details[1]
        return ValueError(_too_many(n) if axis < 0 else _negative(axis, n))

    samples = (
        S(_states(2), np.array([3, 3]), output_type=TensorType("float32", (None, None))),
        S(_states(4), np.array([8]), output_type=TensorType("float64", (None,))),
        S(_states(300), np.array([3, 211]), output_type=TensorType("float64", (None, None))),
        S(_states(2), np.array([5]), output_type=TensorType("float16", (None,))),
        S(_states(1), np.array([0, 4]), output_type=TensorType("float32", (None, None))),
    )
    errors = (
        E((2, 6), np.array([3]), output_type=_VECTOR, raises=TypeError, says="int32 matrix"),
        E(_states(2), np.array([-3]), output_type=_VECTOR, raises=ValueError, says="negative"),
        E(_states(2), np.array([2**31]), output_type=_VECTOR, raises=ValueError, says="at most"),
    )

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.output_type},{'inplace' if self.inplace else 'no_inplace'}}}"


def _negative(axis: int, n: int) -> str:
    return f"A draw can't have an axis of negative length; got {n} for axis {axis}."


def _too_many(count: int) -> str:
    return f"MRG31k3p draws at most 2^31 - 1 numbers at a time; got {count}."


def _check_count(count: int, shape: tuple[int, ...]) -> None:
    for axis, n in enumerate(shape):
        if n < 0:
            raise ValueError(_negative(axis, n))
    if count > int(M1):
        raise ValueError(_too_many(count))


@op("dot_modulo")
class DotModulo(Primitive):
    """The products of two matrices with two vectors, modulo two numbers, one after the other.

    Shapes:    A (3, 3), s (3,), m (), A2 (3, 3), s2 (3,), m2 () -> (6,)
    Dtypes:    int32
    Gradient:  disconnected
    """

    def infer(self, *xs: Variable) -> Type:
        return TensorType("int32", (None,))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[1][0] + shapes[4][0],)]

    def eval(self, xp: Any, A: Any, s: Any, m: Any, A2: Any, s2: Any, m2: Any) -> Any:
        return np.concatenate([matVecModM(A, s, m), matVecModM(A2, s2, m2)])

    def expand(self, *xs: Any) -> Any:
        """What it is made of, for the native planner."""
        parts = []
        for some in (xs[:3], xs[3:]):
            wide: list[Any] = [cast(x, "int64") for x in some]
            A, s, m = wide
            total: Any = sum_of((A * s) % m, axis=1)
            parts.append(cast(total % m, "int32"))
        return concatenate(parts)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None for _ in xs]

    samples = (
        S(np.eye(3, dtype="int64"), np.array([4, 5, 6]), np.int64(7), np.ones((3, 3), "int64"), np.array([1, 2, 3]),
          np.int64(5), grad=False),
    )  # fmt: skip
