"""Making tensors of given lengths: filled with one value, with numbers in a row, with a pattern of ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.config import config
from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import ceil, fill, int_div, maximum, neg, switch, true_div
from croton.ops.known import elements, known_int, known_value
from croton.ops.shape import as_length, lengths, shape_i
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import UNSIGNED, as_dtype, is_complex, is_discrete, upcast
from croton.vartypes.tensor import Dim, TensorType


# -- one value -----------------------------------------------------------------------------------------------
def _length_inputs(dims: Sequence[Any]) -> list[Variable]:
    made = []
    for i, n in enumerate(dims):
        v = as_tensor_variable(n)
        kind = v.type
        if not is_discrete(kind.dtype):
            raise TypeError(
                f"Shape arguments to Alloc must be integers, but argument {i} is not: {v} of type {kind}."
            )
        if kind.ndim != 0:
            raise TypeError(
                f"Each shape dimension to Alloc must be a scalar, but dimension {i} has {kind.ndim} axes: {v}."
            )
        made.append(v)
    return made


def _static(dims: Sequence[Variable]) -> list[Dim]:
    known = [known_int(n) for n in dims]
    return [None if n is None or n < 0 else n for n in known]


def _checked(dims: Sequence[Any]) -> tuple[int, ...]:
    found = tuple(int(n) for n in dims)
    if any(n < 0 for n in found):
        raise ShapeError(f"A tensor can't have axes of negative length; got shape {found}.")
    return found


def _native_lengths(b: Any, dims: Sequence[Variable]) -> list[Any]:
    """Lengths for native code: as ints where they are known, and none negative."""
    made = []
    for axis, v in enumerate(dims):
        n = known_int(v)
        made.append(b.cast(b.scalar(v), "int64") if n is None else n)
        if n is None or n < 0:
            b.fail_if(b.lt(made[-1], 0), BAD_VALUE, axis, made[-1])
    return made


def _negative(details: Sequence[int]) -> Exception:
    return ShapeError(f"A tensor can't have axes of negative length; got {details[1]} for axis {details[0]}.")


@op("alloc")
class Alloc(Primitive):
    """A value, broadcast to a shape.

    Shapes:    (…) with at most n axes, and n lengths -> (n lengths)
    Dtypes:    as the value
    Gradient:  the cotangent, summed over the axes that were broadcast; lengths are disconnected
    Errors:    TypeError for lengths that are no integers, or a value of more axes; ValueError at run time when the
               value does not broadcast to the lengths, or one is negative
    """

    passes_scalar = 0

    def prepare(self, *args: Any) -> list[Variable]:
        value = as_tensor_variable(args[0])
        dims = _length_inputs(args[1:])
        if value.type.ndim > len(dims):
            raise TypeError(
                "The Alloc value to use has more dimensions than the specified dimensions: "
                f"{value} has {value.type.ndim}, the shape {len(dims)}."
            )
        return [value, *dims]

    def infer(self, value: Any, *dims: Variable) -> Type:
        return TensorType(value.type.dtype, _static(dims))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [tuple(as_length(n) for n in node.inputs[1:])]

    def eval(self, xp: Any, value: Any, *dims: Any) -> Any:
        shape = _checked(dims)
        try:
            return xp.array(xp.broadcast_to(value, shape))
        except ValueError:
            raise ShapeError(
                f"A value of shape {tuple(value.shape)} can't be broadcast to shape {shape}."
            ) from None

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        value, (g,) = xs[0], gs
        added = g.type.ndim - value.type.ndim
        over = list(range(added))
        over += [
            i
            for i, flag in enumerate(value.type.broadcastable, added)
            if flag and not g.type.broadcastable[i]
        ]
        if over:
            g = g.sum(axis=over, keepdims=True)
        if added:
            g = g.dimshuffle(*range(added, g.type.ndim)) if all(g.type.broadcastable[:added]) else g
        return [g, *[None] * (len(xs) - 1)]

    makes_new_memory: ClassVar[bool] = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        dims = _native_lengths(b, xs[1:])
        if xs[0].type.ndim == 0:
            b.spread(b.new(ys[0], dims), xs[0])
        else:
            source = b.broadcast(b.array(xs[0]), dims, 0)
            b.copy(b.new(ys[0], dims), source)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return _negative(details)

    samples = (
        S((), np.int64(2), np.int64(3)),
        S((3,), np.int64(2), np.int64(3)),
        S((0,), np.int64(2), np.int64(0)),
        S(()),
    )
    errors = (
        E((2, 3), np.int64(2), raises=TypeError, says="more dimensions"),
        E((), np.float64(2), raises=TypeError, says="must be integers"),
        E((2,), np.int64(3), raises=ValueError, says="can't be broadcast"),
        E((), np.int64(-1), raises=ValueError, says="negative length"),
    )

    def __str__(self) -> str:
        return "Alloc"


@op("alloc_empty")
class AllocEmpty(Primitive):
    """A tensor of given lengths, of which no value is promised.

    Shapes:    n lengths -> (n lengths)
    Dtypes:    `dtype`
    Gradient:  disconnected
    """

    dtype: str

    def __post_init__(self) -> None:
        self.dtype = as_dtype(self.dtype)

    def prepare(self, *args: Any) -> list[Variable]:
        return _length_inputs(args)

    def infer(self, *dims: Variable) -> Type:
        return TensorType(self.dtype, _static(dims))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [tuple(as_length(n) for n in node.inputs)]

    def eval(self, xp: Any, *dims: Any) -> Any:
        return xp.empty(_checked(dims), dtype=self.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows to lengths."""
        return [[False] for _ in node.inputs]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None] * len(xs)

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    makes_new_memory: ClassVar[bool] = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        b.new(ys[0], _native_lengths(b, xs))

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return _negative(details)


