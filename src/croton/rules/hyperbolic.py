"""Hyperbolic functions spelled out by exponentials, and what lies near 1 or 0 taken from 1: without loss of digits."""

from __future__ import annotations

from math import log as log_of_number
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.elementwise import (
    abs_,
    add,
    arctanh,
    cos,
    cosh,
    exp,
    log,
    log1mexp,
    log1p,
    lt,
    mul,
    neg,
    sigmoid,
    sin,
    sinh,
    softplus,
    sqr,
    sub,
    switch,
    tanh,
    true_div,
)
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import (
    Product,
    are_opposite,
    assembled,
    has_factor,
    is_real_float,
    less,
    made_by,
    read_once,
    x,
)
from croton.rules.passes import Context
from croton.rules.stages import specialize, stabilize

LOG_2 = log_of_number(2)


# -- sums of exponentials ------------------------------------------------------------------------------------
def _of_opposites(node: Apply, context: Context) -> tuple[Any, Variable, list[Variable]] | None:
    """c, u and the exponentials, where the two inputs of `node` are c exp(u) and c exp(-u)."""
    if len(node.inputs) != 2 or not is_real_float(node.outputs[0]):
        return None
    terms = [Product(v, context) for v in node.inputs]
    exponentials = [made for term in terms for v in term.above if (made := made_by(v, exp)) is not None]
    if any(len(term) != 1 or not term.is_known for term in terms) or len(exponentials) != 2:
        return None
    u, v = (made.inputs[0] for made in exponentials)
    if u.type != v.type or not is_real_float(u) or terms[0].number != terms[1].number:
        return None
    whole = [made.outputs[0] for made in exponentials]
    return (2 * terms[0].number, u, whole) if are_opposite(u, v, context) else None


@stabilize.on(sub, name="local_exp_minus_exp")
def _difference(node: Apply, context: Context) -> Any:
    """exp(u) - exp(-u) is 2 sinh(u), which has all digits near 0."""
    found = _of_opposites(node, context)
    return None if found is None else mul(found[0], sinh(found[1]))


@stabilize.on(add, name="local_exp_plus_exp")
def _sum(node: Apply, context: Context) -> Any:
    """exp(u) + exp(-u) is 2 cosh(u); the logarithm of it has a rule of its own."""
    found = _of_opposites(node, context)
    if found is None or not all(read_once(v, context) for v in found[2]):
        return None
    return None if _goes_into_log(node, context) else mul(found[0], cosh(found[1]))


def _goes_into_log(node: Apply, context: Context) -> bool:
    """Whether a logarithm is taken of what `node` makes, for which there are rules of their own."""
    readers = context.graph.readers(node.outputs[0])
    return any(made_by(reader.outputs[0], op) for reader in readers for op in (log, log1p))


@specialize.on(sub, name="local_sigmoid_minus_sigmoid", inside=(sigmoid,))
def _of_sigmoids(node: Apply, context: Context) -> Any:
    """sigmoid(u) - sigmoid(-u) is tanh(u/2), which has all digits near 0."""
    made = [made_by(v, sigmoid) for v in node.inputs]
    inner = [one.inputs[0] for one in made if one is not None]
    if len(inner) < 2 or inner[0].type != inner[1].type or not is_real_float(inner[0]):
        return None
    if not all(read_once(v, context) for v in node.inputs) or not are_opposite(inner[0], inner[1], context):
        return None
    return tanh(mul(0.5, inner[0]))


# -- logarithms ----------------------------------------------------------------------------------------------
def _near(u: Variable) -> Variable:
    """log(cosh(u)) where `u` is small, and cosh(u) is 1 with digits that are lost."""
    made: Variable = log1p(mul(2.0, sqr(sinh(mul(0.5, u)))))
    return made


def log_cosh(u: Variable) -> Variable:
    """log(cosh(u)), where cosh(u) may overflow."""
    size = abs_(u)
    far = add(size, sub(softplus(mul(-2.0, size)), LOG_2))
    made: Variable = switch(lt(size, 1), _near(u), far)
    return made


