"""Norms, traces, diagonals, and bounds of spectra."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops import reduce as reductions
from croton.ops.convert import as_tensor_variable
from croton.ops.diagonal import AllocDiag, ExtractDiag
from croton.ops.dot import dot
from croton.ops.elementwise import abs_, neq

alloc_diag = AllocDiag()
extract_diag = ExtractDiag()


def diag(x: Any) -> Variable:
    """The diagonal of a matrix, or the matrix whose diagonal is a vector.

    Errors: TypeError for other ranks
    """
    v = as_tensor_variable(x)
    if v.type.ndim == 1:
        return alloc_diag(v)  # type: ignore[no-any-return]
    if v.type.ndim == 2:
        return extract_diag(v)  # type: ignore[no-any-return]
    raise TypeError(f"diag requires vector or matrix argument; got {v} of type {v.type}.")


def trace(X: Any) -> Variable:
    """The sum of the diagonal of a matrix; of more axes, that of the diagonals along the first two.

    Errors: ValueError for fewer axes
    Example:
        >>> import theano.tensor as T
        >>> T.nlinalg.trace(T.constant([[1, 2], [3, 4]])).eval().tolist()
        5
    """
    return reductions.sum(extract_diag(X))


def norm(x: Any, ord: Any) -> Variable:
    """A norm of a vector or matrix.

    Of vectors: None and 2 Euclidean, 'inf' and '-inf' the greatest and least size, 0 how many are not 0, p the p-norm.
    Of matrices: None and 'fro' Frobenius, 'inf', '-inf' greatest and least sum of sizes in a row, 1, -1 in a column.

    Errors: ValueError for another `ord`; NotImplementedError for more axes
    Example:
        >>> import theano.tensor as T
        >>> T.nlinalg.norm(T.constant([3.0, 4.0]), 2).eval().tolist()
        5.0
    """
    v: Any = as_tensor_variable(x)
    if v.type.ndim == 0:
        raise ValueError(f"A norm is of a vector or matrix; got the scalar {v}.")
    if v.type.ndim > 2:
        raise NotImplementedError("We don't support norm with ndim > 2")
    if ord is None:
        return reductions.sum(abs_(v**2)) ** 0.5
    return _vector_norm(v, ord) if v.type.ndim == 1 else _matrix_norm(v, ord)


def _vector_norm(v: Any, ord: Any) -> Variable:
    if ord == "inf":
        return reductions.max(abs_(v))
    if ord == "-inf":
        return reductions.min(abs_(v))
    if ord == 0:
        return reductions.sum(neq(v, 0), dtype="int64")
    try:
        return reductions.sum(abs_(v**ord)) ** (1.0 / ord)  # type: ignore[no-any-return]
    except TypeError:
        raise ValueError(f"Invalid norm order for vectors: {ord!r}.") from None


def _matrix_norm(m: Any, ord: Any) -> Variable:
    if ord == "fro":
        return reductions.sum(abs_(m**2)) ** 0.5
    axis = {"inf": 1, "-inf": 1, 1: 0, -1: 0}.get(ord)
    if axis is None:
        raise ValueError(
            f"Invalid norm order for matrices: {ord!r}; choose None, 'fro', 'inf', '-inf', 1 or -1."
        )
    sums = reductions.sum(abs_(m), axis=axis)
    return reductions.max(sums) if ord in ("inf", 1) else reductions.min(sums)


def spectral_radius_bound(X: Any, log2_exponent: int) -> Variable:
    """A bound above the greatest eigenvalue of a symmetric positive matrix; the tighter the greater `log2_exponent`.

    Errors: TypeError for other ranks; ValueError for an exponent that is no integer above 0
    """
    product: Any = as_tensor_variable(X)
    if product.type.ndim != 2:
        raise TypeError(
            f"spectral_radius_bound requires a matrix argument; got {product} of type {product.type}."
        )
    if not isinstance(log2_exponent, int) or log2_exponent <= 0:
        raise ValueError(
            f"spectral_radius_bound requires a strictly positive integer log2_exponent; got {log2_exponent!r}."
        )
    for _ in range(log2_exponent):
        product = dot(product, product)
    return trace(product) ** (2.0 ** (-log2_exponent))
