"""Diagonals: taken out, made into matrices, filled."""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange, diagonal_part, zeros
from croton.ops.elementwise import maximum, minimum
from croton.ops.index.assign import inc_subtensor
from croton.ops.shape import lengths, shape_i
from croton.vartypes.dtype import is_discrete, upcast
from croton.vartypes.tensor import TensorType


def _two_axes(op_: Any, ndim: int) -> tuple[int, int]:
    """The two axes of an operation, counted from the first.

    Errors:  ValueError when there are none such, or they are one
    """
    first, second = op_.axis1, op_.axis2
    if not (-ndim <= first < ndim and -ndim <= second < ndim):
        raise DiagonalError(f"{op_} needs axes {first} and {second}; there are {ndim}.")
    if first % ndim == second % ndim:
        raise DiagonalError(f"{op_} needs two different axes; both are axis {first}.")
    return first % ndim, second % ndim


class DiagonalError(ShapeError, AssertionError):
    """A diagonal was asked for of axes that there are not, or of one alone."""


def _diagonal_length(rows: Any, columns: Any, offset: int) -> Any:
    a = rows + offset if offset < 0 else rows
    b = columns - offset if offset > 0 else columns
    if isinstance(a, int):
        return max(min(a, b), 0)
    return maximum(minimum(a, b), np.int64(0)) if offset else minimum(a, b)


@op("extract_diag")
class ExtractDiag(Primitive):
    """A diagonal of each matrix that two axes span.

    Shapes:    (…) -> without the two axes, and at the end the length of the diagonal
    Dtypes:    as the input
    Gradient:  the cotangent on the diagonal, zeros elsewhere
    Errors:    ValueError for fewer than two axes; AssertionError, a ValueError, for axes that are one
    """

    offset: int = 0
    axis1: int = 0
    axis2: int = 1
    view: bool = False

    def infer(self, x: Variable) -> Type:
        kind = x.type
        assert isinstance(kind, TensorType)
        if kind.ndim < 2:
            raise ValueError(f"ExtractDiag needs an input with 2 or more dimensions; got {x} of type {kind}.")
        first, second = _two_axes(self, kind.ndim)
        rows, columns = kind.shape[first], kind.shape[second]
        dims = [d for i, d in enumerate(kind.shape) if i not in (first, second)]
        dims.append(None if rows is None or columns is None else _diagonal_length(rows, columns, self.offset))
        # The original takes none of these axes for one that broadcasts.
        return TensorType(kind.dtype, [None if d == 1 else d for d in dims])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        first, second = _two_axes(self, len(shapes[0]))
        kept = [n for i, n in enumerate(shapes[0]) if i not in (first, second)]
        return [(*kept, _diagonal_length(shapes[0][first], shapes[0][second], self.offset))]

    def eval(self, xp: Any, x: Any) -> Any:
        made = xp.diagonal(x, self.offset, self.axis1, self.axis2)
        return made if self.view or xp is not np else made.copy()

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        x, (g,) = xs[0], gs
        ndim = x.type.ndim
        first, second = _two_axes(self, ndim)
        rest = [i for i in range(ndim) if i not in (first, second)]
        order = [*rest, first, second]
        empty: Any = zeros([shape_i(x, i) for i in order], dtype=g.type.dtype)
        places: Any = arange(shape_i(g, g.type.ndim - 1))
        down, right = max(-self.offset, 0), max(self.offset, 0)
        at = (
            *[slice(None)] * len(rest),
            places + down if down else places,
            places + right if right else places,
        )
        placed: Any = inc_subtensor(empty[at], g)
        return [placed.dimshuffle(*[order.index(i) for i in range(ndim)])]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        b.bind(ys[0], diagonal_part(b, x, *_two_axes(self, x.ndim), self.offset))

    samples = (
        S((3, 4)),
        S((4, 3), offset=1),
        S((2, 3, 4), offset=-1, axis1=2, axis2=0),
        S((0, 3)),
        S((2, 2), offset=5),
    )
    errors = (
        E((3,), raises=ValueError, says="2 or more dimensions"),
        E((3, 3), axis1=1, axis2=-1, raises=AssertionError, says="two different axes"),
    )

    def __str__(self) -> str:
        return (
            f"ExtractDiag{{offset={self.offset}, axis1={self.axis1}, axis2={self.axis2}, view={self.view}}}"
        )