def _log_one_minus_tanh(x: Variable) -> Variable:
    made: Variable = switch(lt(abs_(x), 1), neg(add(x, _near(x))), sub(LOG_2, softplus(mul(2.0, x))))
    return made


def _log_sinh(x: Variable) -> Variable:
    made: Variable = add(x, sub(log1mexp(mul(-2.0, x)), LOG_2))
    return made


stabilize("local_log_cosh", log(cosh(x)), to=log_cosh, when=is_real_float)
stabilize("local_log_sinh", log(sinh(x)), to=_log_sinh, when=is_real_float)
stabilize(
    "local_log_one_minus_sqr_tanh",
    log1p(neg(sqr(tanh(x)))),
    to=lambda x: mul(-2.0, log_cosh(x)),
    when=is_real_float,
)
stabilize("local_log_one_minus_tanh", log1p(neg(tanh(x))), to=_log_one_minus_tanh, when=is_real_float)
stabilize(
    "local_log_one_plus_tanh", log1p(tanh(x)), to=lambda x: _log_one_minus_tanh(neg(x)), when=is_real_float
)
stabilize(
    "local_log_ratio",
    log(true_div(1 + x, 1 - x)),
    to=lambda x: mul(2.0, arctanh(x)),
    when=is_real_float,
    why="near 0 the quotient is 1 with digits that are lost",
)


def log_of_one_and_tanh(factor: Variable) -> Variable | None:
    """log(1 + tanh(u)) or log(1 - tanh(u)), where `factor` is the sum or difference; None for others."""
    node = made_by(factor, add) or made_by(factor, sub)
    if node is None or len(node.inputs) != 2:
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        value, inner = scalar_value(one), made_by(other, tanh)
        if value is not None and value == 1 and inner is not None and is_real_float(inner.inputs[0]):
            plus = made_by(factor, add) is not None
            if plus or one is node.inputs[0]:
                return sub(LOG_2, softplus(mul(-2.0 if plus else 2.0, inner.inputs[0])))  # type: ignore[no-any-return]
    return None


# -- what is taken from 1 ------------------------------------------------------------------------------------
@stabilize.on(add, sub, name="local_one_and_tanh", inside=(tanh,))
def _one_and_tanh(node: Apply, context: Context) -> Any:
    """1 + tanh(u) is 2 sigmoid(2u), and 1 - tanh(u) is 2 sigmoid(-2u), where no other place needs tanh(u)."""
    if len(node.inputs) != 2 or _goes_into_log(node, context):
        return None
    plus = made_by(node.outputs[0], add) is not None
    for at, v in enumerate(node.inputs):
        inner, value = made_by(v, tanh), scalar_value(node.inputs[1 - at])
        if (
            inner is None
            or value is None
            or value != 1
            or not (plus or at)
            or not is_real_float(inner.inputs[0])
        ):
            continue
        if all(_is_one_and(reader) for reader in context.graph.readers(v)) and not _is_output(v, context):
            return mul(2.0, sigmoid(mul(2.0 if plus else -2.0, inner.inputs[0])))
    return None


@stabilize.on(add, sub, name="local_scaled_one_and_tanh", inside=(mul,))
def _scaled_one_and_tanh(node: Apply, context: Context) -> Any:
    """c + c tanh(u) is 2 c sigmoid(2u), and c - c tanh(u) is 2 c sigmoid(-2u): logistic functions told by tanh."""
    if len(node.inputs) != 2 or not is_real_float(node.outputs[0]):
        return None
    is_sum = made_by(node.outputs[0], add) is not None
    for at, v in enumerate(node.inputs):
        number = scalar_value(node.inputs[1 - at])
        if number is None or v.type != node.outputs[0].type or not (is_sum or at):
            continue
        product = Product(v, context)
        inner = made_by(product.above[0], tanh) if len(product) == 1 and product.above else None
        if inner is None or not is_real_float(inner.inputs[0]) or not product.is_known:
            continue
        share = product.number / number[()].item() if number else 0
        if abs(share) == 1 and number != 1:
            grows = (share == 1) == is_sum
            return mul(2 * number[()].item(), sigmoid(mul(2.0 if grows else -2.0, inner.inputs[0])))
    return None


