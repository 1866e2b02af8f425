"""Powers, roots and exponentials, alone and as factors of products."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import (
    abs_,
    add,
    exp,
    ge,
    inv,
    mul,
    neg,
    pow,
    sgn,
    sqr,
    sqrt,
    sub,
    switch,
    true_div,
)
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import (
    Product,
    assembled,
    constant_like,
    has_factor,
    is_float,
    is_real_float,
    less,
    made_by,
    read_once,
    shaped_like,
    taker,
    x,
)
from croton.rules.passes import Context
from croton.rules.stages import canonicalize, specialize
from croton.vartypes.dtype import is_discrete

specialize("local_sqr_abs", sqr(abs_(x)), to=lambda x: sqr(x), when=is_real_float)
canonicalize("local_mul_sgn", mul(x, sgn(x)), to=lambda x: abs_(x), when=is_real_float)
specialize("local_sqr_neg", sqr(neg(x)), to=lambda x: sqr(x))
specialize("local_mul_to_sqr", mul(x, x), to=lambda x: sqr(x))


@canonicalize.on(pow, name="local_pow_specialize")
def _pow(node: Apply) -> Any:
    """Small known powers are products and roots."""
    base, exponent = node.inputs
    out = node.outputs[0]
    value = scalar_value(exponent)
    if value is None or base.type.dtype != out.type.dtype:
        return None
    if is_discrete(out.type.dtype):
        forms: dict[Any, Any] = {2: lambda: sqr(base), 1: lambda: base, 0: lambda: constant_like(1, out)}
    else:
        forms = {
            2: lambda: sqr(base), 1: lambda: base, 0: lambda: constant_like(1, out), 0.5: lambda: sqrt(base),
            -1: lambda: inv(base), -2: lambda: inv(sqr(base)), -0.5: lambda: inv(sqrt(base)),
        }  # fmt: skip
    made = forms.get(value[()].item(), lambda: None)()
    if made is None:
        return None
    return made if made.type == out.type else shaped_like(made, node)


@canonicalize.on(pow, name="local_pow_canonicalize")
def _pow_of_one(node: Apply) -> Any:
    """Every power of 1 is 1."""
    value = scalar_value(node.inputs[0])
    if value is None or value != 1:
        return None
    one = constant_like(1, node.outputs[0])
    return None if one is None else shaped_like(one, node)


# The greatest whole power that is made of squares.
_BY_SQUARING = 16


def power(base: Variable, exponent: float) -> Variable | None:
    """`base`, real floats, to a power above 0 that is a multiple of 1/2, as products of squares; None for others."""
    whole, half = divmod(exponent, 1)
    if half not in (0, 0.5) or not 0 < exponent <= _BY_SQUARING:
        return None
    square, left = base, int(whole)
    factors: list[Variable] = [sqrt(base)] if half else []
    while left:
        if left & 1:
            factors.append(square)
        left >>= 1
        if left:
            square = sqr(square)
    return reduce(mul, factors)


@specialize.on(pow, name="local_pow_by_squaring")
def _pow_by_squaring(node: Apply) -> Any:
    """Powers up to 16 that are multiples of 1/2 are products of squares and a root."""
    base, exponent = node.inputs
    value = scalar_value(exponent)
    out = node.outputs[0]
    if value is None or base.type != out.type or not (is_real_float(out) or is_discrete(out.type.dtype)):
        return None
    n = value[()].item()
    if n != n or abs(n) == np.inf or (n < 0 and not is_float(out)) or out.type.dtype == "bool":
        return None
    made = power(base, abs(n))
    if made is None:
        return None
    return made if n > 0 else inv(made)


# -- products ------------------------------------------------------------------------------------------------
def _as_power(factor: Variable) -> tuple[Variable, float]:
    """The base and the exponent of which `factor` is the power."""
    exponent = 1.0
    while True:
        node = factor.owner
        if node is None or not is_real_float(factor) or node.inputs[0].type != factor.type:
            return factor, exponent
        if made_by(factor, sqr):
            exponent *= 2
        elif made_by(factor, sqrt) and exponent == 1:
            # The square of a root is no number for what is below 0: roots are not looked into further.
            return node.inputs[0], 0.5
        elif made_by(factor, pow) and exponent == 1:
            value = scalar_value(node.inputs[1])
            return (factor, 1.0) if value is None else (node.inputs[0], float(value))
        else:
            return factor, exponent
        factor = node.inputs[0]


@specialize.on(mul, true_div, inv, name="local_mul_pow_to_pow_add")
def _powers_of_one_base(node: Apply, context: Context) -> Any:
    """Powers of one base in a product are one power, where something cancels or is there twice."""
    out = node.outputs[0]
    if not is_real_float(out):
        return None
    if reader := taker(node, context, mul, true_div, inv):
        return reader
    product = Product(out, context)
    found: dict[Variable, list[float]] = {}
    for listed, sign in ((product.above, 1), (product.below, -1)):
        for v in listed:
            base, exponent = _as_power(v)
            found.setdefault(base, []).append(sign * exponent)
    if not any(_joins(exponents) for exponents in found.values()):
        return None
    above: list[Variable] = []
    below: list[Variable] = []
    for listed, into in ((product.above, above), (product.below, below)):
        into += [v for v in listed if not _joins(found[_as_power(v)[0]])]
    for base, exponents in found.items():
        if _joins(exponents):
            made = _joined(base, exponents)
            if made is None:
                return None
            (above if made[1] else below).extend(v for v in made[:1] if v is not None)
    product.above, product.below = above, below
    return assembled(product, node)


@specialize.on(mul, true_div, inv, name="local_pow_of_sum")
def _powers_of_variables(node: Apply, context: Context) -> Any:
    """x^a x^b is x^(a + b), and x^a / x^b is x^(a - b): one power is computed, not two."""
    out = node.outputs[0]
    if not is_real_float(out) or not has_factor(node, context, "pow"):
        return None
    if reader := taker(node, context, mul, true_div, inv):
        return reader
    product = Product(out, context)
    found: dict[Variable, list[tuple[Variable, int]]] = {}
    for listed, sign in ((product.above, 1), (product.below, -1)):
        for v in listed:
            made = made_by(v, pow)
            if (
                made is not None
                and read_once(v, context)
                and all(u.type.dtype == out.type.dtype for u in made.inputs)
            ):
                found.setdefault(made.inputs[0], []).append((v, sign))
    base = next((x for x, powers in found.items() if len(powers) > 1), None)
    if base is None:
        return None
    first, *others = [(v.owner.inputs[1], sign) for v, sign in found[base]]  # type: ignore[union-attr]
    total = first[0] if first[1] > 0 else neg(first[0])
    for exponent, sign in others:
        total = add(total, exponent) if sign > 0 else sub(total, exponent)
    gone = [v for v, _ in found[base]]
    product.above, product.below = [pow(base, total), *less(product.above, *gone)], less(product.below, *gone)
    return assembled(product, node)


def _joins(exponents: list[float]) -> bool:
    """Whether one power is cheaper than these: distinct powers of one sign are what a power by squaring is made of."""
    signs = {e > 0 for e in exponents}
    return len(exponents) > 1 and (len(signs) > 1 or len(set(exponents)) < len(exponents))


def _joined(base: Variable, exponents: list[float]) -> tuple[Variable | None, bool] | None:
    """The power of `base` with the sum of `exponents`, and whether it stands above; None for no short form.

    The power is None where all cancels.
    """
    total = sum(exponents)
    made = power(base, abs(total)) if total else None
    if total and made is None:
        return None
    if total % 1 == 0 and any(e % 1 for e in exponents):
        # Roots of negative numbers have no value, and what was made of them neither.
        made = cast(switch(ge(base, 0), 1.0 if made is None else made, float("nan")), base.type.dtype)
    return made, total >= 0


@canonicalize.on(abs_, name="local_abs_lift", inside=(mul,))
def _size_of_product(node: Apply, context: Context) -> Any:
    """The size of a multiple is that multiple of the size."""
    inside = made_by(node.inputs[0], mul)
    if inside is None or not is_real_float(node.inputs[0]) or not read_once(node.inputs[0], context):
        return None
    product = Product(node.inputs[0], context)
    if not product.is_known or product.number == 1:
        return None
    number = constant_like(abs(product.number), node.outputs[0])
    product.number = 1.0
    rest = product.form()
    return None if rest is None or number is None else mul(number, abs_(rest))


@specialize.on(mul, true_div, name="local_abs_merge", inside=(abs_,))
def _sizes(node: Apply, context: Context) -> Any:
    """A product of sizes is the size of the product."""
    out = node.outputs[0]
    if not is_real_float(out):
        return None
    if reader := taker(node, context, mul, true_div, inv):
        return reader
    product = Product(out, context)
    sizes = [[made_by(v, abs_) for v in listed] for listed in (product.above, product.below)]
    inner = [[made.inputs[0] for made in listed if made is not None] for listed in sizes]
    if len(inner[0]) + len(inner[1]) < 2 or any(v.type.dtype != out.type.dtype for v in inner[0] + inner[1]):
        return None
    top = reduce(mul, inner[0]) if inner[0] else as_constant(1.0, out)
    whole = true_div(top, reduce(mul, inner[1])) if inner[1] else top
    product.above = [
        abs_(whole),
        *[v for v, made in zip(product.above, sizes[0], strict=True) if made is None],
    ]
    product.below = [v for v, made in zip(product.below, sizes[1], strict=True) if made is None]
    return assembled(product, node)


# -- exponentials --------------------------------------------------------------------------------------------
@specialize.on(mul, true_div, inv, name="local_mul_exp_to_exp_add")
def _exponentials(node: Apply, context: Context) -> Any:
    """A product of exponentials is that of the sum, a quotient that of the difference: neither overflows on the way."""
    out = node.outputs[0]
    if not is_real_float(out) or not has_factor(node, context, "exp"):
        return None
    if reader := taker(node, context, mul, true_div, inv):
        return reader
    product = Product(out, context)
    # A quotient of exponentials may be of two that are too large: then those that others read are told anew.
    anew = any(made_by(v, exp) for v in product.below)
    over, above = _split(product.above, out, context, anew)
    under, below = _split(product.below, out, context, anew)
    if len(over) + len(under) < 2 and not under:
        return None
    total: Variable | None = reduce(add, over) if over else None
    less: Variable | None = reduce(add, under) if under else None
    if less is not None:
        total = neg(less) if total is None else sub(total, less)
    product.above, product.below = [*above, exp(total)], below
    return assembled(product, node)


def _split(
    factors: list[Variable], out: Variable, context: Context, anew: bool
) -> tuple[list[Variable], list[Variable]]:
    """The exponents of those exponentials that nothing else reads (`anew`: of all), and the other factors."""
    inside, others = [], []
    for v in factors:
        made = made_by(v, exp)
        if (
            made is not None
            and v.type.dtype == out.type.dtype
            and is_float(made.inputs[0])
            and (anew or read_once(v, context))
        ):
            inside.append(made.inputs[0])
        else:
            others.append(v)
    return inside, others


@specialize.on(sqr, sqrt, pow, name="local_pow_exp", inside=(exp,))
def _of_exponential(node: Apply, context: Context) -> Any:
    """A power of an exponential is that of a multiple, which does not overflow on the way."""
    inside = made_by(node.inputs[0], exp)
    out = node.outputs[0]
    if inside is None or not is_real_float(out) or not read_once(node.inputs[0], context):
        return None
    (u,) = inside.inputs
    if made_by(out, pow):
        return exp(mul(cast(u, out.type.dtype), node.inputs[1])) if is_float(u) else None
    factor = 2.0 if made_by(out, sqr) else 0.5
    return exp(mul(as_constant(factor, out), cast(u, out.type.dtype)))


def as_constant(number: float, out: Variable) -> Variable:
    """`number`, which every float holds, in the type of `out`."""
    made = constant_like(number, out)
    assert made is not None
    return made
