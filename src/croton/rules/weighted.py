"""Sums of exponentials with weights, as mixtures have them: the greatest exponent is taken out."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from math import inf
from typing import Any

from croton.graph.node import Apply, Constant, Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.dot import Dot
from croton.ops.elementwise import add, eq, exp, isinf_, log, maximum, mul, sub, switch, true_div
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.nnet.softmax import LogSoftmax, MaxOrLowest, Softmax, SoftmaxGrad
from croton.ops.reduce import Sum, spread
from croton.ops.reduce import sum as sum_of
from croton.rules.arith import Product, assembled, has_factor, is_real_float, less, made_by, read_once
from croton.rules.logsum import (
    is_shifted,
    keeps_places,
    moved_like,
    open_quotients,
    softmax_of,
    sum_of_exponentials,
    through,
)
from croton.rules.passes import Context
from croton.rules.stages import stabilize
from croton.util.record import record


@record(frozen=True)
class _Mixture:
    """The sum of `rest` times exponentials: of what these are together `exponent` is the logarithm."""

    exponentials: tuple[Variable, ...]
    exponent: Variable
    rest: Product
    op: Any

    @property
    def greatest(self) -> Variable:
        """The greatest exponent along the axes that are summed over."""
        made: Variable = MaxOrLowest(maximum.scalar_op, self.op.axis)(self.exponent)
        return made

    def shifted(self, shift: Variable) -> tuple[Variable, Variable | None]:
        """The exponential with `shift` taken from the exponent, and the sum of it with the weights."""
        u = self.exponent
        axes = tuple(range(u.type.ndim)) if self.op.axis is None else self.op.axis
        e: Variable = exp(sub(u, spread(shift, u.type.ndim, axes)))
        self.rest.above = [*less(self.rest.above, *self.exponentials), e]
        terms = self.rest.form()
        return e, None if terms is None else self.op(terms)


def _mixture(variable: Variable, context: Context) -> _Mixture | None:
    total = variable.owner
    if total is None or not isinstance(total.op, Sum):
        return None
    (terms,) = total.inputs
    op: Any = total.op
    if not is_real_float(terms) or op.dtype != terms.type.dtype or not terms.type.ndim:
        return None
    if not (made_by(terms, mul) or made_by(terms, true_div)):
        return None
    product = Product(terms, context)
    found = [v for v in product.above if _log(v) is not None and is_real_float(v)]
    if not found or any(v.type.dtype != terms.type.dtype for v in found):
        return None
    u = reduce(add, [_log(v) for v in found])
    if u.type != terms.type or is_shifted(u):
        return None
    return _Mixture(tuple(found), _where_weighed(u, less(product.above, *found)), product, op)


def _log(variable: Variable) -> Any:
    """The logarithm of an exponential or a softmax; None of others."""
    node = variable.owner
    if node is not None and isinstance(node.op, Softmax):
        return LogSoftmax(node.op.axis)(node.inputs[0])
    return None if node is None or not made_by(variable, exp) else node.inputs[0]


def _where_weighed(u: Variable, weights: list[Variable]) -> Variable:
    """`u`, and less than all where a weight may be 0: what does not count must not be the greatest."""
    unknown = [w for w in weights if not isinstance(w, Constant) or not (w.data != 0).all()]
    if not unknown:
        return u
    weight = unknown[0] if len(unknown) == 1 else mul(*unknown)
    made: Variable = switch(eq(weight, 0), cast(as_tensor_variable(-inf), u.type.dtype), u)
    return made


@stabilize.on(log, name="local_log_sum_weighted_exp", inside=(Sum, DimShuffle))
def _log_of_mixture(node: Apply, context: Context) -> Any:
    """log(sum(w exp(u))) with the greatest of u taken out."""
    found = _mixture(through(node.inputs[0]), context)
    if found is None:
        return None
    greatest = found.greatest
    _, total = found.shifted(greatest)
    if total is None:
        return None
    # Nothing can be taken from what is infinite.
    return moved_like(switch(isinf_(greatest), greatest, add(greatest, log(total))), node.inputs[0])


@stabilize.on(true_div, mul, name="local_share_of_mixture")
def _share(node: Apply, context: Context) -> Any:
    """exp(u) / sum(w exp(u)), as slopes of its logarithm have it, with the greatest of u taken out above and below."""
    out = node.outputs[0]
    if not is_real_float(out) or not out.type.ndim:
        return None
    if not has_factor(node, context, "exp") and not any(isinstance(kind, Softmax) for kind in _makers(node)):
        return None
    product = Product(out, context)
    open_quotients(product, context)
    for v in product.below:
        inner = through(v)
        found = None if sum_of_exponentials(inner) else _mixture(inner, context)
        if found is None or Counter(found.exponentials) - Counter(product.above):
            continue
        if not keeps_places(v, found.exponent, found.op):
            continue
        e, total = found.shifted(found.greatest)
        if total is None:
            continue
        product.below = [*less(product.below, v), moved_like(total, v)]
        product.above = [*less(product.above, *found.exponentials), e]
        return assembled(product, node)
    return None


def _makers(node: Apply) -> list[Any]:
    return [v.owner.op for v in node.inputs if v.owner is not None]


def _shares(divisor: Variable, e: Variable, context: Context) -> bool:
    """Whether `divisor` is a sum of the exponentials, or softmaxes, `e`, perhaps with weights."""
    inner = through(divisor)
    plain = sum_of_exponentials(inner)
    if plain is not None:
        return made_by(e, exp) is not None and plain[0] is e.owner.inputs[0]  # type: ignore[union-attr]
    found = _mixture(inner, context)
    return found is not None and e in found.exponentials


def _divides(term: Variable, e: Variable, context: Context) -> bool:
    """Whether `term` divides by `e`, or by a sum of it."""
    product = Product(term, context)
    open_quotients(product, context)
    return any(v is e or _shares(v, e, context) for v in product.below)


@stabilize.on(mul, true_div, name="local_exp_into_terms")
def _into_terms(node: Apply, context: Context) -> Any:
    """(a / sum(e) + b / sum(e)) e, e an exponential, is a e / sum(e) + b e / sum(e): each a share, none overflows."""
    out = node.outputs[0]
    if not is_real_float(out) or not out.type.ndim or not has_factor(node, context, "exp"):
        return None
    product = Product(out, context)
    for e in product.above:
        if made_by(e, exp) is None or e.type != out.type:
            continue
        for f in product.above:
            total = made_by(f, add) or made_by(f, sub)
            if total is None or f.type != out.type or not read_once(f, context):
                continue
            if all(_divides(v, e, context) for v in total.inputs):
                product.above = [total.op(*[mul(v, e) for v in total.inputs]), *less(product.above, e, f)]
                return assembled(product, node)
    return None


@stabilize.on(mul, true_div, name="local_mean_by_exp")
def _mean(node: Apply, context: Context) -> Any:
    """sum(w exp(u)) / sum(exp(u)) is the mean of w by the softmax of u; so where the sum below has weights too."""
    out = node.outputs[0]
    if not is_real_float(out):
        return None
    product = Product(out, context)
    for total in product.above:
        summed = through(total).owner
        if not product.below or summed is None or not isinstance(summed.op, Sum):
            continue
        for divisor in product.below:
            made = _mean_of(summed, through(divisor), context) if _moves_alike(total, divisor) else None
            if made is None:
                continue
            above, below = made
            product.above = [moved_like(above, total), *less(product.above, total)]
            product.below = less(product.below, divisor)
            if below is not None:
                product.below.append(moved_like(below, divisor))
            return assembled(product, node)
    return None


def _moves_alike(a: Variable, b: Variable) -> bool:
    """Whether the two are sums with their axes moved in one way."""
    moved = [v.owner is not None and isinstance(v.owner.op, DimShuffle) for v in (a, b)]
    return not any(moved) or (all(moved) and a.owner.op == b.owner.op)  # type: ignore[union-attr]


def _mean_of(summed: Apply, divisor: Variable, context: Context) -> tuple[Variable, Variable | None] | None:
    """The two sums anew, `summed` over `divisor`; no second one where the first has softmaxes in it."""
    (terms,) = summed.inputs
    op: Any = summed.op
    below = divisor.owner
    if below is None or below.op != op or op.dtype != terms.type.dtype or made_by(terms, exp):
        return None
    rest = Product(terms, context)
    plain = sum_of_exponentials(divisor)
    if plain is not None:
        (e,) = below.inputs
        if e not in rest.above or is_shifted(plain[0]) or e.type != terms.type:
            return None
        rest.above = [softmax_of(*plain), *less(rest.above, e)]
        weighted = rest.form()
        return None if weighted is None else (op(weighted), None)
    found = _mixture(divisor, context)
    if (
        found is None
        or Counter(found.exponentials) - Counter(rest.above)
        or found.exponent.type != terms.type
    ):
        return None
    e, total = found.shifted(found.greatest)
    rest.above = [e, *less(rest.above, *found.exponentials)]
    weighted = rest.form()
    return None if weighted is None or total is None else (op(weighted), total)


@stabilize.on(SoftmaxGrad, name="local_softmax_grad_of_mixture")
def _gradient_of_mixture(node: Apply, context: Context) -> Any:
    """What flows back through a softmax from the logarithm of a sum of its parts: shares of that sum."""
    dy, sm = node.inputs
    op: Any = node.op
    if not is_real_float(sm) or dy.type != sm.type or not _divides(dy, sm, context):
        return None
    part = mul(dy, sm)
    return sub(part, mul(sm, sum_of(part, axis=op.axis, keepdims=True, acc_dtype=sm.type.dtype)))


@record(frozen=True)
class _Row:
    """The product of the exponentials of the matrix or vector `exponent`, `e`, with `weights`, in its order."""

    e: Variable
    exponent: Variable
    weights: Variable
    first: bool

    def shifted(self) -> tuple[Variable, Variable, Variable]:
        """The greatest exponent of each sum, the exponentials less it, and their product with the weights."""
        u = self.exponent
        axis = u.type.ndim - 1 if self.first else 0
        greatest: Variable = MaxOrLowest(maximum.scalar_op, (axis,))(u)
        e: Variable = exp(sub(u, spread(greatest, u.type.ndim, (axis,))))
        total: Variable = Dot()(e, self.weights) if self.first else Dot()(self.weights, e)
        if self.first and greatest.type.ndim and self.weights.type.ndim == 2:
            greatest = dimshuffle(greatest, 0, "x")
        return greatest, e, total


def _row(variable: Variable) -> _Row | None:
    product = variable.owner
    if product is None or not isinstance(product.op, Dot):
        return None
    for factor, other in (product.inputs, product.inputs[::-1]):
        made = made_by(factor, exp)
        u = None if made is None else made.inputs[0]
        if (
            u is None
            or not is_real_float(u)
            or u.type != factor.type
            or factor.type.dtype != other.type.dtype
        ):
            continue
        if not is_shifted(u):
            return _Row(factor, u, other, factor is product.inputs[0])
    return None


@stabilize.on(log, name="local_log_dot_exp", inside=(Dot,))
def _log_of_product(node: Apply) -> Any:
    """log(dot(exp(u), w)) with the greatest of each row of u taken out; so with columns of the second factor."""
    found = _row(node.inputs[0])
    if found is None:
        return None
    greatest, _, total = found.shifted()
    return switch(isinf_(greatest), greatest, add(greatest, log(total)))


@stabilize.on(true_div, mul, name="local_share_of_dot", among=(Dot,))
def _share_of_dot(node: Apply, context: Context) -> Any:
    """exp(u) / dot(exp(u), w), w a vector, as slopes of its logarithm have it, with the greatest taken out of both."""
    out = node.outputs[0]
    if not is_real_float(out) or out.type.ndim != 2 or not has_factor(node, context, "exp"):
        return None
    product = Product(out, context)
    open_quotients(product, context)
    for v in product.below:
        found = _row(through(v))
        if found is None or found.e not in product.above or found.weights.type.ndim != 1:
            continue
        order = (0, "x") if found.first else ("x", 0)
        if v.owner is None or not isinstance(v.owner.op, DimShuffle) or v.owner.op.new_order != order:
            continue
        _, e, total = found.shifted()
        product.below = [*less(product.below, v), moved_like(total, v)]
        product.above = [*less(product.above, found.e), e]
        return assembled(product, node)
    return None
