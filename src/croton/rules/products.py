"""Products that are scaled and added to something: the BLAS does all of it in one pass."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.blas import Gemm, Gemv
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.dot import BLAS_DTYPES, Dot
from croton.ops.elementwise import add, mul, neg, sub
from croton.ops.elemwise import DimShuffle, dimshuffle
from croton.rules.arith import made_by
from croton.rules.passes import Context
from croton.rules.stages import blas
from croton.vartypes.dtype import is_complex


@blas.on(add, sub, name="local_dot_to_gemm")
def _scaled_sum(node: Apply, context: Context) -> Any:
    """beta * z + alpha * dot(x, y), where nothing else reads the product."""
    out = node.outputs[0]
    dtype: str = out.type.dtype
    if out.type.ndim not in (1, 2) or dtype not in BLAS_DTYPES or is_complex(dtype):
        return None
    terms = [(v, not (made_by(out, sub) and i == 1)) for i, v in enumerate(node.inputs)]
    for at, (term, plus) in enumerate(terms):
        found = _scaled_product(term, plus, dtype, context)
        if found is None:
            continue
        alpha, product = found
        rest = terms[:at] + terms[at + 1 :]
        made = _added(rest, alpha, product, out, context)
        if made is not None:
            return made
    return None


def _read_once(variable: Variable, context: Context) -> bool:
    return len(context.graph.clients.get(variable, ())) == 1


def _scaled_product(
    term: Variable, plus: bool, dtype: str, context: Context
) -> tuple[Variable, Apply] | None:
    """The number and the product that `term` is made of."""
    numbers, rest = _factors(term, context)
    if len(rest) != 1:
        return None
    product = rest[0].owner
    if product is None or not isinstance(product.op, Dot) or not _read_once(rest[0], context):
        return None
    if rest[0].type.ndim == 0 or any(v.type.dtype != dtype for v in product.inputs):
        return None
    return _number(numbers, plus, dtype), product


def _factors(term: Variable, context: Context) -> tuple[list[Variable], list[Variable]]:
    """The numbers and the others that `term` is the product of, as far as nothing else reads what is in between."""
    numbers: list[Variable] = []
    rest: list[Variable] = []
    todo = [term]
    while todo:
        v = todo.pop()
        scalar = _as_number(v)
        if scalar is not None:
            numbers.append(scalar)
        elif (made_by(v, mul) or made_by(v, neg)) and _read_once(v, context):
            assert v.owner is not None
            if made_by(v, neg):
                numbers.append(as_tensor_variable(-1.0))
            todo.extend(v.owner.inputs)
        else:
            rest.append(v)
    return numbers, rest


def _as_number(variable: Variable) -> Variable | None:
    """`variable` as 0-d, where it has but one element that broadcasts."""
    if not all(variable.type.broadcastable):
        return None
    node = variable.owner
    if node is not None and isinstance(node.op, DimShuffle) and node.inputs[0].type.ndim == 0:
        return node.inputs[0]
    return dimshuffle(variable)


def _number(numbers: list[Variable], plus: bool, dtype: str) -> Variable:
    made: Variable = as_tensor_variable(1.0 if plus else -1.0)
    for v in numbers:
        made = cast(v, dtype) * made if made.owner else cast(v, dtype) * cast(made, dtype)
    result: Variable = cast(made, dtype)
    return result


def _added(
    rest: list[tuple[Variable, bool]], alpha: Variable, product: Apply, out: Variable, context: Context
) -> Variable | None:
    dtype: str = out.type.dtype
    beta: Variable = as_tensor_variable(1.0)
    if len(rest) == 1:
        term, plus = rest[0]
        numbers, others = _factors(term, context)
        if len(others) != 1:
            numbers, others = [], [term]
        z, beta = others[0], _number(numbers, plus, dtype)
    elif all(plus for _, plus in rest):
        z, beta = add(*[v for v, _ in rest]), cast(beta, dtype)
    else:
        return None
    if z.type != out.type:
        return None
    x, y = product.inputs
    if x.type.ndim == y.type.ndim == 2:
        return Gemm()(z, alpha, x, y, beta)  # type: ignore[no-any-return]
    if x.type.ndim == 2:
        return Gemv()(z, alpha, x, y, beta)  # type: ignore[no-any-return]
    return Gemv()(z, alpha, dimshuffle(y, 1, 0), x, beta)  # type: ignore[no-any-return]
