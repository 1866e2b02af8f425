"""How often each outcome comes in a number of trials: binomial draws, outcome by outcome, from what the others left."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.known import known_int
from croton.ops.random.methods import BinomialMethod
from croton.ops.random.trials import BLOCK, Elements, drawn_arrays, negative_length, write_draws
from croton.util.failures import BAD_VALUE
from croton.vartypes.tensor import TensorType

_BINOMIAL = BinomialMethod()
_NEGATIVE, _UNFIT = 1, 2
_KEY, _START = np.uint64(0x9E3779B97F4A7C15), np.uint64(2**40)


@op("multinomial")
class Multinomial(Primitive):
    """How often each of k outcomes comes in n trials. Probabilities are in proportion to `pvals`.

    Shapes:    key (), start (), n and pvals[..., 0] that broadcast to the lengths, lengths -> (lengths, k)
    Dtypes:    n and pvals float64 -> int64
    Gradient:  disconnected
    Errors:    ValueError at run time for n below 0 or above 2^53, for weights that are negative, NaN, infinite or all
               0, and for negative lengths
    """

    is_dear = True
    makes_new_memory: ClassVar[bool] = True

    def prepare(self, *args: Any) -> list[Variable]:
        key, start, n, pvals, *lengths = map(as_tensor_variable, args)
        if not pvals.type.ndim:
            raise ValueError(f"multinomial needs an axis of probabilities; got {pvals} of type {pvals.type}.")
        most = len(lengths)
        for name, x, ndim in (("n", n, most), ("pvals", pvals, most + 1)):
            if x.type.dtype != "float64" or x.type.ndim > ndim:
                raise TypeError(
                    f"multinomial takes {name} as float64 of at most {ndim} axes; got {x} of type {x.type}."
                )
        return [key, start, n, pvals, *lengths]

    def infer(self, *xs: Any) -> Type:
        known = [known_int(n) for n in xs[4:]]
        lengths = [None if n is None or n < 0 else n for n in known]
        return TensorType("int64", [*lengths, xs[3].type.shape[-1]])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(*node.inputs[4:], shapes[3][-1])]

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """No gradient goes through counts."""
        return [[False] for _ in node.inputs]

    def eval(self, xp: Any, key: Any, start: Any, n: Any, pvals: Any, *lengths: Any) -> Any:
        shape, outcomes = tuple(int(length) for length in lengths), pvals.shape[-1]
        for axis, length in enumerate(shape):
            if length < 0:
                raise negative_length(axis, length)
        left = np.broadcast_to(n, shape).ravel().copy()
        weights = np.broadcast_to(pvals, (*shape, outcomes)).reshape(len(left), outcomes)
        total = np.zeros(len(left))
        for j in range(outcomes):
            total = total + weights[:, j]
        with np.errstate(all="ignore"):
            fit = (
                (left >= 0)
                & (left <= 2.0**53)
                & (weights >= 0).all(axis=1)
                & (total > 0)
                & (total < math.inf)
            )
        if outcomes and not fit.all():
            raise ValueError(_UNFIT_TEXT)
        out = np.zeros((len(left), outcomes), "int64")
        for j in range(outcomes - 1):
            p = _share(np, weights[:, j], total)
            index = np.arange(len(left)) * outcomes + j
            out[:, j] = drawn_arrays(_BINOMIAL, (key, start), index, left, p)
            left, total = left - out[:, j], total - weights[:, j]
        if outcomes:
            out[:, -1] = left
        return out.reshape(*shape, outcomes)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None for _ in xs]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        lengths = [b.cast(b.scalar(n), "int64") for n in xs[4:]]
        for axis, n in enumerate(lengths):
            b.fail_if(b.lt(n, 0), BAD_VALUE, _NEGATIVE, axis, n)
        pvals = b.array(xs[3])
        outcomes = pvals.dims[-1]
        n = b.as_contiguous(b.broadcast(b.array(xs[2]), lengths, 2))
        weights = b.as_contiguous(b.broadcast(pvals, [*lengths, outcomes], 3))
        out = b.new(ys[0], [*lengths, outcomes])
        rows = b.product(lengths)
        rest, left = b.temporary("float64", [rows]), b.temporary("int64", [rows])
        buffers = [b.array(xs[0]), b.array(xs[1]), n, weights, rest, out, left]
        blocks = b.floordiv(b.add(rows, BLOCK - 1), BLOCK)
        cost = b.times(outcomes, 50_000 * BLOCK)
        b.loop(self._kernel(b), buffers, [outcomes, rows], blocks, cost=cost, parallel=True)
        for array in (rest, left):
            b.free(array)

    def _kernel(self, b: Any) -> Any:
        """Blocks of rows, outcome by outcome. The last column holds how many trials are left."""
        k = b.loops()
        outcomes, rows = k.param("outcomes"), k.param("rows")
        draw = (
            k.load(k.buffer("key", "uint64", strides=[])),
            k.load(k.buffer("start", "uint64", strides=[])),
        )
        n = k.buffer("n", "float64", strides=[8])
        weights = k.buffer("pvals", "float64", strides=[outcomes * 8, 8])
        rest = k.buffer("rest", "float64", strides=[8])
        out = k.buffer("out", "int64", strides=[outcomes * 8, 8])
        left = k.buffer("left", "int64", strides=[8])
        last = outcomes - 1

        def outcome(j: Any) -> Elements:
            return Elements(
                parameters=lambda i: [
                    k.cast(k.load(out, i, last), "float64"),
                    _share(k, k.load(weights, i, j), k.load(rest, i)),
                ],
                index=lambda i: i * outcomes + j,
                get=lambda i: k.load(out, i, j),
                put=lambda i, value: k.store(out, value, i, j),
                left=left,
            )

        with k.loop("block", parallel=True) as block:
            low = block * BLOCK
            high = k.select(outcomes > 0, k.minimum(low + BLOCK, rows), low)
            self._write_totals(k, n, weights, rest, out, (low, high, outcomes))
            with k.loop("j", 0, last) as j:
                write_draws(k, _BINOMIAL, draw, outcome(j), low, high)
                with k.loop("i", low, high, kind="vector") as i:
                    k.store(out, k.load(out, i, last) - k.load(out, i, j), i, last)
                    k.store(rest, k.load(rest, i) - k.load(weights, i, j), i)
        return k.kernel()

    def _write_totals(
        self, k: Any, n: Any, weights: Any, rest: Any, out: Any, at: tuple[Any, Any, Any]
    ) -> None:
        """The number of trials and the sum of the weights of each row, if they are ones that there can be."""
        low, high, outcomes = at
        fit = k.accumulator("and_", "bool")
        zero = k.const(0.0, "float64")
        with k.loop("i", low, high, kind="vector") as i:
            total, least = k.variable(0.0 * k.load(n, i)), k.variable(0.0 * k.load(n, i))
            with k.loop("j", 0, outcomes) as j:
                weight = k.load(weights, i, j)
                total.value = total.value + weight
                least.value = k.minimum(least.value, weight)
            trials = k.load(n, i)
            good = (trials >= 0.0) & (trials <= 2.0**53) & (least.value >= 0.0)
            fit.update(good & (total.value > zero) & (total.value < math.inf))
            k.store(rest, total.value, i)
            k.store(out, k.cast(trials, "int64"), i, outcomes - 1)
        with k.if_(~fit.value):
            k.fail(BAD_VALUE, _UNFIT)

    def explain_failure(self, node: Apply, details: Any) -> Exception:
        """The exception for what native code reports."""
        if details[0] == _NEGATIVE:
            return negative_length(details[1], details[2])
        return ValueError(_UNFIT_TEXT)

    samples = (
        S(_KEY, _START, np.float64(9), np.array([0.2, 0.3, 0.5]), np.int64(70), grad=False),
        S(_KEY, _START, np.array([0.0, 9.0, 1e6]), np.array([[0.2, 0.0, 0.8], [3.0, 4.0, 5.0], [0.0, 0.0, 1.0]]),
          np.int64(4), np.int64(3), grad=False),
        S(_KEY, _START, np.float64(9), np.array([1.0]), grad=False),
        S(_KEY, _START, np.float64(9), np.zeros(0), np.int64(2), grad=False),
    )  # fmt: skip
    errors = (
        E(
            _KEY,
            _START,
            np.float64(9),
            np.float64(1.0),
            np.int64(3),
            raises=ValueError,
            says="axis of probabilities",
        ),
        E(
            _KEY,
            _START,
            np.float64(9),
            np.ones(3, "float32"),
            np.int64(3),
            raises=TypeError,
            says="as float64",
        ),
        E(
            _KEY,
            _START,
            np.float64(9),
            np.array([0.5, -0.5]),
            np.int64(3),
            raises=ValueError,
            says="negative",
        ),
        E(_KEY, _START, np.float64(9), np.array([0.5, np.nan]), np.int64(3), raises=ValueError, says="NaN"),
        E(_KEY, _START, np.float64(-9), np.array([0.5, 0.5]), np.int64(3), raises=ValueError, says="trials"),
        E(_KEY, _START, np.float64(9), np.zeros(2), np.int64(3), raises=ValueError, says="all 0"),
        E(_KEY, _START, np.float64(9), np.ones(2), np.int64(-3), raises=ValueError, says="negative length"),
    )


_UNFIT_TEXT = (
    "A multinomial distribution has from 0 to 2^53 trials, and probabilities that are not negative, infinite, NaN or "
    "all 0; got others."
)


def _share(b: Any, weight: Any, rest: Any) -> Any:
    """The probability of an outcome, if it is one of those left; differences of weights may have lost some digits."""
    return b.minimum(weight / b.maximum(rest, b.maximum(weight, 1e-300)), 1.0)
