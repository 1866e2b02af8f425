"""Logarithms of products and of sums of exponentials, which overflow on the way to a finite result."""

from __future__ import annotations

from functools import reduce
from math import log as log_of_number
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elementwise import (
    abs_,
    add,
    cosh,
    eq,
    erfc,
    exp,
    expm1,
    isinf_,
    log,
    log1mexp,
    log1p,
    log2,
    log10,
    maximum,
    mul,
    neg,
    pow,
    sigmoid,
    softplus,
    sqr,
    sqrt,
    sub,
    switch,
    true_div,
    xlogx,
)
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.index.advanced import AdvancedSubtensor
from croton.ops.index.subtensor import Subtensor
from croton.ops.log_sums import to_take_out
from croton.ops.nnet.softmax import LogSoftmax, MaxOrLowest, Softmax
from croton.ops.reduce import Prod, Sum, spread
from croton.ops.reduce import sum as sum_of
from croton.rewrite.pattern import scalar_value
from croton.rules.arith import Product, assembled, constant_like, has_factor, is_real_float, less, made_by, x
from croton.rules.explog import is_never_negative
from croton.rules.hyperbolic import log_cosh, log_of_one_and_tanh
from croton.rules.passes import Context
from croton.rules.stages import stabilize

_LOGARITHMS = (log, log2, log10)


# -- of one thing --------------------------------------------------------------------------------------------
def _enter(f: Any) -> None:
    name = f.scalar_op.name
    stabilize(f"local_{name}_sqrt", f(sqrt(x)), to=lambda x: mul(0.5, f(x)), when=is_real_float)
    stabilize(f"local_{name}_square", f(mul(x, x)), to=lambda x: mul(2.0, f(abs_(x))), when=is_real_float)
    stabilize(f"local_{name}_sqr", f(sqr(x)), to=lambda x: mul(2.0, f(abs_(x))), when=is_real_float)
    stabilize(f"local_{name}_inv", f(1 / x), to=lambda x: neg(f(x)), when=is_real_float)


for function in _LOGARITHMS:
    _enter(function)

stabilize(
    "local_log1mexp",
    log(neg(expm1(x))),
    to=lambda x: log1mexp(x),
    when=is_real_float,
    why="below -37, 1 - exp(x) is 1 in float64; near 0, exp(x) has lost the digits of x",
)
stabilize(
    "local_log_expm1",
    log(expm1(x)),
    to=lambda x: add(x, log1mexp(neg(x))),
    when=is_real_float,
    why="exp(x) - 1 overflows where its logarithm is x",
)
stabilize("local_log1p_neg_exp", log1p(neg(exp(x))), to=lambda x: log1mexp(x), when=is_real_float)
stabilize("local_xlogx", mul(x, log(x)), to=lambda x: xlogx(x), when=is_real_float, why="at 0 the limit is 0")


@stabilize.on(log, log2, log10, name="local_log_pow", inside=(pow,))
def _of_power(node: Apply) -> Any:
    """The logarithm of a known power is that many times that of the base."""
    inner = made_by(node.inputs[0], pow)
    out = node.outputs[0]
    exponent = None if inner is None else scalar_value(inner.inputs[1])
    if inner is None or exponent is None or not is_real_float(out) or inner.inputs[0].type != out.type:
        return None
    base = inner.inputs[0]
    factor = constant_like(exponent[()].item(), out)
    if factor is None or not is_real_float(base):
        return None
    op: Any = node.op
    return mul(factor, op(abs_(base) if exponent % 2 == 0 else base))


@stabilize.on(log, name="local_log_softmax_part", inside=(Subtensor, AdvancedSubtensor))
def _of_softmax_part(node: Apply) -> Any:
    """The logarithm of a part of a softmax is that part of its logarithm."""
    part = node.inputs[0].owner
    if part is None or not isinstance(part.op, (Subtensor, AdvancedSubtensor)):
        return None
    inner = part.inputs[0].owner
    if inner is None or not isinstance(inner.op, Softmax):
        return None
    return part.op(LogSoftmax(inner.op.axis)(inner.inputs[0]), *part.inputs[1:])