@op("alloc_diag")
class AllocDiag(Primitive):
    """Matrices with the last axis of the input on a diagonal, zeros elsewhere; two axes of the result span them.

    Shapes:    (…, n) -> (…) with two axes of length n + |offset|, as `axis1` and `axis2`
    Dtypes:    as the input
    Gradient:  the diagonal of the cotangent
    Errors:    ValueError for a scalar, and for axes that are one
    """

    offset: int = 0
    axis1: int = 0
    axis2: int = 1

    def infer(self, x: Variable) -> Type:
        kind = x.type
        assert isinstance(kind, TensorType)
        if kind.ndim < 1:
            raise ValueError(f"AllocDiag needs an input with 1 or more dimensions; got {x} of type {kind}.")
        n = kind.shape[-1]
        dims = self._placed(list(kind.shape[:-1]), None if n is None else n + abs(self.offset))
        return TensorType(kind.dtype, [None if d == 1 else d for d in dims])

    def _placed(self, rest: list[Any], side: Any) -> list[Any]:
        ndim = len(rest) + 2
        first, second = _two_axes(self, ndim)
        left = iter(rest)
        return [side if i in (first, second) else next(left) for i in range(ndim)]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        side = shapes[0][-1]
        if self.offset:
            side = side + np.int64(abs(self.offset))
        return [tuple(self._placed(list(shapes[0][:-1]), side))]

    def eval(self, xp: Any, x: Any) -> Any:
        n = x.shape[-1]
        side = n + abs(self.offset)
        rows, columns = np.arange(n) + max(-self.offset, 0), np.arange(n) + max(self.offset, 0)
        made = xp.zeros((*x.shape[:-1], side, side), dtype=x.dtype)
        if xp is np:
            made[..., rows, columns] = x
        else:
            made = made.at[..., rows, columns].set(x)
        return xp.moveaxis(made, (-2, -1), (self.axis1, self.axis2))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [ExtractDiag(self.offset, self.axis1, self.axis2)(gs[0])]

    makes_new_memory: ClassVar[bool] = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.array(xs[0])
        side = b.add(x.dims[-1], abs(self.offset))
        out = b.new(ys[0], self._placed(list(x.dims[:-1]), side))
        b.fill(out, 0)
        b.copy(diagonal_part(b, out, *_two_axes(self, out.ndim), self.offset), x)

    samples = (S((3,)), S((3,), offset=-1), S((2, 3), offset=1, axis1=0, axis2=2), S((0,)))
    errors = (E((), raises=ValueError, says="1 or more dimensions"),)

    def __str__(self) -> str:
        return f"AllocDiag{{offset={self.offset}, axis1={self.axis1}, axis2={self.axis2}}}"


# -- filled --------------------------------------------------------------------------------------------------
def _value_for(op_: Any, a: Any, val: Any) -> Variable:
    v: Any = as_tensor_variable(val)
    if v.type.ndim != 0:
        raise TypeError(f"{op_}: second parameter must be a scalar; got {v} of type {v.type}.")
    if upcast(a.type.dtype, v.type.dtype) != a.type.dtype:
        raise TypeError(
            f"{op_}: the second parameter, of {v.type.dtype}, must fit the first's type, {a.type.dtype}."
        )
    return cast(v, a.type.dtype)


@op("fill_diagonal")
class FillDiagonal(Primitive):
    """A tensor with one value on its main diagonal; that of a tall matrix does not begin anew.

    Shapes:    (…) and () -> the same
    Dtypes:    as the first input
    Gradient:  the cotangent with zeros on the diagonal, and the sum of the diagonal
    Errors:    TypeError for fewer than two axes, or a value of another type; ValueError at run time when more than two
               axes are not of one length
    """

    def prepare(self, *args: Any) -> list[Variable]:
        a: Any = as_tensor_variable(args[0])
        if a.type.ndim < 2:
            raise TypeError(
                f"FillDiagonal: first parameter must have at least two dimensions; got {a}, {a.type}."
            )
        return [a, _value_for("FillDiagonal", a, args[1])]

    def infer(self, a: Any, val: Variable) -> Type:
        return TensorType(a.type.dtype, a.type.shape)

    def eval(self, xp: Any, a: Any, val: Any) -> Any:
        if a.ndim > 2 and len(set(a.shape)) > 1:
            raise ShapeError(f"All dimensions of input must be of equal length; got shape {a.shape}.")
        at = (np.arange(min(a.shape)),) * a.ndim
        if xp is not np:
            return a.at[at].set(val)
        made = np.array(a)
        made[at] = val
        return made

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (g,) = gs
        sides: list[Any] = lengths(xs[0])
        n = sides[0] if g.type.ndim > 2 else minimum(sides[0], sides[1])
        return [FillDiagonal()(g, np.array(0, dtype=g.type.dtype)), g[(arange(n),) * g.type.ndim].sum()]

    makes_new_memory: ClassVar[bool] = True
    writes_over: ClassVar[int] = 0

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        a = b.array(xs[0])
        if a.ndim > 2:
            for i in range(1, a.ndim):
                b.require_equal(a.dims[0], a.dims[i], 0, 0, 0, i)
        out = b.new(ys[0], a.dims, into=a)
        b.copy(out, a)
        step = reduce(b.add, out.strides)
        length = a.dims[0] if a.ndim > 2 else b.minimum(*a.dims)
        b.spread(b.part(out, (length,), (step,)), xs[1])

    samples = (S((3, 4), ()), S((5, 2), ()), S((2, 2, 2), ()), S((0, 3), ()))
    errors = (
        E((3,), (), raises=TypeError, says="at least two dimensions"),
        E((2, 3, 2), (), raises=ValueError, says="equal length"),
        E((3, 3), (3,), raises=TypeError, says="must be a scalar"),
    )

    def __str__(self) -> str:
        return "FillDiagonal"


