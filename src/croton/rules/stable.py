"""Forms that lose precision, or overflow on the way to a finite result, and those that do not."""

from __future__ import annotations

from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.elementwise import add, exp, expm1, log, log1p, neg, sigmoid, softplus, sub
from croton.rules.arith import is_float, x
from croton.rules.stages import specialize, stabilize


def minus(x: Variable) -> Variable:
    """-x as a float: unsigned numbers have no negative."""
    made: Variable = neg(x if is_float(x) else cast(x, sigmoid(x).type.dtype))
    return made


stabilize("local_log1p", log(1 + x), to=lambda x: log1p(x), when=is_float)
stabilize("local_log1p_of_difference", log(1 - x), to=lambda x: log1p(neg(x)), when=is_float)
stabilize("local_expm1", exp(x) - 1, to=lambda x: expm1(x), when=is_float)
stabilize("local_expm1_of_sum", add(-1, exp(x)), to=lambda x: expm1(x), when=is_float)
stabilize("local_one_minus_exp", 1 - exp(x), to=lambda x: neg(expm1(x)), when=is_float)
stabilize("local_1msigmoid", 1 - sigmoid(x), to=lambda x: sigmoid(minus(x)))
stabilize("log1pexp_to_softplus", log1p(exp(x)), to=lambda x: softplus(x), when=is_float)
stabilize("logsigm_to_softplus", log(sigmoid(x)), to=lambda x: neg(softplus(minus(x))))
stabilize(
    "log1msigm_to_softplus",
    log1p(neg(sigmoid(x))),
    to=lambda x: neg(softplus(x)),
    why="for x > 37, 1 - sigmoid(x) is 0 in float64",
)
specialize(
    "local_logit_of_sigmoid",
    sub(softplus(x), softplus(neg(x))),
    to=lambda x: x,
    when=is_float,
    why="log(p / (1 - p)) with p = sigmoid(x)",
)
