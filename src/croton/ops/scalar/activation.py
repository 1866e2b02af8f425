"""Functions that neural networks apply to each element."""

from __future__ import annotations

from typing import Any

from croton.ops.scalar.dtypes import real, to_float
from croton.ops.scalar.row import like, not_implemented, scalar_op

sigmoid = scalar_op(
    "sigmoid",
    "1 / (1 + exp(-x)).",
    dtypes=to_float,
    eval=lambda xp, x: 1 / (1 + xp.exp(-x)),
    lower=lambda b, x: b.sigmoid(x),
    grad=lambda x, y, g: g * y * (1 - y),
    ulp=2,
    label="scalar_sigmoid",
    kind="ScalarSigmoid",
)

softplus = scalar_op(
    "softplus",
    "log(1 + exp(x)), without overflow.",
    dtypes=real(to_float),
    eval=lambda xp, x: xp.logaddexp(x, xp.zeros_like(x)),
    lower=lambda b, x: b.softplus(x),
    grad=lambda x, y, g: g * sigmoid(x),
    ulp=2,
    label="scalar_softplus",
    kind="ScalarSoftplus",
)
