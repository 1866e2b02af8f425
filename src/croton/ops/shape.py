"""Lengths of axes: reading them, promising them, changing them while the elements keep their order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul as times
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import Stack, as_tensor_variable
from croton.ops.elementwise import eq, int_div, neg, switch, tensor_copy
from croton.ops.known import elements, get_vector_length, known_int, never_negative
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import Dim, TensorType

# The code by which native code reports a value that the operation can't work with (plan/builder.py: BAD_VALUE).
_BAD_VALUE = 102


# -- reading -------------------------------------------------------------------------------------------------
@op("shape")
class Shape(Primitive):
    """The lengths of all axes.

    Shapes:    (…) of n axes -> (n,)
    Dtypes:    int64
    Gradient:  disconnected
    """

    def infer(self, x: Variable) -> Type:
        ndim = _tensor_type(x).ndim
        # A vector's shape is no axis that broadcasts: it has length 1 by chance.
        return TensorType("int64", (None if ndim == 1 else ndim,))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(_number(_tensor_type(node.inputs[0]).ndim),)]

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
        return [shape_i(x, i) for i in range(_tensor_type(x).ndim)]

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
        ndim = _tensor_type(x).ndim
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


def _tensor_type(x: Variable) -> TensorType:
    if not isinstance(x.type, TensorType):
        raise TypeError(f"Expected a tensor; got {x} of type {x.type}.")
    return x.type


def _number(value: int) -> Variable:
    return as_tensor_variable(np.int64(value))


def shape_i(var: Any, i: int, fgraph: Any = None) -> Variable:
    """The length of axis `i` of `var`: a constant where its type says it."""
    x = as_tensor_variable(var)
    kind = _tensor_type(x)
    known = kind.shape[i] if 0 <= i < kind.ndim else None
    made: Variable = Shape_i(i)(x) if known is None else _number(known)
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
    return [shape_i(x, i) for i in range(_tensor_type(x).ndim)]


def size(x: Any) -> Variable:
    """The number of elements of `x`."""
    return _product(lengths(x))


def _product(factors: Sequence[Variable]) -> Variable:
    return reduce(times, factors) if factors else _number(1)


def as_length(x: Any, what: str = "A length") -> Variable:
    """`x` as a 0-d int64 variable.

    Errors:  TypeError for what is no integer
    """
    v = as_tensor_variable(x)
    kind = _tensor_type(v)
    if kind.ndim:
        raise TypeError(f"{what} must be one number (0-d); got {v} of {kind.ndim} dimensions.")
    if not is_discrete(kind.dtype):
        raise TypeError(f"{what} must be an integer; got {v} of type {kind}.")
    known = known_int(v)
    return cast(v, "int64") if known is None else _number(known)


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
        if lengths.type.ndim != 1 or not (is_discrete(lengths.type.dtype) or known_int(size(lengths)) == 0):  # type: ignore[attr-defined]
            raise SpecifiedShapeError(
                f"A shape to specify must be a vector of integers; got {lengths} of type {lengths.type}."
            )
        return [x, cast(lengths, "int64")]

    def infer(self, x: Variable, lengths: Variable) -> Type:
        kind = _tensor_type(x)
        known = _known_length(lengths)
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
                b.fail_if(different, _BAD_VALUE, *(found + wanted)[:6])
        b.view(ys[0], x, x.dims, x.strides, contiguous=x.contiguous)

    def lowers(self, node: Apply) -> bool:
        """Where as many lengths are named as there are axes."""
        return _known_length(node.inputs[1]) == node.inputs[0].type.ndim

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        ndim = node.inputs[0].type.ndim or 0
        if 2 * ndim > len(details):
            return SpecifiedShapeError(f"SpecifyShape: got a shape that begins with {tuple(details)}, which is not the expected one.")
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


def _known_length(v: Variable) -> int | None:
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
        kind = _tensor_type(x)
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
        one = _number(1)
        pattern = _tensor_type(node.outputs[0]).broadcastable
        return [tuple(one if flag else n for flag, n in zip(pattern, shapes[0], strict=True))]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [patternbroadcast(gs[0], xs[0].type.broadcastable)]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        dims, strides = list(x.dims), list(x.strides)
        for number, flag in self.axis:
            at = number % x.ndim
            if flag:
                b.fail_if(b.ne(x.dims[at], 1), _BAD_VALUE, number, x.dims[at])
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
    kind = _tensor_type(x)
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


# -- changing ------------------------------------------------------------------------------------------------
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
        kind = _tensor_type(x)
        given = _known_length(lengths)
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
            named = [lengths[i] for i in range(self.ndim)]  # type: ignore[index]
        out = [as_length(v) for v in named]
        unsure = [i for i, v in enumerate(named) if not never_negative(v)]
        if len(unsure) == 1 and known_int(out[unsure[0]]) == -1:
            (i,) = unsure
            out[i] = int_div(_product(shapes[0]), _product(out[:i] + out[i + 1 :]))
        elif unsure:
            # If one of the lengths is -1, minus the product of all is that of the others.
            left = int_div(_product(shapes[0]), neg(_product(out)))
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
            dims[free[0]] = b.floordiv(total, rest)
        elif free and not self._lengths_are_sure(xs[1], free):
            # If one of the lengths is -1, minus the product of all is that of the others.
            left = b.floordiv(total, b.sub(0, b.product(wanted)))
            for i in free:
                dims[i] = b.select(b.eq(wanted[i], -1), left, wanted[i])
                b.fail_if(b.lt(dims[i], 0), _BAD_VALUE, *x.dims[:6])
        known = ys[0].type.shape
        dims = [n if d is None or isinstance(n, int) else d for n, d in zip(dims, known, strict=True)]
        wrong = b.ne(b.product(dims), total)
        if wrong is not False:
            b.fail_if(wrong, _BAD_VALUE, *x.dims[:6])
        whole = b.as_contiguous(x)
        b.view(ys[0], whole, dims, b.strides(x.dtype, dims), contiguous=True)

    @staticmethod
    def _lengths_are_sure(lengths: Variable, free: Sequence[int]) -> bool:
        named = elements(lengths)
        return named is not None and all(never_negative(named[i]) for i in free)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        shape_ = tuple(details[: node.inputs[0].type.ndim])
        return ShapeError(
            f"Cannot reshape input of shape {shape_}, which has {int(np.prod(shape_))} elements, to shape {node.inputs[1]}."
        )

    samples = (
        S((2, 3), np.array([3, 2]), ndim=2),
        S((2, 3), np.array([-1]), ndim=1),
        S((0, 3), np.array([3, -1]), ndim=2),
        S((), np.array([1, 1]), ndim=2),
        S((1, 1), np.array([], dtype="int64"), ndim=0),
    )
    errors = (
        E((2, 3), np.array([4, 2]), ndim=2, raises=ValueError, says="Cannot reshape input of shape (2, 3)"),
        E((2, 3), np.array([-1, -1]), ndim=2, raises=ValueError, says="Cannot reshape"),
        E((2, 3), np.array([6]), ndim=2, raises=ValueError, says="needs 2 lengths; got 1"),
        E((2, 3), np.array([2.0, 3.0]), ndim=2, raises=TypeError, says="must be integers"),
    )

    def __str__(self) -> str:
        return f"Reshape{{{self.ndim}}}"


def numbers_of(b: Any, vector: Variable, count: int) -> list[Any]:
    """The numbers in a vector of `count` integers, for native code: as ints where they are known.

    What names an element may itself not be computed: then the element is read.
    """
    named = elements(vector) or [None] * count
    known = [None if v is None else known_int(v) for v in named]
    if any(n is None and v not in b.scalars for v, n in zip(named, known, strict=True)):
        array = b.array(vector)
        b.require_equal(array.dims[0], count, 1, 0, 1, 0)
        read = [b.cast(b.element(array, i), "int64") for i in range(count)]
    else:
        read = [b.cast(b.scalars[v], "int64") if n is None else n for v, n in zip(named, known, strict=True)]
    return [r if n is None else n for r, n in zip(read, known, strict=True)]


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
    kind = _tensor_type(v)
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
    kind = _tensor_type(v)
    if not 1 <= wanted <= max(kind.ndim, 1):
        raise ValueError(f"ndim {wanted} out of bound [1, {kind.ndim + 1}): {x} has {kind.ndim} axes.")
    if kind.ndim == wanted:
        return v
    made = reshape(v, [*lengths(v)[: wanted - 1], -1])
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