def alloc(value: Any, *shape: Any) -> Variable:
    """`value`, broadcast to the lengths in `shape`.

    Errors:  TypeError for lengths that are no integers, or a value of more axes than lengths; ValueError at run time
             when the value does not broadcast
    """
    made: Variable = Alloc()(value, *shape)
    return made


def alloc_validate_shape(shape: Sequence[Any]) -> tuple[list[Variable], list[bool]]:
    """Lengths as variables, and whether each is known to be 1."""
    dims = _length_inputs(shape)
    return dims, [n == 1 for n in _static(dims)]


def _listed(shape: Any) -> list[Any]:
    """A shape argument as a list of lengths.

    Errors:  TypeError for more axes, or a vector of unknown length
    """
    if isinstance(shape, (list, tuple)):
        return list(shape)
    v = as_tensor_variable(shape)
    if v.type.ndim == 0:
        return [v]
    if v.type.ndim > 1:
        raise TypeError(f"A shape is a length, a list or a vector of lengths; got {v} of type {v.type}.")
    named = elements(v)
    if named is not None:
        return named
    return list(v)  # type: ignore[call-overload, no-any-return]


def zeros(shape: Any, dtype: Any = None) -> Variable:
    """Zeros, in the shape that a length, several, or a vector of known length says; of floatX or `dtype`."""
    return alloc(np.array(0, dtype=as_dtype(config.floatX if dtype is None else dtype)), *_listed(shape))


def ones(shape: Any, dtype: Any = None) -> Variable:
    """Ones, in the shape that a length, several, or a vector of known length says; of floatX or `dtype`."""
    return alloc(np.array(1, dtype=as_dtype(config.floatX if dtype is None else dtype)), *_listed(shape))


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Variable:
    """`fill_value`, in the shape that a length, several, or a vector of known length says."""
    value = as_tensor_variable(fill_value)
    return alloc(value if dtype is None else cast(value, dtype), *_listed(shape))


def _filled_like(model: Any, value: int, dtype: Any, opt: bool) -> Variable:
    x = as_tensor_variable(model)
    number = as_tensor_variable(np.array(value, dtype=as_dtype(x.type.dtype if dtype is None else dtype)))
    if opt and x.type.ndim == 0:
        return number
    made: Variable = fill(x, number)
    return made


def zeros_like(model: Any, dtype: Any = None, opt: bool = False) -> Variable:
    """Zeros in the shape of `model`, of its data type unless `dtype` says else.

    `opt`: a constant where `model` is a scalar.
    """
    return _filled_like(model, 0, dtype, opt)


def ones_like(model: Any, dtype: Any = None, opt: bool = False) -> Variable:
    """Ones in the shape of `model`, of its data type unless `dtype` says else.

    `opt`: a constant where `model` is a scalar.
    """
    return _filled_like(model, 1, dtype, opt)


def full_like(model: Any, fill_value: Any, dtype: Any = None) -> Variable:
    """`fill_value` in the shape of `model`, of its data type unless `dtype` says else."""
    x = as_tensor_variable(model)
    made: Variable = fill(x, cast(fill_value, x.type.dtype if dtype is None else dtype))
    return made


