"""Sums of exponentials with weights, as mixtures have them: the greatest exponent is taken out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import reduce
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.dot import Dot
from croton.ops.elementwise import add, exp, isinf_, log, maximum, mul, sub, switch, true_div
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.ops.nnet.softmax import MaxOrLowest
from croton.ops.reduce import Sum, spread
from croton.rules.arith import Product, assembled, has_factor, is_real_float, less, made_by
from croton.rules.logsum import (
    is_shifted,
    keeps_places,
    moved_like,
    open_quotients,
    sum_of_exponentials,
    through,
)
from croton.rules.passes import Context
from croton.rules.stages import stabilize


@dataclass(frozen=True, slots=True)
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
    found = [v for v in product.above if made_by(v, exp) and is_real_float(v)]
    if not found or any(v.type.dtype != terms.type.dtype for v in found):
        return None
    u = reduce(add, [v.owner.inputs[0] for v in found])  # type: ignore[union-attr]
    if u.type != terms.type or is_shifted(u):
        return None
    return _Mixture(tuple(found), u, product, op)


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
    if not is_real_float(out) or not out.type.ndim or not has_factor(node, context, "exp"):
        return None
    product = Product(out, context)
    open_quotients(product)
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


@dataclass(frozen=True, slots=True)
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
    open_quotients(product)
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
