"""Quotients whose two sides overflow or vanish together, though they themselves do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.elementwise import (
    add,
    cosh,
    exp,
    expm1,
    inv,
    mul,
    neg,
    sigmoid,
    sinh,
    sqr,
    sub,
    tanh,
    true_div,
)
from croton.rules.arith import (
    Product,
    are_opposite,
    assembled,
    has_factor,
    is_real_float,
    less,
    made_by,
)
from croton.rules.logsum import log_of_term
from croton.rules.passes import Context
from croton.rules.stages import stabilize

# More terms than this are a sum to be computed in a loop.
_MOST_TERMS = 8


def _unsquared(factors: list[Variable], *ops: Any) -> list[Variable]:
    """`factors`, with squares of what these operations make as two factors."""
    found: list[Variable] = []
    for v in factors:
        square = made_by(v, sqr)
        inner = v if square is None else square.inputs[0]
        found += [inner, inner] if square is not None and any(made_by(inner, op) for op in ops) else [v]
    return found


# What the quotient of two functions of one argument is: (above, below, whether the sign turns).
_Quotient = Callable[[Variable], tuple[list[Variable], list[Variable], bool]]
_PAIRS: tuple[tuple[str, Any, Any, _Quotient], ...] = (
    ("local_sinh_over_cosh", sinh, cosh, lambda u: ([tanh(u)], [], False)),
    ("local_cosh_over_sinh", cosh, sinh, lambda u: ([], [tanh(u)], False)),
    ("local_exp_over_expm1", exp, expm1, lambda u: ([], [expm1(neg(u))], True)),
    ("local_expm1_over_exp", expm1, exp, lambda u: ([expm1(neg(u))], [], True)),
)


def _enter(name: str, top: Any, bottom: Any, quotient: _Quotient) -> None:
    def together(node: Apply, context: Context) -> Any:
        out = node.outputs[0]
        if not is_real_float(out) or not _has_both(node, context, top, bottom):
            return None
        product = Product(out, context)
        above, below = (_unsquared(listed, top, bottom) for listed in (product.above, product.below))
        divisors = {made.inputs[0]: w for w in below if (made := made_by(w, bottom)) is not None}
        for v in above:
            made = made_by(v, top)
            if made is None or made.inputs[0] not in divisors or not is_real_float(made.inputs[0]):
                continue
            (u,) = made.inputs
            above.remove(v)
            below.remove(divisors[u])
            more, less, turns = quotient(u)
            product.above, product.below = above + more, below + less
            product.number = -product.number if turns else product.number
            return assembled(product, node)
        return None

    together.__doc__ = (
        f"{top.scalar_op.name}(u) over {bottom.scalar_op.name}(u) told by a function that does not overflow."
    )
    stabilize.on(true_div, mul, name=name)(together)


def _has_both(node: Apply, context: Context, *ops: Any) -> bool:
    return all(has_factor(node, context, op.scalar_op.name, "sqr") for op in ops)


for row in _PAIRS:
    _enter(*row)


@stabilize.on(mul, true_div, name="local_expm1_times_sigmoid")
def _expm1_and_sigmoid(node: Apply, context: Context) -> Any:
    """(exp(u) - 1) sigmoid(-u), which (exp(u) - 1) / (exp(u) + 1) comes to, is tanh(u/2)."""
    out = node.outputs[0]
    if not is_real_float(out) or not (
        has_factor(node, context, "expm1") and has_factor(node, context, "sigmoid")
    ):
        return None
    product = Product(out, context)
    growing = [v for v in product.above if made_by(v, expm1)]
    falling = [v for v in product.above if made_by(v, sigmoid)]
    for v in growing:
        for w in falling:
            u, other = v.owner.inputs[0], w.owner.inputs[0]  # type: ignore[union-attr]
            if u.type == other.type and is_real_float(u) and are_opposite(u, other, context):
                product.above = [tanh(mul(0.5, u)), *less(product.above, v, w)]
                return assembled(product, node)
    return None


@stabilize.on(true_div, mul, name="local_exp_over_sum_exp")
def _share(node: Apply, context: Context) -> Any:
    """c exp(a) / (c exp(a) + d exp(b) + …) is 1 / (1 + d/c exp(b - a) + …), of two terms a sigmoid."""
    out = node.outputs[0]
    if (
        not is_real_float(out)
        or not has_factor(node, context, "exp")
        or not has_factor(node, context, "add", "sqr", "true_div")
    ):
        return None
    for deep in (False, True):
        product = Product(out, context, deep)
        below = _unsquared(product.below, add)
        for v in product.above if below else ():
            if made_by(v, exp) is None:
                continue
            for divisor in below:
                found = _term_of(divisor, v, context)
                if found is None:
                    continue
                number, own, others = found
                below.remove(divisor)
                product.above[product.above.index(v)] = _share_of(own, others)
                product.number /= number
                product.below = below
                return assembled(product, node)
    return None


def _term_of(total: Variable, e: Variable, context: Context) -> tuple[Any, Variable, list[Variable]] | None:
    """c, the logarithm of c e, and those of the other terms, where `total` is a sum of such that c e is one term of."""
    node = made_by(total, add)
    if (
        node is None
        or not 2 <= len(node.inputs) <= _MOST_TERMS
        or not is_real_float(total)
        or e.type != total.type
    ):
        return None
    products = [Product(v, context) for v in node.inputs]
    mine = [at for at, one in enumerate(products) if one.above == [e] and not one.below and one.is_known]
    logs = [log_of_term(v, total, context) for v in node.inputs]
    if not mine or any(v is None for v in logs):
        return None
    own: Any = logs[mine[0]]
    return products[mine[0]].number, own, [v for at, v in enumerate(logs) if at != mine[0] and v is not None]


def _share_of(own: Variable, others: list[Variable]) -> Variable:
    if len(others) == 1:
        made: Variable = sigmoid(sub(own, others[0]))
        return made
    return inv(add(1, *[exp(sub(v, own)) for v in others]))  # type: ignore[no-any-return]
