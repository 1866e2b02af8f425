"""Linear algebra: equations instead of inverses, triangles that are known, and determinants that do not overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.diagonal import ExtractDiag
from croton.ops.dot import Dot
from croton.ops.elementwise import abs_, log, mul, switch
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.linalg.factors import is_narrow, transpose_of
from croton.ops.linalg.inverse import Det, MatrixInverse, log_determinant
from croton.ops.linalg.matrix import transposed
from croton.ops.linalg.solve import Cholesky, Solve
from croton.ops.passing import Hint
from croton.ops.reduce import sum as sum_of
from croton.rules.arith import made_by, read_once
from croton.rules.passes import Context
from croton.rules.stages import canonicalize, stabilize
from croton.vartypes.dtype import is_complex


def _inverted(variable: Variable, context: Context) -> Variable | None:
    """The matrix that `variable` is the inverse of, where nothing else reads that inverse."""
    node = variable.owner
    if node is None or not isinstance(node.op, MatrixInverse) or not read_once(variable, context):
        return None
    return node.inputs[0] if variable.type.ndim == 2 else None


@canonicalize.on(Dot, name="inv_as_solve", inside=(MatrixInverse,))
def _solved(node: Apply, context: Context) -> Any:
    """A product with an inverse solves equations: A^-1 b is the x of A x = b, and b A^-1 that of A^T x = b^T."""
    x, y = node.inputs
    A = _inverted(x, context)
    if A is not None:
        return Solve()(A, y)
    A = _inverted(y, context)
    if A is None:
        return None
    made = Solve()(transposed(A), x if x.type.ndim == 1 else transposed(x))
    return made if x.type.ndim == 1 else transposed(made)


@canonicalize.on(Solve, name="tag_solve_triangular", inside=(Cholesky, DimShuffle))
def _triangular(node: Apply) -> Any:
    """A factor of Cholesky is a triangle: equations with it, or with its transpose, need no factors of their own."""
    op: Any = node.op
    A, b = node.inputs
    source = transpose_of(A)
    maker: Any = (A if source is None else source).owner
    if op.A_structure != "general" or maker is None or not isinstance(maker.op, Cholesky):
        return None
    lower = maker.op.lower == (source is None)
    return Solve("lower_triangular" if lower else "upper_triangular", lower)(A, b)


@canonicalize.on(Solve, name="psd_solve_with_chol", inside=(Hint,))
def _with_cholesky(node: Apply) -> Any:
    """Equations with a matrix that is said to be positive definite need half the work: A = L L^T."""
    op: Any = node.op
    A, b = node.inputs
    if op.A_structure != "general" or A.owner is None or not isinstance(A.owner.op, Hint):
        return None
    if A.type.ndim != 2 or not dict(A.owner.op.hints).get("psd"):
        return None
    factor = Cholesky()(A.owner.inputs[0])
    return Solve("upper_triangular")(transposed(factor), Solve("lower_triangular", True)(factor, b))


@canonicalize.on(ExtractDiag, name="local_diag_of_dot", inside=(Dot,))
def _diagonal(node: Apply, context: Context) -> Any:
    """The diagonal of a product is a sum of products of elements: the whole product is not needed, as for its trace."""
    op: Any = node.op
    product = node.inputs[0].owner
    if op.offset or product is None or not isinstance(product.op, Dot) or node.inputs[0].type.ndim != 2:
        return None
    x, y = product.inputs
    if not x.type.ndim == y.type.ndim == 2 or not read_once(node.inputs[0], context):
        return None
    columns = dimshuffle(y, 1, 0)
    rows: Any = x
    if context.shapes.lengths(x)[0] is not context.shapes.lengths(y)[1]:
        rows, columns = rows[: columns.shape[0]], columns[: rows.shape[0]]
    return sum_of(mul(rows, columns), axis=1, dtype=node.outputs[0].type.dtype)


@stabilize.on(log, name="local_log_det", inside=(Det, abs_))
def _log_det(node: Apply) -> Any:
    """The logarithm of a determinant, or of its size, is a sum of logarithms: a determinant itself soon overflows."""
    x = node.inputs[0]
    sized = made_by(x, abs_)
    found: Any = x.owner.inputs[0] if sized and x.owner is not None else x
    if found.owner is None or not isinstance(found.owner.op, Det):
        return None
    matrix = found.owner.inputs[0]
    if is_narrow(matrix) or is_complex(matrix.type.dtype):
        return None
    odd, size = log_determinant(matrix)
    return size if sized else switch(odd, np.asarray(np.nan, size.type.dtype), size)
