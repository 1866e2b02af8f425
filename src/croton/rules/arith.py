"""Sums and products: one form for all that is equal by the laws of arithmetic, without terms that cancel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import is_
from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import add, fill, int_div, inv, mod, mul, neg, sub, true_div
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.variable import TensorVariable
from croton.rewrite.pattern import scalar_value
from croton.rules.passes import Context, conform
from croton.rules.stages import canonicalize
from croton.vartypes.dtype import is_complex, is_discrete
from croton.vartypes.tensor import TensorType

_NUMBER = TensorType("float64", ())
x = TensorVariable(_NUMBER, name="x")
y = TensorVariable(_NUMBER, name="y")

# What is read in several places is looked into only for what cancels, and no further than this.
_MOST_FACTORS = 16


def made_by(variable: Variable, op: Any) -> Apply | None:
    """The node that makes `variable`, when it applies the scalar operation of `op`."""
    node = variable.owner
    if node is not None and isinstance(node.op, Elemwise) and node.op.scalar_op is op.scalar_op:
        return node
    return None


def is_float(variable: Variable) -> bool:
    """Whether its elements are real or complex floating-point numbers."""
    return not is_discrete(variable.type.dtype)


def is_real_float(variable: Variable) -> bool:
    """Whether its elements are real floating-point numbers."""
    return is_float(variable) and not is_complex(variable.type.dtype)


def read_once(variable: Variable, context: Context) -> bool:
    """Whether one place of the graph, and no other, reads `variable`."""
    return len(context.graph.clients.get(variable, ())) == 1


def shaped_like(new: Variable, node: Apply) -> Variable | None:
    """`new` with the type of the output of `node`: broadcast to it by one of its inputs, where it is smaller."""
    out = node.outputs[0]
    pattern = out.type.broadcastable
    have = new.type.broadcastable
    if new.type.ndim == len(pattern) and have == pattern:
        return conform(new, out)
    for model in node.inputs:
        if model.type.broadcastable == pattern:
            made: Variable = fill(model, cast(new, out.type.dtype))
            return made
    return None


def constant_like(number: Any, out: Variable) -> Variable | None:
    """`number` in the data type of `out`, with axes of length 1; None where that type does not hold it.

    Integers wrap around, as sums and products of them do.
    """
    dtype: str = out.type.dtype
    if is_discrete(dtype):
        bits = 8 * np.dtype(dtype).itemsize
        value = np.array(int(number) % 2**bits, dtype=f"uint{bits}").astype(dtype)
    else:
        with np.errstate(all="ignore"):
            value = np.asarray(number, dtype=dtype)
        if not np.isfinite(value) or (value == 0) != (number == 0):
            return None
    made: Variable = as_tensor_variable(value.reshape((1,) * out.type.ndim))
    return made


def _is_counted(variable: Variable) -> bool:
    """Whether the laws hold: for floats as far as rounding goes, for integers as they wrap around."""
    return variable.type.dtype != "bool"


def taker(node: Apply, context: Context, *readers: Any) -> Apply | None:
    """The one reader of `node` where it is of these operations, and takes it into a form of its own."""
    out = node.outputs[0]
    clients = context.graph.clients.get(out, {})
    if len(clients) != 1:
        return None
    ((reader, _),) = clients
    if not isinstance(reader, Apply) or reader.outputs[0].type != out.type:
        return None
    return reader if any(made_by(reader.outputs[0], op) for op in readers) else None


_OF_PRODUCTS = frozenset({"mul", "true_div", "inv", "neg"})
_OF_SUMS = frozenset({"add", "sub", "neg"})


def _is_plain(node: Apply, family: frozenset[str]) -> bool:
    """Whether `node` is in its form for certain: nothing to take apart, to cancel, or to reckon with in its inputs."""
    if made_by(node.outputs[0], inv):
        return False
    seen: set[Any] = set()
    for variable in node.inputs:
        maker = variable.owner
        if maker is None:
            if isinstance(variable, Constant):
                return False
        elif isinstance(maker.op, Elemwise):
            if maker.op.scalar_op.name in family or maker.op.passes_scalar is not None:
                return False
        elif getattr(maker.op, "passes_scalar", None) is not None and scalar_value(variable) is not None:
            return False
        seen.add(_base(variable) if family is _OF_SUMS else variable)
    return len(seen) == len(node.inputs) or made_by(node.outputs[0], mul) is not None


def _base(term: Variable) -> Any:
    """What `term` may be a multiple of: equal for terms that may be brought together."""
    node = term.owner
    if node is None or not (made_by(term, mul) or made_by(term, true_div)):
        return term
    factors = [v for v in node.inputs if not isinstance(v, Constant)]
    return factors[0] if len(factors) == 1 else frozenset(factors)


def _is_part(variable: Variable, out: Variable, context: Context) -> bool:
    """Whether `variable` is computed for the sake of `out` alone, or as good as that: a sign costs nothing."""
    if variable.type != out.type:
        return made_by(variable, neg) is not None and variable.type.dtype == out.type.dtype
    return variable is out or read_once(variable, context) or made_by(variable, neg) is not None


def _in_type(variable: Variable, out: Variable) -> Variable:
    dtype = out.type.dtype
    return variable if variable.type.dtype == dtype else cast(variable, dtype)


def _fitted(made: Variable, node: Apply) -> Variable | None:
    made = _in_type(made, node.outputs[0])
    return made if made.type == node.outputs[0].type else shaped_like(made, node)


def _number_for(number: Any, said: Variable | None, out: Variable, fit: bool) -> Variable | None:
    """`constant_like`; `said`, a constant met on the way, where it is that number, of any data type unless `fit`."""
    if isinstance(said, Constant) and said.type.ndim == out.type.ndim and said.data.size == 1:
        if said.data.item() == number and not (fit and said.type.dtype != out.type.dtype):
            return said
    return constant_like(number, out)


def _is_made_of(variable: Variable, op: Any, parts: Sequence[Variable]) -> bool:
    """Whether `variable` is the one of `parts`, or what `op` makes of them in this order."""
    if len(parts) == 1:
        return variable is parts[0]
    node = made_by(variable, op)
    return node is not None and len(node.inputs) == len(parts) and all(map(is_, node.inputs, parts))


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
        if (
            p.owner is None
            or q.owner is None
            or p.owner.op != q.owner.op
            or len(p.owner.inputs) != len(q.owner.inputs)
        ):
            return False
        todo.extend(zip(p.owner.inputs, q.owner.inputs, strict=True))
    return True


def _cancelled(one: list[Variable], other: list[Variable]) -> tuple[list[Variable], list[Variable]]:
    """Two lists without what stands in both."""
    if not one or not other:
        return one, other
    both = Counter(one) & Counter(other)
    return _without(one, Counter(both)), _without(other, Counter(both))


def _without(listed: Sequence[Variable], left: Counter[Variable]) -> list[Variable]:
    kept = []
    for v in listed:
        if left[v]:
            left[v] -= 1
        else:
            kept.append(v)
    return kept


def less(listed: Sequence[Variable], *gone: Variable) -> list[Variable]:
    """`listed` without `gone`: of what stands there twice, one stays."""
    return _without(listed, Counter(gone))


# -- products ------------------------------------------------------------------------------------------------
class Product:
    """A number times factors over divisors: what `out` is, taken apart.

    deep   whether what is read elsewhere too is taken apart
    """

    def __init__(self, out: Variable, context: Context, deep: bool = False) -> None:
        self.out = out
        self.number: Any = 1.0 if is_float(out) else 1
        self.above: list[Variable] = []
        self.below: list[Variable] = []
        self.said: Variable | None = None  # a constant that says the number, perhaps
        self.is_all = True  # whether `deep` would take no more apart
        self._take(out, context, deep)

    def _take(self, out: Variable, context: Context, deep: bool) -> None:
        whole = not is_float(out)
        todo = [(out, True)]
        while todo:
            v, up = todo.pop()
            node = v.owner
            value = scalar_value(v)
            if value is not None and (up or not whole):
                number = value.item()
                self.number = self.number * number if up else _quotient(self.number, number)
                self.said = v
                continue
            kind = None if node is None or not isinstance(node.op, Elemwise) else node.op.scalar_op.name
            if node is None or kind not in _OF_PRODUCTS or (whole and kind in ("true_div", "inv")):
                (self.above if up else self.below).append(v)
            elif not self._enters(v, context, deep, len(todo)):
                self.is_all = self.is_all and v.type != out.type
                (self.above if up else self.below).append(v)
            elif kind == "mul":
                todo.extend((u, up) for u in reversed(node.inputs))
            elif kind == "neg":
                self.number = -self.number
                todo.append((node.inputs[0], up))
            elif kind == "true_div":
                todo.append((node.inputs[1], not up))
                todo.append((node.inputs[0], up))
            else:
                todo.append((node.inputs[0], not up))

    def _enters(self, v: Variable, context: Context, deep: bool, waiting: int) -> bool:
        if _is_part(v, self.out, context):
            return True
        return deep and v.type == self.out.type and waiting + len(self) < _MOST_FACTORS

    def cancel(self) -> Product:
        """Leave out what stands above and below."""
        self.above, self.below = _cancelled(self.above, self.below)
        return self

    @property
    def key(self) -> tuple[Any, Any]:
        """The factors and divisors without their order or the number: those of two multiples of one thing are equal."""
        return frozenset(Counter(self.above).items()), frozenset(Counter(self.below).items())

    @property
    def fits(self) -> bool:
        """Whether all factors are of its data type."""
        return _fit(self.above, self.out) and _fit(self.below, self.out)

    @property
    def is_known(self) -> bool:
        """Whether the number is one to reckon with: real, finite and not 0."""
        number = self.number
        return not isinstance(number, complex) and number == number and number != 0 and abs(number) != np.inf

    def __len__(self) -> int:
        return len(self.above) + len(self.below)

    def _sides(self, fit: bool) -> tuple[bool, list[Variable], list[Variable]] | None:
        """Whether a sign stands before the product, the number and the factors, and the divisors."""
        number, above, below = self.number, self.above, self.below
        sign = number == -1 and bool(above or below)
        if sign:
            number = -number
        if number != 1 or not above:
            constant = _number_for(number, self.said, self.out, fit)
            return None if constant is None else (sign, [constant, *above], below)
        return sign, above, below

    @property
    def stands(self) -> bool:
        """Whether `out` is made just so already; not always found."""
        sides, v = self._sides(fit=False), self.out
        if sides is None:
            return False
        sign, above, below = sides
        for op in ([neg] if sign else []) + ([true_div] if below else []):
            node = made_by(v, op)
            if node is None or (op is true_div and not _is_made_of(node.inputs[1], mul, below)):
                return False
            v = node.inputs[0]
        return _is_made_of(v, mul, above)

    def form(self, fit: bool = True) -> Variable | None:
        """The product as an expression; with `fit`, all factors are brought to its data type first."""
        sides = self._sides(fit=True)
        if sides is None:
            return None
        sign, above, below = sides
        if fit:
            above, below = ([_in_type(v, self.out) for v in listed] for listed in (above, below))
        top = above[0] if len(above) == 1 else mul(*above)
        made: Variable = top if not below else true_div(top, below[0] if len(below) == 1 else mul(*below))
        return neg(_in_type(made, self.out)) if sign else made


def are_opposite(a: Variable, b: Variable, context: Context) -> bool:
    """Whether `a` is -b by the way the two are written."""
    one, other = Product(a, context, deep=True), Product(b, context, deep=True)
    return one.is_known and one.number == -other.number and one.key == other.key


def has_factor(node: Apply, context: Context, *names: str) -> bool:
    """Whether a factor or divisor of the product that `node` makes is made by one of these scalar operations."""
    todo = list(node.inputs)
    while todo:
        variable = todo.pop()
        maker = variable.owner
        if maker is None:
            continue
        if isinstance(maker.op, Elemwise):
            name = maker.op.scalar_op.name
            if name in names:
                return True
            if name == "neg" or (name in _OF_PRODUCTS and read_once(variable, context)):
                todo.extend(maker.inputs)
        elif isinstance(maker.op, DimShuffle):
            todo.append(maker.inputs[0])
    return False


def assembled(product: Product, node: Apply) -> Variable | None:
    """The product in the type of the output of `node`."""
    made = product.form()
    if made is None:
        return None
    return made if made.type == node.outputs[0].type else shaped_like(made, node)


def _quotient(a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return (np.asarray(a) / np.asarray(b))[()].item()


@canonicalize.on(
    mul,
    true_div,
    inv,
    neg,
    name="local_mul_canonizer",
    tags=(
        "local_neg_neg",
        "local_neg_div_neg",
        "local_neg_to_mul",
        "local_inv_canon",
    ),
)
def _mul_canonizer(node: Apply, context: Context) -> Any:
    """Products, quotients and negatives are one number times factors over divisors, without what cancels."""
    out = node.outputs[0]
    if not _is_counted(out) or _is_plain(node, _OF_PRODUCTS):
        return None
    if reader := taker(node, context, mul, true_div, inv, neg):
        return reader
    found = Product(out, context).cancel()
    if not found.is_all:
        deep = Product(out, context, deep=True).cancel()
        if len(deep) < len(found):
            found = deep
    return _formed(found, node)


def _formed(found: Product | Total, node: Apply) -> Variable | None:
    """`found` in the place of `node`; None where that is its form already."""
    if not found.is_known or found.stands:
        return None
    plain = found.form(fit=False)
    if plain is None or _same_form(plain, node.outputs[0]):
        return None
    made = plain if found.fits else found.form()
    return None if made is None else _fitted(made, node)


def _fit(listed: Sequence[Variable], out: Variable) -> bool:
    """Whether these are of the data type of `out`, so that nothing has to be brought to it."""
    dtype = out.type.dtype
    return all(v.type.dtype == dtype for v in listed)


# -- sums ----------------------------------------------------------------------------------------------------
class Total:
    """A number and terms less other terms: what `out` is, taken apart."""

    def __init__(self, out: Variable, context: Context) -> None:
        self.out = out
        self.number: Any = 0.0 if is_float(out) else 0
        self.plus: list[Variable] = []
        self.minus: list[Variable] = []
        self.said: Variable | None = None  # a constant that says the number, perhaps
        todo = [(out, True)]
        while todo:
            v, up = todo.pop()
            node = v.owner
            value = scalar_value(v)
            if value is not None:
                number = value.item()
                self.number = self.number + number if up else self.number - number
                self.said = v
                continue
            kind = None if node is None or not isinstance(node.op, Elemwise) else node.op.scalar_op.name
            if node is None or kind not in _OF_SUMS or not _is_part(v, out, context):
                (self.plus if up else self.minus).append(v)
            elif kind == "add":
                todo.extend((u, up) for u in reversed(node.inputs))
            elif kind == "sub":
                todo.append((node.inputs[1], not up))
                todo.append((node.inputs[0], up))
            else:
                todo.append((node.inputs[0], not up))
        self.plus, self.minus = _cancelled(self.plus, self.minus)
        self._collect(context)

    def _collect(self, context: Context) -> None:
        """Bring terms that are multiples of one another together: 2x + 3x is 5x, and x + x is 2x."""
        signed = [(v, sign) for sign, listed in ((1, self.plus), (-1, self.minus)) for v in listed]
        counts = Counter(_base(v) for v, _ in signed)
        found: dict[Any, list[tuple[Any, Product]]] = {}
        for v, sign in signed:
            if counts[_base(v)] > 1 and v.type.dtype == self.out.type.dtype:
                product = Product(v, context)
                if product.is_known:
                    found.setdefault(product.key, []).append((sign * product.number, product))
        gone: set[Variable] = set()
        above: list[Variable] = []
        below: list[Variable] = []
        for multiples in found.values():
            if len(multiples) == 1:
                continue
            number, product = sum(n for n, _ in multiples), multiples[0][1]
            product.number = abs(number)
            made = product.form()
            if made is None:
                continue
            gone.update(one.out for _, one in multiples)
            if number:
                (above if number > 0 else below).append(made)
        self.plus = [v for v in self.plus if v not in gone] + above
        self.minus = [v for v in self.minus if v not in gone] + below

    @property
    def fits(self) -> bool:
        """Whether all terms are of its data type."""
        return _fit(self.plus, self.out) and _fit(self.minus, self.out)

    @property
    def is_known(self) -> bool:
        """Whether the number is one to reckon with: real and finite."""
        return (
            not isinstance(self.number, complex) and self.number == self.number and abs(self.number) != np.inf
        )

    def _sides(self, fit: bool) -> tuple[list[Variable], list[Variable]] | None:
        """The number and the terms that are added, and those that are taken away."""
        if self.number == 0 and (self.plus or self.minus):
            return self.plus, self.minus
        constant = _number_for(self.number, self.said, self.out, fit)
        return None if constant is None else ([constant, *self.plus], self.minus)

    @property
    def stands(self) -> bool:
        """Whether `out` is made just so already; not always found."""
        sides, v = self._sides(fit=False), self.out
        if sides is None:
            return False
        plus, minus = sides
        if minus:
            node = made_by(v, sub if plus else neg)
            if node is None or not _is_made_of(node.inputs[-1], add, minus):
                return False
            v = node.inputs[0]
        return not plus or _is_made_of(v, add, plus)

    def form(self, fit: bool = True) -> Variable | None:
        """The sum as an expression; with `fit`, all terms are brought to its data type first."""
        sides = self._sides(fit=True)
        if sides is None:
            return None
        plus, minus = (
            # Truth values have no negative.
            [_in_type(v, self.out) if fit or v.type.dtype == "bool" else v for v in listed]
            for listed in sides
        )
        less: Variable | None = None if not minus else minus[0] if len(minus) == 1 else add(*minus)
        if not plus:
            assert less is not None
            return neg(less)  # type: ignore[no-any-return]
        top: Variable = plus[0] if len(plus) == 1 else add(*plus)
        return top if less is None else sub(top, less)


@canonicalize.on(add, sub, neg, name="local_add_canonizer")
def _add_canonizer(node: Apply, context: Context) -> Any:
    """A sum of sums, differences and negatives is one sum less another, with one number, without what cancels."""
    out = node.outputs[0]
    if not _is_counted(out) or _is_plain(node, _OF_SUMS):
        return None
    if reader := taker(node, context, add, sub, neg):
        return reader
    return _formed(Total(out, context), node)


@canonicalize.on(mul, name="local_mul_zero")
def _mul_zero(node: Apply) -> Any:
    """A product with 0 is 0, as in the original also where the other factor is NaN or infinite."""
    if any((value := scalar_value(v)) is not None and value == 0 for v in node.inputs):
        zero = constant_like(0, node.outputs[0])
        return None if zero is None else shaped_like(zero, node)
    return None


@canonicalize.on(true_div, name="local_zero_div")
def _zero_div(node: Apply) -> Any:
    """0 divided is 0, as in the original also where the divisor is 0 or NaN."""
    top = node.inputs[0]
    if is_float(node.outputs[0]) and (value := scalar_value(top)) is not None and value == 0:
        zero = constant_like(0, node.outputs[0])
        return None if zero is None else shaped_like(zero, node)
    return None


@canonicalize.on(int_div, mod, name="local_intdiv_by_one")
def _by_one(node: Apply) -> Any:
    """Whole numbers divided by 1 are what they were, and leave nothing."""
    top, divisor = node.inputs
    if is_float(node.outputs[0]) or (value := scalar_value(divisor)) is None or value != 1:
        return None
    if made_by(node.outputs[0], int_div):
        return _fitted(top, node)
    zero = constant_like(0, node.outputs[0])
    return None if zero is None else shaped_like(zero, node)
