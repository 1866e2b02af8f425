"""Whole Jacobians and Hessians, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.autodiff.grad import answered, format_as, grad, vjp
from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.elementwise import eq
from croton.ops.scan.each import for_each
from croton.ops.shape import shape_i
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType

# Up to so many rows, where their number is known, are written out one by one instead of by an operation.
WRITTEN_OUT = 8


def jacobian(
    expression: Variable,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The derivative of each element of a vector with respect to a variable, or to each of a list of them.

    Shapes:  (n) and (…) -> (n, …); for a scalar `expression`, which is differentiated as by grad, (…)
    Dtypes:  as the variable
    Errors:  TypeError for what is no variable; ValueError for an `expression` of more axes; those of grad
    Cost:    n times that of one gradient
    Example:
        >>> import theano.tensor as T
        >>> x = T.dvector("x")
        >>> T.jacobian(x**2, x).eval({x: [1.0, 2.0]}).tolist()
        [[2.0, 0.0], [0.0, 4.0]]
    """
    wanted = list(wrt) if isinstance(wrt, (list, tuple)) else [wrt]
    for one in (expression, *wanted):
        if not isinstance(one, Variable):
            raise TypeError(f"Expected Variable, got {one} of type {type(one)}")
    ndim = expression.type.ndim
    if ndim is None or ndim > 1:
        raise ValueError(
            f"jacobian expects a vector, or a scalar, as `expression`; {expression} has {ndim} axes. "
            "Use flatten to make it a vector."
        )
    if ndim == 0:
        rows = grad(expression, wanted, consider_constant, disconnected_inputs, add_names=False)
        return format_as(isinstance(wrt, list), isinstance(wrt, tuple), rows)

    def row(cotangent: Variable, how: str = "ignore") -> list[Variable]:
        return answered(wanted, vjp([expression], wanted, [cotangent], list(consider_constant or ())), how)

    found = _rows(expression, row, disconnected_inputs)
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)


def _rows(expression: Variable, row: Any, disconnected_inputs: str) -> list[Variable]:
    """What `row` makes of each unit vector, stacked."""
    kind = expression.type
    assert isinstance(kind, TensorType)
    dtype = "float64" if is_discrete(kind.dtype) else kind.dtype
    n = kind.shape[0]
    if n is not None and 0 < n <= WRITTEN_OUT:
        rows = [
            row(as_tensor_variable(unit), disconnected_inputs if not i else "ignore")
            for i, unit in enumerate(np.eye(n, dtype=dtype))
        ]
        return [as_tensor_variable(list(column)) for column in zip(*rows, strict=True)]
    places = arange(shape_i(expression, 0), dtype="int64")
    return for_each(lambda i: row(cast(eq(places, i), dtype), disconnected_inputs), places)


def hessian(
    cost: Variable,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The second derivatives of a scalar with respect to a vector, or to each of a list of them.

    Shapes:  () and (n) -> (n, n)
    Dtypes:  as the variable
    Errors:  TypeError for what is no variable; ValueError for a `cost` that is no scalar and variables that
             are no vectors; those of grad
    Cost:    n times that of one gradient of the gradient
    Example:
        >>> import theano.tensor as T
        >>> x = T.dvector("x")
        >>> T.hessian((x**3).sum(), x).eval({x: [1.0, 2.0]}).tolist()
        [[6.0, 0.0], [0.0, 12.0]]
    """
    wanted = list(wrt) if isinstance(wrt, (list, tuple)) else [wrt]
    for name, one, ndim in (("cost", cost, 0), *[("wrt", v, 1) for v in wanted]):
        if not isinstance(one, Variable):
            raise TypeError(f"Expected Variable, got {one} of type {type(one)}")
        if one.type.ndim != ndim:
            raise ValueError(
                f"hessian expects a scalar as `cost` and vectors as `wrt`; the {name} {one} has {one.type.ndim} axes."
            )
    slopes = grad(cost, wanted, consider_constant, disconnected_inputs, add_names=False)
    # A slope may well be the same everywhere.
    found = [
        jacobian(slope, one, consider_constant, "ignore") for slope, one in zip(slopes, wanted, strict=True)
    ]
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)
