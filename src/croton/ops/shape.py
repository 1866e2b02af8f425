"""Lengths of axes: reading them, promising them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul as times
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.known import elements, get_vector_length, known_int
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import Dim, TensorType


# -- reading -------------------------------------------------------------------------------------------------
@op("shape")
class Shape(Primitive):
    """The lengths of all axes.

    Shapes:    (…) of n axes -> (n,)
    Dtypes:    int64
    Gradient:  disconnected
    """

    def infer(self, x: Variable) -> Type:
        ndim = tensor_type(x).ndim
        # A vector's shape is no axis that broadcasts: it has length 1 by chance.
        return TensorType("int64", (None if ndim == 1 else ndim,))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(length_constant(tensor_type(node.inputs[0]).ndim),)]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.asarray(np.array(x.shape, dtype="int64"))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The lengths do not depend on the elements."""
        return [[False]]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None]

    def elements(self, node: Apply) -> list[Variable]:
        """The lengths one by one."""
        x = node.inputs[0]
        return [shape_i(x, i) for i in range(tensor_type(x).ndim)]

    makes_new_memory: ClassVar[bool] = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        dims = b.dims(xs[0])
        out = b.new(ys[0], (len(dims),))
        for i, n in enumerate(dims):
            b.store(b.part(out, (), (), i * out.itemsize).data, n, "int64")

    samples = (S((2, 3), grad=False), S((), grad=False), S((0, 1), grad=False))


