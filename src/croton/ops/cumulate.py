"""Running sums and products, and differences of neighbours."""

from __future__ import annotations

from functools import reduce
from operator import mul as times
from typing import Any, ClassVar

import numpy as np

from croton.errors import AxisError
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import neq, tensor_copy
from croton.ops.reduce import summed_dtype
from croton.vartypes.dtype import is_complex
from croton.vartypes.tensor import TensorType

# Elements of a row that a running sum across rows takes at a time.
_STRIP = 512


def _along(ndim: int, axis: int, index: slice) -> tuple[slice, ...]:
    return tuple(index if a == axis % ndim else slice(None) for a in range(ndim))


def _reversed(x: Any, axis: int | None) -> Any:
    return x[::-1] if axis is None else x[_along(x.type.ndim, axis, slice(None, None, -1))]


@op("cumulate")
class CumOp(Primitive):
    """Running sum (mode 'add') or product ('mul') along one axis; with axis None over all elements in order.

    Shapes:    as the input; with axis None (…) -> (number of elements,)
    Dtypes:    64 bits for integers and truth values, else as the input
    Gradient:  running sum of the cotangent from the other end; of a product, its result times the cotangent takes
               that place, and is divided by the input
    Errors:    ValueError for an axis out of range or another mode
    """

    axis: int | None = None
    mode: str = "add"

    def __post_init__(self) -> None:
        if self.mode not in ("add", "mul"):
            raise ValueError(f'CumOp: Unknown mode "{self.mode}"; choose add or mul.')

    def infer(self, x: Variable) -> Type:
        kind: Any = x.type
        if self.axis is None:
            known = [d for d in kind.shape if d is not None]
            size = reduce(times, known, 1) if len(known) == kind.ndim else None
            return TensorType(summed_dtype(kind.dtype), (None if size == 1 else size,))
        if not -kind.ndim <= self.axis < kind.ndim:
            raise AxisError(f"axis(={self.axis}) out of bounds: {x} has {kind.ndim} axes.")
        return TensorType(summed_dtype(kind.dtype), kind.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        if self.axis is None:
            return [(reduce(times, shapes[0], as_tensor_variable(np.int64(1))),)]
        return [shapes[0]]

    def eval(self, xp: Any, x: Any) -> Any:
        run = xp.cumsum if self.mode == "add" else xp.cumprod
        with np.errstate(all="ignore"):
            return run(x, axis=self.axis, dtype=summed_dtype(x.dtype.name))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x,), (y,), (g,) = xs, ys, gs
        if self.mode == "mul":
            g = y * g
        back = _reversed(CumOp(self.axis, "add")(_reversed(g, self.axis)), self.axis)
        if self.axis is None:
            back = back.reshape(x.shape, ndim=x.type.ndim)
        return [back / x if self.mode == "mul" else back]

    makes_new_memory: ClassVar[bool] = True
    # Each element is read before its place is written: of an array of the same shape, laid out alike.
    writes_over: ClassVar[int] = 0

    def lowers(self, node: Apply) -> bool:
        """All real types, of at least one axis."""
        return bool(node.inputs[0].type.ndim) and not is_complex(node.inputs[0].type.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        if self.axis is None:
            total = b.product(x.dims)
            out = b.new(ys[0], (total,))
            source = b.as_contiguous(x)
            self._run(b, source, out, (1, total, 1))
            return
        axis = self.axis % x.ndim
        before, n, behind = b.product(x.dims[:axis]), x.dims[axis], b.product(x.dims[axis + 1 :])
        source = b.as_contiguous(x)
        out = b.new(ys[0], x.dims, into=source if x.dtype == ys[0].type.dtype else None)
        self._run(b, source, out, (before, n, behind))

    def _run(self, b: Any, x: Any, y: Any, dims: tuple[Any, Any, Any]) -> None:
        """Run along the second of three axes that both arrays, laid out row by row, are taken to have."""
        before, n, behind = dims
        if isinstance(behind, int) and behind == 1:
            self._along_rows(b, x, y, before, n)
        else:
            self._across_rows(b, x, y, before, n, behind)

    def _step(self, k: Any, so_far: Any, x: Any) -> Any:
        return so_far + x if self.mode == "add" else so_far * x

    def _along_rows(self, b: Any, x: Any, y: Any, rows: Any, n: Any) -> None:
        k = b.loops()
        length = k.param("n")
        source = k.buffer("x", x.dtype, strides=[length * x.itemsize, x.itemsize])
        target = k.buffer("y", y.dtype, strides=[length * y.itemsize, y.itemsize])
        with k.loop("i", parallel=True) as i:
            total = k.variable(k.const(self.mode == "mul", y.dtype))
            with k.loop("j", 0, length) as j:
                total.value = self._step(k, total.value, k.cast(k.load(source, i, j), y.dtype))
                k.store(target, total.value, i, j)
        b.loop(k.kernel(), [x, y], [n], rows, cost=b.times(1200, n), parallel=True)

    def _across_rows(self, b: Any, x: Any, y: Any, before: Any, n: Any, behind: Any) -> None:
        # Columns are shared out in strips, each of which runs down all rows: a strip of a row is one line of memory.
        k = b.loops()
        length, width, strips = k.param("n"), k.param("width"), k.param("strips")
        source, target = (
            k.buffer(name, a.dtype, strides=[length * width * a.itemsize, width * a.itemsize, a.itemsize])
            for name, a in (("x", x), ("y", y))
        )
        with k.loop("s", parallel=True) as s:
            i, strip = s // strips, s % strips
            low = strip * _STRIP
            high = k.minimum(low + _STRIP, width)
            with k.loop("first", low, high, kind="vector") as v:
                k.store(target, k.cast(k.load(source, i, 0, v), y.dtype), i, 0, v)
            with k.loop("j", 1, length) as j, k.loop("v", low, high, kind="vector") as v:
                term = k.cast(k.load(source, i, j, v), y.dtype)
                k.store(target, self._step(k, k.load(target, i, j - 1, v), term), i, j, v)
        count = b.floordiv(b.add(behind, _STRIP - 1), _STRIP)
        # Nothing runs along an axis without places.
        runs = b.times(b.times(before, b.minimum(n, 1)), count)
        cost = b.times(150 * _STRIP, n)
        b.loop(k.kernel(), [x, y], [n, behind, count], runs, cost=cost, parallel=True)

    samples = (
        S((3, 4), axis=0),
        S((2, 3, 4), axis=-1),
        S((2, 3)),
        S((0, 3), axis=0),
        S((3, 4), axis=1, mode="mul", domain=(0.5, 2.0)),
        S((2, 3), mode="mul", domain=(0.5, 2.0)),
        S((3,), axis=0, dtype="int8"),
        S((3, 4), axis=0, dtype="bool"),
        S((3, 4), axis=1, dtype="uint32"),
    )
    errors = (
        E((3,), axis=1, raises=ValueError, says="out of bounds"),
        E((3,), axis=0, mode="sub", raises=ValueError, says="Unknown mode"),
    )

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.axis}, {self.mode}}}"


