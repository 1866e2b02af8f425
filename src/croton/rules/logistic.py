"""Products of exponentials and logistic sigmoids, as gradients of them come out.

With s = sigmoid(u) and t = sigmoid(-u): exp(u) = s / t, 1 + exp(u) = 1 / t and 1 + exp(-u) = 1 / s. Each product of
such factors is s**m * t**n, which neither overflows nor loses digits where m and n are not negative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import add, exp, inv, mul, neg, sigmoid, sqr, sub, true_div
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import Product, assembled, has_factor, is_float, is_real_float, made_by, read_once
from croton.rules.passes import Context
from croton.rules.stages import stabilize

# How often s and t stand in a product, by u.
_Powers = dict[Variable, list[int]]

_ROOTS = (mul, true_div)

# What makes the factors that all this is about, alone or squared, or with 1 added.
_LOGISTIC = ("exp", "sigmoid", "sqr", "add", "sub")


def _signed(variable: Variable) -> tuple[Variable, bool]:
    """u and whether `variable` is u itself; else it is -u."""
    node = made_by(variable, neg)
    return (variable, True) if node is None else (node.inputs[0], False)


def taken_from_sigmoid(variable: Variable) -> Variable | None:
    """u, where `variable` is 1 - sigmoid(u)."""
    node = made_by(variable, sub)
    value = None if node is None else scalar_value(node.inputs[0])
    inner = None if node is None or value is None or value != 1 else made_by(node.inputs[1], sigmoid)
    return None if inner is None else inner.inputs[0]


def _read(factor: Variable) -> tuple[Variable, int, int] | None:
    """(u, m, n) where `factor` is s**m * t**n."""
    squared = made_by(factor, sqr)
    if squared is not None:
        inner = _read(squared.inputs[0])
        return None if inner is None else (inner[0], 2 * inner[1], 2 * inner[2])
    node = made_by(factor, sigmoid)
    if node is not None:
        u, plus = _signed(node.inputs[0])
        return (u, 1, 0) if plus else (u, 0, 1)
    node = made_by(factor, exp)
    if node is not None:
        u, plus = _signed(node.inputs[0])
        return (u, 1, -1) if plus else (u, -1, 1)
    complement = taken_from_sigmoid(factor)
    if complement is not None:
        u, plus = _signed(complement)
        return (u, 0, 1) if plus else (u, 1, 0)
    node = made_by(factor, add)
    if node is None or len(node.inputs) != 2:
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        value = scalar_value(one)
        e = made_by(other, exp)
        if value is not None and value == 1 and e is not None:
            u, plus = _signed(e.inputs[0])
            return (u, 0, -1) if plus else (u, -1, 0)
    return None


def _gather(product: Product) -> tuple[_Powers, list[Variable], list[Variable], int]:
    """The powers, what else stands above and below, and how many factors went into the powers."""
    powers: _Powers = {}
    above: list[Variable] = []
    below: list[Variable] = []
    taken = 0
    for listed, rest, sign in ((product.above, above, 1), (product.below, below, -1)):
        for v in listed:
            found = _read(v) if v.type == product.out.type and is_real_float(v) else None
            if found is None:
                rest.append(v)
                continue
            taken += 1
            u, m, n = found
            power = powers.setdefault(u, [0, 0])
            power[0] += sign * m
            power[1] += sign * n
    return powers, above, below, taken


def _spelled(powers: _Powers) -> list[Variable]:
    made: list[Variable] = []
    for u, (m, n) in powers.items():
        made += [sigmoid(u)] * m + [sigmoid(neg(u))] * n
    return made


@stabilize.on(
    *_ROOTS, inv, name="local_sigm_times_exp", tags=("local_inv_1_plus_exp", "local_exp_over_1_plus_exp")
)
def _product(node: Apply, context: Context) -> Any:
    """Exponentials and their sums with 1 become sigmoids where no quotient is left."""
    out = node.outputs[0]
    if not is_real_float(out) or not has_factor(node, context, *_LOGISTIC):
        return None
    product = Product(out, context)
    powers, above, below, taken = _gather(product)
    if not taken or any(m < 0 or n < 0 for m, n in powers.values()):
        return None
    if len(below) == len(product.below) and all(_is_plain(v) for v in product.above):
        return None
    product.above, product.below = _spelled(powers) + above, below
    return assembled(product, node)


def _is_plain(factor: Variable) -> bool:
    """Whether `factor` is a sigmoid already, or has no part in this."""
    squared = made_by(factor, sqr)
    inner = factor if squared is None else squared.inputs[0]
    return bool(made_by(inner, sigmoid) or taken_from_sigmoid(inner)) or _read(factor) is None


@stabilize.on(*_ROOTS, name="local_greedy_distributor")
def _distribute(node: Apply, context: Context) -> Any:
    """(a / s + b / t) * s * t is a * t + b * s: sigmoids are brought to the terms that divide by them."""
    out = node.outputs[0]
    if not is_real_float(out) or not has_factor(node, context, *_LOGISTIC):
        return None
    product = Product(out, context)
    powers, above, below, taken = _gather(product)
    if not taken or any(m < 0 or n < 0 for m, n in powers.values()):
        return None
    for at, factor in enumerate(above):
        terms = _terms(factor, out, context)
        if terms is None or not any(_divides(term, powers, context) for term, _ in terms):
            continue
        spread = [(_times(term, powers, context), plus) for term, plus in terms]
        if any(made is None for made, _ in spread):
            continue
        product.above, product.below = [_summed(spread), *above[:at], *above[at + 1 :]], below
        return assembled(product, node)
    return None


def _terms(factor: Variable, out: Variable, context: Context) -> list[tuple[Variable, bool]] | None:
    if factor.type != out.type or not read_once(factor, context):
        return None
    if made_by(factor, add):
        assert factor.owner is not None
        return [(v, True) for v in factor.owner.inputs]
    if made_by(factor, sub):
        assert factor.owner is not None
        return [(factor.owner.inputs[0], True), (factor.owner.inputs[1], False)]
    return None


def _divides(term: Variable, powers: _Powers, context: Context) -> bool:
    """Whether `term` divides by one of the sigmoids in `powers`."""
    found, *_ = _gather(Product(term, context))
    return any(u in powers and (m < 0 or n < 0) for u, (m, n) in found.items())


def _times(term: Variable, powers: _Powers, context: Context) -> Variable | None:
    product = Product(term, context)
    found, above, below, _ = _gather(product)
    for u, (m, n) in powers.items():
        power = found.setdefault(u, [0, 0])
        power[0] += m
        power[1] += n
    if any(m < 0 or n < 0 for m, n in found.values()):
        return None
    product.above, product.below = _spelled(found) + above, below
    return product.form()


def _summed(spread: Sequence[tuple[Variable | None, bool]]) -> Variable:
    (first, _), *rest = spread
    total: Variable = first  # type: ignore[assignment]
    for made, plus in rest:
        total = add(total, made) if plus else sub(total, made)
    return total


# -- differences ---------------------------------------------------------------------------------------------
@stabilize.on(sub, name="local_1msigmoid", inside=(sigmoid,))
def _complement(node: Apply, context: Context) -> Any:
    """1 - sigmoid(u) is sigmoid(-u), where no other place needs sigmoid(u), which then costs nothing more."""
    u = taken_from_sigmoid(node.outputs[0])
    if u is None or not _only_complements(node.inputs[1], context):
        return None
    return sigmoid(minus(u))


@stabilize.on(add, name="local_sigmoid_minus_one", inside=(sigmoid,))
def _less_one(node: Apply, context: Context) -> Any:
    """sigmoid(u) - 1 is -sigmoid(-u), where no other place needs sigmoid(u)."""
    for one, other in (node.inputs, node.inputs[::-1]) if len(node.inputs) == 2 else ():
        value, made = scalar_value(one), made_by(other, sigmoid)
        if value is not None and value == -1 and made is not None and read_once(other, context):
            return neg(sigmoid(minus(made.inputs[0])))
    return None


def _only_complements(variable: Variable, context: Context) -> bool:
    """Whether all that reads `variable`, a sigmoid, takes it from 1."""
    readers = context.graph.readers(variable)
    inside = all(taken_from_sigmoid(reader.outputs[0]) is not None for reader in readers)
    return inside and len(readers) == len(context.graph.clients[variable])


@stabilize.on(sub, name="local_less_its_sigmoid", inside=(mul, sqr))
def _less_its_share(node: Apply, context: Context) -> Any:
    """p - p sigmoid(u) is p sigmoid(-u), as slopes of sigmoids that are spelled out come to."""
    out = node.outputs[0]
    if not is_real_float(out) or any(v.type != out.type for v in node.inputs):
        return None
    whole, part = (Product(v, context) for v in node.inputs)
    if whole.number != part.number or Counter(whole.below) != Counter(part.below):
        return None
    one, other = _counted(whole.above), _counted(part.above)
    more = list((other - one).elements())
    if one - other or len(more) != 1 or not isinstance(more[0], tuple) or not len(whole):
        return None
    whole.above.append(sigmoid(neg(more[0][1])))
    return assembled(whole, node)


def _counted(factors: list[Variable]) -> Counter[Any]:
    """How often each factor stands among `factors`; a sigmoid is told by its argument, and its square is two."""
    found: Counter[Any] = Counter()
    for v in factors:
        square = made_by(v, sqr)
        inner = made_by(v if square is None else square.inputs[0], sigmoid)
        if inner is None or not is_real_float(inner.inputs[0]):
            found[v] += 1
        else:
            found["sigmoid", inner.inputs[0]] += 1 if square is None else 2
    return found


def minus(u: Variable) -> Variable:
    """-u as a float: unsigned numbers have no negative."""
    made: Variable = neg(u if is_float(u) else cast(u, sigmoid(u).type.dtype))
    return made
