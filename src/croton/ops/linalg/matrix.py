"""What the operations on matrices share: their checks, and the library that computes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.graph.type import Type
from croton.ops.base import Primitive
from croton.ops.convert import as_tensor_variable
from croton.vartypes.dtype import is_discrete, upcast
from croton.vartypes.tensor import TensorType


def scipy_linalg(xp: Any) -> Any:
    """The module of linear algebra that goes with the array namespace `xp`: SciPy's, or JAX's."""
    if xp is np:
        import scipy.linalg

        return scipy.linalg
    import jax.scipy.linalg

    return jax.scipy.linalg


def as_matrix(x: Any, what: str) -> Variable:
    """`x` as a variable of two axes.

    Errors: ValueError when it has another number of axes
    """
    v = as_tensor_variable(x)
    if v.type.ndim != 2:
        raise ValueError(f"{what} takes a matrix; got {v} of type {v.type}.")
    return v


def result_dtype(*dtypes: str) -> str:
    """The type of a result of linear algebra: what the inputs meet in, float64 for integers."""
    met = upcast(*dtypes)
    return "float64" if is_discrete(met) else met


def computed(xp: Any, *values: Any) -> Any:
    """Arrays in a type that LAPACK computes in: float16 as float32, integers as float64."""
    made = []
    for x in values:
        name = np.dtype(x.dtype).name
        wanted = "float32" if name == "float16" else result_dtype(name)
        made.append(x if name == wanted else x.astype(wanted))
    return made[0] if len(made) == 1 else made


class OnMatrix(Primitive):
    """An operation on one matrix."""

    def prepare(self, *args: Any) -> list[Variable]:
        return [as_matrix(args[0], type(self).__name__)]

    def infer(self, x: Any) -> Type:
        return TensorType(result_dtype(x.type.dtype), x.type.shape)

    def refuse(self) -> Any:
        """Raise what says that there is no gradient."""
        raise NotImplementedError(f"{type(self).__name__} has no gradient, as in the original.")
