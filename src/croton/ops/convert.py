"""From Python and NumPy values to variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.config import config
from croton.errors import AsTensorError
from croton.graph.node import Apply, Constant, Variable
from croton.graph.op import Op
from croton.vartypes.arrays import is_masked
from croton.vartypes.dtype import ALL, as_dtype, autocast, upcast
from croton.vartypes.tensor import TensorType


def constant(x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None) -> Constant:
    """A constant tensor.

    Shapes:  as `x`
    Dtypes:  `dtype`, else: of arrays and NumPy numbers, theirs; of Python numbers, what autocast gives; of an empty
             list floatX
    Errors:  TypeError for what is no array of numbers, or has not `ndim` axes; ValueError when it has more
    """
    if isinstance(x, Constant):
        return x
    if isinstance(x, Variable):
        raise TypeError(f"A constant can't be made of a variable: {x}.")
    data = _as_array(x, dtype)
    if ndim is not None and data.ndim != ndim:
        wrong = ValueError if data.ndim > ndim else TypeError
        raise wrong(f"A constant of {ndim} axes can't hold an array of shape {data.shape}.")
    made: Constant = TensorType(data.dtype.name, data.shape).make_constant(data, name=name)
    return made


def _as_array(x: Any, dtype: Any) -> np.ndarray:
    if is_masked(x):
        raise TypeError("A masked array can't become a tensor; fill it first (`x.filled(...)`).")
    if isinstance(x, (list, tuple)) and not len(x) and dtype is None:
        dtype = config.floatX
    try:
        data = np.array(autocast(x) if dtype is None else np.asarray(x).astype(dtype))
    except (ValueError, OverflowError) as error:
        raise TypeError(f"Could not make an array of {x!r}: {error}") from None
    if data.dtype.name not in ALL:
        raise TypeError(
            f"Could not make a tensor of {x!r}: it has no numeric data type (NumPy says {data.dtype})."
        )
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    data.flags.writeable = False
    return data


def as_tensor_variable(x: Any, name: str | None = None, ndim: int | None = None) -> Variable:
    """`x` as a tensor variable.

    A variable is taken as it is; of an application its default output; a sequence is stacked; a value is a constant.

    Shapes:  axes of length 1 are put in front, or taken from the front, to make `ndim`
    Errors:  AsTensorError for what can't become a tensor; ValueError when `ndim` can't be had
    """
    if hasattr(x, "_as_TensorVariable"):
        return x._as_TensorVariable()  # type: ignore[no-any-return]
    if isinstance(x, Apply):
        x = x.default_output()
    if isinstance(x, Variable):
        if not isinstance(x.type, TensorType):
            raise AsTensorError(
                f"Variable type field must be a TensorType; got {x} of type {x.type}.", x, type(x)
            )
        if ndim is None or x.type.ndim == ndim:
            return x
        return _with_ndim(x, ndim)
    if isinstance(x, (list, tuple)) and _has_variable(x):
        made = Stack()(*[as_tensor_variable(item) for item in x])
        return made if ndim is None or made.type.ndim == ndim else _with_ndim(made, ndim)
    if isinstance(x, bool):
        raise AsTensorError(
            "Cannot cast True or False as a tensor variable. Please use np.array(True) or np.array(False) if you need "
            "these constants. This error might be caused by using the == operator on Variables. v == w does not do "
            "what you think it does. Use theano.tensor.eq(v, w) instead."
        )
    try:
        return constant(x, name=name, ndim=ndim)
    except TypeError as error:
        raise AsTensorError(f"Cannot convert {x!r} to TensorType: {error}", x, type(x)) from None


def _has_variable(items: Sequence[Any]) -> bool:
    return any(isinstance(item, (Variable, Apply)) or hasattr(item, "_as_TensorVariable") for item in items)


def _with_ndim(x: Variable, ndim: int) -> Variable:
    pattern = x.type.broadcastable
    have = len(pattern)
    if have > ndim:
        if not all(pattern[: have - ndim]):
            raise ValueError(
                f"{x} of type {x.type} can't be given {ndim} axes: its first axes are not of length 1."
            )
        return x.dimshuffle(list(range(have - ndim, have)))
    return x.dimshuffle(["x"] * (ndim - have) + list(range(have)))


class Stack(Op):
    """Tensors of one shape, one after the other along a new first axis.

    Shapes:    (…) each, k of them -> (k, …)
    Dtypes:    what all of them meet in
    Gradient:  each takes its slice of the cotangent
    """

    __props__: tuple[str, ...] = ()

    def make_node(self, *inputs: Any) -> Apply:
        variables = [as_tensor_variable(x) for x in inputs]
        if not variables:
            raise ValueError("There is nothing to stack: give at least one tensor.")
        kinds = [v.type for v in variables]
        ndims = {kind.ndim for kind in kinds}
        if len(ndims) != 1:
            raise TypeError(
                f"Tensors to stack must have the same number of axes; got {[str(kind) for kind in kinds]} for "
                f"{variables}."
            )
        dtype = upcast(*[kind.dtype for kind in kinds])
        variables = [v if v.type.dtype == dtype else v.astype(dtype) for v in variables]
        # The lengths are the same: what is known of one tensor is known of all. A vector of one number does not
        # broadcast.
        tail = [
            next((d for d in dims if d is not None), None)
            for dims in zip(*[kind.shape for kind in kinds], strict=True)
        ]
        length = None if len(variables) == 1 and not tail else len(variables)
        return Apply(self, variables, [TensorType(dtype, (length, *tail))()])

    def elements(self, node: Apply) -> list[Variable] | None:
        """The numbers of a vector."""
        return node.inputs if node.outputs[0].type.ndim == 1 else None

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = self.eval(np, *inputs)

    def eval(self, xp: Any, *xs: Any) -> Any:
        """All of `xs`, stacked."""
        return xp.stack(xs)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(constant(len(node.inputs), dtype="int64"), *shapes[0])]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        (g,) = output_grads
        return [g[i] for i in range(len(inputs))]

    makes_new_memory = True

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        """Native code: each tensor is copied into its place."""
        tail = b.dims(xs[0]) if xs else ()
        out = b.new(ys[0], (len(xs), *tail))
        for i, x in enumerate(xs):
            for axis, n in enumerate(b.dims(x)):
                b.require_equal(tail[axis], n, 0, axis, i, axis)
            place = b.part(out, tail, out.strides[1:], b.times(out.strides[0], i))
            b.spread(place, x) if not tail else b.copy(place, b.array(x))

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        points = [x.zeros_like() if p is None else p for x, p in zip(inputs, eval_points, strict=True)]
        return [self(*points)]


class MakeVector(Stack):
    """A vector of numbers; there may be none.

    Dtypes:    `dtype`, which must be what the numbers meet in
    Gradient:  each number takes its element of the cotangent
    Errors:    TypeError for what are no scalars, or meet in another type
    """

    __props__ = ("dtype",)

    def __init__(self, dtype: str = "int64") -> None:
        self.dtype = as_dtype(dtype)

    def make_node(self, *inputs: Any) -> Apply:
        numbers: list[Any] = [as_tensor_variable(x) for x in inputs]
        if any(v.type.ndim for v in numbers):
            raise TypeError(f"MakeVector takes scalars; got {[str(v.type) for v in numbers]} for {numbers}.")
        met = upcast(self.dtype, *[v.type.dtype for v in numbers])
        if met != self.dtype:
            raise TypeError(
                f"MakeVector({self.dtype!r}) takes numbers that {self.dtype} holds all of; {numbers} meet in {met}."
            )
        numbers = [v if v.type.dtype == met else v.astype(met) for v in numbers]
        # As for Stack: a vector of one number does not broadcast.
        return Apply(self, numbers, [TensorType(met, (None if len(numbers) == 1 else len(numbers),))()])

    def eval(self, xp: Any, *xs: Any) -> Any:
        return xp.stack(xs) if xs else xp.zeros(0, self.dtype)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(constant(len(node.inputs), dtype="int64"),)]


make_vector = MakeVector()
