"""Activations of neurons, beside the sigmoids."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import abs_, clip, expm1, gt, switch
from croton.ops.elemwise import Elemwise
from croton.ops.scalar import arithmetic
from croton.ops.scalar.dtypes import to_float
from croton.ops.scalar.row import scalar_op

# source: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks" (2017), equation 14
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


scalar_softsign = scalar_op(
    "softsign",
    "x / (1 + abs(x)).",
    dtypes=to_float,
    eval=lambda xp, x: x / (1 + xp.abs(x)),
    lower=lambda b, x: x / (1 + b.abs(x)),
    grad=lambda x, y, g: g / arithmetic.sqr(1 + arithmetic.abs_(x)),
    keeps_zero=True,
)
softsign = Elemwise(scalar_softsign, name="softsign")


def relu(x: Any, alpha: Any = 0) -> Variable:
    """max(x, 0); with `alpha` the slope below 0 (a number or a variable).

    Gradient:  at 0 the mean of the slopes on both sides
    Errors:    ValueError for an array as `alpha`
    """
    if isinstance(alpha, np.ndarray) and alpha.ndim > 0:
        raise ValueError(
            "The slope alpha must be a number or a variable; make a constant of the array (T.constant)."
        )
    v: Any = as_tensor_variable(x)
    if not isinstance(alpha, Variable) and alpha == 0:
        return 0.5 * (v + abs_(v))  # type: ignore[no-any-return]
    slope: Any = as_tensor_variable(alpha)
    return 0.5 * (1 + slope) * v + 0.5 * (1 - slope) * abs_(v)  # type: ignore[no-any-return]


def elu(x: Any, alpha: Any = 1) -> Variable:
    """x above 0, alpha * (exp(x) - 1) below.

    Source:    Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear
               Units" (2015)
    """
    v = as_tensor_variable(x)
    return switch(gt(v, 0), v, alpha * expm1(v))  # type: ignore[no-any-return]


def selu(x: Any) -> Variable:
    """`elu`, scaled so that layers keep mean 0 and variance 1.

    Source:    Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks" (2017)
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


def hard_sigmoid(x: Any) -> Variable:
    """Something like the sigmoid, of three lines: x / 5 + 1/2 brought between 0 and 1."""
    v: Any = as_tensor_variable(x)
    _, (dtype,) = to_float(v.type.dtype)
    return clip(v * np.asarray(0.2, dtype=dtype) + np.asarray(0.5, dtype=dtype), 0, 1)  # type: ignore[no-any-return]
