"""Other lengths of axes, while the elements keep their order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul as times
from typing import Any

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import Stack, as_tensor_variable
from croton.ops.elementwise import eq, int_div, maximum, neg, switch, tensor_copy
from croton.ops.known import elements, get_vector_length, known_int, never_negative
from croton.ops.shape import (
    addbroadcast,
    as_length,
    known_length,
    lengths,
    numbers_of,
    patternbroadcast,
    product,
    shape,
    tensor_type,
)
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import Dim, TensorType


def _left(b: Any, total: Any, rest: Any) -> Any:
    """The length for -1 beside others whose product is `rest`; -1 where these leave any open, since one is 0."""
    return b.select(b.eq(rest, 0), -1, b.floordiv(total, rest))


@op("reshape")
class Reshape(Primitive):
    """The elements, in their order, with other lengths of axes; one length may be -1: what is left for it.

    Shapes:    (…) and (ndim,) -> ndim axes of the lengths that the vector says
    Dtypes:    as the input
    Gradient:  the cotangent in the input's shape
    Errors:    ValueError when the number of elements differs, more than one length is -1, or `ndim` is not the number
               of lengths; TypeError for lengths that are no integers
    """

    ndim: int
    name: str | None = None

    passes_scalar = 0

    def __post_init__(self) -> None:
        self.ndim = int(self.ndim)
        if self.ndim < 0:
            raise ValueError(f"The number of axes must be at least 0; got {self.ndim}.")

    __props__ = ("ndim",)

    def _props(self) -> tuple[Any, ...]:
        return (self.ndim,)

    def prepare(self, *args: Any) -> list[Variable]:
        return [as_tensor_variable(args[0]), as_shape_vector(args[1])]

    def infer(self, x: Variable, lengths: Variable) -> Type:
        kind = tensor_type(x)
        given = known_length(lengths)
        if given is not None and given != self.ndim:
            raise ShapeError(
                f"Reshape to {self.ndim} axes needs {self.ndim} lengths; got {given}: {lengths}."
            )
        named = elements(lengths)
        known: list[int | None] = [None] * self.ndim if named is None else [known_int(v) for v in named]
        dims: list[Dim] = [None if n is None or n < 0 else n for n in known]
        left = _left_over(kind.shape, known)
        if left is not None:
            # A length that only turns out to be 1 does not broadcast.
            dims[known.index(-1)] = None if left == 1 else left
        return TensorType(kind.dtype, dims)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        lengths = node.inputs[1]
        named = elements(lengths)
        if named is None:
            named = [lengths[i] for i in range(self.ndim)]
        out = [as_length(v) for v in named]
        unsure = [i for i, v in enumerate(named) if not never_negative(v)]
        if len(unsure) == 1 and known_int(out[unsure[0]]) == -1:
            (i,) = unsure
            out[i] = _share(product(shapes[0]), product(out[:i] + out[i + 1 :]))
        elif unsure:
            # If one of the lengths is -1, minus the product of all is that of the others.
            left = _share(product(shapes[0]), neg(product(out)))
            for i in unsure:
                out[i] = switch(eq(out[i], -1), left, out[i])
        return [tuple(out)]

    def eval(self, xp: Any, x: Any, lengths: Any) -> Any:
        said = tuple(int(n) for n in lengths)
        if len(said) != self.ndim:
            raise ShapeError(
                f"Reshape to {self.ndim} axes needs {self.ndim} lengths; got {len(said)}: {said}."
            )
        try:
            return xp.reshape(x, said)
        except ValueError:
            raise ShapeError(
                f"Cannot reshape input of shape {tuple(x.shape)}, which has {x.size} elements, to shape {said}."
            ) from None

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        x = xs[0]
        return [patternbroadcast(reshape(gs[0], shape(x), ndim=x.type.ndim), x.type.broadcastable), None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        wanted = numbers_of(b, xs[1], self.ndim)
        total = b.product(x.dims)
        free = [i for i, n in enumerate(wanted) if not (isinstance(n, int) and n >= 0)]
        dims = list(wanted)
        if len(free) == 1 and isinstance(wanted[free[0]], int):
            # One length is -1: what is left for it.
            rest = b.product([n for i, n in enumerate(wanted) if i != free[0]])
            dims[free[0]] = _left(b, total, rest)
            b.fail_if(b.lt(dims[free[0]], 0), BAD_VALUE, *x.dims[:6])
        elif free and not self._lengths_are_sure(xs[1], free):
            # If one of the lengths is -1, minus the product of all is that of the others.
            left = _left(b, total, b.sub(0, b.product(wanted)))
            for i in free:
                dims[i] = b.select(b.eq(wanted[i], -1), left, wanted[i])
                b.fail_if(b.lt(dims[i], 0), BAD_VALUE, *x.dims[:6])
        known = ys[0].type.shape
        dims = [n if d is None or isinstance(n, int) else d for n, d in zip(dims, known, strict=True)]
        wrong = b.ne(b.product(dims), total)
        if wrong is not False:
            b.fail_if(wrong, BAD_VALUE, *x.dims[:6])
        whole = b.as_contiguous(x)
        b.view(ys[0], whole, dims, b.strides(x.dtype, dims), contiguous=True)

    @staticmethod
    def _lengths_are_sure(lengths: Variable, free: Sequence[int]) -> bool:
        named = elements(lengths)
        return named is not None and all(never_negative(named[i]) for i in free)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        shape_, lengths = tuple(details[: node.inputs[0].type.ndim]), node.inputs[1]
        asked = tuple(lengths.data.tolist()) if isinstance(lengths, Constant) else lengths
        return ShapeError(
            f"Cannot reshape input of shape {shape_}, which has {int(np.prod(shape_))} elements, to shape {asked}."
        )

    samples = (
        S((2, 3), np.array([3, 2]), ndim=2),
        S((2, 3), np.array([-1]), ndim=1),
        S((0, 3), np.array([3, -1]), ndim=2),
        S((), np.array([1, 1]), ndim=2),
        S((1, 1), np.array([], dtype="int64"), ndim=0),
    )
    errors = (
        E(
            (0, 3),
            np.array([-1, 3, 0]),
            ndim=3,
            raises=ValueError,
            says="Cannot reshape input of shape (0, 3)",
        ),
        E((2, 3), np.array([4, 2]), ndim=2, raises=ValueError, says="Cannot reshape input of shape (2, 3)"),
        E((2, 3), np.array([-1, -1]), ndim=2, raises=ValueError, says="Cannot reshape"),
        E((2, 3), np.array([6]), ndim=2, raises=ValueError, says="needs 2 lengths; got 1"),
        E((2, 3), np.array([2.0, 3.0]), ndim=2, raises=TypeError, says="must be integers"),
    )

    def __str__(self) -> str:
        return f"Reshape{{{self.ndim}}}"


def _share(total: Any, others: Any) -> Any:
    """The length that is left where others are given; any number where that is none's, as Reshape refuses them."""
    return int_div(total, maximum(others, np.int64(1)))