class CumsumOp(Op):
    """The running sum, under its older name."""

    def __new__(cls, axis: int | None = None) -> Any:
        return CumOp(axis, "add")


class CumprodOp(Op):
    """The running product, under its older name."""

    def __new__(cls, axis: int | None = None) -> Any:
        return CumOp(axis, "mul")


class DiffOp(Op):
    """`n` times over, each element less the one before it along an axis; of truth values, whether they differ.

    Shapes:    (…, k, …) -> (…, k - n, …)
    Dtypes:    as the input
    Errors:    ValueError for an axis out of range or a negative `n`
    """

    __props__ = ("n", "axis")

    def __init__(self, n: int = 1, axis: int = -1) -> None:
        self.n = n
        self.axis = axis

    def make_node(self, *inputs: Any) -> Apply:
        x: Any = as_tensor_variable(inputs[0])
        if self.n < 0:
            raise ValueError(f"A difference is taken n >= 0 times; got {self.n}.")
        if x.type.ndim == 0 or not -x.type.ndim <= self.axis < x.type.ndim:
            raise AxisError(f"axis(={self.axis}) out of bounds: {x} has {x.type.ndim} axes.")
        for _ in range(self.n):
            after = x[_along(x.type.ndim, self.axis, slice(1, None))]
            before = x[_along(x.type.ndim, self.axis, slice(None, -1))]
            x = neq(after, before) if x.type.dtype == "bool" else after - before
        return (tensor_copy(x) if self.n == 0 else x).owner  # type: ignore[no-any-return]


def cumsum(x: Any, axis: int | None = None) -> Variable:
    """The running sum along `axis`; of all elements in order when it is None.

    Dtypes:    64 bits for integers and truth values, else as the input
    Example:
        >>> import theano.tensor as T
        >>> T.cumsum([[1, 2], [3, 4]], axis=0).eval().tolist()
        [[1, 2], [4, 6]]
    """
    return CumOp(axis, "add")(x)  # type: ignore[no-any-return]


def cumprod(x: Any, axis: int | None = None) -> Variable:
    """The running product along `axis`; of all elements in order when it is None.

    Dtypes:    64 bits for integers and truth values, else as the input
    """
    return CumOp(axis, "mul")(x)  # type: ignore[no-any-return]


def diff(x: Any, n: int = 1, axis: int = -1) -> Variable:
    """`n` times over, each element less the one before it along `axis`.

    Example:
        >>> import theano.tensor as T
        >>> T.diff([1, 4, 9, 16]).eval().tolist()
        [3, 5, 7]
    """
    return DiffOp(n, axis)(x)  # type: ignore[no-any-return]