@op("shape_i")
class Shape_i(Primitive):
    """The length of one axis.

    Shapes:    (…) -> ()
    Dtypes:    int64
    Gradient:  disconnected
    Errors:    TypeError for an axis that there is not
    """

    i: int

    # What rewrites read: the value is at least 0.
    is_length = True

    def __post_init__(self) -> None:
        self.i = int(self.i)

    def infer(self, x: Variable) -> Type:
        ndim = tensor_type(x).ndim
        if not 0 <= self.i < ndim:
            raise TypeError(f"{x} of type {x.type} has {ndim} axes; it has no length number {self.i}.")
        return TensorType("int64", ())

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [()]

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.asarray(np.int64(x.shape[self.i]))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The length does not depend on the elements."""
        return [[False]]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None]

    makes_new_memory: ClassVar[bool] = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        b.bind(ys[0], b.dims(xs[0])[self.i])

    samples = (S((2, 3), i=1, grad=False), S((0,), i=0, grad=False))
    errors = (E((2, 3), i=2, raises=TypeError, says="no length number 2"),)


def tensor_type(x: Variable) -> TensorType:
    if not isinstance(x.type, TensorType):
        raise TypeError(f"Expected a tensor; got {x} of type {x.type}.")
    return x.type


def length_constant(value: int) -> Variable:
    return as_tensor_variable(np.int64(value))


def shape_i(var: Any, i: int, fgraph: Any = None) -> Variable:
    """The length of axis `i` of `var`: a constant where its type says it."""
    x = as_tensor_variable(var)
    kind = tensor_type(x)
    known = kind.shape[i] if 0 <= i < kind.ndim else None
    made: Variable = Shape_i(i)(x) if known is None else length_constant(known)
    return made


def shape_i_op(i: int) -> Shape_i:
    """The operation that gives the length of axis `i`."""
    return Shape_i(i)


def shape(x: Any) -> Variable:
    """The lengths of the axes of `x`, as a vector of int64."""
    made: Variable = Shape()(x)
    return made


def lengths(x: Any) -> list[Variable]:
    """The lengths of the axes of `x`, one by one."""
    x = as_tensor_variable(x)
    return [shape_i(x, i) for i in range(tensor_type(x).ndim)]


def size(x: Any) -> Variable:
    """The number of elements of `x`."""
    return product(lengths(x))


def product(factors: Sequence[Variable]) -> Variable:
    return reduce(times, factors) if factors else length_constant(1)


def as_length(x: Any, what: str = "A length") -> Variable:
    """`x` as a 0-d int64 variable.

    Errors:  TypeError for what is no integer
    """
    v = as_tensor_variable(x)
    kind = tensor_type(v)
    if kind.ndim:
        raise TypeError(f"{what} must be one number (0-d); got {v} of {kind.ndim} dimensions.")
    if not is_discrete(kind.dtype):
        raise TypeError(f"{what} must be an integer; got {v} of type {kind}.")
    known = known_int(v)
    return cast(v, "int64") if known is None else length_constant(known)


def numbers_of(b: Any, vector: Variable, count: int) -> list[Any]:
    """The numbers in a vector of `count` integers, for native code: as ints where they are known.

    What names an element may itself not be computed: then the element is read.
    """
    named: Sequence[Variable | None] = elements(vector) or [None] * count
    known = [None if v is None else known_int(v) for v in named]
    if any(n is None and v not in b.scalars for v, n in zip(named, known, strict=True)):
        array = b.array(vector)
        b.require_equal(array.dims[0], count, 1, 0, 1, 0)
        read = [b.cast(b.element(array, i), "int64") for i in range(count)]
    else:
        read = [b.cast(b.scalars[v], "int64") if n is None else n for v, n in zip(named, known, strict=True)]
    return [r if n is None else n for r, n in zip(read, known, strict=True)]


# -- promising -----------------------------------------------------------------------------------------------
@op("specify_shape")
class SpecifyShape(Primitive):
    """The first input as it is, which must have the shape that the second says.

    Shapes:    (…) of n axes and (n,) -> (…)
    Dtypes:    as the input
    Gradient:  the cotangent, of which the same is promised
    Errors:    AssertionError, a ShapeError, at run time when the shape is another; at once when the number of axes is
    """

    passes_scalar = 0

    def prepare(self, *args: Any) -> list[Variable]:
        x, lengths = as_tensor_variable(args[0]), as_tensor_variable(args[1])
        if lengths.type.ndim != 1 or not (is_discrete(lengths.type.dtype) or known_int(size(lengths)) == 0):
            raise SpecifiedShapeError(
                f"A shape to specify must be a vector of integers; got {lengths} of type {lengths.type}."
            )
        return [x, cast(lengths, "int64")]

    def infer(self, x: Variable, lengths: Variable) -> Type:
        kind = tensor_type(x)
        known = known_length(lengths)
        if known is not None and known != kind.ndim:
            raise SpecifiedShapeError(f"{x} has {kind.ndim} axes, but {known} lengths are specified for it.")
        return TensorType(
            kind.dtype,
            [_narrowed(d, n) for d, n in zip(kind.shape, _static(lengths, kind.ndim), strict=True)],
        )

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        named = elements(node.inputs[1])
        return [shapes[0] if named is None else tuple(as_length(n) for n in named)]

    def eval(self, xp: Any, x: Any, lengths: Any) -> Any:
        if tuple(x.shape) != tuple(int(n) for n in lengths):
            raise SpecifiedShapeError(
                f"SpecifyShape: got shape {tuple(x.shape)}, expected {tuple(int(n) for n in lengths)}."
            )
        return x

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [self(gs[0], xs[1]), None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        found, wanted = list(x.dims), numbers_of(b, xs[1], x.ndim)
        for i, n in enumerate(wanted):
            different = b.ne(found[i], n)
            if different is not False:
                b.fail_if(different, BAD_VALUE, *(found + wanted)[:6])
        b.view(ys[0], x, x.dims, x.strides, contiguous=x.contiguous)

    def lowers(self, node: Apply) -> bool:
        """Where as many lengths are named as there are axes."""
        return known_length(node.inputs[1]) == node.inputs[0].type.ndim

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        ndim = node.inputs[0].type.ndim or 0
        if 2 * ndim > len(details):
            return SpecifiedShapeError(
                f"SpecifyShape: got a shape that begins with {tuple(details)}, which is not the expected one."
            )
        return SpecifiedShapeError(
            f"SpecifyShape: got shape {tuple(details[:ndim])}, expected {tuple(details[ndim : 2 * ndim])}."
        )

    samples = (S((2, 3), np.array([2, 3])),)
    errors = (
        E((2, 3), np.array([2, 4]), raises=AssertionError, says="got shape (2, 3), expected (2, 4)"),
        E((2, 3), np.array([2]), raises=AssertionError, says="expected (2,)"),
    )


class SpecifiedShapeError(ShapeError, AssertionError):
    """A tensor has another shape than was promised."""


def specify_shape(x: Any, shape: Any) -> Variable:
    """`x`, which must have the given shape."""
    made: Variable = SpecifyShape()(x, shape)
    return made


def _narrowed(known: Dim, specified: Dim) -> Dim:
    # That a length is 1 says nothing of broadcasting here: the pattern stays as it was.
    return known if specified is None or specified == 1 else specified if known != 1 else known


def known_length(v: Variable) -> int | None:
    try:
        return get_vector_length(v)
    except ValueError:
        return None


def _static(vector: Variable, ndim: int) -> list[Dim]:
    """The lengths that a vector of lengths is known to hold; negative ones are not known."""
    named = elements(vector)
    if named is None:
        return [None] * ndim
    known = [known_int(v) for v in named]
    return [None if n is None or n < 0 else n for n in known]


@op("rebroadcast")
class Rebroadcast(Primitive):
    """The input as it is, with another broadcastable pattern: for each axis named, whether it is to broadcast.

    Shapes:    (…) -> the same
    Dtypes:    as the input
    Gradient:  the cotangent with the pattern that the input had
    Errors:    ValueError at run time when an axis that is to broadcast has not length 1; at once for an axis that
               there is not; TypeError for what is no pair of an axis and a truth value
    """

    axis: tuple[tuple[int, bool], ...]

    passes_scalar = 0

    def __init__(self, *axis: Any) -> None:
        pairs = {}
        for number, flag in axis:
            if not isinstance(number, (int, np.integer)) or isinstance(number, bool):
                raise TypeError(f"Rebroadcast needs integer axes. Got {number!r}.")
            if not isinstance(flag, (bool, np.bool_)):
                raise TypeError(f"Rebroadcast needs bool for new broadcast pattern. Got {flag!r}.")
            pairs[int(number)] = bool(flag)
        self.axis = tuple(sorted(pairs.items()))

    def infer(self, x: Variable) -> Type:
        kind = tensor_type(x)
        dims = list(kind.shape)
        for number, flag in self.axis:
            if not -kind.ndim <= number < kind.ndim:
                raise ValueError(
                    f"Trying to rebroadcast non-existent dimension {number} of {x}, which has {kind.ndim}."
                )
            if flag or dims[number] == 1:
                dims[number] = 1 if flag else None
        return TensorType(kind.dtype, dims)

    def eval(self, xp: Any, x: Any) -> Any:
        for number, flag in self.axis:
            if flag and x.shape[number] != 1:
                raise ShapeError(
                    f"Dimension {number} in Rebroadcast's input was supposed to be 1 (got {x.shape[number]} instead)"
                )
        return x

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        one = length_constant(1)
        pattern = tensor_type(node.outputs[0]).broadcastable
        return [tuple(one if flag else n for flag, n in zip(pattern, shapes[0], strict=True))]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [patternbroadcast(gs[0], xs[0].type.broadcastable)]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        dims, strides = list(x.dims), list(x.strides)
        for number, flag in self.axis:
            at = number % x.ndim
            if flag:
                b.fail_if(b.ne(x.dims[at], 1), BAD_VALUE, number, x.dims[at])
                dims[at], strides[at] = 1, 0
        b.view(ys[0], x, dims, strides, contiguous=x.contiguous)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return ShapeError(
            f"Dimension {details[0]} in Rebroadcast's input was supposed to be 1 (got {details[1]} instead)"
        )

    def __reduce__(self) -> Any:
        return Rebroadcast, self.axis

    def __str__(self) -> str:
        return f"Rebroadcast{{{','.join(str(int(flag)) for _, flag in self.axis)}}}"


def _rebroadcast(x: Any, changes: Sequence[tuple[int, bool]]) -> Variable:
    x = as_tensor_variable(x)
    kind = tensor_type(x)
    for axis, _ in changes:
        if not -kind.ndim <= axis < kind.ndim:
            raise ValueError(
                f"Trying to rebroadcast non-existent dimension {axis} of {x}, which has {kind.ndim}."
            )
    changes = [(axis % kind.ndim, flag) for axis, flag in changes if kind.broadcastable[axis] != flag]
    made: Variable = Rebroadcast(*changes)(x) if changes else x
    return made


def addbroadcast(x: Any, *axes: int) -> Variable:
    """`x`, of which the given axes are promised to have length 1, so that they broadcast."""
    return _rebroadcast(x, [(axis, True) for axis in axes])


def unbroadcast(x: Any, *axes: int) -> Variable:
    """`x`, the given axes of which do not broadcast."""
    return _rebroadcast(x, [(axis, False) for axis in axes])


def patternbroadcast(x: Any, broadcastable: Sequence[bool]) -> Variable:
    """`x` with the given broadcastable pattern."""
    return _rebroadcast(x, [(axis, bool(flag)) for axis, flag in enumerate(broadcastable)])
