"""Sums and products, and what undoes them, in one form: `theano.tensor.opt.Canonizer`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croton.graph.node import Apply, Constant, Variable
from croton.legacy.local import LocalOptimizer
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import fill
from croton.ops.elemwise import DimShuffle
from croton.rewrite.pattern import scalar_value

Sides = tuple[list[Variable], list[Variable]]
# From both sides to both sides.
Simplifier = Callable[[list[Variable], list[Variable]], Sides]


class Canonizer(LocalOptimizer):
    """Brings what `main`, `inverse` and `reciprocal` make of variables into the form inverse(main(…), main(…)).

    main            commutative and associative, of any number of inputs: `add`, `mul`
    inverse         inverse(main(x, y), y) is x: `sub`, `true_div`
    reciprocal      main(x, reciprocal(y)) is inverse(x, y): `neg`, `inv`
    calculate       from values above and below to the value of inverse(main(above), main(below)); where it takes
                    `aslist`, it is asked for a list of that value, empty where it changes nothing
    use_reciprocal  whether reciprocal(x) is written where nothing stands above; else inverse(value of main(), x)

    What stands above and below goes, numbers become one number, and functions given to `add_simplifier` are applied.
    It is applied at what no other node of these operations reads.
    """

    def __init__(
        self, main: Any, inverse: Any, reciprocal: Any, calculate: Callable[..., Any], use_reciprocal: bool = True
    ) -> None:  # fmt: skip
        self.main, self.inverse, self.reciprocal = main, inverse, reciprocal
        self.calculate = calculate
        self.use_reciprocal = use_reciprocal
        self.external_simplifiers: list[tuple[Any, Simplifier]] = []
        self.name = self.__name__ = f"Canonizer({main}, {inverse}, {reciprocal})"

    def add_simplifier(self, simplifier: Simplifier, reason: Any) -> None:
        """Let `simplifier(above, below)` give both anew, after what cancels has gone."""
        self.external_simplifiers.append((reason, simplifier))

    def tracks(self) -> Sequence[Any]:
        return [self.main, self.inverse, self.reciprocal]

    # -- reading ---------------------------------------------------------------------------------------------
    def get_num_denum(self, input: Variable) -> Sides:
        """What stands above and below in `input`.

        Example: for `mul`, `true_div` and `inv`: of x / (y / z), [x, z] and [y]
        """
        node = input.owner
        if node is None or node.op not in (self.main, self.inverse, self.reciprocal):
            return self.get_num_denum(node.inputs[0]) if node and _spreads_number(node) else ([input], [])
        parts = [self.get_num_denum(v) for v in node.inputs]
        if node.op == self.main:
            return [v for num, _ in parts for v in num], [v for _, denum in parts for v in denum]
        if node.op == self.reciprocal:
            return parts[0][::-1]
        (num1, denum1), (num2, denum2) = parts
        return num1 + denum2, denum1 + num2

    # -- writing ---------------------------------------------------------------------------------------------
    def merge_num_denum(self, num: list[Variable], denum: list[Variable]) -> Variable:
        """inverse(main(num…), main(denum…)), as short as it can be told."""
        made: Variable
        if not num and not denum:
            return as_tensor_variable(self._nothing())
        if not denum:
            return self._together(num)
        if num:
            made = self.inverse(self._together(num), self._together(denum))
        elif self.use_reciprocal and len(denum) == 1:
            made = self.reciprocal(denum[0])
        elif self.use_reciprocal:
            made = self.reciprocal(self._together(denum))
        else:
            made = self.inverse(as_tensor_variable(self._nothing()), self._together(denum))
        return made

    def _together(self, parts: list[Variable]) -> Variable:
        made: Variable = as_tensor_variable(parts[0]) if len(parts) == 1 else self.main(*parts)
        return made

    def _nothing(self) -> Any:
        """The value of main()."""
        return self.calculate([], [])

    # -- changing --------------------------------------------------------------------------------------------
    def simplify(self, num: list[Variable], denum: list[Variable], out_type: Any) -> Sides:
        """Both without what cancels, with one number, and as the simplifiers have it."""
        sides = self.simplify_constants(*self.simplify_factors(num, denum), out_type=out_type)
        for _, simplifier in self.external_simplifiers:
            above, below = simplifier(*sides)
            sides = list(above), list(below)
        return sides

    def simplify_factors(self, num: list[Variable], denum: list[Variable]) -> Sides:
        """Both without what stands above and below."""
        above, below = list(num), list(denum)
        for v in num:
            at = next((i for i, other in enumerate(below) if _equal(v, other)), None)
            if at is not None:
                del below[at]
                above.remove(v)
        return above, below

    def simplify_constants(
        self, orig_num: list[Variable], orig_denum: list[Variable], out_type: Any = None
    ) -> Sides:
        """Both with their numbers as one, at the head of what stands above."""
        above, num = _numbers(orig_num)
        below, denum = _numbers(orig_denum)
        if not above and not below:
            return orig_num, orig_denum
        with np.errstate(all="ignore"):
            found = self._calculated(above, below, out_type)
        leads = bool(orig_num) and all(orig_num[0] is not v for v in num)
        if leads and len(above) == 1 and not below and len(found) == 1 and np.all(found[0] == above[0]):
            return orig_num, orig_denum
        return [as_tensor_variable(value) for value in found] + num, denum

    def _calculated(self, above: list[Any], below: list[Any], out_type: Any) -> list[Any]:
        takes = inspect.signature(self.calculate).parameters
        if "aslist" not in takes:
            value = self.calculate(above, below)
            return [] if np.all(value == self._nothing()) else [value]
        options = {"out_type": out_type} if "out_type" in takes else {}
        return list(self.calculate(above, below, aslist=True, **options))

    # -- as an optimizer -------------------------------------------------------------------------------------
    def transform(self, node: Apply) -> Any:
        mine = (self.main, self.inverse, self.reciprocal)
        if node.op not in mine or len(node.outputs) != 1:
            return False
        (out,) = node.outputs
        if any(isinstance(c, Apply) and c.op in mine for c, _ in getattr(out, "clients", ())):
            return False
        num, denum = self.get_num_denum(out)
        new_num, new_denum = self.simplify(num, denum, out.type)
        if _same(num, new_num) and _same(denum, new_denum):
            return False
        made = self.merge_num_denum(new_num, new_denum)
        if made.type.dtype != out.type.dtype:
            made = cast(made, out.type.dtype)
        if made.type != out.type:
            widest = max(num + denum, key=lambda v: (v.type.ndim, -sum(v.type.broadcastable)))
            made = fill(widest, made)
        if made.type != out.type:
            made = fill(out, made)
        return [made] if made.type == out.type else False

    def __str__(self) -> str:
        return self.name


def _equal(a: Variable, b: Variable) -> bool:
    """Whether two variables are the same expression, written from the same leaves."""
    if a is b:
        return True
    if isinstance(a, Constant):
        return isinstance(b, Constant) and a.equals(b)
    m, n = a.owner, b.owner
    if m is None or n is None or m.op != n.op or len(m.inputs) != len(n.inputs) or a.index != b.index:
        return False
    return all(map(_equal, m.inputs, n.inputs))


def _spreads_number(node: Apply) -> bool:
    """Whether `node` gives a number axes of length 1, as operations on it and tensors do."""
    return isinstance(node.op, DimShuffle) and node.inputs[0].type.ndim == 0


def _same(a: Sequence[Variable], b: Sequence[Variable]) -> bool:
    return len(a) == len(b) and all(map(_equal, a, b))


def _numbers(parts: list[Variable]) -> tuple[list[Any], list[Variable]]:
    """The values of those in which one number stands everywhere, and the others."""
    values = [scalar_value(v) if isinstance(v, Constant) or v.owner else None for v in parts]
    known = [value for value in values if value is not None]
    return known, [v for v, value in zip(parts, values, strict=True) if value is None]
