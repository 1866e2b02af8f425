"""Where values belong in a sorted vector, which values there are, and how often."""

from __future__ import annotations

from functools import reduce
from operator import mul as times
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops import reduce as reductions
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros
from croton.ops.elementwise import ge, maximum
from croton.ops.index.assign import inc_subtensor
from croton.ops.raise_op import Assert
from croton.ops.sort import order_rows, sort_rows
from croton.ops.truth import all as all_of
from croton.vartypes.dtype import INTEGER, is_complex
from croton.vartypes.tensor import Dim, TensorType

if TYPE_CHECKING:
    from croton.loops.build import Builder


# Values that are looked for by one thread.
_BLOCK = 256


@op("searchsorted")
class SearchsortedOp(Primitive):
    """The places in a sorted vector before which values are to be put to keep it sorted.

    Shapes:    sorted vector (n,), values (…), perhaps the order (n,) that sorts the vector -> (…)
    Dtypes:    int64
    Gradient:  zero
    Errors:    ValueError for another `side` or a vector of more axes; TypeError for an order that is no integers
    """

    side: str = "left"

    def __post_init__(self) -> None:
        if self.side not in ("left", "right"):
            raise ValueError(f"'{self.side}' is an invalid value for keyword 'side': choose left or right.")

    def prepare(self, *args: Any) -> list[Variable]:
        variables = [as_tensor_variable(args[0], ndim=1), as_tensor_variable(args[1])]
        if len(args) > 2 and args[2] is not None:
            order = as_tensor_variable(args[2], ndim=1)
            if order.type.dtype not in INTEGER:
                raise TypeError(f"sorter must be an integer vector; got {order.type}.")
            variables.append(order)
        return variables

    def infer(self, x: Any, v: Any, *order: Any) -> Type:
        return TensorType("int64", v.type.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[1]]

    def eval(self, xp: Any, x: Any, v: Any, *order: Any) -> Any:
        return xp.searchsorted(x[order[0]] if order else x, v, side=self.side)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [xs[0].zeros_like(), xs[1].zeros_like(), None][: len(xs)]

    makes_new_memory: ClassVar[bool] = True

    def lowers(self, node: Apply) -> bool:
        """Vectors that are in order, of a real type that holds the values too."""
        kinds: list[Any] = [v.type for v in node.inputs]
        dtype = np.promote_types(kinds[0].dtype, kinds[1].dtype).name
        return len(kinds) == 2 and not is_complex(dtype) and dtype != "bool"

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x, v = b.array(xs[0]), b.as_contiguous(b.array(xs[1]))
        out = b.new(ys[0], v.dims)
        dtype = np.promote_types(x.dtype, v.dtype).name
        k = b.loops()
        n, steps, stride, count = k.param("n"), k.param("steps"), k.param("stride"), k.param("count")
        ordered = k.buffer("x", x.dtype, strides=[stride])
        wanted, place = k.buffer("v", v.dtype, strides=[v.itemsize]), k.buffer("y", "int64", strides=[8])
        with k.loop("block", parallel=True) as block:
            first = block * _BLOCK
            with k.loop("i", first, k.minimum(first + _BLOCK, count), kind="vector") as i:
                value = k.cast(k.load(wanted, i), dtype)
                # The place lies in [low, low + size]. Size is the same for all values: each step halves it, down to 0.
                low, size = k.variable(k.const(0, "int64")), k.variable(n)
                with k.loop("step", 0, steps):
                    half = (size.value + 1) >> 1
                    other = k.cast(k.load(ordered, low.value + half - 1), dtype)
                    # NaN stands behind all numbers.
                    before = _before(k, other, value) if self.side == "left" else ~_before(k, value, other)
                    low.value, size.value = k.select(before, low.value + half, low.value), size.value >> 1
                k.store(place, low.value, i)
        values = b.product(v.dims)
        b.loop(
            k.kernel(),
            [x, v, out],
            [x.dims[0], _bits(b, x.dims[0]), x.strides[0], values],
            b.floordiv(b.add(values, _BLOCK - 1), _BLOCK),
            cost=10_000 * _BLOCK,
            parallel=True,
        )

    samples = (
        S(np.array([1.0, 2.0, 2.0, 5.0]), (2, 3), grad=False),
        S(np.array([1.0, 2.0, 2.0, 5.0]), (), side="right", grad=False),
        S(np.array([5, 1, 3]), np.array([0, 2, 4]), np.array([1, 2, 0]), grad=False),
    )
    errors = (
        E((3,), (2,), side="middle", raises=ValueError, says="invalid value for keyword 'side'"),
        E((3,), (2,), (3,), raises=TypeError, says="integer vector"),
    )


