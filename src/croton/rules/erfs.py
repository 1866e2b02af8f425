"""The error function and its complement, where one less the other would lose all digits."""

from __future__ import annotations

from math import log as log_of_number
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import (
    add,
    erf,
    erfc,
    erfcx,
    exp,
    log,
    log1p,
    lt,
    mul,
    neg,
    sqr,
    sub,
    switch,
    true_div,
)
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import Product, are_opposite, assembled, has_factor, is_real_float, less, made_by, x
from croton.rules.passes import Context
from croton.rules.stages import stabilize

stabilize("local_one_minus_erf", 1 - erf(x), to=lambda x: erfc(x), when=is_real_float)
stabilize("local_one_plus_erf", 1 + erf(x), to=lambda x: erfc(neg(x)), when=is_real_float)
stabilize("local_erf_minus_one", add(-1, erf(x)), to=lambda x: neg(erfc(x)), when=is_real_float)
stabilize("local_erf_neg_minus_one", erf(x) - 1, to=lambda x: neg(erfc(x)), when=is_real_float)
stabilize("local_one_minus_erfc", 1 - erfc(x), to=lambda x: erf(x), when=is_real_float)
stabilize("local_erfc_minus_one", add(-1, erfc(x)), to=lambda x: neg(erf(x)), when=is_real_float)
stabilize("local_erfc_neg_minus_one", erfc(x) - 1, to=lambda x: neg(erf(x)), when=is_real_float)


def _log_erfc(u: Variable) -> Variable:
    """log(erfc(u)): erfc underflows at 27 (in float64); where it is near 1, its logarithm has lost its digits."""
    made: Variable = switch(lt(u, 1), log1p(neg(erf(u))), sub(log(erfcx(u)), sqr(u)))
    return made


def _log_half_erfc(u: Variable) -> Variable:
    """log(erfc(u) / 2), as logarithms of normal distribution functions have it: near 0 where erfc(u) is near 2."""
    near = log1p(mul(-0.5, erfc(neg(u))))
    return cast(switch(lt(u, -1), near, add(log_of_number(0.5), _log_erfc(u))), u.type.dtype)


stabilize("local_log_half_erfc", log(mul(0.5, erfc(x))), to=_log_half_erfc, when=is_real_float)
stabilize("local_log_erfc", log(erfc(x)), to=_log_erfc, when=is_real_float)


@stabilize.on(add, sub, name="local_scaled_one_plus_erf", inside=(mul,))
def _scaled(node: Apply) -> Any:
    """c + c erf(x) is c erfc(-x), and c - c erf(x) is c erfc(x): so normal distribution functions come out."""
    if len(node.inputs) != 2:
        return None
    for number, other in (node.inputs, node.inputs[::-1]):
        c = scalar_value(number)
        found = None if c is None else _times_erf(other)
        if found is None or abs(found[0]) != abs(c):
            continue
        factor, u = found
        is_sum = made_by(node.outputs[0], add) is not None
        grows = (factor == c) == is_sum
        made: Variable = mul(number, erfc(neg(u) if grows else u))
        return (
            made
            if is_sum or number is node.inputs[0]
            else neg(mul(number, erfc(u if factor == c else neg(u))))
        )
    return None


def _times_erf(variable: Variable) -> tuple[Any, Variable] | None:
    """c and x, where `variable` is c erf(x)."""
    node = made_by(variable, mul)
    if node is None or len(node.inputs) != 2 or not is_real_float(variable):
        return None
    for number, other in (node.inputs, node.inputs[::-1]):
        value, inside = scalar_value(number), made_by(other, erf)
        if value is not None and inside is not None and is_real_float(inside.inputs[0]):
            return value, inside.inputs[0]
    return None


@stabilize.on(mul, true_div, name="local_grad_log_erfc_neg")
def _slope_of_log(node: Apply, context: Context) -> Any:
    """exp(-x²) / erfc(x), as gradients of log(erfc(x)) have it, is 1 / erfcx(x), whose parts do not vanish."""
    out = node.outputs[0]
    if not is_real_float(out) or not has_factor(node, context, "erfc"):
        return None
    product = Product(out, context)
    tails = {made.inputs[0]: v for v in product.below if (made := made_by(v, erfc)) is not None}
    for v in product.above:
        u = _gaussian(v)
        # The squares of u and of -u are one.
        u = None if u is None else next((w for w in tails if w is u or _are_opposite(w, u, context)), None)
        if u is None:
            continue
        product.above = less(product.above, v)
        product.below = [*less(product.below, tails[u]), erfcx(u)]
        return assembled(product, node)
    return None


def _gaussian(variable: Variable) -> Variable | None:
    """u, where `variable` is exp(-u²)."""
    made = made_by(variable, exp)
    less = None if made is None else made_by(made.inputs[0], neg)
    square = None if less is None else made_by(less.inputs[0], sqr)
    return None if square is None else square.inputs[0]


def _are_opposite(a: Variable, b: Variable, context: Context) -> bool:
    return a.type == b.type and is_real_float(a) and are_opposite(a, b, context)