def _left_over(shape: Sequence[Dim], lengths: Sequence[int | None]) -> int | None:
    """The length that stands for -1, where it is known."""
    if list(lengths).count(-1) != 1 or None in lengths or None in shape:
        return None
    rest = reduce(times, [n for n in lengths if n != -1], 1)
    total: Any = reduce(times, shape, 1)
    return None if rest <= 0 or total % rest else total // rest


def as_shape_vector(lengths: Any) -> Variable:
    """Lengths as a vector of int64: of a list, each entry by itself, so that it can be had without the vector.

    Errors:  TypeError for what is no vector or list of integers
    """
    if isinstance(lengths, (list, tuple)):
        if not lengths:
            return as_tensor_variable(np.zeros(0, dtype="int64"))
        entries = [
            as_length(n, "A length of a shape to reshape to: lengths must be integers; each") for n in lengths
        ]
        if all(isinstance(n, Constant) for n in entries):
            return as_tensor_variable(np.array([n.data for n in entries], dtype="int64"))  # type: ignore[attr-defined]
        stacked: Variable = Stack()(*entries)
        return stacked
    v = as_tensor_variable(lengths)
    kind = tensor_type(v)
    if kind.ndim != 1:
        raise TypeError(
            f"New shape in reshape must be a vector or a list/tuple of scalar. Got {v}, which has {kind.ndim} axes."
        )
    if not is_discrete(kind.dtype) and kind.shape != (0,):
        raise TypeError(f"Lengths must be integers; got {v} of type {kind}.")
    return cast(v, "int64")


def reshape(x: Any, newshape: Any, ndim: int | None = None) -> Variable:
    """The elements of `x`, in their order, in another shape; one length may be -1: what is left for it.

    `ndim` is the number of lengths; it must be given where `newshape` is a vector of unknown length.

    Errors:  ValueError when the number of axes is not known; at run time when the number of elements differs
    Example:
        >>> import theano.tensor as T
        >>> T.reshape([[1, 2], [3, 4]], (1, -1)).eval().tolist()
        [[1, 2, 3, 4]]
    """
    if ndim is None:
        vector = as_shape_vector(newshape)
        try:
            ndim = get_vector_length(vector)
        except ValueError:
            raise ValueError(
                f"The length of the provided shape ({vector}) cannot be automatically determined, so the number of "
                "axes of the reshaped variable is not known. Provide the 'ndim' keyword argument to 'reshape'."
            ) from None
        newshape = vector
    made: Variable = Reshape(ndim)(x, newshape)
    return made


def flatten(x: Any, ndim: int | None = None, outdim: int | None = None) -> Variable:
    """`x` with `ndim` axes (one, if not said): all from axis `ndim - 1` on become one.

    `outdim` is an older name of `ndim`.

    Errors:  ValueError when `ndim` is not between 1 and the number of axes
    """
    if ndim is not None and outdim is not None:
        raise ValueError("Give flatten only ndim, not outdim too.")
    wanted = ndim if ndim is not None else outdim if outdim is not None else 1
    v = as_tensor_variable(x)
    kind = tensor_type(v)
    if not 1 <= wanted <= max(kind.ndim, 1):
        raise ValueError(f"ndim {wanted} out of bound [1, {kind.ndim + 1}): {x} has {kind.ndim} axes.")
    if kind.ndim == wanted:
        return v
    dims = lengths(v)
    # -1 would leave the last length open where one before it is 0.
    last = product(dims[wanted - 1 :]) if wanted > 1 else -1
    made = reshape(v, [*dims[: wanted - 1], last])
    if all(kind.broadcastable[wanted - 1 :]):
        made = addbroadcast(made, wanted - 1)
    return made


def is_flat(var: Any, ndim: int | None = None, outdim: int | None = None) -> bool:
    """Whether `var` has `ndim` axes (one, if not said)."""
    if ndim is not None and outdim is not None:
        raise ValueError("Give is_flat only ndim, not outdim too.")
    wanted = ndim if ndim is not None else outdim if outdim is not None else 1
    return bool(var.type.ndim == wanted)


class Flatten(Op):
    """The function `flatten` as an operation, under its older name: it makes a Reshape."""

    __props__ = ("outdim",)

    def __init__(self, outdim: int = 1) -> None:
        self.outdim = int(outdim)

    def make_node(self, *inputs: Any) -> Apply:
        x = as_tensor_variable(inputs[0])
        made: Any = flatten(x, ndim=self.outdim)
        node: Apply = (tensor_copy(made) if made is x else made).owner
        return node
