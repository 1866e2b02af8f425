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


def mirrored(xp: Any, x: Any, lower: bool) -> Any:
    """The symmetric or Hermitian matrix of which `x` holds one triangle."""
    return xp.tril(x) + xp.conj(xp.tril(x, -1)).T if lower else xp.triu(x) + xp.conj(xp.triu(x, 1)).T


def eigen_of_pair(xp: Any, a: Any, b: Any, lower: bool) -> tuple[Any, Any]:
    """The eigenvalues, ascending, and eigenvectors v of a v = w b v, of whose matrices one triangle is read."""
    if xp is np:
        made: tuple[Any, Any] = scipy_linalg(xp).eigh(a, b, lower=lower)
        return made
    # source: Golub and Van Loan, "Matrix Computations", algorithm 8.7.1
    factor = xp.linalg.cholesky(mirrored(xp, b, lower))
    inner = xp.linalg.solve(factor, xp.linalg.solve(factor, mirrored(xp, a, lower)).T)
    w, v = xp.linalg.eigh(inner)
    return w, xp.linalg.solve(factor.T, v)


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
