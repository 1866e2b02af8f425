"""Logarithms of sums of exponentials, with the greatest taken out first: none overflows, and not all vanish."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import add, exp, isinf_, log, maximum, sub, switch
from croton.ops.gradient_marks import disconnected_grad
from croton.ops.nnet.softmax import MaxOrLowest
from croton.ops.reduce import axes_of, spread
from croton.ops.reduce import sum as sum_of
from croton.vartypes.dtype import is_complex


def to_take_out(greatest: Variable) -> Variable:
    """`greatest`, and 0 where it is infinite: then nothing can be taken out."""
    made: Variable = switch(isinf_(greatest), cast(np.float64(0), greatest.type.dtype), greatest)
    return made


def _as_float(x: Any) -> Variable:
    """`x` in the data type that its exponentials have."""
    v = as_tensor_variable(x)
    made: Variable = cast(v, exp(v).type.dtype)
    return made


def logaddexp(*xs: Any) -> Variable:
    """log(exp(x) + exp(y) + …) of each element.

    Example:
        >>> import theano.tensor as T
        >>> x = T.dscalar("x")
        >>> float(T.logaddexp(x, x).eval({x: 1000.0}).round(4))
        1000.6931
    """
    logs = [_as_float(x) for x in xs]
    if any(is_complex(v.type.dtype) for v in logs):
        return log(add(*map(exp, logs)))  # type: ignore[no-any-return]
    # The value does not depend on what is taken out, so nor does the gradient.
    greatest = disconnected_grad(to_take_out(reduce(maximum, logs)))
    made: Variable = add(greatest, log(add(*[exp(sub(v, greatest)) for v in logs])))
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
    v = _as_float(x)
    if is_complex(v.type.dtype):
        return log(sum_of(exp(v), axis=axis, keepdims=keepdims))  # type: ignore[no-any-return]
    axes = axes_of(axis, v)
    greatest = disconnected_grad(to_take_out(MaxOrLowest(maximum.scalar_op, axes)(v)))
    ndim = v.type.ndim
    made: Variable = add(greatest, log(sum_of(exp(sub(v, spread(greatest, ndim, axes))), axis=axes)))
    return spread(made, ndim, axes) if keepdims else made
