"""Vectors of normal numbers that depend on one another."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.dot import dot
from croton.ops.linalg.solve import cholesky
from croton.ops.random.counter import standard_normal
from croton.ops.random.parameters import lengths_of_draw, parameters
from croton.ops.shape import shape_i


def multivariate_normal(state: Any, mean: Any, cov: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Vectors of normal numbers with means along the last axis of `mean`, and covariances along the last two of `cov`.

    Shapes: the size, or what the other axes of `mean` and `cov` broadcast to; then that along which a vector lies
    Errors: ValueError for a `mean` without axes, or a `cov` that is no matrix; at run time for one that is not positive
            definite
    """
    dtype, (mean, cov) = parameters(dtype, mean, cov)
    if not mean.type.ndim or cov.type.ndim < 2:
        raise ValueError(
            "multivariate_normal needs means along an axis, and a matrix of covariances; got types "
            f"{mean.type} and {cov.type}."
        )
    lengths = [*lengths_of_draw(size, mean[..., 0], cov[..., 0, 0]), shape_i(mean, mean.type.ndim - 1)]
    z, factor = standard_normal(state, lengths, dtype), cholesky(cov)
    if cov.type.ndim == 2:
        return mean + dot(z, factor.T)  # type: ignore[no-any-return]
    return mean + (factor * z[..., None, :]).sum(axis=-1)  # type: ignore[no-any-return]
