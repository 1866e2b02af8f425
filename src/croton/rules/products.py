"""Products of matrices: without detours; scaled and added to something at once, as the BLAS does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.blas import Gemm, Gemv
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.dot import BLAS_DTYPES, Dot
from croton.ops.elementwise import add, inv, mul, neg, sub, true_div
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.rules.arith import made_by, read_once
from croton.rules.passes import Context
from croton.rules.stages import blas
from croton.util.record import record
from croton.vartypes.dtype import is_complex


@record(frozen=True)
class _Term:
    """`numbers` times `base`, added or (not `plus`) taken away."""

    numbers: tuple[Variable, ...]
    base: Variable
    plus: bool

    @property
    def product(self) -> Apply | None:
        """The node of a product of matrices."""
        node = self.base.owner
        return node if node is not None and isinstance(node.op, Dot) and self.base.type.ndim else None

    def coefficient(self, dtype: str) -> Variable:
        """The number that `base` is multiplied with, 0-d."""
        made: Variable | None = None
        for v in self.numbers:
            made = cast(v, dtype) if made is None else mul(made, cast(v, dtype))
        if made is None:
            return _one(dtype) if self.plus else cast(as_tensor_variable(-1.0), dtype)
        return made if self.plus else neg(made)


@blas.on(add, sub, name="local_dot_to_gemm", among=(Dot,), tags=("BlasOpt", "gemm_optimizer"))
def _scaled_sum(node: Apply, context: Context) -> Any:
    """beta * z + alpha * dot(x, y) + …, where nothing else reads the products and no loop follows that could add z."""
    out = node.outputs[0]
    dtype = out.type.dtype
    if out.type.ndim not in (1, 2) or dtype not in BLAS_DTYPES or is_complex(dtype):
        return None
    if _is_scaled_further(node, context):
        return None
    terms = _terms(out, context)
    products: list[_Term] = []
    rest: list[_Term] = []
    for term in terms:
        (products if _is_ready(term, dtype, context) else rest).append(term)
    if not products or any(isinstance(reader.op, Elemwise) for reader in context.graph.readers(out)):
        return None
    if not rest:
        rest, products = products[:1], products[1:]
    if not products or any(t.base is not rest[0].base for t in rest) or rest[0].base.type != out.type:
        return None
    made, beta = rest[0].base, _total(rest, dtype)
    if not _is_settled(made):
        return None
    for term in products:
        made, beta = _gemm(made, beta, term, dtype), _one(dtype)
    return made


def _one(dtype: str) -> Variable:
    return cast(as_tensor_variable(1.0), dtype)


def _is_settled(z: Variable) -> bool:
    """Whether `z` stands in memory anyway: not where it is itself elementwise, and could be computed by the way."""
    return z.owner is None or not isinstance(z.owner.op, Elemwise)


def _is_ready(term: _Term, dtype: str, context: Context) -> bool:
    product = term.product
    return (
        product is not None
        and read_once(term.base, context)
        and all(v.type.dtype == dtype for v in product.inputs)
    )


def _total(terms: Sequence[_Term], dtype: str) -> Variable:
    first, *others = (term.coefficient(dtype) for term in terms)
    total = first
    for other in others:
        total = add(total, other)
    return total


def _is_scaled_further(node: Apply, context: Context) -> bool:
    """Whether the sum is only one term of another, which will take it in."""
    out = node.outputs[0]
    while True:
        readers = context.graph.readers(out)
        if len(readers) != 1 or not read_once(out, context) or readers[0].outputs[0].type != out.type:
            return False
        (reader,) = readers
        made = reader.outputs[0]
        if made_by(made, add) or made_by(made, sub):
            return True
        if not (made_by(made, neg) or _scaling(reader, made) is not None):
            return False
        out = made


def _scaling(node: Apply, out: Variable) -> tuple[list[Variable], Variable] | None:
    """The numbers and the one tensor that `node` multiplies."""
    if made_by(out, mul):
        found = [(v, _as_number(v)) for v in node.inputs]
        wide = [v for v, number in found if number is None]
        if len(wide) == 1 and wide[0].type == out.type:
            return [number for _, number in found if number is not None], wide[0]
    elif made_by(out, true_div):
        number = _as_number(node.inputs[1])
        if number is not None and node.inputs[0].type == out.type:
            return [inv(cast(number, out.type.dtype))], node.inputs[0]
    return None


def _terms(out: Variable, context: Context) -> list[_Term]:
    """What `out` is the sum of, as far as nothing else reads what is in between."""
    found: list[_Term] = []
    todo = [_Term((), out, True)]
    while todo:
        term = todo.pop()
        v, node = term.base, term.base.owner
        if node is None or v.type != out.type or not (v is out or read_once(v, context)):
            found.append(term)
        elif made_by(v, add):
            todo.extend(_Term(term.numbers, u, term.plus) for u in reversed(node.inputs))
        elif made_by(v, sub):
            todo.append(_Term(term.numbers, node.inputs[1], not term.plus))
            todo.append(_Term(term.numbers, node.inputs[0], term.plus))
        elif made_by(v, neg):
            todo.append(_Term(term.numbers, node.inputs[0], not term.plus))
        elif (scaled := _scaling(node, v)) is not None:
            todo.append(_Term((*term.numbers, *scaled[0]), scaled[1], term.plus))
        else:
            found.append(term)
    return found


def _as_number(variable: Variable) -> Variable | None:
    """`variable` as 0-d, where it has but one element that broadcasts."""
    if not all(variable.type.broadcastable):
        return None
    node = variable.owner
    if node is not None and isinstance(node.op, DimShuffle) and node.inputs[0].type.ndim == 0:
        return node.inputs[0]
    return dimshuffle(variable)


def _gemm(z: Variable, beta: Variable, term: _Term, dtype: str) -> Variable:
    assert term.product is not None
    x, y = term.product.inputs
    alpha = term.coefficient(dtype)
    if x.type.ndim == y.type.ndim == 2:
        made: Variable = Gemm()(z, alpha, x, y, beta)
    elif x.type.ndim == 2:
        made = Gemv()(z, alpha, x, y, beta)
    else:
        made = Gemv()(z, alpha, dimshuffle(y, 1, 0), x, beta)
    return made
