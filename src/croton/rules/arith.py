"""Sums and products: one form for all that is equal by the laws of arithmetic, without terms that cancel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import (
    abs_,
    add,
    exp,
    fill,
    inv,
    log,
    mul,
    neg,
    pow,
    second,
    sqr,
    sqrt,
    sub,
    switch,
    true_div,
)
from croton.ops.elemwise import Elemwise
from croton.ops.variable import TensorVariable
from croton.rewrite.pattern import scalar_value
from croton.rules.passes import conform
from croton.rules.stages import canonicalize, specialize
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType

_NUMBER = TensorType("float64", ())
x = TensorVariable(_NUMBER, name="x")


def made_by(variable: Variable, op: Any) -> Apply | None:
    """The node that makes `variable`, when it applies the scalar operation of `op`."""
    node = variable.owner
    if node is not None and isinstance(node.op, Elemwise) and node.op.scalar_op is op.scalar_op:
        return node
    return None


def is_float(variable: Variable) -> bool:
    """Whether its elements are real or complex floating-point numbers."""
    return not is_discrete(variable.type.dtype)  # type: ignore[attr-defined]


def shaped_like(new: Variable, node: Apply) -> Variable | None:
    """`new` with the type of the output of `node`: broadcast to it by one of its inputs, where it is smaller."""
    out = node.outputs[0]
    pattern = out.type.broadcastable  # type: ignore[attr-defined]
    fitted = conform(new, out) if new.type.ndim == out.type.ndim or new.type.ndim == 0 else None
    have = new.type.broadcastable  # type: ignore[attr-defined]
    if new.type.ndim == len(pattern) and have == pattern:
        return fitted
    for model in node.inputs:
        if model.type.broadcastable == pattern:  # type: ignore[attr-defined]
            made: Variable = fill(model, cast(new, out.type.dtype))  # type: ignore[attr-defined]
            return made
    return None


# -- products ------------------------------------------------------------------------------------------------
class _Product:
    """A product: a number times factors over divisors."""

    def __init__(self) -> None:
        self.number: Any = 1.0
        self.above: list[Variable] = []
        self.below: list[Variable] = []

    def take(self, variable: Variable, upside: bool) -> None:
        """Bring in a factor or divisor, taken apart as far as it is itself a product."""
        todo = [(variable, upside)]
        while todo:
            v, up = todo.pop()
            value = scalar_value(v)
            if value is not None:
                number = value[()].item()
                self.number = self.number * number if up else _quotient(self.number, number)
                continue
            node = v.owner
            if not is_float(v) or node is None:
                (self.above if up else self.below).append(v)
            elif made_by(v, mul):
                todo.extend((u, up) for u in reversed(node.inputs))
            elif made_by(v, true_div):
                todo.append((node.inputs[1], not up))
                todo.append((node.inputs[0], up))
            elif made_by(v, neg):
                self.number = -self.number
                todo.append((node.inputs[0], up))
            elif made_by(v, inv):
                todo.append((node.inputs[0], not up))
            else:
                (self.above if up else self.below).append(v)

    def cancel(self) -> None:
        """Leave out what stands above and below."""
        for v in list(self.below):
            if v in self.above:
                self.above.remove(v)
                self.below.remove(v)


def _quotient(a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return (np.asarray(a) / np.asarray(b))[()].item()


@canonicalize.on(mul, true_div, inv, name="local_mul_canonizer")
def _mul_canonizer(node: Apply) -> Any:
    """A product of products, quotients and negatives is one number times factors over divisors, without what cancels."""
    out = node.outputs[0]
    if not is_float(out) or any(not is_float(v) and scalar_value(v) is None for v in node.inputs):
        return None
    found = _Product()
    found.take(out, True)
    found.cancel()
    if isinstance(found.number, complex) or found.number != found.number or found.number == 0 or abs(found.number) == np.inf:
        return None
    made = _product_form(found, out.type.dtype)  # type: ignore[attr-defined]
    return None if _same_form(made, out) else _wrapped(made, node)


def _product_form(found: _Product, dtype: str) -> Variable:
    number = found.number
    above = list(found.above)
    below = list(found.below)
    sign = False
    if number == -1.0 and (above or below):
        number, sign = 1.0, True
    if (number != 1.0 or not above) and not (number == 1.0 and below and not above):
        above.insert(0, _constant(number, dtype))
    top = _constant(1.0, dtype) if not above else (above[0] if len(above) == 1 else mul(*above))
    made = top if not below else true_div(top, below[0] if len(below) == 1 else mul(*below))
    return neg(made) if sign else made


def _constant(number: Any, dtype: str) -> Variable:
    with np.errstate(over="ignore"):
        value = np.asarray(number, dtype=dtype)
    return as_tensor_variable(value)


def _same_form(a: Variable, b: Variable) -> bool:
    """Whether two expressions are built alike, down to the variables that they share."""
    todo = [(a, b)]
    while todo:
        p, q = todo.pop()
        if p is q:
            continue
        m, n = scalar_value(p), scalar_value(q)
        if m is not None and n is not None and m == n:
            continue
        if p.owner is None or q.owner is None or p.owner.op != q.owner.op or len(p.owner.inputs) != len(q.owner.inputs):
            return False
        todo.extend(zip(p.owner.inputs, q.owner.inputs, strict=True))
    return True


def _wrapped(made: Variable, node: Apply) -> Any:
    out = node.outputs[0]
    if made.type.dtype != out.type.dtype:  # type: ignore[attr-defined]
        made = cast(made, out.type.dtype)  # type: ignore[attr-defined]
    if made.type == out.type:
        return made
    return shaped_like(made, node)


# -- sums ----------------------------------------------------------------------------------------------------
@canonicalize.on(add, sub, name="local_add_canonizer")
def _add_canonizer(node: Apply) -> Any:
    """A sum of sums, differences and negatives is one sum less another, with one number, without what cancels."""
    out = node.outputs[0]
    if not is_float(out):
        return None
    number: Any = 0.0
    plus: list[Variable] = []
    minus: list[Variable] = []
    todo = [(out, True)]
    while todo:
        v, up = todo.pop()
        value = scalar_value(v)
        inner = v.owner
        if value is not None:
            number = number + value[()].item() if up else number - value[()].item()
        elif inner is None or not is_float(v):
            (plus if up else minus).append(v)
        elif made_by(v, add):
            todo.extend((u, up) for u in reversed(inner.inputs))
        elif made_by(v, sub):
            todo.append((inner.inputs[1], not up))
            todo.append((inner.inputs[0], up))
        elif made_by(v, neg):
            todo.append((inner.inputs[0], not up))
        else:
            (plus if up else minus).append(v)
    if isinstance(number, complex) or number != number or abs(number) == np.inf:
        return None
    for v in list(minus):
        if v in plus:
            plus.remove(v)
            minus.remove(v)
    made = _sum_form(number, plus, minus, out.type.dtype)  # type: ignore[attr-defined]
    return None if _same_form(made, out) else _wrapped(made, node)


def _sum_form(number: Any, plus: Sequence[Variable], minus: Sequence[Variable], dtype: str) -> Variable:
    terms = [_constant(number, dtype), *plus] if number != 0 or not (plus or minus) else list(plus)
    if not terms:
        return neg(minus[0] if len(minus) == 1 else add(*minus))
    top = terms[0] if len(terms) == 1 else add(*terms)
    return top if not minus else sub(top, minus[0] if len(minus) == 1 else add(*minus))


# -- single operations ---------------------------------------------------------------------------------------
canonicalize("local_neg_neg", neg(neg(x)), to=lambda x: x)
canonicalize("local_log_exp", log(exp(x)), to=lambda x: x, when=is_float)
canonicalize("local_abs_abs", abs_(abs_(x)), to=lambda x: abs_(x))
canonicalize("local_abs_neg", abs_(neg(x)), to=lambda x: abs_(x))
specialize("local_sqr_abs", sqr(abs_(x)), to=lambda x: sqr(x), when=is_float)
specialize("local_sqr_neg", sqr(neg(x)), to=lambda x: sqr(x), when=is_float)
canonicalize("local_sqrt_sqr", sqrt(sqr(x)), to=lambda x: abs_(x), when=is_float)


@canonicalize.on(mul, name="local_mul_zero")
def _mul_zero(node: Apply) -> Any:
    """A product with 0 is 0, as in the original also where the other factor is NaN or infinite."""
    if any((value := scalar_value(v)) is not None and value == 0 for v in node.inputs):
        return shaped_like(_constant(0, node.outputs[0].type.dtype), node)  # type: ignore[attr-defined]
    return None


@canonicalize.on(pow, name="local_pow_specialize")
def _pow(node: Apply) -> Any:
    """Small known powers are products and roots."""
    base, exponent = node.inputs
    value = scalar_value(exponent)
    if value is None or base.type.dtype != node.outputs[0].type.dtype:  # type: ignore[attr-defined]
        return None
    whole = not is_float(base)
    made = {
        2: lambda: sqr(base),
        1: lambda: base,
        0: lambda: _constant(1, base.type.dtype),  # type: ignore[attr-defined]
        0.5: lambda: None if whole else sqrt(base),
        -1: lambda: None if whole else inv(base),
        -2: lambda: None if whole else inv(sqr(base)),
        -0.5: lambda: None if whole else inv(sqrt(base)),
    }.get(value[()].item(), lambda: None)()
    if made is None:
        return None
    return made if made.type == node.outputs[0].type else shaped_like(made, node)


@specialize.on(pow, name="local_pow_by_squaring")
def _pow_by_squaring(node: Apply) -> Any:
    """Whole powers up to 16 are products of squares."""
    base, exponent = node.inputs
    value = scalar_value(exponent)
    if value is None or not is_float(node.outputs[0]) or base.type != node.outputs[0].type:
        return None
    n = value[()].item()
    if n != int(n) or not 3 <= abs(n) <= 16:
        return None
    square, left = base, abs(int(n))
    factors: list[Variable] = []
    while left:
        if left & 1:
            factors.append(square)
        left >>= 1
        if left:
            square = sqr(square)
    made = factors[0] if len(factors) == 1 else reduce(mul, factors)
    return made if n > 0 else inv(made)


@canonicalize.on(switch, name="local_useless_switch")
def _useless_switch(node: Apply) -> Any:
    """A switch whose condition is known, or whose two sides are one."""
    condition, yes, no = node.inputs
    value = scalar_value(condition)
    chosen = None if value is None else (yes if value else no)
    if chosen is None and yes is no:
        chosen = yes
    if chosen is None:
        return None
    if chosen.type.dtype != node.outputs[0].type.dtype:  # type: ignore[attr-defined]
        chosen = cast(chosen, node.outputs[0].type.dtype)  # type: ignore[attr-defined]
    return chosen if chosen.type == node.outputs[0].type else shaped_like(chosen, node)


@canonicalize.on(second, name="local_fill_of_constant")
def _fill_of_number(node: Apply) -> Any:
    """What is filled into a number is it itself."""
    model, value = node.inputs
    return value if isinstance(model, Constant) and model.type.ndim == 0 and value.type == node.outputs[0].type else None