@op("fill_diagonal_offset")
class FillDiagonalOffset(Primitive):
    """A matrix with one value on a diagonal, `offset` places above the main one (below, where negative).

    Shapes:    (n, m), (), () -> (n, m)
    Dtypes:    as the first input
    Gradient:  the cotangent with zeros on the diagonal, and the sum of the diagonal
    Errors:    TypeError for what is no matrix, a value of another type, an offset that is no integer
    """

    def prepare(self, *args: Any) -> list[Variable]:
        a, offset = as_tensor_variable(args[0]), as_tensor_variable(args[2])
        if a.type.ndim != 2:
            raise TypeError(
                f"FillDiagonalOffset: first parameter must have exactly two dimensions; got {a}, {a.type}."
            )
        if offset.type.ndim != 0 or not is_discrete(offset.type.dtype):
            raise TypeError(
                f"FillDiagonalOffset: third parameter must be one integer; got {offset}, {offset.type}."
            )
        return [a, _value_for("FillDiagonalOffset", a, args[1]), offset]

    def infer(self, a: Any, val: Variable, offset: Variable) -> Type:
        return TensorType(a.type.dtype, a.type.shape)

    def eval(self, xp: Any, a: Any, val: Any, offset: Any) -> Any:
        k = int(offset)
        n = np.arange(max(_diagonal_length(a.shape[0], a.shape[1], k), 0))
        at = (n + max(-k, 0), n + max(k, 0))
        if xp is not np:
            return a.at[at].set(val)
        made = np.array(a)
        made[at] = val
        return made

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (g,), (a, _, offset) = gs, xs
        rows, columns = lengths(a)
        down, right = maximum(-offset, np.int64(0)), maximum(offset, np.int64(0))
        places: Any = arange(minimum(rows - down, columns - right))
        at_diagonal = g[places + down, places + right].sum()
        return [FillDiagonalOffset()(g, np.array(0, dtype=g.type.dtype), offset), at_diagonal, None]

    makes_new_memory: ClassVar[bool] = True
    writes_over: ClassVar[int] = 0

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        a = b.array(xs[0])
        out = b.new(ys[0], a.dims, into=a)
        b.copy(out, a)
        b.spread(diagonal_part(b, out, 0, 1, b.cast(b.scalar(xs[2]), "int64")), xs[1])

    samples = (S((3, 4), (), np.int64(1)), S((4, 3), (), np.int64(-2)), S((2, 2), (), np.int64(7)))
    errors = (
        E((2, 2, 2), (), np.int64(0), raises=TypeError, says="exactly two dimensions"),
        E((2, 2), (), np.float64(0), raises=TypeError, says="one integer"),
    )

    def __str__(self) -> str:
        return "FillDiagonalOffset"


fill_diagonal_ = FillDiagonal()
fill_diagonal_offset_ = FillDiagonalOffset()


# -- functions -----------------------------------------------------------------------------------------------
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The diagonal, `offset` places above the main one, of each matrix that `axis1` and `axis2` of `a` span.

    Errors:  ValueError for fewer than two axes, or axes that are one
    """
    made: Variable = ExtractDiag(offset, axis1, axis2)(a)
    return made


def diag(v: Any, k: int = 0) -> Variable:
    """Of a vector, the matrix with it on diagonal `k`; of a matrix, its diagonal `k`.

    Errors:  ValueError for a scalar
    """
    x: Any = as_tensor_variable(v)
    if x.type.ndim == 0:
        raise ValueError(f"Input must has v.ndim >= 1; got {x} of type {x.type}.")
    made: Variable = AllocDiag(k)(x) if x.type.ndim == 1 else ExtractDiag(k)(x)
    return made


def fill_diagonal(a: Any, val: Any) -> Variable:
    """`a` with `val` on its main diagonal."""
    made: Variable = fill_diagonal_(a, val)
    return made


def fill_diagonal_offset(a: Any, val: Any, offset: Any) -> Variable:
    """The matrix `a` with `val` on the diagonal `offset` places above the main one."""
    made: Variable = fill_diagonal_offset_(a, val, offset)
    return made
