"""Reductions: sums, products, extrema, conjunctions and disjunctions along axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import eq, fill, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.scalar import arithmetic, choice
from croton.ops.scalar.row import ScalarOp
from croton.vartypes.dtype import SIGNED, UNSIGNED, as_dtype, is_complex, is_discrete, upcast
from croton.vartypes.tensor import TensorType

Axes = tuple[int, ...] | None


# -- axes ----------------------------------------------------------------------------------------------------
def as_axes(axis: Any) -> Axes:
    """An `axis` argument as a tuple in order, each axis once; None where it stands for all axes.

    Errors: TypeError for what is no integer or sequence of integers
    """
    if axis is None:
        return None
    if isinstance(axis, Variable):
        raise TypeError(f"Axes to reduce over must be integers known when the graph is built; got {axis}.")
    if isinstance(axis, np.ndarray):
        axis = axis.tolist()
    if isinstance(axis, str):
        raise ValueError(f"Axes to reduce over must be integers; got {axis!r}.")
    if isinstance(axis, (int, np.integer)) and not isinstance(axis, bool):
        return (int(axis),)
    if isinstance(axis, (bool, np.bool_)) or not isinstance(axis, Iterable):
        raise TypeError(f"Axes to reduce over must be integers; got {axis!r} of type {type(axis).__name__}.")
    found = []
    for a in axis:
        if isinstance(a, (float, np.floating)) and int(a) != a:
            raise TypeError(f"Axes to reduce over must be integers; got {a!r} among {axis!r}.")
        found.append(int(a))
    return tuple(sorted(set(found)))


def axes_of(axis: Any, x: Variable) -> Axes:
    """`as_axes` with negative axes of `x` counted from its first.

    Errors: ValueError for an axis that `x` does not have
    """
    axes = as_axes(axis)
    if axes is None:
        return None
    ndim: int = x.type.ndim
    for a in axes:
        if not -ndim <= a < ndim:
            raise ValueError(f"Not enough dimensions on {x} to reduce on axis {a}: it has {ndim}.")
    return tuple(sorted({a % ndim for a in axes}))


def check_and_normalize_axes(x: Any, axis: Any) -> list[int]:
    """The axes of `x` that `axis` (perhaps a constant) stands for, in order; all for None, and for no axis at all."""
    x = as_tensor_variable(x)
    if isinstance(axis, Constant):
        axis = np.asarray(axis.data)
    axes = axes_of(axis, x)
    return list(axes) if axes else list(range(x.type.ndim))


def spread(y: Variable, ndim: int, axes: Axes) -> Variable:
    """`y`, reduced over `axes` of something of `ndim` axes, with those axes back as axes of length 1."""
    if axes is None:
        axes = tuple(range(ndim))
    kept = iter(range(ndim))
    pattern = ["x" if a in axes else next(kept) for a in range(ndim)]
    return dimshuffle(y, *pattern)


def makeKeepDims(x: Any, y: Any, axis: Any) -> Variable:
    """`y`, reduced from `x` over `axis`, with the reduced axes back as axes of length 1."""
    x = as_tensor_variable(x)
    return spread(as_tensor_variable(y), x.type.ndim, axes_of(axis, x))


# -- data types ----------------------------------------------------------------------------------------------
# source: the original's rules. Integers add up in 64 bits, floats in the next wider type.
_WIDER = {"float16": "float32", "float32": "float64", "complex64": "complex128"}


def summed_dtype(dtype: str) -> str:
    """The type of a sum or product of elements of `dtype`."""
    if dtype == "bool" or dtype in SIGNED:
        return "int64"
    return "uint64" if dtype in UNSIGNED else dtype


def accumulator_dtype(dtype: str) -> str:
    """The type in which a sum or product of elements of `dtype` is accumulated."""
    return _WIDER.get(dtype, summed_dtype(dtype))


# -- the operations ------------------------------------------------------------------------------------------
_NUMPY = {
    "add": "sum", "mul": "prod", "maximum": "max", "minimum": "min",
    "or_": "bitwise_or", "and_": "bitwise_and", "xor": "bitwise_xor",
}  # fmt: skip


def reduce_values(scalar_op: ScalarOp, xp: Any, x: Any, axes: Axes, acc_dtype: str | None = None) -> Any:
    """The elements of `x` along `axes` brought together by `scalar_op`, in `acc_dtype` (None: the type of `x`).

    Errors: ValueError for none, where the operation has no identity
    """
    if axes is None:
        axes = tuple(range(x.ndim))
    called = _NUMPY.get(scalar_op.name)  # type: ignore[arg-type]
    if called in ("sum", "prod"):
        with np.errstate(all="ignore"):
            return getattr(xp, called)(x, axis=axes, dtype=acc_dtype or x.dtype)
    if acc_dtype is not None and x.dtype != acc_dtype:
        x = cast_values(xp, x, acc_dtype)
    if called in ("max", "min"):
        with np.errstate(all="ignore"):
            return getattr(xp, called)(x, axis=axes)
    if called is not None:
        return getattr(xp, called).reduce(x, axis=axes)
    return _fold(scalar_op, xp, x, axes)


def _fold(scalar_op: ScalarOp, xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
    kept = [a for a in range(x.ndim) if a not in axes]
    rest = tuple(x.shape[a] for a in kept)
    rows = xp.transpose(x, [*axes, *kept]).reshape((-1, *rest)) if x.size else x.reshape((0, *rest))
    if rows.shape[0] == 0:
        if scalar_op.identity is None:
            raise ValueError(
                f"Nothing to reduce: {scalar_op} over axes {axes} of an array of shape {x.shape} has no identity."
            )
        return xp.full(rest, scalar_op.identity, dtype=x.dtype)
    total = rows[0]
    for row in rows[1:]:
        (total,) = scalar_op.compute(xp, (total, row))
    return total


def cast_values(xp: Any, x: Any, dtype: str) -> Any:
    """`x` as an array of `dtype`, however much is lost."""
    if is_complex(np.dtype(x.dtype).name) and not is_complex(dtype):
        x = x.real
    with np.errstate(all="ignore"):
        return x.astype(dtype)


@op("reduce")
class CAReduce(Primitive):
    """Elements along axes brought together by a commutative and associative scalar operation.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    as the input
    Gradient:  of sums, products, maxima and minima
    Errors:    ValueError for an axis out of range; at run time for nothing to reduce without an identity

    `scalar_op`, `axis`, `dtype` and `acc_dtype` (None: as the input's) are settled when it is applied.
    """

    scalar_op: Any
    axis: Any = None

    # Of CAReduceDtype these are fields.
    dtype: ClassVar[Any] = None
    acc_dtype: ClassVar[Any] = None

    def __post_init__(self) -> None:
        self.axis = as_axes(self.axis)
        if self.scalar_op.nin not in (2, None) or self.scalar_op.nout != 1:
            raise NotImplementedError(
                f"Only a scalar operation of two inputs and one output can reduce; got {self.scalar_op}."
            )

    identity = property(lambda self: self.scalar_op.identity)

    def settled(self, x: Variable) -> CAReduce:
        """This operation as it applies to `x`: axes counted from the first, data types filled in."""
        return type(self)(self.scalar_op, axes_of(self.axis, x))

    def over(self, axis: Axes) -> CAReduce:
        """The same reduction over other axes."""
        return type(self)(self.scalar_op, axis)

    def make_node(self, *inputs: Any) -> Apply:
        (x,) = self.prepare(*inputs)
        made = self.settled(x)
        return Apply(made, [x], [made.infer(x)()])

    def infer(self, x: Variable) -> Type:
        kind = x.type
        assert isinstance(kind, TensorType)
        dropped = range(kind.ndim) if self.axis is None else self.axis
        return TensorType(self.dtype or kind.dtype, [d for a, d in enumerate(kind.shape) if a not in dropped])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        if self.axis is None:
            return [()]
        return [tuple(d for a, d in enumerate(shapes[0]) if a not in self.axis)]

    def eval(self, xp: Any, x: Any) -> Any:
        y = reduce_values(self.scalar_op, xp, x, self.axis, self.acc_dtype)
        return y if self.dtype is None or y.dtype == self.dtype else cast_values(xp, y, self.dtype)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        rule = _GRADIENTS.get(self.scalar_op.name)
        if rule is None:
            raise NotImplementedError(f"There is no gradient of a reduction by {self.scalar_op}.")
        return [rule(self, xs[0], ys[0], gs[0])]

    samples: ClassVar[Any] = (
        S((3, 4), scalar_op=arithmetic.add, axis=(0,)),
        S((3, 0, 2), scalar_op=arithmetic.mul, axis=(1,)),
        S((2, 3, 4), scalar_op=arithmetic.add),
    )
    errors: ClassVar[Any] = (
        E((3,), scalar_op=arithmetic.add, axis=1, raises=ValueError, says="reduce on axis 1"),
    )

    def __str__(self) -> str:
        axes = "" if self.axis is None else f"{{{', '.join(map(str, self.axis))}}}"
        return f"Reduce{{{self.scalar_op}}}{axes}"


@op("reduce_dtype")
class CAReduceDtype(CAReduce):
    """As CAReduce; the type of the result and of the accumulator can be chosen.

    Dtypes:    result: `dtype`, else 64 bits for integers, else as the input; accumulator: `acc_dtype`, else 64 bits
               for integers, the next wider type for floats
    Errors:    TypeError when `acc_dtype` can't hold what the input holds; integers may add up in any float type
    """

    dtype: Any = None  # type: ignore[misc]
    acc_dtype: Any = None  # type: ignore[misc]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.dtype = None if self.dtype is None else as_dtype(self.dtype)
        self.acc_dtype = None if self.acc_dtype is None else as_dtype(self.acc_dtype)

    def settled(self, x: Variable) -> CAReduce:
        given: str = x.type.dtype
        accumulator = self.acc_dtype or accumulator_dtype(given)
        whole = is_discrete(given) and not is_discrete(accumulator)
        if not whole and upcast(given, accumulator) != accumulator:
            raise TypeError(
                f"Cannot build {self} node with input dtype {given} and acc_dtype {accumulator}, as precision would be "
                f"lost. Leave acc_dtype out, choose one at least as precise as {given}, or say dtype instead, "
                "so that the result alone is rounded."
            )
        return self.with_fields(axes_of(self.axis, x), self.dtype or summed_dtype(given), accumulator)

    def over(self, axis: Axes) -> CAReduce:
        return self.with_fields(axis, self.dtype, self.acc_dtype)

    def with_fields(self, axis: Axes, dtype: str, acc_dtype: str) -> CAReduce:
        """This operation with other fields."""
        return type(self)(self.scalar_op, axis, dtype, acc_dtype)

    samples: ClassVar[Any] = (
        S((3, 4), scalar_op=arithmetic.add, axis=(0,), dtype="float32"),
        S((3, 4), scalar_op=arithmetic.mul),
    )
    errors: ClassVar[Any] = (
        E(
            (3,),
            scalar_op=arithmetic.add,
            acc_dtype="float32",
            raises=TypeError,
            says="precision would be lost",
        ),
    )


@op("sum")
class Sum(CAReduceDtype):
    """Sum of the elements along axes.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    result: `dtype`, else 64 bits for integers, else as the input; accumulator: `acc_dtype`, else 64 bits
               for integers, the next wider type for floats
    Gradient:  the cotangent for each element
    """

    scalar_op: ClassVar[Any] = arithmetic.add  # type: ignore[misc]

    def with_fields(self, axis: Axes, dtype: str, acc_dtype: str) -> CAReduce:
        return type(self)(axis, dtype, acc_dtype)

    samples: ClassVar[Any] = (
        S((3, 4), axis=(1,)),
        S((0, 4), axis=(0,)),
        S((2, 3, 4), axis=(0, 2)),
        S((2, 3), dtype="int8"),
        S((2, 3), axis=()),
        S((2, 3), axis=(0,), dtype="float32"),
    )
    errors: ClassVar[Any] = (
        E((3, 2), axis=2, raises=ValueError, says="Not enough dimensions"),
        E((3, 2), axis=1.5, raises=TypeError, says="must be integers"),
    )

    def __str__(self) -> str:
        axes = "" if self.axis is None else f"axis={list(self.axis)}, "
        return f"{type(self).__name__}{{{axes}acc_dtype={self.acc_dtype}}}"


@op("prod")
class Prod(CAReduceDtype):
    """Product of the elements along axes.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    as for Sum
    Gradient:  for each element the product of all others, right also where there are zeros; with
               `no_zeros_in_input` it is the product divided by the element
    """

    scalar_op: ClassVar[Any] = arithmetic.mul  # type: ignore[misc]
    no_zeros_in_input: bool = False

    def with_fields(self, axis: Axes, dtype: str, acc_dtype: str) -> CAReduce:
        return type(self)(axis, dtype, acc_dtype, self.no_zeros_in_input)

    samples: ClassVar[Any] = (
        S((3, 4), axis=(1,)),
        S((0, 4), axis=(0,)),
        S((2, 3, 2), axis=(0, 2)),
        S(np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0], [1.0, -2.0, 3.0]]), axis=(1,)),
    )
    errors: ClassVar[Any] = (E((3, 2), axis=-3, raises=ValueError, says="Not enough dimensions"),)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}{{axis={self.axis}, dtype='{self.dtype}', acc_dtype='{self.acc_dtype}'}}"
        )


@op("prod_without_zeros")
class ProdWithoutZeros(CAReduceDtype):
    """Product of those elements along axes that are not zero.

    Dtypes:    as for Sum
    """

    scalar_op: ClassVar[Any] = arithmetic.mul  # type: ignore[misc]

    def prepare(self, *args: Any) -> list[Variable]:
        x = as_tensor_variable(args[0])
        return [switch(eq(x, 0), np.asarray(1, dtype=x.type.dtype), x)]

    def with_fields(self, axis: Axes, dtype: str, acc_dtype: str) -> CAReduce:
        return type(self)(axis, dtype, acc_dtype)

    samples: ClassVar[Any] = (
        S(np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), axis=(1,), grad=False),
        S((3, 4)),
    )
    errors: ClassVar[Any] = (E((3, 2), axis=-3, raises=ValueError, says="Not enough dimensions"),)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}{{axis={self.axis}, dtype='{self.dtype}', acc_dtype='{self.acc_dtype}'}}"
        )


class AxisReduce(CAReduce):
    """A reduction whose only field is the axis."""

    def settled(self, x: Variable) -> CAReduce:
        return type(self)(axes_of(self.axis, x))

    def over(self, axis: Axes) -> CAReduce:
        return type(self)(axis)

    def __str__(self) -> str:
        axes = "" if self.axis is None else f"{{{', '.join(map(str, self.axis))}}}"
        return f"{type(self).__name__}{axes}"


@op("max")
class Max(AxisReduce):
    """The greatest element along axes; NaN where there is one.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    as the input
    Gradient:  the cotangent for each element that is as great as the greatest
    Errors:    ValueError at run time when there is nothing to choose from
    """

    scalar_op: ClassVar[Any] = choice.maximum  # type: ignore[misc]

    samples: ClassVar[Any] = (
        S((3, 4), axis=(1,)),
        S((2, 3, 4), axis=(0, 2)),
        S((0, 4), axis=(1,)),
        S((3,), dtype="bool"),
    )
    errors: ClassVar[Any] = (
        E((3, 2), axis=2, raises=ValueError, says="Not enough dimensions"),
        E((0, 4), axis=(0,), raises=ValueError, says="zero-size"),
    )


@op("min")
class Min(AxisReduce):
    """The least element along axes; NaN where there is one.

    Shapes:    (…) -> (…) without the axes in `axis`; None is all axes
    Dtypes:    as the input
    Gradient:  the cotangent for each element that is as small as the least
    Errors:    ValueError at run time when there is nothing to choose from
    """

    scalar_op: ClassVar[Any] = choice.minimum  # type: ignore[misc]

    samples: ClassVar[Any] = (
        S((3, 4), axis=(1,)),
        S((2, 3, 4), axis=(0, 2)),
        S((0, 4), axis=(1,)),
        S((3,), dtype="uint8"),
    )
    errors: ClassVar[Any] = (E((0, 4), axis=(0,), raises=ValueError, says="zero-size"),)


# -- gradients -----------------------------------------------------------------------------------------------
# Each from the operation, its input, its output, and the cotangent of the output.
def _sum_gradient(self: CAReduce, x: Variable, y: Variable, g: Variable) -> Variable:
    return fill(x, spread(g, x.type.ndim, self.axis))  # type: ignore[no-any-return]


def _extremum_gradient(self: CAReduce, x: Any, y: Variable, g: Variable) -> Variable:
    # All elements that tie get the whole cotangent, as in the original.
    ndim = x.type.ndim
    return spread(g, ndim, self.axis) * eq(spread(y, ndim, self.axis), x)  # type: ignore[no-any-return]


def _prod_gradient(self: CAReduce, x: Any, y: Variable, g: Any) -> Variable:
    ndim = x.type.ndim
    g = spread(g, ndim, self.axis)
    if getattr(self, "no_zeros_in_input", False):
        return g * spread(y, ndim, self.axis) / x  # type: ignore[no-any-return]
    is_zero = eq(x, 0)
    zeros = Sum(self.axis, dtype="int64")(is_zero)
    # The product of the others is not zero only where no other is zero; then it is that of all non-zero
    # elements, without this one.
    others_zero = spread(zeros, ndim, self.axis) - is_zero
    product = spread(ProdWithoutZeros(self.axis, self.dtype, self.acc_dtype)(x), ndim, self.axis)
    others = product / switch(is_zero, np.asarray(1, dtype=x.type.dtype), x)
    return g * switch(eq(others_zero, 0), others, np.asarray(0, dtype=others.type.dtype))  # type: ignore[no-any-return]


_GRADIENTS: dict[str, Callable[[CAReduce, Any, Any, Any], Variable]] = {
    "add": _sum_gradient,
    "mul": _prod_gradient,
    "maximum": _extremum_gradient,
    "minimum": _extremum_gradient,
}


# -- functions -----------------------------------------------------------------------------------------------
def _kept(x: Variable, y: Variable, axes: Axes, keepdims: bool) -> Variable:
    return spread(y, x.type.ndim, axes) if keepdims else y


def sum(
    input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
) -> Variable:
    """The sum of the elements along `axis` (an integer, several, or None for all).

    Shapes:    without the axes summed over; `keepdims` leaves them with length 1
    Dtypes:    `dtype`, else 64 bits for integers, else as the input; added up in `acc_dtype`, else in 64 bits for
               integers and in the next wider type for floats
    Example:
        >>> import theano.tensor as T
        >>> int(T.sum([[1, 2], [3, 4]]).eval())
        10
    """
    x = as_tensor_variable(input)
    axes = axes_of(axis, x)
    return _kept(x, Sum(axes, dtype, acc_dtype)(x), axes, keepdims)


def prod(
    input: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    acc_dtype: Any = None,
    no_zeros_in_input: bool = False,
) -> Variable:
    """The product of the elements along `axis`.

    `no_zeros_in_input` is a promise that makes the gradient cheaper.

    Shapes, Dtypes:  as for `sum`
    """
    x = as_tensor_variable(input)
    axes = axes_of(axis, x)
    return _kept(x, Prod(axes, dtype, acc_dtype, no_zeros_in_input)(x), axes, keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The greatest element along `axis`; NaN where there is one.

    Shapes:    without the axes reduced over; `keepdims` leaves them with length 1
    Dtypes:    as the input
    """
    return _extremum(Max, "max", x, axis, keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The least element along `axis`; NaN where there is one.

    Shapes:    without the axes reduced over; `keepdims` leaves them with length 1
    Dtypes:    as the input
    Errors:    NotImplementedError for complex numbers
    """
    return _extremum(Min, "min", x, axis, keepdims)


def _extremum(kind: Any, name: str, x: Any, axis: Any, keepdims: bool) -> Variable:
    x = as_tensor_variable(x)
    if kind is Min and is_complex(x.type.dtype):
        raise NotImplementedError(f"Complex numbers have no least one; got {x} of type {x.type}.")
    axes = tuple(check_and_normalize_axes(x, axis))
    y = kind(axes)(x)
    y.name = name
    return _kept(x, y, axes, keepdims)