def _before(k: Builder, x: Any, y: Any) -> Any:
    """Whether `x` comes before `y` in ascending order."""
    less = x < y
    return less | (k.isnan(y) & ~k.isnan(x)) if x.dtype.startswith("float") else less


def _bits(b: Any, n: Any) -> Any:
    """As many steps as halving `n` to nothing takes."""
    if isinstance(n, int):
        return n.bit_length()
    found: Any = 0
    for power in range(63):
        found = b.add(found, b.cast(b.ge(n, 1 << power), "int64"))
    return found


def _differ(k: Builder, x: Any, y: Any) -> Any:
    """Whether two elements are different ones: NaN is one element."""
    return k.ne(x, y) & ~(k.isnan(x) & k.isnan(y)) if x.dtype.startswith("float") else k.ne(x, y)


@op("unique")
class Unique(Primitive):
    """The different elements in ascending order; with an `axis`, the different slices along it.

    Shapes:    (k,), or the input's with length k on `axis`; then, as asked: (k,) first places, the places that make
               the input again, (k,) counts
    Dtypes:    as the input; the others int64
    Errors:    RuntimeError for an axis out of range

    All NaNs count as one element.
    """

    return_index: bool = False
    return_inverse: bool = False
    return_counts: bool = False
    axis: int | None = None

    def infer(self, x: Any) -> Any:
        kind = x.type
        if self.axis is not None and not -kind.ndim <= self.axis < kind.ndim:
            raise RuntimeError(f"Unique axis `{self.axis}` is outside of input ndim = {kind.ndim}.")
        shape: list[Dim] = [None]
        if self.axis is not None:
            shape = list(kind.shape)
            shape[self.axis] = None
        extras = (self.return_index, self.return_inverse, self.return_counts)
        return [TensorType(kind.dtype, shape)] + [TensorType("int64", (None,)) for asked in extras if asked]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        # How many elements differ is not known from the shape.
        (dims,) = shapes
        if self.axis is None:
            found: tuple[Any, ...] = (None,)
            made_of = reduce(times, dims, as_tensor_variable(np.int64(1)))
        else:
            at = self.axis % len(dims)
            found, made_of = tuple(None if i == at else d for i, d in enumerate(dims)), dims[at]
        extras = ((self.return_index, None), (self.return_inverse, made_of), (self.return_counts, None))
        return [found] + [(length,) for asked, length in extras if asked]

    def eval(self, xp: Any, x: Any) -> Any:
        if not x.ndim:
            x = x.reshape(1)
        made = xp.unique(
            x,
            return_index=self.return_index,
            return_inverse=self.return_inverse,
            return_counts=self.return_counts,
            axis=self.axis,
        )
        if not isinstance(made, tuple):
            return made
        return (made[0], *[extra.reshape(-1).astype("int64") for extra in made[1:]])

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        raise NotImplementedError("There is no gradient of the different elements (Unique).")

    makes_new_memory: ClassVar[bool] = True

    def lowers(self, node: Apply) -> bool:
        """Single real elements; slices of several are compared by Python."""
        kind: Any = node.inputs[0].type
        return (self.axis is None or kind.ndim == 1) and not is_complex(kind.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.as_contiguous(b.array(xs[0]))
        total = b.product(x.dims)
        flat = b.part(x, (total,), (x.itemsize,))
        outs = [b.new_long(y, (total,)) for y in ys]
        if self.return_index or self.return_inverse:
            order = order_rows(b, flat)
        else:
            order = None
            b.copy(outs[0], flat)
            sort_rows(b, outs[0])
            flat = outs[0]
        count = b.on_stack("int64")
        k = b.loops()
        n = k.param("n")
        source, found = (k.buffer(name, x.dtype, strides=[x.itemsize]) for name in ("x", "y"))
        extras = [k.buffer(f"y{i}", "int64", strides=[8]) for i in range(1, len(ys))]
        groups = k.buffer("count", "int64", strides=[])
        places = None if order is None else k.buffer("order", "int64", strides=[8])
        seen, start = (k.variable(k.const(0, "int64")) for _ in range(2))
        before = k.variable(k.cast(k.const(0, "int64"), x.dtype))
        with k.loop("i", 0, n) as i:
            place = i if places is None else k.load(places, i)
            value = k.load(source, place)
            is_new = k.eq(i, 0) | _differ(k, before.value, value)
            at = seen.value + k.cast(is_new, "int64") - 1
            first = k.select(is_new, i, start.value)
            with k.if_(is_new):
                k.store(found, value, at)
            self._note(k, iter(extras), is_new, place, at, i + 1 - first)
            seen.value, start.value, before.value = at + 1, first, value
        k.store(groups, seen.value)
        arrays = [flat, *outs, count, *([] if order is None else [order])]
        b.loop(k.kernel(), arrays, [total], 1, cost=b.times(2000, total))
        if order is not None:
            b.free(order)
        length = b.load(count.data, "int64")
        for i, y in enumerate(ys):
            if not (self.return_inverse and i == 1 + self.return_index):
                b.shorten(y, length)

    def _note(self, k: Builder, extras: Any, is_new: Any, place: Any, at: Any, count: Any) -> None:
        """Store what is asked of the element at `place`, which is the last so far of group `at`."""
        if self.return_index:
            with k.if_(is_new):
                k.store(next(extras), place, at)
        if self.return_inverse:
            k.store(next(extras), at, place)
        if self.return_counts:
            k.store(next(extras), count, at)

    samples = (
        S(np.array([3, 1, 2, 1]), grad=False),
        S(np.array([[3.0, np.nan, 2.0], [np.nan, 2.0, -np.inf]]), grad=False),
        S(np.array([3, 1, 2, 1], "int8"), return_index=True, return_counts=True, grad=False),
        S(np.array([3.0, 1.0, np.nan, np.nan]), return_inverse=True, return_counts=True, axis=-1, grad=False),
        S(np.array([True, False, True]), return_index=True, return_inverse=True, grad=False),
        S(np.array([], "float32"), return_inverse=True, return_counts=True, grad=False),
        S(
            np.array([[1, 2], [1, 2], [0, 5]]),
            return_index=True,
            return_inverse=True,
            return_counts=True,
            axis=0,
            grad=False,
        ),
    )
    errors = (E((3,), axis=1, raises=RuntimeError, says="outside of input ndim"),)


# -- functions -----------------------------------------------------------------------------------------------
def searchsorted(x: Any, v: Any, side: str = "left", sorter: Any = None) -> Variable:
    """The places in the sorted vector `x` before which the values `v` are to be put to keep it sorted.

    `side` 'right' puts them after equal ones; `sorter` is the order that sorts `x` where it is not sorted itself.

    Shapes:    as `v`
    Dtypes:    int64
    Example:
        >>> import theano.tensor as T
        >>> T.searchsorted([1, 3, 5], [0, 3, 9]).eval().tolist()
        [0, 1, 3]
    """
    return SearchsortedOp(side)(x, v, sorter)  # type: ignore[no-any-return]


def bincount(x: Any, weights: Any = None, minlength: Any = None, assert_nonneg: bool = False) -> Variable:
    """How often each number from 0 up is in `x`, or the sum of its `weights`.

    Shapes:    (max(x) + 1,), or `minlength` where that is more
    Dtypes:    as the weights; without, as `x`
    Errors:    TypeError for what is no vector of integers; with `assert_nonneg`, at run time for negative numbers
    Example:
        >>> import theano.tensor as T
        >>> T.bincount([0, 2, 2, 3]).eval().tolist()
        [1, 0, 2, 1]
    """
    v: Any = as_tensor_variable(x)
    if v.type.ndim != 1:
        raise TypeError("Inputs must be of dimension 1.")
    if v.type.dtype not in INTEGER:
        raise TypeError(
            f"Numbers to count must be integers; got {v} of type {v.type}. Cast it, or round it first."
        )
    if assert_nonneg:
        v = Assert("Input to bincount has negative values!")(v, all_of(ge(v, 0)))
    length: Any = cast(reductions.max(v) + 1, "int64")
    if minlength is not None:
        length = maximum(length, minlength)
    if weights is None:
        return inc_subtensor(zeros([length], dtype=v.type.dtype)[v], 1)
    w: Any = as_tensor_variable(weights)
    return inc_subtensor(zeros([length], dtype=w.type.dtype)[v], w)
