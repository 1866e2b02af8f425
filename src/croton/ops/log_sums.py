"""Logarithms of sums of exponentials. The rules that rewrite graphs keep them from overflowing."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import add, exp, log
from croton.ops.reduce import sum as sum_of


def logaddexp(*xs: Any) -> Variable:
    """log(exp(x) + exp(y) + …) of each element.

    Example:
        >>> import theano.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.logaddexp(x, x).eval({x: 1000.0}).round(4))
        1000.6931
    """
    made: Variable = log(add(*[exp(as_tensor_variable(x)) for x in xs]))
    return made


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """log(sum(exp(x))) along `axis` (an integer, several, or None for all).

    Shapes:    without the axes summed over; `keepdims` leaves them with length 1
    Example:
        >>> import theano.tensor as T
        >>> x = T.dvector("x")
        >>> float(T.logsumexp(x).eval({x: [1000.0, 1000.0]}).round(4))
        1000.6931
    """
    made: Variable = log(sum_of(exp(as_tensor_variable(x)), axis=axis, keepdims=keepdims))
    return made
