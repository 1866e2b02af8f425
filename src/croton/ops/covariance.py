"""Covariances."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.dot import dot
from croton.ops.elementwise import true_div
from croton.ops.join import concatenate
from croton.ops.shape import lengths
from croton.ops.statistics import mean


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Variable:
    """The covariances of variables, a row of `m` (and `y`) each, an observation a column; else the other way.

    The sum of products is divided by the number of observations less `ddof`, which is 0 with `bias` and else 1.

    Shapes:    (variables, observations) -> (variables, variables)
    Errors:    NotImplementedError for weights; ValueError for an input of fewer than 2 axes
    """
    if fweights is not None or aweights is not None:
        raise NotImplementedError("Weights of observations (fweights, aweights) are not supported.")
    x: Any = as_tensor_variable(m)
    if not rowvar and x.type.ndim != 1:
        x = x.T
    if y is not None:
        other: Any = as_tensor_variable(y)
        x = concatenate([x, other if rowvar or other.type.ndim == 1 else other.T], axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    centered = x - mean(x, axis=1, keepdims=True)
    return dot(centered, centered.T) * true_div(1, lengths(x)[1] - ddof)  # type: ignore[no-any-return]
