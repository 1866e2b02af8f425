"""The Fourier transform along one axis, to complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.known import known_int
from croton.ops.shape import lengths
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType

_AXIS = (
    "Fourier: index of the transformed axis must be a scalar not smaller than 0 and smaller than dimension of array "
    "({}); got {}."
)


@op("fourier")
class Fourier(Primitive):
    """The Fourier transform along one axis, of its first n elements (or filled up with zeros).

    Shapes:    (…, m, …), n, axis -> (…, n, …)
    Dtypes:    complex128
    Errors:    TypeError for an axis that is no number from 0 below the number of axes, and a length that is no integer
    """

    def prepare(self, *args: Any) -> list[Variable]:
        a = as_tensor_variable(args[0])
        ndim: int = a.type.ndim
        if ndim < 1:
            raise TypeError(f"Fourier: input must be an array, not a scalar; got {a.type}.")
        axis = as_tensor_variable(ndim - 1 if len(args) < 3 or args[2] is None else args[2])
        known = known_int(axis)
        if (
            axis.type.ndim
            or not is_discrete(axis.type.dtype)
            or (known is not None and not 0 <= known < ndim)
        ):
            raise TypeError(_AXIS.format(ndim, axis))
        n = args[1] if len(args) > 1 else None
        if n is None:
            n = lengths(a)[known] if known is not None else a.shape[axis]
        length = as_tensor_variable(n)
        if length.type.ndim or not is_discrete(length.type.dtype):
            raise TypeError(
                f"Fourier: length of the transformed axis must be an integer scalar; got {length.type}."
            )
        return [a, length, axis]

    def infer(self, a: Any, n: Any, axis: Any) -> Type:
        known, length = known_int(axis), known_int(n)
        shape = list(a.type.shape) if known is not None else [None] * a.type.ndim
        if known is not None:
            shape[known] = None if length == 1 else length
        return TensorType("complex128", shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        at = known_int(node.inputs[2])
        if at is None:
            return [(None,) * len(shapes[0])]
        n = cast(node.inputs[1], "int64")
        return [tuple(n if i == at else d for i, d in enumerate(shapes[0]))]

    def eval(self, xp: Any, a: Any, n: Any, axis: Any) -> Any:
        if not 0 <= int(axis) < a.ndim:
            raise TypeError(_AXIS.format(a.ndim, axis))
        return xp.fft.fft(a, int(n), axis=int(axis)).astype("complex128")

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        raise NotImplementedError(
            "The gradient of a transform to complex numbers is not defined; see theano.tensor.fft."
        )

    samples = (
        S((2, 6), np.int64(6), np.int64(1), grad=False),
        S((2, 6), np.int64(4), np.int64(0), grad=False),
    )
    errors = (E((2, 6), np.int64(6), np.int64(-1), raises=TypeError, says="index of the transformed axis"),)


fft = Fourier()
