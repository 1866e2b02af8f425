"""Between 0-d tensors and single numbers (`theano.scalar`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.convert import as_tensor_variable
from croton.ops.scalar.row import as_scalar
from croton.vartypes.dtype import is_discrete
from croton.vartypes.scalar import Scalar
from croton.vartypes.tensor import TensorType


class TensorFromScalar(Op):
    """A number as a 0-d tensor.

    Gradient:  the cotangent as a number
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        s = as_scalar(inputs[0])
        return Apply(self, [s], [TensorType(s.type.dtype, ())()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = np.asarray(inputs[0])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [()]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        (s,), (g,) = inputs, output_grads
        return [s.zeros_like() if is_discrete(s.type.dtype) else scalar_from_tensor(g)]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None if eval_points[0] is None else self(eval_points[0])]


class ScalarFromTensor(Op):
    """A 0-d tensor as a number.

    Gradient:  the cotangent as a tensor
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        t = as_tensor_variable(inputs[0])
        if t.type.ndim != 0:
            raise TypeError(f"Only a 0-d tensor can become a number; got {t} of type {t.type}.")
        return Apply(self, [t], [Scalar(t.type.dtype)()])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        output_storage[0][0] = np.asarray(inputs[0])[()]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [()]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [tensor_from_scalar(output_grads[0])]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None if eval_points[0] is None else self(eval_points[0])]


tensor_from_scalar = TensorFromScalar()
scalar_from_tensor = ScalarFromTensor()


def as_tensor_number(x: Any) -> Variable:
    """`x` as a tensor variable; a variable of `theano.scalar` becomes a 0-d tensor."""
    if isinstance(x, Variable) and isinstance(x.type, Scalar):
        made: Variable = tensor_from_scalar(x)
        return made
    return as_tensor_variable(x)