def _is_one_and(reader: Apply) -> bool:
    """Whether `reader` adds something to 1, or takes it from 1."""
    first, *rest = reader.inputs
    if made_by(reader.outputs[0], sub):
        rest = []
    elif not made_by(reader.outputs[0], add):
        return False
    return any((value := scalar_value(v)) is not None and value == 1 for v in (first, *rest))


def _is_output(variable: Variable, context: Context) -> bool:
    return len(context.graph.readers(variable)) < len(context.graph.clients.get(variable, ()))


@stabilize.on(add, sub, name="local_sigmoid_minus_half", inside=(sigmoid, mul))
def _minus_half(node: Apply, context: Context) -> Any:
    """c sigmoid(u) - c/2 is c/2 tanh(u/2), which has all digits near 0."""
    if len(node.inputs) != 2 or not is_real_float(node.outputs[0]):
        return None
    is_sum = made_by(node.outputs[0], add) is not None
    for at, v in enumerate(node.inputs):
        number = scalar_value(node.inputs[1 - at])
        if number is None or v.type != node.outputs[0].type or not read_once(v, context):
            continue
        product = Product(v, context)
        inner = made_by(product.above[0], sigmoid) if len(product) == 1 and product.above else None
        if inner is None or not is_real_float(inner.inputs[0]) or not read_once(product.above[0], context):
            continue
        sign = 1 if is_sum or at == 0 else -1
        rest = number if is_sum or at == 1 else -number
        if product.is_known and sign * product.number == -2 * rest:
            return mul(sign * product.number / 2, tanh(mul(0.5, inner.inputs[0])))
    return None


@stabilize.on(add, sub, name="local_one_minus_cos", inside=(cos,))
def _one_minus_cos(node: Apply, context: Context) -> Any:
    """1 - cos(u) is 2 sin(u/2)², which has all digits near 0."""
    if len(node.inputs) != 2:
        return None
    is_sum = made_by(node.outputs[0], add) is not None
    for at, v in enumerate(node.inputs):
        inner, value = made_by(v, cos), scalar_value(node.inputs[1 - at])
        if inner is None or value is None or not is_real_float(inner.inputs[0]) or not read_once(v, context):
            continue
        taken = not is_sum and at == 1
        if value == (-1 if is_sum else 1):
            half = sqr(sin(mul(0.5, inner.inputs[0])))
            return mul(2.0 if taken else -2.0, half)
    return None


@stabilize.on(true_div, mul, name="local_difference_of_squares")
def _squares(node: Apply, context: Context) -> Any:
    """(1 - v²) / (1 - v) is 1 + v, and the other way round: so gradients through logarithms of 1 - tanh come out."""
    out = node.outputs[0]
    if not is_real_float(out) or not has_factor(node, context, "sub"):
        return None
    product = Product(out, context)
    for at, whole in enumerate(product.above):
        v = _taken_from_one(whole)
        square = None if v is None else made_by(v, sqr)
        if square is None:
            continue
        (root,) = square.inputs
        for divisor in product.below:
            plus = _added_to_one(divisor)
            if plus is root or _taken_from_one(divisor) is root:
                other = sub(1, root) if plus is root else add(1, root)
                product.above[at] = other
                product.below = less(product.below, divisor)
                return assembled(product, node)
    return None


def _taken_from_one(variable: Variable) -> Variable | None:
    """v, where `variable` is 1 - v."""
    node = made_by(variable, sub)
    value = None if node is None else scalar_value(node.inputs[0])
    return node.inputs[1] if node is not None and value is not None and value == 1 else None


def _added_to_one(variable: Variable) -> Variable | None:
    """v, where `variable` is 1 + v."""
    node = made_by(variable, add)
    if node is None or len(node.inputs) != 2:
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        if (value := scalar_value(one)) is not None and value == 1:
            return other
    return None
