"""Sorting, and the greatest or least few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.errors import AxisError
from croton.graph.node import Apply, Constant, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.elementwise import eq, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.index.assign import inc_subtensor
from croton.ops.shape import lengths
from croton.vartypes.dtype import INTEGER, as_dtype, is_discrete
from croton.vartypes.tensor import Dim, TensorType

_BAD_VALUE = 102  # the code of an error that `explain_failure` describes

KINDS = ("quicksort", "mergesort", "heapsort", "stable")


def _places(x: Any, indices: Any, axis: Any) -> tuple[Any, ...]:
    """What to index `x` with, so that along `axis` (which may be computed) the elements at `indices` are meant."""
    ndim = x.type.ndim
    dims = lengths(x)
    grid = [dimshuffle(arange(dims[a]), *["x" if b != a else 0 for b in range(ndim)]) for a in range(ndim)]
    if isinstance(axis, Constant):
        axis = int(axis.data) % ndim
    if isinstance(axis, int):
        grid[axis] = indices
        return tuple(grid)
    return tuple(switch(eq(axis % ndim, a), indices, grid[a]) for a in range(ndim))


class _Sorting(Primitive):
    """What sorting and finding the order share."""

    kind: str
    order: Any

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no sort of kind {self.kind!r}; choose one of {', '.join(KINDS)}.")

    def prepare(self, *args: Any) -> list[Variable]:
        x, axis = as_tensor_variable(args[0]), as_tensor_variable(args[1] if len(args) > 1 else -1)
        if axis.type.ndim != 0 or axis.type.dtype not in INTEGER:
            raise TypeError(f"The axis to sort along must be an integer; got {axis} of type {axis.type}.")
        if x.type.ndim == 0:
            raise AxisError(f"There is no axis {axis} to sort along: {x} is a number without axes.")
        return [x, axis]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0]]

    def lowers(self, node: Apply) -> bool:
        """Along an axis that is known, and there."""
        x, axis = node.inputs
        return isinstance(axis, Constant) and -x.type.ndim <= int(axis.data) < x.type.ndim

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.kind}, {self.order}}}"


def _rows(b: Any, x: Any, axis: int) -> Any:
    """A copy of an array in which `axis` is the last, for native code."""
    order = [*[a for a in range(x.ndim) if a != axis % x.ndim], axis % x.ndim]
    view = b.part(x, [x.dims[a] for a in order], [x.strides[a] for a in order])
    made = b.temporary(x.dtype, view.dims)
    b.copy(made, view)
    return made


def _bind_rows(b: Any, variable: Variable, rows: Any, axis: int) -> None:
    """Let `variable` be what lies in a temporary whose last axis is its `axis`."""
    order = list(range(rows.ndim - 1))
    order.insert(axis % rows.ndim, rows.ndim - 1)
    b.view(variable, rows, [rows.dims[a] for a in order], [rows.strides[a] for a in order])


def sort_rows(b: Any, rows: Any) -> None:
    """Sort each row of a temporary where it lies."""
    _call_sort(b, rows, None)


def order_rows(b: Any, rows: Any) -> Any:
    """The places of the elements of each row in ascending order, in a temporary; equal elements keep their order."""
    places = b.temporary("int64", rows.dims)
    _call_sort(b, rows, places)
    return places


def _call_sort(b: Any, rows: Any, places: Any) -> None:
    """Sort each row in place, or with `places` write there where its elements belong."""
    count, length = b.product(rows.dims[:-1]), rows.dims[-1]
    to = b.no_address() if places is None else places
    b.call("rt_sort", b.dtype_code(rows.dtype), b.flag(places is not None), count, length, rows, to)


@op("sort")
class SortOp(_Sorting):
    """The elements in ascending order along an axis; NaNs come last.

    Shapes:    as the first input; the second is the axis
    Dtypes:    as the input
    Gradient:  the cotangent put back in the input's order
    Errors:    ValueError for another `kind`; at run time for an axis out of range
    """

    kind: str = "quicksort"
    order: Any = None

    def infer(self, x: Any, axis: Variable) -> Type:
        return TensorType(x.type.dtype, x.type.shape)

    def eval(self, xp: Any, x: Any, axis: Any) -> Any:
        return xp.sort(x, axis=int(axis))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (x, axis), (g,) = xs, gs
        rank = ArgSortOp(self.kind)(ArgSortOp(self.kind)(x, axis), axis)
        return [g[_places(g, rank, axis)], None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        axis = int(xs[1].data)
        rows = _rows(b, b.array(xs[0]), axis)
        sort_rows(b, rows)
        _bind_rows(b, ys[0], rows, axis)

    samples = (
        S((3, 5), np.int64(0)),
        S((3, 5), np.int64(-1)),
        S((2, 5, 3), np.int64(1)),
        S(np.array([2.0, np.nan, -np.inf, 0.0]), np.int64(0), grad=False),
        S(np.array([2 + 1j, 1 + 3j, 1 - 1j]), np.int64(0), grad=False),
        S(np.array([[True, False, True]]), np.int64(1), grad=False),
        S((40,), np.int64(0), dtype="float16", grad=False),
        S((0, 3), np.int64(0)),
        S((3, 4), np.int64(1), dtype="int8"),
    )
    errors = (
        E((3,), np.int64(1), raises=ValueError, says="out of bounds"),
        E((3,), np.int64(0), kind="bogo", raises=ValueError, says="no sort of kind"),
    )


@op("argsort")
class ArgSortOp(_Sorting):
    """The places of the elements in ascending order along an axis; equal elements keep their order.

    Shapes:    as the first input; the second is the axis
    Dtypes:    int64
    Gradient:  zero
    Errors:    ValueError for another `kind`; at run time for an axis out of range
    """

    kind: str = "quicksort"
    order: Any = None

    def infer(self, x: Any, axis: Variable) -> Type:
        return TensorType("int64", x.type.shape)

    def eval(self, xp: Any, x: Any, axis: Any) -> Any:
        # Stable whatever the kind: the same places on every backend.
        return xp.argsort(x, axis=int(axis), stable=True).astype("int64")

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [xs[0].zeros_like(), None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        axis = int(xs[1].data)
        rows = _rows(b, b.array(xs[0]), axis)
        places = order_rows(b, rows)
        b.free(rows)
        _bind_rows(b, ys[0], places, axis)

    samples = (
        S((3, 5), np.int64(0), grad=False),
        S((3, 4), np.int64(1), dtype="int8", grad=False),
        S((2, 5, 3), np.int64(1), dtype="float32", grad=False),
    )
    errors = (E((3,), np.int64(1), raises=ValueError, says="out of bounds"),)


@op("topk")
class TopKOp(Primitive):
    """The k greatest elements along an axis, the -k least where k is negative, and their places.

    Shapes:    (…, n, …) -> (…, abs(k), …), for what is asked: values, places, or both
    Dtypes:    as the input; `idx_dtype`
    Gradient:  the cotangent of the values at their places
    Errors:    TypeError for a `k` that is no integer number, an `idx_dtype` that is no integer type; IndexError for an
               axis out of range; ValueError at run time for a `k` of 0 or beyond the axis

    With `sorted`, the greatest comes first, for negative k the least comes last. Else the order is not defined.
    """

    axis: int = -1
    sorted: bool = True
    idx_dtype: str = "int64"
    return_values: bool = True
    return_indices: bool = True

    def __post_init__(self) -> None:
        self.idx_dtype = as_dtype(self.idx_dtype)
        if self.idx_dtype not in INTEGER:
            raise TypeError(f'"idx_dtype" parameter must be an integer dtype, got "{self.idx_dtype}"')
        if not (self.return_values or self.return_indices):
            raise ValueError("Neither return_values nor return_indices is True, this isn't allowed")

    def prepare(self, *args: Any) -> list[Variable]:
        x, k = as_tensor_variable(args[0]), as_tensor_variable(args[1])
        ndim: int = x.type.ndim
        if k.type.ndim != 0 or not is_discrete(k.type.dtype):
            raise TypeError(f"kth must be an integer number; got {k} of type {k.type}.")
        if not -ndim <= self.axis < ndim:
            raise AxisError(f'"axis" parameter out of range: {self.axis} of an array of {ndim} axes')
        return [x, k]

    def infer(self, x: Any, k: Variable) -> Any:
        count = abs(int(k.data)) if isinstance(k, Constant) else None
        shape: list[Dim] = list(x.type.shape)
        if shape[self.axis] != 1:
            shape[self.axis] = None if count == 1 else count
        kinds = []
        if self.return_values:
            kinds.append(TensorType(x.type.dtype, shape))
        if self.return_indices:
            kinds.append(TensorType(self.idx_dtype, shape))
        return kinds

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        shape = list(shapes[0])
        shape[self.axis] = abs(node.inputs[1].astype("int64"))
        return [tuple(shape)] * len(node.outputs)

    def eval(self, xp: Any, x: Any, k: Any) -> Any:
        count, length = int(k), x.shape[self.axis]
        if count == 0 or abs(count) > length:
            raise _no_such_k(count, length)
        ascending = xp.argsort(x, axis=self.axis, stable=True)
        chosen = slice(None, -count) if count < 0 else slice(length - count, None)
        at = (slice(None),) * (self.axis % x.ndim)
        places = xp.flip(ascending[(*at, chosen)], axis=self.axis)
        made = []
        if self.return_values:
            made.append(xp.take_along_axis(x, places, axis=self.axis))
        if self.return_indices:
            made.append(places.astype(self.idx_dtype))
        return made[0] if len(made) == 1 else tuple(made)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        x, k = xs
        if not self.return_values or gs[0] is None:
            return [x.zeros_like(), None]
        places = (
            ys[1]
            if self.return_indices
            else TopKOp(self.axis, self.sorted, self.idx_dtype, False, True)(x, k)
        )
        axis = self.axis % x.type.ndim
        return [inc_subtensor(x.zeros_like()[_places(x, places, axis)], gs[0]), None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        length = x.dims[self.axis]
        k = b.cast(b.scalar(xs[1]), "int64")
        count = b.select(b.lt(k, 0), b.sub(b.const(0, "int64"), k), k)
        b.fail_if(b.eq(count, 0), _BAD_VALUE, k, length)
        b.fail_if(b.gt(count, length), _BAD_VALUE, k, length)
        last = b.sub(b.select(b.lt(k, 0), count, length), 1)
        rows = _rows(b, x, self.axis)
        made = [order_rows(b, rows)] if self.return_indices else []
        if self.return_values:
            sort_rows(b, rows)
            made.insert(0, rows)
        else:
            b.free(rows)
        for y, all_ in zip(ys, made, strict=True):
            step = all_.itemsize
            first = b.part(all_, (*all_.dims[:-1], count), (*all_.strides[:-1], -step), b.times(last, step))
            chosen = b.temporary(y.type.dtype, first.dims)
            if y.type.dtype == all_.dtype:
                b.copy(chosen, first)
            else:
                b.elementwise(lambda code, place: code.cast(place, self.idx_dtype), chosen, first)
            b.free(all_)
            _bind_rows(b, y, chosen, self.axis)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for a k that there is not."""
        return _no_such_k(*details)

    samples = (
        S((3, 5), np.int64(2), axis=1),
        S((3, 5), np.int64(-2), axis=0),
        S((4,), np.int64(4), axis=0, return_indices=False),
        S((4,), np.int64(1), axis=0, return_values=False, idx_dtype="int32", grad=False),
    )
    errors = (
        E((3, 5), np.int64(6), axis=1, raises=ValueError, says="larger than the size"),
        E((3, 5), np.int64(0), axis=1, raises=ValueError, says="cannot be zero"),
        E((3, 5), np.int64(1), axis=2, raises=IndexError, says="out of range"),
        E((3, 5), np.float64(1), axis=1, raises=TypeError, says="integer number"),
    )

    def __str__(self) -> str:
        return f"{type(self).__name__}{{axis={self.axis}, sorted={self.sorted}}}"


