"""Softmax and its logarithm along an axis."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.errors import AxisError
from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import add, exp, inv, log, maximum, true_div
from croton.ops.elemwise import dimshuffle
from croton.ops.reduce import CAReduce, spread
from croton.ops.reduce import sum as sum_of
from croton.vartypes.dtype import is_float
from croton.vartypes.tensor import TensorType


def _rows(x: Any, axis: int) -> Variable:
    """`x` as what a softmax along `axis` takes; with axis -1 a vector is one row.

    Errors: ValueError for no floats, IndexError for no such axis
    """
    v = as_tensor_variable(x)
    kind = v.type
    assert isinstance(kind, TensorType)
    if not is_float(kind.dtype):
        raise ValueError(f"x must be 1-d or 2-d tensor of floats. Got {kind}")
    if not -kind.ndim <= axis < kind.ndim:
        raise AxisError(f"There is no axis {axis} to take a softmax along in {v} of type {kind}.")
    return dimshuffle(v, "x", 0) if kind.ndim == 1 and axis == -1 else v


def _sum_dtype(x: Any) -> Any:
    return "float32" if x.dtype == "float16" else x.dtype


def shifted(xp: Any, x: Any, axis: int) -> tuple[Any, Any, Any]:
    """`x` less its greatest element along `axis`, the exponentials of that, and their sums; float16 in float32."""
    x = x.astype(_sum_dtype(x))
    if x.shape[axis] == 0:
        return x, x, xp.sum(x, axis=axis, keepdims=True)
    with np.errstate(all="ignore"):
        z = x - xp.max(x, axis=axis, keepdims=True)
        e = xp.exp(z)
        return z, e, xp.sum(e, axis=axis, keepdims=True)


@op("max_or_lowest")
class MaxOrLowest(CAReduce):
    """The greatest element along axes, which is minus infinity where there is none.

    Dtypes:    as the input, a float
    """

    identity = property(lambda self: -np.inf)

    def eval(self, xp: Any, x: Any) -> Any:
        return xp.max(x, axis=self.axis, initial=-np.inf)

    samples: ClassVar[Any] = (
        S((3, 4), scalar_op=maximum.scalar_op, axis=(1,)),
        S((3, 0), scalar_op=maximum.scalar_op, axis=(1,)),
    )
    errors: ClassVar[Any] = (
        E((3,), scalar_op=maximum.scalar_op, axis=1, raises=ValueError, says="reduce on axis 1"),
    )


def _wide(x: Any) -> str:
    return "float32" if x.type.dtype == "float16" else x.type.dtype


def shifted_parts(x: Any, axis: int) -> tuple[Variable, Variable, Variable]:
    """As `shifted`, of variables."""
    wide = _wide(x)
    x = cast(x, wide)
    along = axis % x.type.ndim
    greatest = spread(MaxOrLowest(maximum.scalar_op, (along,))(x), x.type.ndim, (along,))
    z = x - greatest
    e = exp(z)
    return z, e, sum_of(e, axis=along, keepdims=True, acc_dtype=wide)


class _AlongAxis(Primitive):
    """What softmax and its logarithm share."""

    axis: int

    def prepare(self, *args: Any) -> list[Variable]:
        return [_rows(args[0], self.axis)]

    def infer(self, x: Variable) -> Type:
        return x.type


@op("softmax")
class Softmax(_AlongAxis):
    """exp(x) / sum(exp(x)) along an axis, without overflow.

    Shapes:    as the input; with axis -1 a vector (n,) is taken as one row (1, n)
    Dtypes:    as the input, a float
    Gradient:  that of SoftmaxGrad
    Errors:    ValueError for integers
    """

    axis: int = -1

    def eval(self, xp: Any, x: Any) -> Any:
        _, e, total = shifted(xp, x, self.axis)
        with np.errstate(all="ignore"):
            return (e / total).astype(x.dtype)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [SoftmaxGrad(self.axis)(gs[0], ys[0])]

    def expand(self, x: Variable) -> Variable:
        """What it is made of, for the native planner. A division for each row will do, as in the original."""
        _, e, total = shifted_parts(x, self.axis)
        return cast(e * inv(total), x.type.dtype)

    samples = (
        S((3, 4)),
        S((4,)),
        S((2, 3, 4), axis=1),
        S((0, 4)),
        S((3, 0)),
        S(np.array([[1e4, -1e4], [500.0, 501.0]])),
        S((3, 4), dtype="float16"),
    )
    errors = (
        E((3, 4), dtype="int32", raises=ValueError, says="tensor of floats"),
        E((), raises=IndexError, says="no axis"),
    )

    def __str__(self) -> str:
        return type(self).__name__ if self.axis == -1 else f"{type(self).__name__}{{axis={self.axis}}}"


@op("softmax_grad")
class SoftmaxGrad(Primitive):
    """What a cotangent of a softmax `sm` becomes on its way to the input: dy * sm - sum(dy * sm) * sm.

    Shapes:    dy, sm and the result are alike
    Dtypes:    what the inputs meet in
    Gradient:  of both inputs
    """

    axis: int = -1

    def prepare(self, *args: Any) -> list[Variable]:
        dy, sm = (as_tensor_variable(a) for a in args)
        if dy.type.ndim != sm.type.ndim:
            raise ValueError(f"dy and the softmax must have as many axes; got {dy.type} and {sm.type}.")
        if not (is_float(dy.type.dtype) and is_float(sm.type.dtype)):
            raise ValueError(f"dy and the softmax must be floats; got {dy.type} and {sm.type}.")
        return [dy, sm]

    def infer(self, dy: Any, sm: Any) -> Type:
        return TensorType(sm.type.dtype, sm.type.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[1]]

    def eval(self, xp: Any, dy: Any, sm: Any) -> Any:
        wide = _sum_dtype(sm)
        product = dy.astype(wide) * sm.astype(wide)
        return (product - xp.sum(product, axis=self.axis, keepdims=True) * sm).astype(sm.dtype)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (dy, sm), (g,) = xs, gs
        centred = g - sum_of(g * sm, axis=self.axis, keepdims=True)
        return [centred * sm, centred * dy - g * sum_of(dy * sm, axis=self.axis, keepdims=True)]

    def expand(self, dy: Any, sm: Any) -> Variable:
        """What it is made of, for the native planner."""
        wide = _wide(sm)
        product = cast(dy, wide) * cast(sm, wide)
        total = sum_of(product, axis=self.axis, keepdims=True, acc_dtype=wide)
        return cast(product - total * cast(sm, wide), sm.type.dtype)

    samples = (S((3, 4), (3, 4)), S((2, 3, 4), (2, 3, 4), axis=0), S((0, 3), (0, 3)))
    errors = (E((3,), (2, 3), raises=ValueError, says="as many axes"),)

    def __str__(self) -> str:
        return type(self).__name__ if self.axis == -1 else f"{type(self).__name__}{{axis={self.axis}}}"


@op("logsoftmax")
class LogSoftmax(_AlongAxis):
    """x - log(sum(exp(x))) along an axis, without overflow or loss of digits.

    Shapes:    as the input; with axis -1 a vector (n,) is taken as one row (1, n)
    Dtypes:    as the input, a float
    Gradient:  g - sum(g) * exp(y)
    Errors:    ValueError for integers
    """

    axis: int = -1

    def eval(self, xp: Any, x: Any) -> Any:
        z, _, total = shifted(xp, x, self.axis)
        with np.errstate(all="ignore"):
            return (z - xp.log(total)).astype(x.dtype)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (y,), (g,) = ys, gs
        return [g - sum_of(g, axis=self.axis, keepdims=True) * exp(y)]

    def expand(self, x: Variable) -> Variable:
        """What it is made of, for the native planner."""
        z, _, total = shifted_parts(x, self.axis)
        return cast(z - log(total), x.type.dtype)

    samples = (
        S((3, 4)),
        S((4,)),
        S((2, 3, 4), axis=1),
        S((0, 4)),
        S((3, 0)),
        S(np.array([[1e4, -1e4], [500.0, 501.0]])),
        S((3, 4), dtype="float16"),
    )
    errors = (E((3, 4), dtype="int32", raises=ValueError, says="tensor of floats"),)

    def __str__(self) -> str:
        return type(self).__name__ if self.axis == -1 else f"{type(self).__name__}{{axis={self.axis}}}"


class SoftmaxWithBias(Op):
    """The softmax of the rows of `x + b`, the vector `b` being added to each row.

    Shapes:    x (m, n), b (n,) -> (m, n)
    Errors:    ValueError for other ranks and for integers
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        x, b = (as_tensor_variable(v) for v in inputs)
        if x.type.ndim != 2 or not is_float(x.type.dtype):
            raise ValueError(f"x must be 2-d tensor of floats. Got {x.type}")
        if b.type.ndim != 1 or not is_float(b.type.dtype):
            raise ValueError(f"b must be 1-d tensor of floats. Got {b.type}")
        return Softmax().make_node(add(x, b))