# -- numbers in a row ----------------------------------------------------------------------------------------
@op("arange")
class ARange(Primitive):
    """The numbers start, start + step, start + 2 step … before stop.

    Shapes:    (), (), () -> (max(0, ceil((stop - start) / step)),)
    Dtypes:    `dtype`
    Gradient:  that of start is the sum of the cotangents, that of step the sum of them times their places; that of
               stop is disconnected; of integers all are zero
    Errors:    AssertionError for what is no scalar; ZeroDivisionError at run time for a step of 0
    """

    dtype: str = "int64"

    def __post_init__(self) -> None:
        self.dtype = as_dtype(self.dtype)

    def prepare(self, *args: Any) -> list[Variable]:
        variables = [as_tensor_variable(a) for a in args]
        for v in variables:
            if v.type.ndim != 0:
                raise RangeError(
                    f"The ends and the step of a range must be scalars; got {v} of type {v.type}."
                )
        return variables

    def infer(self, start: Any, stop: Any, step: Any) -> Type:
        known = [known_value(v) for v in (start, stop, step)]
        if known[2] is not None and known[2] == 0:
            raise ZeroDivisionError("The step of a range must not be 0.")
        if any(v is None for v in known):
            return TensorType(self.dtype, (None,))
        try:
            length = len(np.arange(*known, dtype=self.dtype))  # type: ignore[call-overload]
        except (TypeError, ValueError, ZeroDivisionError):
            return TensorType(self.dtype, (None,))
        return TensorType(self.dtype, (None if length == 1 else length,))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        start, stop, step = node.inputs
        if all(is_discrete(v.type.dtype) for v in node.inputs):
            start, stop, step = (as_length(v) for v in node.inputs)
            gap: Any = stop if known_int(start) == 0 else stop - start
            if known_int(step) != 1:
                gap = neg(int_div(neg(gap), step))
            known = known_int(gap)
            return [(maximum(gap, np.int64(0)) if known is None or known < 0 else gap,)]
        if is_complex(upcast(*[v.type.dtype for v in node.inputs])):
            return [(None,)]
        gap = cast(stop, "float64") - cast(start, "float64")
        return [(maximum(cast(ceil(true_div(gap, step)), "int64"), np.int64(0)),)]

    def eval(self, xp: Any, start: Any, stop: Any, step: Any) -> Any:
        if step == 0:
            raise ZeroDivisionError(f"The step of a range must not be 0 (from {start} to {stop}).")
        return xp.arange(start, stop, step, dtype=self.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The end is only asked whether it is reached."""
        return [[True], [False], [True]]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        start, _, step = xs
        if is_discrete(self.dtype):
            return [zeros_like(start), None, zeros_like(step)]
        places = ARange("int64")(np.int64(0), shape_i(ys[0], 0), np.int64(1))
        return [gs[0].sum(), None, (gs[0] * places).sum()]

    makes_new_memory: ClassVar[bool] = True

    def lowers(self, node: Apply) -> bool:
        """Ranges of integers; those of floats have lengths that depend on rounding, and are NumPy's."""
        return is_discrete(self.dtype) and all(is_discrete(v.type.dtype) for v in node.inputs)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        start, stop, step = (b.scalar(v) if known_int(v) is None else known_int(v) for v in xs)
        start, stop, step = (v if isinstance(v, int) else b.cast(v, "int64") for v in (start, stop, step))
        if not isinstance(step, int):
            b.fail_if(b.eq(step, 0), BAD_VALUE)
        gap = b.sub(stop, start)
        count = gap if isinstance(step, int) and step == 1 else b.neg(b.floordiv(b.neg(gap), step))
        out = b.new(ys[0], (b.maximum(count, 0),))
        k = b.loops()
        first, by = k.param("first"), k.param("by")
        y = k.buffer("y", self.dtype, strides=[out.itemsize])
        with k.loop("i") as i:
            k.store(y, k.cast(first + i * by, self.dtype), i)
        b.loop(k.kernel(), [out], [start, step], out.dims[0])

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return ZeroDivisionError("The step of a range must not be 0.")

    samples = (
        S(np.int64(0), np.int64(5), np.int64(2)),
        S(np.int64(5), np.int64(0), np.int64(-2)),
        S(np.float64(0.5), np.float64(3.0), np.float64(0.5), grad=False),
        S(np.int64(5), np.int64(2), np.int64(1)),
    )
    errors = (
        E(np.int64(0), np.int64(5), np.int64(0), raises=ZeroDivisionError, says="must not be 0"),
        E((2,), np.int64(5), np.int64(1), raises=AssertionError, says="must be scalars"),
    )

    def __str__(self) -> str:
        return f"ARange{{dtype='{self.dtype}'}}"


class RangeError(ShapeError, AssertionError):
    """An end or step of a range is no scalar."""


def _range_dtype(ends: Sequence[Variable]) -> str:
    given = [v.type.dtype for v in ends]
    dtype = upcast(*given)
    # Small integers would overflow: counts are 64 bits wide.
    if is_discrete(dtype):
        dtype = "uint64" if dtype in UNSIGNED else "int64"
    if config.cast_policy == "custom":
        return dtype
    ones: list[Any] = [np.array(1, dtype=d) for d in given]
    by_numpy: str = np.arange(*ones).dtype.name
    # As for all operations, no float64 comes about where none went in.
    narrow = config.floatX == "float32" and by_numpy == "float64" and "float64" not in given
    return dtype if narrow else by_numpy


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Variable:
    """The numbers start, start + step … before stop; with one argument, from 0 before it.

    Dtypes:    `dtype`, else what the arguments meet in, integers as 64 bits
    Example:
        >>> import theano.tensor as T
        >>> T.arange(2, 8, 3).eval().tolist()
        [2, 5]
    """
    if stop is None:
        start, stop = 0, start
    ends = [as_tensor_variable(v) for v in (start, stop, step)]
    made: Variable = ARange(_range_dtype(ends) if dtype is None else as_dtype(dtype))(*ends)
    return made


# -- patterns of ones ----------------------------------------------------------------------------------------
class _Pattern(Primitive):
    """Ones where a condition on row and column holds, else zeros, in n rows and m columns."""

    dtype: str

    def prepare(self, *args: Any) -> list[Variable]:
        variables = [as_tensor_variable(a) for a in args]
        for v in variables:
            if v.type.ndim != 0 or not is_discrete(v.type.dtype):
                raise RangeError(f"{type(self).__name__} takes integer scalars; got {v} of type {v.type}.")
        return variables

    def infer(self, n: Any, m: Any, k: Any) -> Type:
        # A matrix with one row or column by chance does not broadcast.
        return TensorType(self.dtype, [None if d == 1 else d for d in _static([n, m])])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [tuple(cast(v, "int64") for v in node.inputs[:2])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows to lengths."""
        return [[False] for _ in node.inputs]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None] * len(xs)

    makes_new_memory: ClassVar[bool] = True

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return _negative(details)

    def __str__(self) -> str:
        return f"{type(self).__name__}{{dtype='{self.dtype}'}}"


@op("eye")
class Eye(_Pattern):
    """Ones on one diagonal, zeros elsewhere.

    Shapes:    (), (), () -> (n, m)
    Dtypes:    `dtype`, or floatX
    Gradient:  disconnected
    Errors:    AssertionError for what is no integer scalar
    """

    dtype: Any = None

    def __post_init__(self) -> None:
        self.dtype = as_dtype(config.floatX if self.dtype is None else self.dtype)

    def eval(self, xp: Any, n: Any, m: Any, k: Any) -> Any:
        return xp.eye(*_checked([n, m]), k=int(k), dtype=self.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        out = b.new(ys[0], _native_lengths(b, xs[:2]))
        b.fill(out, 0)
        k = known_int(xs[2])
        b.fill(diagonal_part(b, out, 0, 1, b.cast(b.scalar(xs[2]), "int64") if k is None else k), 1)

    samples = (
        S(np.int64(3), np.int64(4), np.int64(1), grad=False),
        S(np.int64(0), np.int64(2), np.int64(-1), grad=False),
    )
    errors = (E((2,), np.int64(2), np.int64(0), raises=AssertionError, says="takes integer scalars"),)


@op("tri")
class Tri(_Pattern):
    """Ones on and below one diagonal, zeros above.

    Shapes:    (), (), () -> (n, m)
    Dtypes:    `dtype`, or floatX
    Gradient:  disconnected
    Errors:    AssertionError for what is no integer scalar
    """

    dtype: Any = None

    def __post_init__(self) -> None:
        self.dtype = as_dtype(config.floatX if self.dtype is None else self.dtype)

    def eval(self, xp: Any, n: Any, m: Any, k: Any) -> Any:
        return xp.tri(*_checked([n, m]), k=int(k), dtype=self.dtype)

    def lowers(self, node: Apply) -> bool:
        """All real types."""
        return not is_complex(self.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        rows, columns = _native_lengths(b, xs[:2])
        out = b.new(ys[0], (rows, columns))
        known = known_int(xs[2])
        k = b.loops()
        m, above, step = k.param("m"), k.param("above"), k.param("step")
        y = k.buffer("y", out.dtype, strides=[step, out.itemsize])
        with k.loop("i", parallel=True) as i:
            edge = k.minimum(k.maximum(i + above + 1, 0), m)
            with k.loop("j", 0, edge, kind="vector") as j:
                k.store(y, k.const(1, out.dtype), i, j)
            with k.loop("l", edge, m, kind="vector") as j:
                k.store(y, k.const(0, out.dtype), i, j)
        above_ = b.cast(b.scalar(xs[2]), "int64") if known is None else known
        b.loop(
            k.kernel(),
            [out],
            [columns, above_, out.strides[0]],
            rows,
            cost=b.times(100, columns),
            parallel=True,
        )

    samples = (
        S(np.int64(3), np.int64(4), np.int64(1), grad=False),
        S(np.int64(3), np.int64(2), np.int64(-1), grad=False),
    )
    errors = (E((2,), np.int64(2), np.int64(0), raises=AssertionError, says="takes integer scalars"),)


def diagonal_part(b: Any, x: Any, axis1: int, axis2: int, offset: Any) -> Any:
    """The diagonal of an array that two axes span, for native code: an array over its memory, the diagonal last."""
    down, right = b.maximum(b.sub(0, offset), 0), b.maximum(offset, 0)
    length = b.maximum(b.minimum(b.sub(x.dims[axis1], down), b.sub(x.dims[axis2], right)), 0)
    rest = [i for i in range(x.ndim) if i not in (axis1, axis2)]
    start = b.add(b.times(down, x.strides[axis1]), b.times(right, x.strides[axis2]))
    step = b.add(x.strides[axis1], x.strides[axis2])
    return b.part(x, [*[x.dims[i] for i in rest], length], [*[x.strides[i] for i in rest], step], start)


def eye(n: Any, m: Any = None, k: Any = 0, dtype: Any = None) -> Variable:
    """`n` rows and `m` columns (as many as rows, if not said) with ones on diagonal `k`, above the main one."""
    made: Variable = Eye(dtype)(n, n if m is None else m, k)
    return made


def identity_like(x: Any) -> Variable:
    """Ones on the main diagonal, in the data type of the matrix `x` and the shape of its first two axes.

    Errors:  TypeError for fewer axes
    """
    x = as_tensor_variable(x)
    if x.type.ndim < 2:
        raise TypeError(f"identity_like takes a matrix; got {x} of type {x.type}.")
    rows, columns = lengths(x)[:2]
    return eye(rows, columns, k=0, dtype=x.type.dtype)


def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = None) -> Variable:
    """`N` rows and `M` columns (as many as rows, if not said) with ones on and below diagonal `k`."""
    made: Variable = Tri(dtype)(N, N if M is None else M, k)
    return made


def _triangle(name: str, m: Any, k: Any) -> tuple[Any, Any, Any]:
    x: Any = as_tensor_variable(m)
    if x.type.ndim < 2:
        raise TypeError(f"{name} takes a matrix, or several along leading axes; got {x} of type {x.type}.")
    rows, columns = lengths(x)[-2:]
    # Chosen, not multiplied: what is infinite, or no number, on the other side is to become zero too.
    return x, tri(rows, columns, k=k, dtype="bool"), np.zeros((), x.type.dtype)


def tril(m: Any, k: int = 0) -> Variable:
    """The matrix `m` with zeros above diagonal `k`; of more than two axes, each matrix of the last two."""
    x, below, zero = _triangle("tril", m, k)
    return switch(below, x, zero)  # type: ignore[no-any-return]


def triu(m: Any, k: int = 0) -> Variable:
    """The matrix `m` with zeros below diagonal `k`; of more than two axes, each matrix of the last two."""
    x, below, zero = _triangle("triu", m, k - 1)
    return switch(below, zero, x)  # type: ignore[no-any-return]
