"""Where each element of a tensor stands, in C order: what makes elementwise expressions depend on the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.known import known_int
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType


@op("place")
class Place(Primitive):
    """The numbers 0, 1, 2, … in C order, in a tensor of given lengths.

    In native code it takes no memory: kernels that read it know where they are.

    Shapes:    n lengths, at least one -> (n lengths)
    Dtypes:    int64
    Gradient:  disconnected
    Errors:    TypeError for lengths that are no integers, or none at all; ValueError at run time for a negative one
    """

    def prepare(self, *args: Any) -> list[Variable]:
        lengths = [as_tensor_variable(n) for n in args]
        if not lengths:
            raise TypeError("Places need at least one length.")
        for n in lengths:
            if n.type.ndim or not is_discrete(n.type.dtype):
                raise TypeError(f"Lengths are integer scalars; got {n} of type {n.type}.")
        return lengths

    def infer(self, *lengths: Variable) -> Type:
        known = [known_int(n) for n in lengths]
        return TensorType("int64", [None if n is None or n < 0 else n for n in known])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [tuple(node.inputs)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The places depend on the lengths as integers do: not at all."""
        return [[False] for _ in node.inputs]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None for _ in xs]

    def do_constant_folding(self, node: Apply) -> bool:
        # It is cheaper to compute than to read.
        return False

    def eval(self, xp: Any, *lengths: Any) -> Any:
        shape = tuple(int(n) for n in lengths)
        for axis, n in enumerate(shape):
            if n < 0:
                raise _negative(axis, n)
        return xp.arange(np.prod(shape, dtype="int64")).reshape(shape)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return _negative(details[0], details[1])

    samples = (
        S(np.int64(2), np.int64(3)),
        S(np.int64(0)),
        S(np.int64(300)),
        S(np.int64(1), np.int64(4), np.int64(1)),
    )
    errors = (
        E(np.int64(-1), raises=ValueError, says="negative length"),
        E(np.float64(2), raises=TypeError, says="integer scalars"),
    )


def _negative(axis: int, n: int) -> Exception:
    return ShapeError(f"A tensor can't have axes of negative length; got {n} for axis {axis}.")
