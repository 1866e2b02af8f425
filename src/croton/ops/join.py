"""Tensors put together along an axis, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add as plus
from typing import Any, ClassVar

import numpy as np

from croton.errors import AxisError, ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.axes import shape_padaxis
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import Stack, as_tensor_variable
from croton.ops.creation import zeros
from croton.ops.elementwise import eq, switch
from croton.ops.known import elements, known_int, known_value
from croton.ops.shape import as_length, numbers_of, shape_i
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import is_discrete, upcast
from croton.vartypes.tensor import Dim, TensorType


def _axis_input(axis: Any) -> Variable:
    v = as_tensor_variable(axis)
    if v.type.ndim != 0 or not is_discrete(v.type.dtype):
        raise TypeError(
            f"The axis to join or split along must be an integer scalar; got {v} of type {v.type}."
        )
    return v


def _checked_axis(axis: Any, ndim: int, what: str) -> int:
    if not -ndim <= axis < ndim:
        raise AxisError(f"{what} axis {int(axis)} out of bounds [{-ndim}, {ndim})")
    return int(axis) % ndim


@op("join")
class Join(Primitive):
    """Tensors one after the other along an axis.

    Shapes:    () the axis, then tensors of one shape up to the length of that axis -> the same, that length summed
    Dtypes:    what the tensors meet in
    Gradient:  each tensor takes its part of the cotangent
    Errors:    TypeError for tensors of different numbers of axes, or of none; IndexError for an axis there is not;
               ValueError at run time when other lengths differ
    """

    view: int = -1

    def prepare(self, *args: Any) -> list[Variable]:
        axis, tensors = _axis_input(args[0]), [as_tensor_variable(t) for t in args[1:]]
        if not tensors:
            raise ValueError("Join needs at least one tensor.")
        dtype = upcast(*[t.type.dtype for t in tensors])
        return [axis, *[cast(t, dtype) for t in tensors]]

    def infer(self, axis: Variable, *tensors: Any) -> Type:
        ndims = {t.type.ndim for t in tensors}
        if len(ndims) > 1:
            raise TypeError(
                f"Join takes tensors of one number of dimensions; got {[str(t.type) for t in tensors]}: {tensors}."
            )
        (ndim,) = ndims
        if ndim == 0:
            raise TypeError(
                "Join cannot handle arguments of dimension 0. For joining scalar values, see @stack"
            )
        shapes = [t.type.shape for t in tensors]
        at = known_int(axis)
        if at is None:
            return TensorType(tensors[0].type.dtype, shapes[0] if len(tensors) == 1 else [None] * ndim)
        at = _checked_axis(at, ndim, "Join")
        dims = [_agreed([s[i] for s in shapes]) for i in range(ndim)]
        dims[at] = _summed([s[at] for s in shapes])
        return TensorType(tensors[0].type.dtype, dims)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        axis, *tensors = node.inputs
        ndim: int = tensors[0].type.ndim
        at = known_int(axis)
        if at is not None:
            at %= ndim
            return [
                tuple(
                    reduce(plus, [s[i] for s in shapes[1:]]) if i == at else _longest(tensors, shapes[1:], i)
                    for i in range(ndim)
                )
            ]
        place: Any = switch(axis < 0, axis + ndim, axis)
        sums = [reduce(plus, [s[i] for s in shapes[1:]]) for i in range(ndim)]
        return [tuple(switch(eq(place, i), sums[i], shapes[1][i]) for i in range(ndim))]

    def elements(self, node: Apply) -> list[Variable] | None:
        """The elements of vectors that can name theirs."""
        named = [elements(t) for t in node.inputs[1:]]
        if node.outputs[0].type.ndim != 1 or any(n is None for n in named):
            return None
        return [v for n in named for v in n or ()]

    def eval(self, xp: Any, axis: Any, *tensors: Any) -> Any:
        at = _checked_axis(axis, tensors[0].ndim, "Join")
        shapes = {t.shape[:at] + t.shape[at + 1 :] for t in tensors}
        if len(shapes) > 1:
            raise ShapeError(
                f"Tensors to join along axis {at} must have the same lengths on all other axes; "
                f"got shapes {', '.join(str(tuple(t.shape)) for t in tensors)}."
            )
        return xp.concatenate(tensors, axis=at)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        axis, *tensors = xs
        (g,) = gs
        at = known_int(axis)
        if len(tensors) == 1:
            return [None, g]
        if at is None:
            sizes = [_length_on(t, axis) for t in tensors]
            parts = Split(len(tensors))(g, axis, Stack()(*sizes))
            return [None, *parts]
        return [None, *_parts(g, at % g.type.ndim, [shape_i(t, at % g.type.ndim) for t in tensors])]

    makes_new_memory: ClassVar[bool] = True

    def lowers(self, node: Apply) -> bool:
        """Where the axis is known."""
        return known_int(node.inputs[0]) is not None

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        arrays = [b.array(x) for x in xs[1:]]
        axis = known_int(xs[0])
        assert axis is not None
        axis %= arrays[0].ndim
        dims = list(arrays[0].dims)
        for number, a in enumerate(arrays[1:], 2):
            for i in range(a.ndim):
                if i == axis:
                    dims[i] = b.add(dims[i], a.dims[i])
                else:
                    b.require_equal(arrays[0].dims[i], a.dims[i], 1, i, number, i)
        out = b.new(ys[0], dims)
        start: Any = 0
        for a in arrays:
            b.copy(b.part(out, a.dims, out.strides, b.times(start, out.strides[axis])), a)
            start = b.add(start, a.dims[axis])

    samples = (
        S(np.int8(0), (2, 3), (1, 3)),
        S(np.int8(-1), (2, 3), (2, 0), (2, 2)),
        S(np.int64(0), (3,)),
    )
    errors = (
        E(np.int8(0), (2, 3), (2,), raises=TypeError, says="one number of dimensions"),
        E(np.int8(2), (2, 3), (2, 3), raises=IndexError, says="out of bounds [-2, 2)"),
        E(np.int8(0), (2, 3), (2, 4), raises=ValueError, says="the same lengths on all other axes"),
        E(np.int8(0), (), (), raises=TypeError, says="dimension 0"),
    )

    def __str__(self) -> str:
        return "Join" if self.view == -1 else f"Join{{view={self.view}}}"


def _agreed(dims: Sequence[Dim]) -> Dim:
    # The lengths are the same: what is known of one is known of all.
    return next((d for d in dims if d is not None), None)


def _summed(dims: Sequence[Dim]) -> Dim:
    if len(dims) == 1:
        return dims[0]
    total = None if None in dims else sum(dims)  # type: ignore[arg-type]
    return None if total == 1 else total


def _longest(tensors: Sequence[Any], shapes: Sequence[Any], i: int) -> Any:
    return next(
        (s[i] for t, s in zip(tensors, shapes, strict=True) if t.type.shape[i] is not None), shapes[0][i]
    )


def _parts(g: Any, axis: int, sizes: Sequence[Variable]) -> list[Any]:
    """`g` cut along `axis` into parts of the given lengths."""
    made: list[Any] = []
    start: Any = None
    for n in sizes:
        stop = n if start is None else start + n
        made.append(g[(*[slice(None)] * axis, slice(start, stop))])
        start = stop
    return made


def _length_on(t: Any, axis: Any) -> Variable:
    return t.shape[axis]  # type: ignore[no-any-return]


@op("split")
class Split(Primitive):
    """A tensor cut along an axis into parts of given lengths.

    Shapes:    (…, n, …), () the axis, (len_splits,) the lengths -> len_splits tensors
    Dtypes:    as the input
    Gradient:  the cotangents joined, zeros for parts that are not used
    Errors:    TypeError for lengths that are no vector of integers; ValueError at run time when they do not add up to
               the length of the axis, are negative, or are not `len_splits`
    """

    len_splits: int

    def __post_init__(self) -> None:
        self.len_splits = int(self.len_splits)

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        made = super().__call__(*inputs, **kwargs)
        return made if isinstance(made, list) else [made]

    def prepare(self, *args: Any) -> list[Variable]:
        x, axis, sizes = as_tensor_variable(args[0]), as_tensor_variable(args[1]), as_tensor_variable(args[2])
        if sizes.type.ndim != 1 or not is_discrete(sizes.type.dtype):
            raise TypeError(
                f"The lengths of the parts must be a vector of integers; got {sizes} of type {sizes.type}."
            )
        return [x, _axis_input(axis), cast(sizes, "int64")]

    def infer(self, x: Any, axis: Variable, sizes: Variable) -> Sequence[Type]:
        at, known = known_int(axis), known_value(sizes)
        ndim = x.type.ndim
        kinds = []
        for i in range(self.len_splits):
            dims = list(x.type.shape)
            if at is None:
                dims = [None] * ndim
            elif -ndim <= at < ndim:
                size = None if known is None or i >= len(known) else int(known[i])
                dims[at] = None if size is None or size < 0 or size == 1 else size
            kinds.append(TensorType(x.type.dtype, dims))
        return kinds

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        x, axis, sizes = node.inputs
        ndim: int = x.type.ndim
        at = known_int(axis)
        named = elements(sizes) or [sizes[i] for i in range(self.len_splits)]
        out = []
        for i in range(self.len_splits):
            dims = list(shapes[0])
            for j in range(ndim):
                if at is None:
                    place = switch(axis < 0, axis + ndim, axis)
                    dims[j] = switch(eq(place, j), as_length(named[i]), dims[j])
                elif j == at % ndim:
                    dims[j] = as_length(named[i])
            out.append(tuple(dims))
        return out

    def eval(self, xp: Any, x: Any, axis: Any, sizes: Any) -> Any:
        if not -x.ndim <= axis < x.ndim:
            raise AxisError(f"Split axis {int(axis)} out of bounds [{-x.ndim}, {x.ndim})")
        n = x.shape[int(axis)]
        given = [int(size) for size in sizes]
        if len(given) != self.len_splits:
            raise ShapeError(f"Split makes {self.len_splits} parts; got {len(given)} lengths: {given}.")
        if sum(given) != n:
            raise ShapeError(
                f"The lengths of the parts must add up to {n}, the length of axis {int(axis)}; got {given}."
            )
        if any(size < 0 for size in given):
            raise ShapeError(f"The lengths of the parts must not be negative; got {given}.")
        parts = xp.split(x, np.cumsum(given)[:-1].tolist(), axis=int(axis))
        return parts[0] if len(parts) == 1 else tuple(parts)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        _, axis, _ = xs
        used = [
            zeros(list(y.shape), dtype=y.type.dtype) if g is None else g for y, g in zip(ys, gs, strict=True)
        ]
        return [Join()(axis, *used), None, None]

    def lowers(self, node: Apply) -> bool:
        """Where the axis is known, and is one."""
        axis, ndim = known_int(node.inputs[1]), node.inputs[0].type.ndim
        return axis is not None and ndim is not None and -ndim <= axis < ndim

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        axis = known_int(xs[1])
        assert axis is not None
        axis %= x.ndim
        named = elements(xs[2])
        if named is None or len(named) != self.len_splits:
            count = b.array(xs[2]).dims[0]
            b.fail_if(b.ne(count, self.len_splits), BAD_VALUE, 0, count)
        sizes = numbers_of(b, xs[2], self.len_splits)
        total: Any = 0
        for n in sizes:
            b.fail_if(b.lt(n, 0), BAD_VALUE, 2, n)
            total = b.add(total, n)
        b.fail_if(b.ne(total, x.dims[axis]), BAD_VALUE, 1, total, x.dims[axis])
        start: Any = 0
        for y, n in zip(ys, sizes, strict=True):
            dims = [n if i == axis else d for i, d in enumerate(x.dims)]
            b.view(
                y, x, dims, x.strides, b.times(start, x.strides[axis]), contiguous=x.contiguous and axis == 0
            )
            start = b.add(start, n)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        if details[0] == 0:
            return ShapeError(f"Split makes {self.len_splits} parts; got {details[1]} lengths.")
        if details[0] == 1:
            return ShapeError(
                f"The lengths of the parts must add up to {details[2]}, the length of the axis; their sum is "
                f"{details[1]}."
            )
        return ShapeError(f"The lengths of the parts must not be negative; got {details[1]}.")

    samples = (
        S((5, 2), np.int8(0), np.array([2, 3]), len_splits=2),
        S((2, 4), np.int8(-1), np.array([0, 1, 3]), len_splits=3),
        S((3,), np.int8(0), np.array([3]), len_splits=1),
    )
    errors = (
        E((4,), np.int8(0), np.array([1, 2]), len_splits=2, raises=ValueError, says="must add up to 4"),
        E((4,), np.int8(0), np.array([5, -1]), len_splits=2, raises=ValueError, says="must not be negative"),
        E((4,), np.int8(0), np.array([4]), len_splits=2, raises=ValueError, says="makes 2 parts; got 1"),
        E((4,), np.int8(1), np.array([1, 3]), len_splits=2, raises=ValueError, says="out of bounds"),
        E((4,), np.int8(0), np.array([1.0, 3.0]), len_splits=2, raises=TypeError, says="vector of integers"),
    )

    def __str__(self) -> str:
        return f"Split{{{self.len_splits}}}"


join_ = Join()


# -- functions -----------------------------------------------------------------------------------------------
def join(axis: Any, *tensors_list: Any) -> Variable:
    """Tensors one after the other along `axis`, which may be a variable; one tensor is left as it is.

    Dtypes:    what they meet in
    Errors:    TypeError for tensors of different numbers of axes; ValueError at run time for different lengths
    Example:
        >>> import theano.tensor as T
        >>> T.join(0, [1, 2], [3, 4]).eval().tolist()
        [1, 2, 3, 4]
    """
    if len(tensors_list) == 1:
        return as_tensor_variable(tensors_list[0])
    made: Variable = Join()(axis, *tensors_list)
    return made


def concatenate(tensor_list: Sequence[Any], axis: Any = 0) -> Variable:
    """A list or tuple of tensors, one after the other along `axis`.

    Errors:  TypeError for what is no list or tuple; otherwise as for `join`
    Example:
        >>> import theano.tensor as T
        >>> T.concatenate([[1, 2], [3]]).eval().tolist()
        [1, 2, 3]
    """
    if not isinstance(tensor_list, (list, tuple)):
        raise TypeError(
            f"The 'tensor_list' argument must be a list or tuple of tensors; got {tensor_list!r}."
        )
    if not tensor_list:
        raise ValueError("There is nothing to concatenate: give at least one tensor.")
    return join(axis, *tensor_list)


def stack(*tensors: Any, **kwargs: Any) -> Variable:
    """A list of tensors of one shape, one after the other along a new axis, `axis` (0, if not said).

    `stack(x, y, …)` is an older form, always along the first axis.

    Dtypes:    what they meet in
    Errors:    Exception for no tensors; IndexError for an axis that the result has not; TypeError for tensors of
               different numbers of axes
    Example:
        >>> import theano.tensor as T
        >>> T.stack([[1, 2], [3, 4]], axis=1).eval().tolist()
        [[1, 3], [2, 4]]
    """
    listed, axis = _stack_arguments(tensors, kwargs)
    if len(listed) == 0:
        raise ShapeError(
            "tensors is empty. You should at least provide one tensor to theano.tensor.stack(tensors, axis)."
        )
    variables: list[Any] = [as_tensor_variable(t) for t in listed]
    ndim = max(v.type.ndim for v in variables) + 1
    if not -ndim <= axis < ndim:
        raise AxisError(f"axis {axis} is out of bounds [-{ndim}, {ndim})")
    if ndim == 1:
        made: Variable = Stack()(*variables)
        return made
    axis %= ndim
    return join(axis, *[shape_padaxis(v, axis if v.type.ndim + 1 == ndim else 0) for v in variables])


def _stack_arguments(tensors: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Sequence[Any], int]:
    if set(kwargs) - {"tensors", "axis"} or (
        "tensors" in kwargs and tensors and not isinstance(tensors[0], int)
    ):
        raise TypeError(f"stack takes a list of tensors and an axis; got {tensors} and {kwargs}.")
    if "tensors" in kwargs:
        tensors = (kwargs["tensors"], *tensors)
    first = tensors[0] if tensors else ()
    if isinstance(first, (list, tuple)):
        if len(tensors) > 2 or (len(tensors) == 2 and "axis" in kwargs):
            raise TypeError("stack takes a list of tensors and one axis.")
        return first, int(tensors[1] if len(tensors) == 2 else kwargs.get("axis", 0))
    if "axis" in kwargs:
        raise TypeError(f"stack with an axis takes a list or tuple of tensors; got {first!r}.")
    return tensors, 0


def stacklists(arg: Any) -> Variable:
    """Lists of lists of … tensors, each list stacked along a new first axis."""
    if isinstance(arg, (list, tuple)):
        return stack([stacklists(item) for item in arg])
    return as_tensor_variable(arg)


def horizontal_stack(*args: Any) -> Variable:
    """Matrices side by side.

    Errors:  AssertionError, a ShapeError, for fewer than two, or for what is no matrix
    """
    return _matrices_joined(1, args)


def vertical_stack(*args: Any) -> Variable:
    """Matrices one below the other.

    Errors:  AssertionError, a ShapeError, for fewer than two, or for what is no matrix
    """
    return _matrices_joined(0, args)


class MatrixStackError(ShapeError, AssertionError):
    """There are not two or more matrices to be stacked."""


def _matrices_joined(axis: int, args: Sequence[Any]) -> Variable:
    variables = [as_tensor_variable(a) for a in args]
    if len(variables) < 2 or any(v.type.ndim != 2 for v in variables):
        raise MatrixStackError(f"Two or more matrices are needed; got {[str(v.type) for v in variables]}.")
    return concatenate(variables, axis=axis)


def split(x: Any, splits_size: Any, n_splits: int, axis: Any = 0) -> list[Variable]:
    """`x` cut along `axis` into `n_splits` parts of the lengths `splits_size`.

    Errors:  ValueError at run time when the lengths do not add up to that of the axis
    Example:
        >>> import theano.tensor as T
        >>> [part.eval().tolist() for part in T.split(T.arange(5), [2, 3], 2)]
        [[0, 1], [2, 3, 4]]
    """
    made: list[Variable] = Split(n_splits)(x, axis, splits_size)
    return made