# -- of products ---------------------------------------------------------------------------------------------
@stabilize.on(log, name="local_log_mul", inside=(mul, true_div))
def _of_product(node: Apply, context: Context) -> Any:
    """The logarithm of a product with exponentials, sigmoids or softmaxes in it is that of the factors, summed."""
    inside = node.inputs[0]
    if not (made_by(inside, mul) or made_by(inside, true_div)) or not is_real_float(inside):
        return None
    product = Product(inside, context)
    if not product.is_known or product.number < 0 or _is_spelled_out(product):
        return None
    terms: list[Variable] = []
    rest: list[list[Variable]] = [[], []]
    for at, listed in enumerate((product.above, product.below)):
        for v in listed:
            known = _known_log(v)
            if known is None:
                rest[at].append(v)
            else:
                terms.append(neg(known) if at else known)
    if not terms:
        return None
    if any(rest):
        # What stands below alone has a logarithm to take away.
        turned = not rest[0]
        product.above, product.below = rest[::-1] if turned else rest
        if turned:
            product.number = 1 / product.number
        left = product.form()
        if left is None:
            return None
        terms.append(neg(log(left)) if turned else log(left))
    elif product.number != 1:
        number = constant_like(log_of_number(product.number), node.outputs[0])
        if number is None:
            return None
        terms.append(number)
    return reduce(add, terms)


def _is_spelled_out(product: Product) -> bool:
    """Whether a vector is divided by a sum of exponentials: see local_softmax_from_exp."""
    return product.out.type.ndim == 1 and any(sum_of_exponentials(through(v)) for v in product.below)


def _known_log(factor: Variable) -> Variable | None:
    """The logarithm of `factor` where it is better had without `factor`."""
    with_tanh = log_of_one_and_tanh(factor)
    node = factor.owner
    if with_tanh is not None or node is None or not is_real_float(node.inputs[0]):
        return with_tanh
    u = node.inputs[0]
    if made_by(factor, exp):
        return u
    if made_by(factor, erfc):
        # This has a rule of its own.
        return log(factor)  # type: ignore[no-any-return]
    if made_by(factor, sigmoid):
        return neg(softplus(neg(u)))  # type: ignore[no-any-return]
    if made_by(factor, cosh):
        return log_cosh(u)
    if isinstance(node.op, Softmax):
        made: Variable = LogSoftmax(node.op.axis)(u)
        return made
    # This has a rule of its own.
    return log(factor) if sum_of_exponentials(through(factor)) else None


@stabilize.on(log, name="local_log_prod", inside=(Prod, DimShuffle, abs_))
def _of_prod(node: Apply) -> Any:
    """The logarithm of the product of what is never negative is the sum of the logarithms."""
    magnitude = made_by(node.inputs[0], abs_)
    around = node.inputs[0] if magnitude is None else magnitude.inputs[0]
    total = through(around).owner
    if total is None or not isinstance(total.op, Prod):
        return None
    (x,) = total.inputs
    op: Any = total.op
    if op.dtype != x.type.dtype or not is_real_float(x) or not (magnitude or is_never_negative(x)):
        return None
    return moved_like(sum_of(log(abs_(x) if magnitude else x), axis=op.axis), around)


@stabilize.on(Prod, name="local_prod_exp", inside=(exp,))
def _prod_of_exp(node: Apply) -> Any:
    """The product of exponentials is that of the sum."""
    inner = made_by(node.inputs[0], exp)
    op: Any = node.op
    if inner is None or not is_real_float(inner.inputs[0]) or op.dtype != inner.inputs[0].type.dtype:
        return None
    return exp(sum_of(inner.inputs[0], axis=op.axis))


# -- of sums -------------------------------------------------------------------------------------------------
@stabilize.on(log, name="local_log_add_exp", inside=(add,), tags=("local_log_add",))
def _of_few(node: Apply, context: Context) -> Any:
    """log(exp(a) + exp(b) + …) with the greatest taken out, so that none overflows and not all vanish."""
    total = made_by(node.inputs[0], add)
    out = node.outputs[0]
    if total is None or not is_real_float(node.inputs[0]) or not 2 <= len(total.inputs) <= 8:
        return None
    logs = [log_of_term(v, out, context) for v in total.inputs]
    if any(v is None for v in logs) or all(scalar_value(v) is not None for v in logs if v is not None):
        return None
    if all(is_shifted(v) for v in logs if v is not None):
        return None
    numbers = [v for v in logs if v is not None and scalar_value(v) is not None]
    if numbers:
        # log(c + r) = log(c) + log(1 + r/c)
        rest = [v for v in logs if v not in numbers]
        if len(logs) == 2 and scalar_value(numbers[0]) == 0:
            # log(1 + exp(x)) has rules of its own.
            return None
        return add(numbers[0], softplus(sub(_log_sum_exp(rest), numbers[0])))
    return _log_sum_exp(logs)


