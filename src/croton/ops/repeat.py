"""Tensors whose elements come several times, or come round from the other end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import alloc, arange, zeros
from croton.ops.elementwise import maximum
from croton.ops.elemwise import dimshuffle
from croton.ops.index import native
from croton.ops.index.assign import inc_subtensor
from croton.ops.join import join
from croton.ops.known import elements
from croton.ops.reduce import sum as sum_over
from croton.ops.reshape import flatten, reshape
from croton.ops.shape import as_length, lengths, shape, shape_i
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import INTEGER, is_discrete
from croton.vartypes.tensor import TensorType


@op("repeat")
class RepeatOp(Primitive):
    """Each place of an axis several times over; with axis None, each element.

    Shapes:    (…, n, …) and (n,) or () -> (…, sum of the counts, …)
    Dtypes:    as the input
    Gradient:  the cotangents of an element's copies added up
    Errors:    TypeError for counts that are no integers, or uint64; ValueError at run time for another number of counts
    """

    axis: int | None = None

    def prepare(self, *args: Any) -> list[Variable]:
        x, counts = as_tensor_variable(args[0]), as_tensor_variable(args[1])
        dtype = counts.type.dtype
        if dtype not in INTEGER or dtype == "uint64":
            raise TypeError(
                f"repeats must be integers that NumPy can count with; got {counts} of type {counts.type}."
            )
        return [x, counts]

    def infer(self, x: Any, counts: Any) -> Type:
        kind = x.type
        if self.axis is None:
            return TensorType(kind.dtype, (None,))
        if not -kind.ndim <= self.axis < kind.ndim:
            raise ValueError(f"Axis {self.axis} should not exceed x.ndim-1: {x} has {kind.ndim}.")
        dims = list(kind.shape)
        dims[self.axis] = None
        return TensorType(kind.dtype, dims)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        # How many there are is the sum of the counts: their values, not the tensor's.
        counts = node.inputs[1]
        if counts.type.ndim != 1 or self.axis is None:
            return [
                (None,)
                if self.axis is None
                else self._with(shapes[0], shapes[0][self.axis] * as_length(counts))
            ]
        return [self._with(shapes[0], sum_over(counts, dtype="int64"))]

    def _with(self, dims: Sequence[Any], length: Any) -> tuple[Any, ...]:
        assert self.axis is not None
        made = list(dims)
        made[self.axis] = length
        return tuple(made)

    def eval(self, xp: Any, x: Any, counts: Any) -> Any:
        return xp.repeat(x, counts, axis=self.axis)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        x, counts = xs
        (g,) = gs
        axis = 0 if self.axis is None else self.axis % x.type.ndim
        flat = flatten(x) if self.axis is None else x
        # Each copy knows the place it came from.
        origin = RepeatOp(0)(arange(shape_i(flat, axis)), counts)
        empty: Any = zeros(lengths(flat), dtype=g.type.dtype)
        made = inc_subtensor(empty[(*[slice(None)] * axis, origin)], g)
        return [reshape(made, shape(x), ndim=x.type.ndim) if self.axis is None else made, None]

    makes_new_memory: ClassVar[bool] = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x, counts = b.array(xs[0]), b.array(xs[1])
        axis = 0
        if self.axis is None:
            size = b.product(x.dims)
            x = b.part(b.as_contiguous(x), (size,), (x.itemsize,))
        else:
            axis = self.axis % x.ndim
        counts = b.broadcast(counts, (x.dims[axis],), 1)
        offsets = _origins(b, counts, x.strides[axis])
        dims, strides = list(x.dims), list(x.strides)
        del dims[axis], strides[axis]
        native.gather(b, ys[0], native.Places(x, dims, strides, axis, list(offsets.dims), offsets))

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return ValueError(f"repeats may not contain negative values; got {details[0]}.")

    samples = (
        S((2, 3), np.array([1, 0, 2]), axis=1),
        S((2, 3), np.int64(2), axis=0),
        S((2, 2), np.array([1, 0, 2, 1])),
    )
    errors = (
        E((2, 3), np.array([1, 2]), axis=1, raises=ValueError, says="broadcast"),
        E((2, 3), np.array([1.0, 2.0]), axis=0, raises=TypeError, says="must be integers"),
        E((2, 3), np.int64(2), axis=2, raises=ValueError, says="should not exceed"),
    )


def _origins(b: Any, counts: Any, stride: Any) -> Any:
    """For native code: where each copy comes from, in bytes, when places `stride` bytes apart are repeated."""
    total = b.on_stack("int64")
    n = counts.dims[0]
    k = b.loops()
    length, step = k.param("n"), k.param("step")
    given, sum_ = k.buffer("counts", counts.dtype, strides=[step]), k.buffer("total", "int64", strides=[])
    found = k.variable(k.const(0, "int64"))
    with k.loop("i", 0, length) as i:
        count = k.cast(k.load(given, i), "int64")
        with k.if_(count < 0):
            k.fail(BAD_VALUE, count)
        found.value = found.value + count
    k.store(sum_, found.value)
    b.loop(k.kernel(), [counts, total], [n, counts.strides[0]], 1, cost=b.times(1000, n))
    out = b.temporary("int64", (b.load(total.data, "int64"),))
    k = b.loops()
    length, step, far = k.param("n"), k.param("step"), k.param("stride")
    given, origins = (
        k.buffer("counts", counts.dtype, strides=[step]),
        k.buffer("origins", "int64", strides=[8]),
    )
    at = k.variable(k.const(0, "int64"))
    with k.loop("i", 0, length) as i:
        stop = at.value + k.cast(k.load(given, i), "int64")
        with k.loop("copy", at.value, stop) as j:
            k.store(origins, i * far, j)
        at.value = stop
    b.loop(k.kernel(), [counts, out], [n, counts.strides[0], stride], 1, cost=b.times(2000, n))
    return out


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Variable:
    """Each place of `axis` of `x` as often as `repeats` says: a number, or a vector with one for each place.

    With axis None each element of `x`, as a vector.

    Errors:  TypeError for what is no integers; ValueError for an axis that there is not
    """
    v: Any = as_tensor_variable(x)
    counts: Any = as_tensor_variable(repeats)
    if counts.type.ndim > 1:
        raise ValueError(f"The dimension of repeats should not exceed 1; got {counts} of type {counts.type}.")
    if counts.type.ndim == 1 and counts.type.broadcastable[0]:
        counts = as_tensor_variable(counts.data[0]) if isinstance(counts, Constant) else counts[0]
    if counts.type.ndim == 1:
        made: Variable = RepeatOp(axis)(v, counts)
        return made
    if counts.type.dtype not in INTEGER:
        raise TypeError(f"repeats must be integers; got {counts} of type {counts.type}.")
    if axis is None:
        v, axis = flatten(v), 0
    if not -v.type.ndim <= axis < v.type.ndim:
        raise ValueError(f"Axis {axis} should not exceed x.ndim-1: {v} has {v.type.ndim}.")
    axis %= v.type.ndim
    dims: list[Any] = lengths(v)
    spread = dimshuffle(v, *range(axis + 1), "x", *range(axis + 1, v.type.ndim))
    copies = alloc(spread, *dims[: axis + 1], counts, *dims[axis + 1 :])
    dims[axis] = dims[axis] * as_length(counts)
    return reshape(copies, dims)


# -- tiles ---------------------------------------------------------------------------------------------------
def tile(x: Any, reps: Any, ndim: int | None = None) -> Variable:
    """`x` side by side with itself: `reps` times along the last axis, or for each of the last axes a number of times.

    `ndim` is the number of axes of the result; it must be given where `reps` is a vector of unknown length.

    Errors:  ValueError for counts that are no integers, or an `ndim` that is too small
    Example:
        >>> import theano.tensor as T
        >>> T.tile([[1, 2]], (2, 2)).eval().tolist()
        [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    v: Any = as_tensor_variable(x)
    counts = _counts(reps, ndim)
    wanted = max(len(counts), v.type.ndim) if ndim is None else ndim
    if wanted < len(counts) or wanted < v.type.ndim:
        raise ValueError(
            f"ndim {wanted} is too small: x has {v.type.ndim} axes, and there are {len(counts)} reps."
        )
    counts = [as_tensor_variable(np.int64(1))] * (wanted - len(counts)) + counts
    v = dimshuffle(v, *["x"] * (wanted - v.type.ndim), *range(v.type.ndim))
    dims: list[Any] = lengths(v)
    spread = dimshuffle(v, *[entry for i in range(wanted) for entry in ("x", i)])
    copies = alloc(spread, *[n for pair in zip(counts, dims, strict=True) for n in pair])
    return reshape(copies, [count * n for count, n in zip(counts, dims, strict=True)])


def _counts(reps: Any, ndim: int | None) -> list[Any]:
    if isinstance(reps, (list, tuple)):
        listed = [as_tensor_variable(r) for r in reps]
        if any(v.type.ndim != 0 or not is_discrete(v.type.dtype) for v in listed):
            raise ValueError(f"The elements of reps must be scalars of integer dtype; got {reps}.")
        return [as_length(v) for v in listed]
    v: Any = as_tensor_variable(reps)
    if not is_discrete(v.type.dtype) or v.type.ndim > 1:
        raise ValueError(
            f"The elements of reps must be integers: one, or a vector of them; got {v} of type {v.type}."
        )
    if v.type.ndim == 0:
        return [as_length(v)]
    if ndim is None and not isinstance(v, Constant) and v.type.shape[0] is None:
        raise ValueError("If reps is a tensor.vector, you should specify the ndim.")
    named = elements(v)
    if named is None:
        named = [v[i] for i in range(v.type.shape[0] or ndim or 0)]
    return [as_length(n) for n in named]


class Tile(Op):
    """The function `tile` as an operation, under its older name: it makes other operations."""

    __props__ = ("ndim",)

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim

    def make_node(self, *inputs: Any) -> Apply:
        return tile(inputs[0], inputs[1], self.ndim).owner  # type: ignore[return-value]


# -- round ---------------------------------------------------------------------------------------------------
def roll(x: Any, shift: Any, axis: int | None = None) -> Variable:
    """`x` moved `shift` places along `axis`; what goes over the end comes in at the beginning.

    With axis None the elements move in their order, over the ends of all axes.

    Errors:  IndexError for an axis that there is not
    Example:
        >>> import theano.tensor as T
        >>> T.roll(T.arange(5), 2).eval().tolist()
        [3, 4, 0, 1, 2]
    """
    v: Any = as_tensor_variable(x)
    if axis is None:
        if v.type.ndim > 1:
            return reshape(roll(flatten(v), shift, 0), shape(v), ndim=v.type.ndim)
        axis = 0
    if not -v.type.ndim <= axis < v.type.ndim:
        raise IndexError(f"too many indices for array: {v} has {v.type.ndim} axes, none of number {axis}.")
    axis %= v.type.ndim
    by: Any = as_tensor_variable(shift, ndim=0)
    cut = as_length((-as_length(by)) % maximum(shape_i(v, axis), np.int64(1)))
    before = (slice(None),) * axis
    return join(axis, v[(*before, slice(cut, None))], v[(*before, slice(None, cut))])
