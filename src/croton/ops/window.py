"""Window functions, and arrays laid out row by row in memory."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.elementwise import abs_, maximum
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType


@op("bartlett")
class Bartlett(Primitive):
    """Bartlett's window of a given length: a triangle from 0 over 1 to 0.

    Shapes:    () -> (M,)
    Dtypes:    float64
    Errors:    TypeError for what is no integer number
    """

    def prepare(self, *args: Any) -> list[Variable]:
        M = as_tensor_variable(args[0])
        if M.type.ndim != 0:
            raise TypeError(f"Bartlett only works on scalar input; got {M.type}.")
        if not is_discrete(M.type.dtype):
            raise TypeError(f"Bartlett only works on integer input; got {M.type}.")
        return [M]

    def infer(self, M: Variable) -> Type:
        return TensorType("float64", (None,))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(maximum(cast(node.inputs[0], "int64"), np.int64(0)),)]

    def eval(self, xp: Any, M: Any) -> Any:
        return xp.bartlett(int(M))

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None]

    def expand(self, M: Any) -> Variable:
        """What it is made of, for the native planner."""
        count: Any = cast(M, "int64")
        steps: Any = cast(arange(1 - count, count, 2), "float64")
        made: Variable = 1 - abs_(steps) / maximum(count - 1, np.int64(1))
        return made

    samples = (S(np.int64(5), grad=False), S(np.int64(0), grad=False), S(np.int64(1), grad=False))
    errors = (
        E(np.float64(2.0), raises=TypeError, says="only works on integer"),
        E((3,), raises=TypeError, says="only works on scalar"),
    )


@op("cpu_contiguous")
class CpuContiguous(Primitive):
    """The input, laid out row by row in memory.

    Shapes:    as the input
    Dtypes:    as the input
    Gradient:  the cotangent
    """

    view_map: ClassVar[dict[int, list[int]]] = {0: [0]}  # type: ignore[misc]

    def infer(self, x: Variable) -> Type:
        return x.type

    def eval(self, xp: Any, x: Any) -> Any:
        # NumPy makes one axis of none. Elsewhere memory has no layout to choose.
        return np.ascontiguousarray(x).reshape(x.shape) if xp is np else x

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [gs[0]]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x = b.as_contiguous(b.array(xs[0]))
        b.view(ys[0], x, x.dims, x.strides, contiguous=True)

    samples = (S((2, 3)), S(()))


cpu_contiguous = CpuContiguous()


def bartlett(M: Any) -> Variable:
    """Bartlett's window of length `M`: a triangle from 0 over 1 to 0."""
    return Bartlett()(M)  # type: ignore[no-any-return]