softmax_op = Softmax()
softmax_grad = SoftmaxGrad()
logsoftmax_op = LogSoftmax()
softmax_with_bias = SoftmaxWithBias()


def softmax(c: Any) -> Variable:
    """The softmax of each row of a matrix: exp(x) / sum(exp(x)). A vector is one row.

    Shapes:    (m, n) -> (m, n); (n,) -> (1, n)
    Errors:    ValueError for more axes and for integers
    Example:
        >>> import theano.tensor as T
        >>> T.nnet.softmax(T.constant([[1.0, 1.0]])).eval().tolist()
        [[0.5, 0.5]]
    """
    return softmax_op(_of_few_axes(c))  # type: ignore[no-any-return]


def logsoftmax(c: Any) -> Variable:
    """The logarithm of the softmax of each row of a matrix, without loss of digits. A vector is one row.

    Shapes:    (m, n) -> (m, n); (n,) -> (1, n)
    Errors:    ValueError for more axes and for integers
    """
    return logsoftmax_op(_of_few_axes(c))  # type: ignore[no-any-return]


def softmax_graph(c: Any) -> Variable:
    """The softmax along the last axis, spelt out in exponentials and a sum."""
    e = exp(as_tensor_variable(c))
    return true_div(e, sum_of(e, axis=-1, keepdims=True))  # type: ignore[no-any-return]


def _of_few_axes(c: Any) -> Variable:
    x = as_tensor_variable(c)
    if x.type.ndim is not None and x.type.ndim > 2:
        raise ValueError(f"x must be 1-d or 2-d tensor of floats. Got {x.type}")
    return x
