"""Places in a tensor: by one number each, and by one number for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import broadcast_static
from croton.ops.known import get_vector_length
from croton.ops.nested import chosen_place, common_lengths, each_place
from croton.ops.reshape import as_shape_vector
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType

_BAD_VALUE = 102  # the code of an error that `explain_failure` describes


class ChoiceError(ShapeError, AssertionError):
    """An argument has none of the values that it may have."""


def _choice(value: str, allowed: Sequence[str], what: str) -> None:
    if value not in allowed:
        raise ChoiceError(f"{what} must be one of {', '.join(allowed)}; got {value!r}.")


def _integers(x: Any) -> Variable:
    v = as_tensor_variable(x)
    if not is_discrete(v.type.dtype):
        raise TypeError(f"'{v.type.dtype}' object cannot be interpreted as an index: {v}.")
    return v


@op("unravel_index")
class UnravelIndex(Primitive):
    """Places given by one number each, counted through all axes, as one number for each axis.

    Shapes:    (…) and (ndim,) the lengths of the axes -> ndim times (…)
    Dtypes:    int64
    Gradient:  disconnected
    Errors:    TypeError for what is no integers; ValueError at run time for a place outside
    """

    ndim: int
    order: str = "C"

    def __post_init__(self) -> None:
        _choice(self.order, ("C", "F"), "order")
        if not isinstance(self.ndim, (int, np.integer)) or self.ndim < 1:
            raise ValueError(f"ndim must be an integer greater than 0; got {self.ndim!r}.")
        self.ndim = int(self.ndim)

    def prepare(self, *args: Any) -> list[Variable]:
        return [_integers(args[0]), as_shape_vector(_integers(args[1]))]

    def infer(self, places: Any, dims: Variable) -> Sequence[Type]:
        return [TensorType("int64", places.type.shape) for _ in range(self.ndim)]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[0]] * self.ndim

    def eval(self, xp: Any, places: Any, dims: Any) -> Any:
        if len(dims) != self.ndim:
            raise ChoiceError(f"UnravelIndex for {self.ndim} axes needs as many lengths; got {tuple(dims)}.")
        if xp is not np:
            made = xp.unravel_index(places, tuple(int(n) for n in dims))
        else:
            made = np.unravel_index(places, tuple(int(n) for n in dims), order=self.order)  # type: ignore[call-overload]
        return made[0] if self.ndim == 1 else tuple(made)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        places, dims = b.as_contiguous(b.array(xs[0])), b.array(xs[1])
        b.require_equal(dims.dims[0], self.ndim, 1, 0, 1, 0)
        lengths = [b.cast(b.element(dims, i), "int64") for i in range(self.ndim)]
        outs = [b.new(y, places.dims) for y in ys]
        k = b.loops()
        total, *sizes = [k.param(f"n{i}") for i in range(self.ndim + 1)]
        x = k.buffer("x", places.dtype, strides=[places.itemsize])
        buffers = [k.buffer(f"y{i}", "int64", strides=[8]) for i in range(self.ndim)]
        with k.loop("i", parallel=True) as i:
            left = k.cast(k.load(x, i), "int64")
            with k.if_((left < 0) | (left >= total)):
                k.fail(_BAD_VALUE, left, total)
            axes = range(self.ndim)
            for axis in reversed(axes) if self.order == "C" else axes:
                k.store(buffers[axis], left % sizes[axis], i)
                left = left // sizes[axis]
        b.loop(
            k.kernel(), [places, *outs], [b.product(lengths), *lengths], b.product(places.dims),
            cost=5000 * self.ndim, parallel=True,
        )  # fmt: skip

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for a place that there is not."""
        return ValueError(f"index {details[0]} is out of bounds for array with size {details[1]}")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows to places."""
        return [[False] * self.ndim for _ in node.inputs]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None, None]

    samples = (
        S(np.array([0, 5, 11]), np.array([3, 4]), ndim=2, grad=False),
        S(np.int64(7), np.array([3, 4]), ndim=2, order="F", grad=False),
        S(np.array([[0, 59], [13, 30]], "uint8"), np.array([3, 4, 5]), ndim=3, grad=False),
        S(np.array([], "int64"), np.array([0, 4]), ndim=2, grad=False),
    )
    errors = (
        E(np.array([12]), np.array([3, 4]), ndim=2, raises=ValueError, says="out of bounds"),
        E(
            np.array([1.0]),
            np.array([3, 4]),
            ndim=2,
            raises=TypeError,
            says="cannot be interpreted as an index",
        ),
        E(np.array([1]), np.array([3, 4]), ndim=0, raises=ValueError, says="greater than 0"),
    )


@op("ravel_multi_index")
class RavelMultiIndex(Primitive):
    """Places given by one number for each axis, as one number each, counted through all axes.

    Shapes:    k times (…), and (k,) the lengths of the axes -> (…), broadcast
    Dtypes:    int64
    Gradient:  disconnected
    Errors:    TypeError for what is no integers; ValueError at run time for a place outside, with mode 'raise'
    """

    mode: str = "raise"
    order: str = "C"

    def __post_init__(self) -> None:
        _choice(self.mode, ("raise", "wrap", "clip"), "mode")
        _choice(self.order, ("C", "F"), "order")

    def prepare(self, *args: Any) -> list[Variable]:
        *places, dims = args
        return [*map(_integers, places), as_shape_vector(_integers(dims))]

    def infer(self, *xs: Any) -> Type:
        shapes = [v.type.shape for v in xs[:-1]]
        ndim = max(map(len, shapes))
        return TensorType("int64", broadcast_static([(1,) * (ndim - len(s)) + s for s in shapes], str(self)))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        kinds: list[Any] = [v.type for v in node.inputs[:-1]]
        ndim = node.outputs[0].type.ndim
        out: list[Any] = []
        for back in range(ndim, 0, -1):
            of = [(k, s) for k, s in zip(kinds, shapes, strict=False) if len(s) >= back]
            out.append(next((s[-back] for k, s in of if not k.broadcastable[-back]), of[0][1][-back]))
        return [tuple(out)]

    def eval(self, xp: Any, *values: Any) -> Any:
        *places, dims = values
        if len(dims) != len(places):
            raise _other_lengths(len(places), len(dims))
        return xp.ravel_multi_index(
            tuple(p.astype("int64") for p in places),
            tuple(int(n) for n in dims),
            mode=self.mode,
            order=self.order,
        )

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        places, lengths = [b.array(x) for x in xs[:-1]], b.array(xs[-1])
        count = len(places)
        b.fail_if(b.ne(lengths.dims[0], count), _BAD_VALUE, count, lengths.dims[0])
        sizes = [b.cast(b.element(lengths, i), "int64") for i in range(count)]
        dims = common_lengths(b, *[p.dims for p in places])
        places = [b.broadcast(p, dims, i) for i, p in enumerate(places)]
        out = b.new(ys[0], dims)

        def visit(k: Any, buffers: Any, numbers: Any, counters: Any) -> None:
            at, here = k.const(0, "int64"), counters[: out.ndim]
            order = range(count) if self.order == "C" else reversed(range(count))
            for axis in order:
                n = numbers[axis]
                at = at * n + chosen_place(
                    k, self.mode, k.cast(k.load(buffers[axis], *here), "int64"), n, axis
                )
            k.store(buffers[-1], at, *here)

        each_place(b, dims, [*places, out], sizes, visit, cost=2000 * count)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for a place that there is not."""
        if len(details) == 2:
            return _other_lengths(*details)
        place, length, axis = details
        return ValueError(f"invalid entry in coordinates array: {place} on axis {axis} of length {length}")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows to places."""
        return [[False] for _ in node.inputs]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None] * len(xs)

    samples = (
        S(np.array([0, 2]), np.array([3, 1]), np.array([3, 4]), grad=False),
        S(np.array([5, 2]), np.int64(9), np.array([3, 4]), mode="wrap", order="F", grad=False),
        S(np.array([[-5], [2]]), np.array([9, -1], "int8"), np.array([3, 4]), mode="clip", grad=False),
        S(np.array([[-5], [2]]), np.array([9, -1], "int8"), np.array([3, 4]), mode="wrap", grad=False),
        S(np.array([2], "uint64"), np.array([3]), np.array([1]), np.array([3, 4, 5]), order="F", grad=False),
    )
    errors = (
        E(np.array([3]), np.array([0]), np.array([3, 4]), raises=ValueError, says="invalid entry"),
        E(np.array([1]), np.array([3, 4]), raises=ValueError, says="1 numbers for each place"),
        E(
            np.array([3]),
            np.array([0]),
            np.array([3, 4]),
            mode="q",
            raises=AssertionError,
            says="mode must be one of",
        ),
    )


def _other_lengths(count: int, lengths: int) -> Exception:
    return ChoiceError(f"RavelMultiIndex got {count} numbers for each place in a tensor of {lengths} axes.")


def unravel_index(indices: Any, dims: Any, order: str = "C", ndim: int | None = None) -> tuple[Variable, ...]:
    """Places in a tensor of lengths `dims`, given by one number each, as one number for each axis.

    `ndim` is the number of lengths, where `dims` is a vector of unknown length.

    Errors:  ValueError when the number of axes is not known; at run time for a place outside
    Example:
        >>> import theano.tensor as T
        >>> [i.eval().tolist() for i in T.unravel_index([0, 5], (2, 3))]
        [[0, 1], [0, 2]]
    """
    if ndim is None:
        try:
            ndim = get_vector_length(dims)
        except ValueError:
            raise ValueError(
                f"The length of the provided dimension list ({dims}) cannot be automatically determined, so the "
                "number of axes is not known. Provide the 'ndim' keyword argument to 'unravel_index'."
            ) from None
    return tuple(UnravelIndex(ndim, order)(indices, dims, return_list=True))


def ravel_multi_index(multi_index: Any, dims: Any, mode: str = "raise", order: str = "C") -> Variable:
    """Places in a tensor of lengths `dims`, given by a tuple of one tensor for each axis, as one number each.

    Errors:  TypeError for what is no tuple or list; ValueError at run time for a place outside, unless `mode` says
             'wrap' or 'clip'
    Example:
        >>> import theano.tensor as T
        >>> T.ravel_multi_index(([0, 1], [0, 2]), (2, 3)).eval().tolist()
        [0, 5]
    """
    if not isinstance(multi_index, (tuple, list)):
        raise TypeError("multi_index must be a tuple or a list.")
    made: Variable = RavelMultiIndex(mode, order)(*multi_index, dims)
    return made