@stabilize.on(log1p, name="local_log1p_scaled_exp", inside=(mul, true_div))
def _of_one_and_scaled(node: Apply, context: Context) -> Any:
    """log(1 + c exp(u)) is softplus(u + log(c)), which does not overflow."""
    out = node.outputs[0]
    inside = node.inputs[0]
    if not is_real_float(inside) or not has_factor(inside.owner, context, "exp"):  # type: ignore[arg-type]
        return None
    exponent = log_of_term(inside, out, context)
    return None if exponent is None else softplus(exponent)


@stabilize.on(add, name="local_add_log_add_exp", inside=(log,))
def _of_few_shifted(node: Apply) -> Any:
    """m + log(exp(a - m) + exp(b - m)) is log(exp(a) + exp(b)), in whose form a small term is not lost beside 1."""
    out = node.outputs[0]
    for v in node.inputs:
        found = _taken_out(v)
        if found is None or found[0] not in node.inputs or v.type != out.type:
            continue
        shift, logs = found
        if all(u.type == out.type for u in logs) and shift.type == out.type:
            return reduce(add, [_log_sum_exp(logs), *less(node.inputs, v, shift)])
    return None


def _taken_out(variable: Variable) -> tuple[Variable, list[Variable]] | None:
    """m and a, b where `variable` is log(exp(a - m) + exp(b - m)), m being the greater of them."""
    outer = made_by(variable, log)
    total = None if outer is None else made_by(outer.inputs[0], add)
    if total is None or len(total.inputs) != 2:
        return None
    exponentials = [made_by(v, exp) for v in total.inputs]
    exponents = [node.inputs[0] for node in exponentials if node is not None]
    if len(exponents) != 2 or not all(map(is_shifted, exponents)):
        return None
    (a, m), (b, n) = (v.owner.inputs for v in exponents)  # type: ignore[union-attr]
    return (m, [a, b]) if m is n else None


def _log_sum_exp(logs: list[Any]) -> Variable:
    if len(logs) == 1:
        made: Variable = logs[0]
        return made
    if len(logs) == 2:
        a, b = logs
        # The two may be infinite, and then they have no difference.
        apart = switch(eq(a, b), 0.0, neg(abs_(sub(a, b))))
        return add(maximum(a, b), softplus(cast(apart, a.type.dtype)))  # type: ignore[no-any-return]
    greatest = to_take_out(reduce(maximum, logs))
    return add(greatest, log(reduce(add, [exp(sub(v, greatest)) for v in logs])))  # type: ignore[no-any-return]


def log_of_term(term: Variable, out: Variable, context: Context) -> Variable | None:
    """The logarithm of a product of exponentials and a number above 0."""
    product = Product(term, context)
    inside = [made_by(v, exp) for v in (*product.above, *product.below)]
    if any(made is None or not is_real_float(made.inputs[0]) for made in inside):
        return None
    if not product.is_known or product.number < 0:
        return None
    logs = [v.owner.inputs[0] for v in product.above]  # type: ignore[union-attr]
    logs += [neg(v.owner.inputs[0]) for v in product.below]  # type: ignore[union-attr]
    if product.number != 1 or not logs:
        number = constant_like(log_of_number(product.number), out)
        if number is None:
            return None
        logs.append(number)
    return reduce(add, logs)


def through(variable: Variable) -> Variable:
    """`variable` without a dimshuffle around it."""
    node = variable.owner
    return node.inputs[0] if node is not None and isinstance(node.op, DimShuffle) else variable


def moved_like(made: Variable, like: Variable) -> Variable:
    """`made` with the axes of `like`, which is that of which it takes the place, or a dimshuffle of it."""
    node = like.owner
    if node is None or not isinstance(node.op, DimShuffle):
        return made
    order, inner = node.op.new_order, made.owner
    if inner is not None and isinstance(inner.op, DimShuffle):
        # Axes that are dropped and put in again are then as they were.
        return dimshuffle(inner.inputs[0], *["x" if j == "x" else inner.op.new_order[int(j)] for j in order])
    return dimshuffle(made, *order)


def sum_of_exponentials(variable: Variable) -> tuple[Variable, Any] | None:
    """u and the reduction where `variable` is sum(exp(u)) over some axes."""
    total = variable.owner
    if total is None or not isinstance(total.op, Sum):
        return None
    made = made_by(total.inputs[0], exp)
    op: Any = total.op
    if made is None or not is_real_float(made.inputs[0]) or op.dtype != made.inputs[0].type.dtype:
        return None
    return made.inputs[0], op


