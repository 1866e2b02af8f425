"""Forms that lose precision, or overflow on the way to a finite result, and those that do not."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.elementwise import (
    add,
    exp,
    expm1,
    log,
    log1p,
    lt,
    mul,
    neg,
    sigmoid,
    softplus,
    sqr,
    sub,
    switch,
)
from croton.rules.arith import Total, are_opposite, is_float, is_real_float, made_by, taker, x
from croton.rules.logistic import minus
from croton.rules.passes import Context
from croton.rules.stages import specialize, stabilize

stabilize("local_log1p", log(1 + x), to=lambda x: log1p(x), when=is_float)
stabilize("local_log1p_of_difference", log(1 - x), to=lambda x: log1p(neg(x)), when=is_real_float)
stabilize("local_expm1", exp(x) - 1, to=lambda x: expm1(x), when=is_float)
stabilize("local_expm1_of_sum", add(-1, exp(x)), to=lambda x: expm1(x), when=is_float)
stabilize("local_one_minus_exp", 1 - exp(x), to=lambda x: neg(expm1(x)), when=is_float)
stabilize("log1pexp_to_softplus", log1p(exp(x)), to=lambda x: softplus(x), when=is_real_float)
stabilize("local_exp_neg_softplus", exp(neg(softplus(x))), to=lambda x: sigmoid(neg(x)), when=is_real_float)
stabilize("logsigm_to_softplus", log(sigmoid(x)), to=lambda x: neg(softplus(minus(x))))
stabilize(
    "log1msigm_to_softplus",
    log1p(neg(sigmoid(x))),
    to=lambda x: neg(softplus(x)),
    why="for x > 37, 1 - sigmoid(x) is 0 in float64",
)


def _log_one_minus_square(u: Variable) -> Variable:
    """log(1 - s²), which is log(1 + s) + log(1 - s), where s = sigmoid(u); where s is small the two would cancel."""
    s = sigmoid(u)
    made: Variable = switch(lt(u, 0), log1p(neg(mul(s, s))), sub(log1p(s), softplus(u)))
    return made


stabilize(
    "local_log_one_minus_sqr_sigmoid",
    log1p(neg(sqr(sigmoid(x)))),
    to=_log_one_minus_square,
    when=is_real_float,
    why="1 - s² is 0 where s is near 1",
)


@stabilize.on(add, sub, name="local_softplus_minus", inside=(softplus,))
def _less_its_argument(node: Apply, context: Context) -> Any:
    """softplus(u) - u is softplus(-u): where u is large, the difference has lost all digits."""
    out = node.outputs[0]
    if not is_real_float(out):
        return None
    if reader := taker(node, context, add, sub):
        return reader
    total = Total(out, context)
    for one, other in ((total.plus, total.minus), (total.minus, total.plus)):
        for v in one:
            made = made_by(v, softplus)
            at = None if made is None or v.type != out.type else _place_of(made.inputs[0], other, one)
            if made is None or at is None:
                continue
            listed, u = at
            listed.remove(u)
            one.remove(v)
            one.append(softplus(neg(made.inputs[0])))
            return total.form()
    return None


def _place_of(
    u: Variable, taken: list[Variable], added: list[Variable]
) -> tuple[list[Variable], Variable] | None:
    """The list in which -u stands as a term, told as u among those taken away or as its negative, and that term."""
    if u in taken:
        return taken, u
    negative = made_by(u, neg)
    return (added, negative.inputs[0]) if negative is not None and negative.inputs[0] in added else None


@specialize.on(add, sub, name="local_logit_of_sigmoid", inside=(softplus,))
def _logit(node: Apply, context: Context) -> Any:
    """softplus(u) - softplus(-u) is u, as log(p / (1 - p)) with p = sigmoid(u) comes to."""
    out = node.outputs[0]
    if not is_real_float(out):
        return None
    if reader := taker(node, context, add, sub):
        return reader
    total = Total(out, context)
    for v in total.plus:
        for w in total.minus:
            one, other = made_by(v, softplus), made_by(w, softplus)
            if one is None or other is None or not v.type == w.type == out.type:
                continue
            (u,), (negative,) = one.inputs, other.inputs
            if is_real_float(u) and u.type == negative.type and are_opposite(u, negative, context):
                total.minus.remove(w)
                total.plus[total.plus.index(v)] = u
                return total.form()
    return None
