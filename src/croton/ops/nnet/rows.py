"""Rows with a column put in front, and counts of which class was taken for which."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.graph.op import Op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import alloc
from croton.ops.dot import dot
from croton.ops.elementwise import eq
from croton.ops.elemwise import dimshuffle
from croton.ops.join import concatenate
from croton.ops.search import Unique


def _with_column(value: Any, mat: Any) -> Apply:
    m: Any = as_tensor_variable(mat)
    if m.type.ndim != 2:
        raise TypeError(f"Expected a matrix as input; got {m} of type {m.type}.")
    v = as_tensor_variable(value)
    if v.type.ndim != 0:
        raise TypeError(f"Expected a scalar to put in front of each row; got {v} of type {v.type}.")
    column = alloc(cast(v, m.type.dtype), m.shape[0], 1)
    return concatenate([column, m], axis=1).owner  # type: ignore[return-value]


class Prepend_scalar_constant_to_each_row(Op):
    """A matrix with a first column that holds a given number.

    Shapes:    (m, n) -> (m, n + 1)
    Dtypes:    as the input
    Errors:    TypeError for what is no matrix
    """

    __props__ = ("val",)

    def __init__(self, val: float = 0) -> None:
        self.val = val

    def make_node(self, *inputs: Any) -> Apply:
        return _with_column(self.val, inputs[0])


class Prepend_scalar_to_each_row(Op):
    """A matrix with a first column that holds the number given first.

    Shapes:    (), (m, n) -> (m, n + 1)
    Dtypes:    as the matrix
    Errors:    TypeError for what is no scalar and no matrix
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        return _with_column(inputs[0], inputs[1])


prepend_scalar_to_each_row = Prepend_scalar_to_each_row()
prepend_0_to_each_row = Prepend_scalar_constant_to_each_row(0.0)
prepend_1_to_each_row = Prepend_scalar_constant_to_each_row(1.0)


def confusion_matrix(actual: Any, pred: Any) -> list[Variable]:
    """How often each class (row) was taken for each (column), and the classes, ascending.

    Shapes:    (n,) (n,) -> (k, k), (k,) for the k classes that occur in either
    Dtypes:    int64; what the inputs meet in
    Errors:    ValueError for what are no vectors
    """
    given = [as_tensor_variable(v) for v in (actual, pred)]
    for v, name in zip(given, ("actual", "pred"), strict=True):
        if v.type.ndim != 1:
            raise ValueError(f"{name} must be 1-d tensor variable; got {v.type}.")
    order = Unique()(concatenate(given))
    hot = [cast(eq(dimshuffle(v, 0, "x"), order), "int64") for v in given]
    return [dot(hot[0].T, hot[1]), order]
