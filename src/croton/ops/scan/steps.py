"""Checks of the number of steps, for what loops are rewritten to."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from croton.graph.node import Variable
from croton.ops.base import E, S, op
from croton.ops.elementwise import ge
from croton.ops.known import never_negative
from croton.ops.raise_op import Assert
from croton.ops.scan.reference import StepsError


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
