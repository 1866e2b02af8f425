"""Parts of tensors taken by functions: by places, by a mask, where there is something, one of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import clip, mod
from croton.ops.elemwise import dimshuffle
from croton.ops.index import native
from croton.ops.index.advanced import as_place
from croton.ops.nested import as_words, chosen_place, common_lengths, each_place
from croton.ops.reshape import flatten
from croton.ops.shape import shape_i, size
from croton.vartypes.dtype import INTEGER, is_complex
from croton.vartypes.lists import TypedListType
from croton.vartypes.tensor import TensorType


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Variable:
    """The places `indices` of an axis of `a`; with axis None, of all its elements in order.

    mode  what to do with a place outside of the axis: 'raise' an IndexError at run time, 'wrap' it around, 'clip' it

    Shapes:    the axes of `indices` in place of the axis
    Errors:    TypeError for what is no integers; IndexError for an axis that there is not; ValueError for another mode
    Example:
        >>> import theano.tensor as T
        >>> T.take([[1, 2], [3, 4]], [1, 0, 1], axis=0).eval().tolist()
        [[3, 4], [1, 2], [3, 4]]
    """
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"The mode of take is 'raise', 'wrap' or 'clip'; got {mode!r}.")
    x: Any = as_tensor_variable(a)
    places: Any = as_place(indices)
    if axis is not None and not -x.type.ndim <= axis < x.type.ndim:
        raise IndexError(f"{x} has {x.type.ndim} axes, none of number {axis}.")
    if places.type.dtype == "uint64":
        places = cast(places, "int64")  # no integer type holds both it and a length
    count: Any = size(x) if axis is None else shape_i(x, axis % x.type.ndim)
    if mode == "clip":
        places = clip(places, 0, count - 1)
    elif mode == "wrap":
        places = mod(places, count)
    if axis is None:
        return flatten(x)[places]
    return x[(*[slice(None)] * (axis % x.type.ndim), places)]  # type: ignore[no-any-return]


# -- where there is something --------------------------------------------------------------------------------
@op("nonzero")
class Nonzero(Primitive):
    """The places of the elements that are not zero, in order: a row for each axis.

    Shapes:    (…) of k axes -> (k, number of places)
    Dtypes:    int64
    Gradient:  disconnected
    Errors:    ValueError for a scalar
    """

    def infer(self, a: Any) -> Type:
        if a.type.ndim == 0:
            raise ValueError(f"Nonzero only supports non-scalar arrays; got {a} of type {a.type}.")
        return TensorType("int64", (None if a.type.ndim == 1 else a.type.ndim, None))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        # How many there are is not known from the lengths.
        return [(as_tensor_variable(np.int64(len(shapes[0]))), None)]

    def eval(self, xp: Any, a: Any) -> Any:
        return xp.stack(xp.nonzero(a)).astype("int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Places do not depend on elements."""
        return [[False]]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None]

    makes_new_memory: ClassVar[bool] = True

    def lowers(self, node: Apply) -> bool:
        """All real types."""
        return not is_complex(node.inputs[0].type.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        found, count = native.positions(b, x, [[int(i == j) for j in range(x.ndim)] for i in range(x.ndim)])
        out = b.new(ys[0], (x.ndim, count))
        b.copy(out, b.part(found, out.dims, found.strides))
        b.free(found)

    samples = (
        S(np.array([[0, 1], [2, 0]]), grad=False),
        S(np.array([0.0, -1.0]), grad=False),
        S(np.zeros((0, 2)), grad=False),
    )
    errors = (E((), raises=ValueError, says="non-scalar"),)

    def __str__(self) -> str:
        return "Nonzero"


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """The places of the elements of `a` that are not zero: a tuple of vectors, one for each axis.

    `return_matrix`: these as the rows of a matrix.

    Errors:  ValueError for a scalar
    Example:
        >>> import theano.tensor as T
        >>> T.nonzero(T.constant([[0, 5], [7, 0]]), return_matrix=True).eval().tolist()
        [[0, 1], [1, 0]]
    """
    matrix: Any = Nonzero()(a)
    return matrix if return_matrix else tuple(matrix[i] for i in range(matrix.owner.inputs[0].type.ndim))


def flatnonzero(a: Any) -> Variable:
    """The places, counted through all axes, of the elements of `a` that are not zero."""
    x: Any = as_tensor_variable(a)
    if x.type.ndim == 0:
        raise ValueError(f"Nonzero only supports non-scalar arrays; got {x} of type {x.type}.")
    (places,) = nonzero(flatten(x))
    return places  # type: ignore[no-any-return]


def nonzero_values(a: Any) -> Variable:
    """The elements of `a` that are not zero, as a vector."""
    x: Any = as_tensor_variable(a)
    places = flatnonzero(x)
    return flatten(x)[places]


def compress(condition: Any, x: Any, axis: int | None = None) -> Variable:
    """The places of an axis of `x` for which the vector `condition` is not zero; with axis None, of all elements."""
    return take(x, flatnonzero(condition), axis)


# -- one of several ------------------------------------------------------------------------------------------
@op("choose")
class Choose(Primitive):
    """For each place, the element of the choice that a number there names. The choices are along the first axis.

    Shapes:    (…) and (k, …) or a list of k tensors -> (…), broadcast
    Dtypes:    as the choices
    Gradient:  none
    Errors:    TypeError for what is no integers; AssertionError, a ValueError, for another mode; ValueError at run time
               for a number that is no choice, with mode 'raise'
    """

    mode: str = "raise"

    def __post_init__(self) -> None:
        if self.mode not in ("raise", "wrap", "clip"):
            raise ChooseError(f"The mode of choose is 'raise', 'wrap' or 'clip'; got {self.mode!r}.")

    def prepare(self, *args: Any) -> list[Variable]:
        a: Any = as_tensor_variable(args[0])
        if a.type.dtype not in INTEGER:
            raise TypeError(f"choose first argument must have an [u]int* dtype. Got {a.type.dtype}.")
        choices: Any = args[1]
        if isinstance(getattr(choices, "type", None), TypedListType):
            return [a, choices]
        choices = as_tensor_variable(choices)
        if choices.type.ndim == 0:
            raise ValueError(
                f"The choices must be along the first axis of a tensor; got {choices} of type {choices.type}."
            )
        ndim = max(a.type.ndim, choices.type.ndim - 1)
        missing = ndim + 1 - choices.type.ndim
        if missing:
            choices = dimshuffle(choices, 0, *["x"] * missing, *range(1, choices.type.ndim))
        return [dimshuffle(a, *["x"] * (ndim - a.type.ndim), *range(a.type.ndim)), choices]

    def infer(self, a: Any, choices: Any) -> Type:
        if isinstance(choices.type, TypedListType):
            kind: Any = choices.type.ttype
            ndim = max(a.type.ndim, kind.ndim)
            return TensorType(kind.dtype, (None,) * ndim)
        flags = zip(a.type.broadcastable, choices.type.broadcastable[1:], strict=True)
        return TensorType(choices.type.dtype, [1 if p and q else None for p, q in flags])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        # Lengths that happen to be 1 broadcast here too.
        return [(None,) * node.outputs[0].type.ndim]

    def eval(self, xp: Any, a: Any, choices: Any) -> Any:
        return xp.choose(a.astype("int64"), list(choices), mode=self.mode)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        raise NotImplementedError("There is no gradient of choose; write it with switch, or with indexing.")

    def lowers(self, node: Apply) -> bool:
        """Choices that are one tensor."""
        return isinstance(node.inputs[1].type, TensorType)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        a, choices = b.array(xs[0]), b.array(xs[1])
        count, *lengths = choices.dims
        dims = common_lengths(b, a.dims, lengths)
        a, choices = b.broadcast(a, dims, 0), b.broadcast(choices, [count, *dims], 1)
        out = b.new(ys[0], dims)
        words, made = as_words(b, choices, out)

        def visit(k: Any, buffers: Any, numbers: Any, counters: Any) -> None:
            (chosen, source, y), (n,) = buffers, numbers
            at = chosen_place(k, self.mode, k.cast(k.load(chosen, *counters[: out.ndim]), "int64"), n)
            k.store(y, k.load(source, at, *counters[: made.ndim]), *counters[: made.ndim])

        each_place(b, made.dims, [a, words, made], [count], visit)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for a choice that there is not."""
        return ValueError(f"invalid entry in choice array: {details[0]} of {details[1]} choices")

    samples = (
        S(np.array([0, 2, 1]), (3, 3), grad=False),
        S(np.array([[5], [-1]]), (2, 3), mode="wrap", grad=False),
        S(np.array([7, 0]), (2, 1), mode="clip", grad=False),
        S(np.array([[1], [0]], "uint8"), (2, 1, 3), grad=False),
        S(np.array(1), (3,), grad=False),
        S(np.array([1, 0]), np.array([[1j, 2], [3, 4j]]), grad=False),
        S(np.zeros((0, 2), "int32"), (2, 2), grad=False),
    )
    errors = (
        E(np.array([2]), (2, 1), raises=ValueError, says="invalid entry in choice array"),
        E(np.array([0.5]), (2, 1), raises=TypeError, says="must have an [u]int* dtype"),
        E(np.array([0]), (2, 1), mode="q", raises=AssertionError, says="mode of choose"),
    )


class ChooseError(ShapeError, AssertionError):
    """An argument of choose has none of the values that it may have."""


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Variable:
    """For each place of `a`, the element there of the choice that `a` names; the choices are along the first axis.

    mode  what to do with a number that is no choice: 'raise' a ValueError at run time, 'wrap' it around, 'clip' it

    Errors:  AssertionError, a ValueError, for `out`, which must be None
    Example:
        >>> import theano.tensor as T
        >>> T.choose([1, 0, 1], [[1, 2, 3], [10, 20, 30]]).eval().tolist()
        [10, 2, 30]
    """
    if out is not None:
        raise ChooseError("choose makes a new variable: out must be None.")
    made: Variable = Choose(mode)(a, choices)
    return made
