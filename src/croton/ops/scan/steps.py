"""Checks of the number of steps and of elements, for what loops are rewritten to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.creation import zeros_like
from croton.ops.elementwise import ge
from croton.ops.index.assign import set_subtensor
from croton.ops.known import known_int, never_negative
from croton.ops.raise_op import Assert
from croton.ops.scan.reference import StepsError
from croton.ops.shape import as_length
from croton.util.failures import BAD_VALUE
from croton.vartypes.tensor import TensorType


@op("checked_steps")
class CheckedSteps(Assert):
    """The first input as it is, so long as all others are true: that it is a number of steps.

    Shapes:    (…), and () each -> as the first
    Dtypes:    as the first
    Gradient:  the cotangent
    Errors:    StepsError (an IndexError) with `msg` at run time
    """

    msg: str = "A loop was asked to do less than 0 steps: their number must be 0 or more."

    failure: ClassVar[type[Exception]] = StepsError
    samples = (S(np.int64(3), True, grad=False), S((0,), True))
    errors = (
        E(np.int64(-3), False, raises=IndexError, says="less than 0 steps"),
        E((2,), (2,), raises=AssertionError, says="must be a scalar"),
    )

    def __str__(self) -> str:
        return type(self).__name__


def checked(steps: Variable) -> Variable:
    """`steps`, which must not be negative."""
    made: Variable = steps if never_negative(steps) else CheckedSteps()(steps, ge(steps, 0))
    return made


@op("first_rows")
class FirstRows(Primitive):
    """The elements of a sequence that a loop goes over.

    Shapes:    (m, …) and (), a number of steps n that is not negative -> (n, …)
    Dtypes:    as the sequence
    Gradient:  the cotangent, and zeros for the other elements
    Errors:    ShapeError (a ValueError) at run time where m < n
    """

    passes_scalar = 0
    view_map = {0: [0]}

    def prepare(self, sequence: Any, steps: Any) -> list[Variable]:
        return [sequence, as_length(steps, "The number of steps")]

    def infer(self, sequence: Any, steps: Variable) -> Type:
        n = known_int(steps)
        return TensorType(sequence.type.dtype, (None if n == 1 else n, *sequence.type.shape[1:]))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(node.inputs[1], *shapes[0][1:])]

    def eval(self, xp: Any, sequence: Any, steps: Any) -> Any:
        if len(sequence) < steps:
            raise _too_few_rows(int(steps), len(sequence))
        return sequence[: int(steps)]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        sequence, steps = xs
        return [set_subtensor(zeros_like(sequence)[:steps], gs[0]), None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        x, n = b.array(xs[0]), b.scalar(xs[1])
        b.fail_if(b.lt(x.dims[0], n), BAD_VALUE, n, x.dims[0])
        b.view(ys[0], x, (n, *x.dims[1:]), x.strides, contiguous=x.contiguous)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for what native code reports."""
        return _too_few_rows(*details[:2])

    samples = (S((4, 3), np.int64(2)), S((2,), np.int64(2)), S((2, 0), np.int64(0)))
    errors = (
        E((4, 3), np.int64(5), raises=ValueError, says="does 5 steps, but a sequence of it has 4 elements"),
    )

    def __str__(self) -> str:
        return type(self).__name__


def _too_few_rows(steps: int, rows: int) -> ShapeError:
    return ShapeError(
        f"A loop does {steps} steps, but a sequence of it has {rows} elements: give n_steps of at most {rows}, or a "
        "longer sequence."
    )