def _parts(u: Variable, op: Any) -> tuple[Variable, Variable, Variable]:
    """The greatest of `u` over the axes of `op`, exp(u less that), and their sum: what softmaxes are made of too."""
    greatest: Variable = MaxOrLowest(maximum.scalar_op, op.axis)(u)
    exponentials: Variable = exp(sub(u, spread(greatest, u.type.ndim, op.axis)))
    return greatest, exponentials, op(exponentials)


@stabilize.on(log, name="local_log_sum_exp", inside=(Sum, DimShuffle))
def _of_many(node: Apply) -> Any:
    """log(sum(exp(x))) with the greatest taken out."""
    found = sum_of_exponentials(through(node.inputs[0]))
    if found is None or is_shifted(found[0]):
        return None
    greatest, _, total = _parts(*found)
    # Nothing can be taken from what is infinite.
    made = switch(isinf_(greatest), greatest, add(greatest, log(total)))
    return moved_like(made, node.inputs[0])


def is_shifted(u: Variable) -> bool:
    """Whether the greatest is taken from `u` already."""
    node = made_by(u, sub)
    shift = None if node is None else through(node.inputs[1])
    # Without the choice of `to_take_out`.
    chosen = None if shift is None else made_by(shift, switch)
    least = shift.owner if chosen is None and shift is not None else chosen and chosen.inputs[2].owner
    return least is not None and getattr(least.op, "scalar_op", None) is maximum.scalar_op


@stabilize.on(true_div, mul, name="local_softmax_from_exp")
def _softmax(node: Apply, context: Context) -> Any:
    """exp(x) / sum(exp(x)) is a softmax, along one axis or several.

    Of a vector only the gradient of its log(sum(exp(x))) is taken for one: as in the original, a program that spells
    the quotient of a vector out has what it says, and overflows.
    """
    out = node.outputs[0]
    if not is_real_float(out) or not out.type.ndim or not has_factor(node, context, "exp"):
        return None
    product = Product(out, context)
    above = {made.inputs[0]: v for v in product.above if (made := made_by(v, exp)) is not None}
    if not above:
        return None
    spelled_out = set(product.below) if out.type.ndim == 1 else ()
    open_quotients(product, context)
    for v in product.below:
        if v in spelled_out:
            continue
        found = sum_of_exponentials(through(v))
        if found is None or found[0] not in above or not keeps_places(v, *found) or is_shifted(found[0]):
            continue
        u, op = found
        exponential = above[u]
        product.below = less(product.below, v)
        product.above = [softmax_of(u, op), *less(product.above, exponential)]
        return assembled(product, node)
    return None


def softmax_of(u: Variable, op: Any) -> Variable:
    """exp(u) over its sum along the axes of `op`."""
    axes = tuple(range(u.type.ndim)) if op.axis is None else op.axis
    if len(axes) == 1:
        along = axes[0] if u.type.ndim == 1 or axes[0] < u.type.ndim - 1 else -1
        made: Variable = Softmax(along)(u)
        return made
    _, exponentials, total = _parts(u, op)
    return true_div(exponentials, spread(total, u.type.ndim, axes))  # type: ignore[no-any-return]


def open_quotients(product: Product, context: Context) -> None:
    """Take quotients among the factors apart whose axes were moved, or that broadcast, and their signs."""
    above: list[Variable] = []
    for v in product.above:
        parts = Product(through(v), context, deep=True)
        if v.type.dtype != product.out.type.dtype or not parts.below or not parts.is_known:
            above.append(v)
            continue
        product.number *= parts.number
        above += [moved_like(u, v) for u in parts.above]
        product.below += [moved_like(u, v) for u in parts.below]
    product.above = above


def keeps_places(divisor: Variable, u: Variable, op: Any) -> bool:
    """Whether all axes of a sum of `u` stand in their places in `divisor`."""
    axes = tuple(range(u.type.ndim)) if op.axis is None else op.axis
    kept = iter(range(u.type.ndim))
    order = tuple("x" if a in axes else next(kept) for a in range(u.type.ndim))
    node = divisor.owner
    if node is not None and isinstance(node.op, DimShuffle):
        return bool(node.op.new_order == order)
    return len(axes) == u.type.ndim
