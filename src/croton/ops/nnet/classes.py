"""Numbers of classes: that they are in range, and where they stand among the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.elementwise import eq
from croton.ops.elemwise import dimshuffle
from croton.ops.shape import shape_i
from croton.util.failures import BAD_VALUE
from croton.vartypes.tensor import TensorType

# What of the two is wrong, as native code reports it.
_COUNT = 1


@op("checked_classes")
class CheckedClasses(Primitive):
    """Numbers of classes as they are: m of them, each from 0 to n - 1.

    Shapes:    (m,) classes, () m, () n -> (m,)
    Dtypes:    as the classes
    Gradient:  disconnected
    Errors:    ValueError at run time for a class out of range, or another number of them
    """

    makes_new_memory: ClassVar[bool] = True

    def infer(self, classes: Any, m: Any, n: Any) -> Type:
        return TensorType(classes.type.dtype, (None,))

    def eval(self, xp: Any, classes: Any, m: Any, n: Any) -> Any:
        if classes.shape[0] != m:
            raise _too_many(int(m), classes.shape[0])
        if xp is np and classes.size and not (0 <= int(classes.min()) and int(classes.max()) < int(n)):
            bad = classes[(classes < 0) | (classes >= n)][0]
            raise _out_of_range(int(bad), int(n))
        return classes

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing flows to numbers."""
        return [[False], [False], [False]]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None, None, None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        classes, rows = b.array(xs[0]), b.cast(b.scalar(xs[1]), "int64")
        b.fail_if(b.ne(classes.dims[0], rows), BAD_VALUE, rows, classes.dims[0], _COUNT)
        out = b.new(ys[0], classes.dims)
        k = b.loops()
        stride, n = k.param("stride"), k.param("n")
        x = k.buffer("x", classes.dtype, strides=[stride])
        y = k.buffer("y", classes.dtype, strides=[classes.itemsize])
        with k.loop("i", parallel=True) as i:
            value = k.load(x, i)
            wide = k.cast(value, "int64")
            with k.if_((wide < 0) | (wide >= n)):
                k.fail(BAD_VALUE, wide, n, 0)
            k.store(y, value, i)
        b.loop(
            k.kernel(),
            [classes, out],
            [classes.strides[0], b.cast(b.scalar(xs[2]), "int64")],
            classes.dims[0],
            parallel=True,
        )

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        first, second, kind = details[:3]
        return _too_many(first, second) if kind == _COUNT else _out_of_range(first, second)

    samples = (
        S(np.array([0, 2, 1]), np.int64(3), np.int64(3)),
        S(np.array([], dtype="int32"), np.int64(0), np.int64(3)),
    )
    errors = (
        E(np.array([0, 3]), np.int64(2), np.int64(3), raises=ValueError, says="y_i value out of bounds"),
        E(np.array([0, 1]), np.int64(3), np.int64(3), raises=ValueError, says="rows in x (3) does not match"),
    )


def _out_of_range(found: int, n: int) -> Exception:
    return ValueError(f"y_i value out of bounds: a class must be from 0 to {n - 1}; got {found}.")


def _too_many(rows: int, classes: int) -> Exception:
    return ShapeError(f"number of rows in x ({rows}) does not match length of y ({classes})")


def hits(rows: Any, classes: Any) -> Variable:
    """For each row of `rows` and each of its columns, whether that is the row's class.

    Shapes:  (m, n), (m,) -> (m, n), of bool
    Errors:  at run time for a class out of range, or another number of classes than of rows
    """
    rows, classes = as_tensor_variable(rows), as_tensor_variable(classes)
    n = shape_i(rows, 1)
    checked = CheckedClasses()(classes, shape_i(rows, 0), n)
    columns = arange(n, dtype="int64")
    return eq(dimshuffle(columns, "x", 0), dimshuffle(checked, 0, "x"))  # type: ignore[no-any-return]
