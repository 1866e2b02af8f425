"""Draws from finite distributions, given by rows of probabilities, by uniform numbers that are given too."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import zeros_like
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType

# Which of the ways in which the inputs do not fit native code reports.
_COUNT, _TOO_MANY = 1, 2


class _FromUniform(Primitive):
    """What both ways of drawing share: `n` uniform numbers for each row of probabilities, all first ones in front."""

    odtype: str

    def prepare(self, *args: Any) -> list[Variable]:
        pvals, unis = as_tensor_variable(args[0]), as_tensor_variable(args[1])
        n = as_tensor_variable(args[2] if len(args) > 2 else np.int64(1))
        for name, x, ndim in (("pvals", pvals, 2), ("unis", unis, 1), ("n", n, 0)):
            if x.type.ndim != ndim:
                raise NotImplementedError(f"{self} takes {name} of {ndim} axes; got {x} of type {x.type}.")
        if not is_discrete(n.type.dtype):
            raise TypeError(f"{self} takes an integer as n; got {n} of type {n.type}.")
        return [pvals, unis, n]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        pvals, unis, _ = xs
        return [zeros_like(pvals), zeros_like(unis), None]

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    makes_new_memory: ClassVar[bool] = True

    def _checked(self, pvals: Any, unis: Any, n: int) -> None:
        if len(unis) != len(pvals) * n:
            raise ShapeError(_count(len(pvals), n, len(unis)))

    def _require(self, b: Any, rows: Any, n: Any, unis: Any) -> None:
        b.fail_if(b.ne(b.times(rows, n), unis), BAD_VALUE, _COUNT, rows, n, unis)

    def explain_failure(self, node: Apply, details: Any) -> Exception:
        """The exception for what native code reports."""
        if details[0] == _COUNT:
            return ShapeError(_count(*details[1:4]))
        return ValueError(_too_many(details[1], details[2]))


@op("multinomial_from_uniform")
class MultinomialFromUniform(_FromUniform):
    """How often each outcome comes in `n` draws per row of probabilities: the first whose sum exceeds the number.

    Where the probabilities of a row add up to less than its number, none comes.

    Shapes:    pvals (r, k), unis (n * r,), n () -> (r, k)
    Dtypes:    `odtype`; 'auto' is that of pvals
    Gradient:  zero
    Errors:    NotImplementedError for other numbers of axes; ValueError at run time for another count of numbers
    """

    odtype: str

    def infer(self, pvals: Any, unis: Any, n: Any) -> Type:
        return TensorType(pvals.type.dtype if self.odtype == "auto" else self.odtype, pvals.type.shape)

    def eval(self, xp: Any, pvals: Any, unis: Any, n: Any) -> Any:
        self._checked(pvals, unis, int(n))
        sums = pvals.astype("float64").cumsum(axis=1)
        exceeds = sums[None] > unis.reshape(int(n), len(pvals), 1)
        first = exceeds & (exceeds.cumsum(axis=-1) == 1)
        return first.sum(axis=0)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        pvals, unis, n = b.array(xs[0]), b.array(xs[1]), b.cast(b.scalar(xs[2]), "int64")
        rows, outcomes = pvals.dims
        self._require(b, rows, n, unis.dims[0])
        out = b.new(ys[0], pvals.dims)
        b.fill(out, 0)
        k = b.loops()
        kn, krows, width = k.param("n"), k.param("rows"), k.param("outcomes")
        given = k.buffer("pvals", pvals.dtype, strides=[k.param("p0"), k.param("p1")])
        numbers = k.buffer("unis", unis.dtype, strides=[k.param("u0")])
        counts = k.buffer("out", out.dtype, strides=[width * out.itemsize, out.itemsize])
        with k.loop("row", parallel=True) as row, k.loop("draw", 0, kn) as draw:
            number = k.cast(k.load(numbers, draw * krows + row), "float64")
            found = first_above(k, given, row, width, number)
            with k.if_(found < width):
                one = k.const(1, out.dtype)
                k.store(counts, k.load(counts, row, found) + one, row, found)
        params = [n, rows, outcomes, *pvals.strides, *unis.strides]
        b.loop(
            k.kernel(),
            [pvals, unis, out],
            params,
            rows,
            cost=b.times(b.times(1500, outcomes), n),
            parallel=True,
        )

    samples = (
        S(np.array([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]), np.array([0.1, 0.6, 0.9]), odtype="auto"),
        S(np.array([[0.2, 0.8]]), np.array([0.1, 0.6, 0.9]), np.int64(3), odtype="int64"),
        S(np.array([[0.2, 0.3]]), np.array([0.9]), odtype="int8"),
        S(np.array([[0.2, -0.3, 0.9]]), np.array([0.1]), odtype="int8"),
        S(np.zeros((0, 3)), np.zeros(0), odtype="int64"),
    )  # fmt: skip
    errors = (
        E((3,), (3,), odtype="auto", raises=NotImplementedError, says="2 axes"),
        E((3, 2), (4,), odtype="auto", raises=ValueError, says="3 rows"),
    )

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.odtype}}}"


@op("choice_from_uniform")
class ChoiceFromUniform(_FromUniform):
    """`n` outcomes per row of probabilities; without `replace`, each at most once.

    What was chosen has probability 0 from then on, and the others of its row are scaled up to add up to 1.

    Shapes:    pvals (r, k), unis (n * r,), n () -> (r, n)
    Dtypes:    `odtype`; 'auto' is int64
    Gradient:  zero
    Errors:    NotImplementedError for other numbers of axes; ValueError at run time for another count of numbers, or
               when more outcomes are asked for than there are
    """

    odtype: str
    replace: bool = False

    def infer(self, pvals: Any, unis: Any, n: Any) -> Type:
        return TensorType("int64" if self.odtype == "auto" else self.odtype, (pvals.type.shape[0], None))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0], node.inputs[2])]

    def eval(self, xp: Any, pvals: Any, unis: Any, n: Any) -> Any:
        if n > pvals.shape[1]:
            raise ValueError(_too_many(int(n), pvals.shape[1]))
        self._checked(pvals, unis, int(n))
        left = pvals.copy()
        numbers = unis.reshape(int(n), len(pvals))
        out = np.full((len(pvals), int(n)), -1)
        for row in range(len(pvals)):
            for draw in range(int(n)):
                sums = left[row].astype("float64").cumsum()
                above = np.flatnonzero(sums > numbers[draw, row])
                if not len(above):
                    continue
                found = out[row, draw] = above[0]
                if not self.replace:
                    self._take_away(left[row], found, sums)
        return out

    def _take_away(self, row: np.ndarray, found: Any, sums: np.ndarray) -> None:
        total = row.dtype.type(sums[found] - row[found])
        row[found] = 0
        for p in row[found:]:
            total = row.dtype.type(total + p)
        row /= total

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        pvals, unis, n = b.array(xs[0]), b.array(xs[1]), b.cast(b.scalar(xs[2]), "int64")
        rows, outcomes = pvals.dims
        b.fail_if(b.lt(outcomes, n), BAD_VALUE, _TOO_MANY, n, outcomes)
        self._require(b, rows, n, unis.dims[0])
        out = b.new(ys[0], (rows, n))
        left = b.temporary(pvals.dtype, pvals.dims)
        b.copy(left, pvals)
        params = [n, rows, outcomes, *unis.strides]
        cost = b.times(b.times(4000, outcomes), n)
        b.loop(self._kernel(b, left, unis, out), [left, unis, out], params, rows, cost=cost, parallel=True)
        b.free(left)

    def _kernel(self, b: Any, left: Any, unis: Any, out: Any) -> Any:
        k = b.loops()
        n, rows, width = k.param("n"), k.param("rows"), k.param("outcomes")
        held = k.buffer("left", left.dtype, strides=[width * left.itemsize, left.itemsize])
        numbers = k.buffer("unis", unis.dtype, strides=[k.param("u0")])
        chosen = k.buffer("out", out.dtype, strides=[n * out.itemsize, out.itemsize])
        with k.loop("row", parallel=True) as row, k.loop("draw", 0, n) as draw:
            number = k.cast(k.load(numbers, draw * rows + row), "float64")
            found = first_above(k, held, row, width, number)
            outside = found >= width
            k.store(chosen, k.cast(k.select(outside, -1, found), out.dtype), row, draw)
            if not self.replace:
                with k.if_(found < width):
                    self._lower_taking(k, held, row, found, width)
        return k.kernel()

    def _lower_taking(self, k: Any, held: Any, row: Any, found: Any, width: Any) -> None:
        before = k.variable(k.const(0, "float64"))
        with k.loop("m", 0, found + 1) as m:
            before.value = before.value + k.cast(k.load(held, row, m), "float64")
        taken = k.cast(k.load(held, row, found), "float64")
        total = k.variable(k.cast(before.value - taken, held.dtype))
        k.store(held, k.const(0, held.dtype), row, found)
        with k.loop("m", found, width) as m:
            total.value = total.value + k.load(held, row, m)
        with k.loop("m", 0, width, kind="vector") as m:
            k.store(held, k.load(held, row, m) / total.value, row, m)

    samples = (
        S(np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]), np.array([0.1, 0.6]), odtype="auto"),
        S(
            np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]),
            np.array([0.1, 0.6, 0.9, 0.3]),
            np.int64(2),
            odtype="int64",
        ),
        S(np.array([[0.2, 0.3, 0.5]]), np.array([0.1, 0.15, 0.7]), np.int64(3), odtype="auto", replace=True),
        S(np.array([[0.2, 0.3]]), np.array([0.9]), odtype="int8"),
    )
    errors = (
        E((3,), (3,), odtype="auto", raises=NotImplementedError, says="2 axes"),
        E((1, 2), (3,), np.int64(3), odtype="auto", raises=ValueError, says="at most 2"),
    )

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.odtype},{self.replace}}}"


class MultinomialWOReplacementFromUniform(ChoiceFromUniform):
    """Outcomes without replacement, under its older name."""


def first_above(k: Any, rows: Any, row: Any, width: Any, number: Any) -> Any:
    """For native code: the first place of a row at which the sum so far exceeds `number`; `width` if none does."""
    total, found = k.variable(k.const(0, "float64")), k.variable(width)
    with k.loop("m", 0, width) as m:
        total.value = total.value + k.cast(k.load(rows, row, m), "float64")
        here = (total.value > number) & k.eq(found.value, width)
        found.value = k.select(here, m, found.value)
    return found.value


def _count(rows: int, n: int, got: int) -> str:
    return f"{n} draws from each of {rows} rows take {rows * n} uniform numbers; got {got}."


def _too_many(n: int, outcomes: int) -> str:
    return f"Without replacement there can be at most {outcomes} draws from {outcomes} outcomes; got n = {n}."