def _no_such_k(k: int, length: int) -> Exception:
    if k == 0:
        return ValueError("topk: kth cannot be zero")
    return ValueError(f"topk: kth cannot be larger than the size of the axis: {k} of {length}")


# -- functions -----------------------------------------------------------------------------------------------
def _flat(x: Any, axis: Any) -> tuple[Any, Any]:
    v: Any = as_tensor_variable(x)
    return (v.flatten(), 0) if axis is None else (v, axis)


def sort(a: Any, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Variable:
    """The elements in ascending order along `axis`; of all elements when it is None. NaNs come last.

    Shapes:    as the input; (number of elements,) with axis None
    Dtypes:    as the input
    Example:
        >>> import theano.tensor as T
        >>> T.sort([3, 1, 2]).eval().tolist()
        [1, 2, 3]
    """
    x, at = _flat(a, axis)
    return SortOp(kind, order)(x, at)  # type: ignore[no-any-return]


def argsort(a: Any, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Variable:
    """The places of the elements in ascending order along `axis`; of all elements when it is None.

    Shapes:    as the input; (number of elements,) with axis None
    Dtypes:    int64
    Example:
        >>> import theano.tensor as T
        >>> T.argsort([3, 1, 2]).eval().tolist()
        [1, 2, 0]
    """
    x, at = _flat(a, axis)
    return ArgSortOp(kind, order)(x, at)  # type: ignore[no-any-return]


def topk(x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: str = "int64") -> Variable:
    """The `kth` greatest elements along `axis` (all elements when it is None); the least where `kth` is negative.

    Example:
        >>> import theano.tensor as T
        >>> T.topk(T.constant([3, 1, 2]), 2).eval().tolist()
        [3, 2]
    """
    v, at = _flat(x, axis)
    return TopKOp(at, sorted, idx_dtype, return_indices=False)(v, kth)  # type: ignore[no-any-return]


def argtopk(x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: str = "int64") -> Variable:
    """The places of the `kth` greatest elements along `axis`; of the least where `kth` is negative."""
    v, at = _flat(x, axis)
    return TopKOp(at, sorted, idx_dtype, return_values=False)(v, kth)  # type: ignore[no-any-return]


def topk_and_argtopk(
    x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: str = "int64"
) -> list[Variable]:
    """The `kth` greatest elements along `axis`, and their places; the least where `kth` is negative."""
    v, at = _flat(x, axis)
    made = TopKOp(at, sorted, idx_dtype)(v, kth)
    return list(made)
