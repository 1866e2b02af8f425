"""Draws that take as many bits as they need: one number per element, by a method that may reject what it draws.

Attempt t of element i reads the bits of the indices i + 2 t 2^52 and i + (2 t + 1) 2^52: so a number depends on the
draw and on its own place only, as those of one attempt do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.known import known_int
from croton.ops.random.arrays import ARRAYS, Repeat, repeating, repeating_in
from croton.ops.random.bits import element_bits
from croton.ops.random.gamma_slope import gamma_slope
from croton.ops.random.methods import (
    BinomialMethod,
    GammaMethod,
    GeometricMethod,
    HypergeometricMethod,
    Method,
    PoissonMethod,
    VonMisesMethod,
)
from croton.ops.random.von_mises_slope import von_mises_slope
from croton.util.failures import BAD_VALUE
from croton.util.record import record
from croton.vartypes.tensor import TensorType

# Attempts per number: one is taken with a probability of at least 0.65, so that none is has one of less than 1e-29. The
# last is taken in any case.
_ATTEMPTS = 64
_ATTEMPT_AT = 52
# Elements that are drawn together.
BLOCK = 256

_NEGATIVE, _UNFIT = 1, 2
_KEY, _START = np.uint64(0x9E3779B97F4A7C15), np.uint64(2**40)


def _bits(b: Any, draw: tuple[Any, Any], index: Any, attempt: Any, which: int) -> Any:
    """Bits of one attempt; `index` and `attempt` are int64."""
    return element_bits(b, *draw, b.cast(index + ((attempt * 2 + which) << _ATTEMPT_AT), "uint64"))


def drawn_arrays(
    method: Method, draw: tuple[Any, Any], index: np.ndarray, *parameters: np.ndarray
) -> np.ndarray:
    """The numbers of elements, as arrays of one axis.

    Errors: ValueError for parameters that do not fit
    """
    with np.errstate(all="ignore"):
        if not np.all(method.fits(ARRAYS, *parameters)):
            raise ValueError(unfit(method))
        found = np.full(len(index), -1, method.dtype)
        direct = np.broadcast_to(_is_direct(ARRAYS, method, parameters), index.shape)
        if direct.any():
            bits = _bits(ARRAYS, draw, index[direct], np.int64(0), 0)
            own = [p[direct] for p in parameters]
            steps = repeating(int(np.max(method.terms(ARRAYS, *own))))
            found[direct] = method.direct(ARRAYS, steps, bits, *own)
        left = np.flatnonzero(~direct)
        for attempt in range(_ATTEMPTS):
            if not len(left):
                break
            pair = [_bits(ARRAYS, draw, index[left], np.int64(attempt), which) for which in (0, 1)]
            found[left], taken = method.attempt(ARRAYS, *pair, *(p[left] for p in parameters))
            left = left[~taken]
        return found


def _is_direct(b: Any, method: Method, parameters: Sequence[Any]) -> Any:
    return method.is_direct(b, *parameters) if method.always is None else b.const(method.always, "bool")


@record(frozen=True)
class Elements:
    """What native code draws, by functions of a place: parameters, the index of the bits, the cell of the number.

    In `left`, from the place of the first of them on, there is room for the places of as many elements.
    """

    parameters: Callable[[Any], Sequence[Any]]
    index: Callable[[Any], Any]
    get: Callable[[Any], Any]
    put: Callable[[Any, Any], None]
    left: Any


def write_draws(k: Any, method: Method, draw: tuple[Any, Any], of: Elements, low: Any, high: Any) -> Any:
    """Draw the elements from `low` to `high`; gives whether their parameters fit.

    First come those that are drawn at once, then attempts, side by side, of those that are left.
    """
    fit, direct = k.accumulator("and_", "bool"), k.accumulator("or_", "bool")
    most = k.accumulator("maximum", "float64", 0.0)
    with k.loop("i", low, high, kind="vector") as i:
        given = of.parameters(i)
        fits = method.fits(k, *given)
        fit.update(fits)
        direct.update(_is_direct(k, method, given))
        most.update(k.select(fits, method.terms(k, *given), k.const(0.0, "float64")))
    steps = repeating_in(k, k.cast(most.value, "int64"))
    _write_direct(k, method, draw, of, (low, k.select(direct.value, high, low), high), steps)
    if not method.always:
        _write_attempts(k, method, draw, of, low, high)
    return fit.value


def _write_direct(
    k: Any, method: Method, draw: Any, of: Elements, places: tuple[Any, Any, Any], steps: Repeat
) -> None:
    """What is drawn at once, up to the middle one of `places`; -1 where it is not, and from there on."""
    none = k.const(-1, method.dtype)
    low, middle, high = places
    with k.loop("i", middle, high, kind="vector") as i:
        of.put(i, none)
    if method.always is False:
        return
    with k.loop("i", low, middle, kind="vector") as i:
        bits = _bits(k, draw, of.index(i), k.const(0, "int64"), 0)
        value = method.direct(k, steps, bits, *of.parameters(i))
        of.put(i, k.select(_is_direct(k, method, of.parameters(i)), value, none))


def _write_attempts(k: Any, method: Method, draw: Any, of: Elements, low: Any, high: Any) -> None:
    """What is negative still."""
    end = k.variable(_left(k, of, low, high, lambda i: i))
    with k.loop("attempt", 0, _ATTEMPTS) as attempt:
        with k.loop("j", low, end.value, kind="vector") as j:
            i = k.load(of.left, j)
            pair = [_bits(k, draw, of.index(i), attempt, which) for which in (0, 1)]
            value, taken = method.attempt(k, *pair, *of.parameters(i))
            taken = taken | k.eq(attempt, _ATTEMPTS - 1)
            of.put(i, k.select(taken, value, k.const(-1, method.dtype)))
        end.value = _left(k, of, low, end.value, lambda j: k.load(of.left, j))


def _left(k: Any, of: Elements, low: Any, high: Any, place: Callable[[Any], Any]) -> Any:
    """Note the places whose numbers are negative still, from `low` on; gives where they end."""
    end = k.variable(low)
    with k.loop("j", low, high) as j:
        i = place(j)
        k.store(of.left, i, end.value)
        end.value = end.value + k.cast(of.get(i) < 0, "int64")
    return end.value


class Drawn(Primitive):
    """What draws by trial share: of the key of a draw, where its indices begin, parameters, and the lengths.

    Shapes:    key (), start (), parameters that broadcast to the lengths, n lengths -> (n lengths)
    Gradient:  disconnected
    Errors:    ValueError at run time for parameters that do not fit, NaN among them, and for negative lengths
    """

    method: ClassVar[Method]
    is_dear = True
    makes_new_memory: ClassVar[bool] = True

    def prepare(self, *args: Any) -> list[Variable]:
        given = [as_tensor_variable(a) for a in args]
        most = len(given) - self._first_length
        for name, p in zip(self.method.parameters, given[2:], strict=False):
            if p.type.dtype != "float64" or p.type.ndim > most:
                raise TypeError(
                    f"{self} takes {name} as float64 of at most {most} axes; got {p} of type {p.type}."
                )
        return given

    @property
    def _first_length(self) -> int:
        return 2 + len(self.method.parameters)

    def infer(self, *xs: Variable) -> Type:
        known = [known_int(n) for n in xs[self._first_length :]]
        return TensorType(self.method.dtype, [None if n is None or n < 0 else n for n in known])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [tuple(node.inputs[self._first_length :])]

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """No gradient goes through what is drawn by trial, unless an operation has one."""
        return [[False] for _ in node.inputs]

    def eval(self, xp: Any, key: Any, start: Any, *rest: Any) -> Any:
        count = len(self.method.parameters)
        shape = tuple(int(n) for n in rest[count:])
        for axis, n in enumerate(shape):
            if n < 0:
                raise negative_length(axis, n)
        parameters = [np.broadcast_to(p, shape).ravel() for p in rest[:count]]
        index = np.arange(np.prod(shape, dtype="int64"))
        return drawn_arrays(self.method, (key, start), index, *parameters).reshape(shape)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [None for _ in xs]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None]

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        dims = [b.cast(b.scalar(n), "int64") for n in xs[self._first_length :]]
        for axis, n in enumerate(dims):
            b.fail_if(b.lt(n, 0), BAD_VALUE, _NEGATIVE, axis, n)
        out = b.new(ys[0], dims)
        parameters = [
            b.as_contiguous(b.broadcast(b.array(x), dims, i)) if x.type.ndim else b.array(x)
            for i, x in enumerate(xs[2 : self._first_length], start=2)
        ]
        count = b.product(dims)
        left = b.temporary("int64", [1 if self.method.always else count])
        kernel = self._kernel(b, [bool(x.type.ndim) for x in xs[2 : self._first_length]])
        blocks = b.floordiv(b.add(count, BLOCK - 1), BLOCK)
        buffers = [b.array(xs[0]), b.array(xs[1]), *parameters, out, left]
        b.loop(kernel, buffers, [count], blocks, cost=20_000 * BLOCK, parallel=True)
        b.free(left)

    def _kernel(self, b: Any, varies: list[bool]) -> Any:
        k, method = b.loops(), self.method
        count = k.param("count")
        draw = (
            k.load(k.buffer("key", "uint64", strides=[])),
            k.load(k.buffer("start", "uint64", strides=[])),
        )
        given = [
            k.buffer(name, "float64", strides=[8] if varied else [])
            for name, varied in zip(method.parameters, varies, strict=True)
        ]
        out = k.buffer("out", method.dtype, strides=[8])
        of = Elements(
            parameters=lambda i: [
                k.load(p, i) if varied else k.load(p) for p, varied in zip(given, varies, strict=True)
            ],
            index=lambda i: i,
            get=lambda i: k.load(out, i),
            put=lambda i, value: k.store(out, value, i),
            left=k.buffer("left", "int64", strides=[8]),
        )
        with k.loop("block", parallel=True) as block:
            low = block * BLOCK
            fit = write_draws(k, method, draw, of, low, k.minimum(low + BLOCK, count))
            with k.if_(~fit):
                k.fail(BAD_VALUE, _UNFIT)
        return k.kernel()

    def explain_failure(self, node: Apply, details: Any) -> Exception:
        """The exception for what native code reports."""
        return (
            negative_length(details[1], details[2])
            if details[0] == _NEGATIVE
            else ValueError(unfit(self.method))
        )

    def __str__(self) -> str:
        return type(self).__name__


def negative_length(axis: int, n: int) -> Exception:
    """What is said of a length below 0."""
    return ShapeError(f"A draw can't have an axis of negative length; got {n} for axis {axis}.")


def unfit(method: Method) -> str:
    """What is said of parameters that do not fit."""
    return f"{method.domain[0].upper()}{method.domain[1:]}; got others, or NaN."


def _errors(*parameters: float) -> tuple[E, ...]:
    """What draws refuse: the parameters are ones that do not fit."""
    fine = [np.float64(1.0)] * len(parameters)
    return (
        E(
            _KEY,
            _START,
            *map(np.float64, parameters),
            np.int64(3),
            raises=ValueError,
            says="got others, or NaN",
        ),
        E(
            _KEY,
            _START,
            *fine[1:],
            np.float64(np.nan),
            np.int64(3),
            raises=ValueError,
            says="got others, or NaN",
        ),
        E(_KEY, _START, *fine, np.int64(-3), raises=ValueError, says="negative length"),
        E(_KEY, _START, *map(np.float32, fine), np.int64(3), raises=TypeError, says="as float64"),
    )


@op("poisson")
class Poisson(Drawn):
    """How many of many rare events happen, of which `lam` are expected."""

    method = PoissonMethod()

    samples = (
        S(_KEY, _START, np.float64(3.0), np.int64(300), grad=False),
        S(_KEY, _START, np.float64(70.0), np.int64(300), grad=False),
        S(_KEY, _START, np.array([[0.0], [2.0], [50.0]]), np.int64(3), np.int64(100), grad=False),
        S(_KEY, _START, np.float64(2.0**50), np.int64(0), grad=False),
        S(_KEY, _START, np.float64(2.0), grad=False),
    )
    errors = _errors(-1.0)


@op("binomial")
class Binomial(Drawn):
    """How many of `n` trials succeed, each with probability `p`."""

    method = BinomialMethod()

    samples = (
        S(_KEY, _START, np.float64(9.0), np.float64(0.3), np.int64(300), grad=False),
        S(_KEY, _START, np.float64(100.0), np.float64(0.7), np.int64(300), grad=False),
        S(_KEY, _START, np.array([[0.0], [9.0], [1e6]]), np.array([0.0, 0.1, 0.5, 1.0]), np.int64(3), np.int64(4),
          grad=False),
    )  # fmt: skip
    errors = _errors(3.0, 1.5)


@op("hypergeometric")
class Hypergeometric(Drawn):
    """How many are good among `nsample` that are drawn from `ngood` good and `nbad` bad ones."""

    method = HypergeometricMethod()

    samples = (
        S(_KEY, _START, np.float64(5.0), np.float64(20.0), np.float64(7.0), np.int64(300), grad=False),
        S(_KEY, _START, np.float64(900.0), np.float64(100.0), np.float64(500.0), np.int64(300), grad=False),
        S(_KEY, _START, np.array([[0.0], [9.0], [1e6]]), np.array([5.0, 4.0, 1e9]), np.float64(4.0), np.int64(3),
          np.int64(3), grad=False),
    )  # fmt: skip
    errors = _errors(3.0, 1.0, 5.0)


class Moving(Drawn):
    """What draws by trial numbers that move with their one parameter: by `slope`, a function of that and of a number.

    Gradient:  with the share of all numbers that are less held fast
    """

    slope: ClassVar[Any]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The numbers move with the parameter."""
        return [[i == 2] for i in range(len(node.inputs))]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        g: Any = gs[0] * type(self).slope(xs[2], ys[0])
        # Axes that the parameter lacks.
        g = g.sum(axis=list(range(g.type.ndim - xs[2].type.ndim)))
        return [None, None, g, *[None] * (len(xs) - 3)]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        if eval_points[2] is None:
            return [None]
        return [eval_points[2] * type(self).slope(inputs[2], self(*inputs))]


@op("standard_gamma")
class StandardGamma(Moving):
    """Gamma-distributed numbers of scale 1, for shapes of at least 1.

    Gradient:  with the share of all numbers that are less held fast
    """

    method = GammaMethod()
    slope = staticmethod(gamma_slope)

    samples = (
        S(_KEY, _START, np.float64(1.3), np.int64(300), grad=False),
        S(_KEY, _START, np.array([1.0, 3.0, 1e6]), np.int64(100), np.int64(3), grad=False),
        S(_KEY, _START, np.float64(5.0), np.int64(0), grad=False),
    )
    errors = _errors(0.0)


@op("von_mises_distance")
class VonMisesDistance(Moving):
    """How far angles of a von Mises distribution are from its middle.

    Gradient:  with the share of all numbers that are less held fast
    """

    method = VonMisesMethod()
    slope = staticmethod(von_mises_slope)

    samples = (
        S(_KEY, _START, np.float64(1.3), np.int64(300), grad=False),
        S(_KEY, _START, np.array([0.0, 3.0, 1e12]), np.int64(100), np.int64(3), grad=False),
    )
    errors = _errors(-1.0)


@op("geometric")
class Geometric(Drawn):
    """How many trials it takes until one succeeds, each with probability `p`."""

    method = GeometricMethod()

    samples = (
        S(_KEY, _START, np.float64(0.3), np.int64(300), grad=False),
        S(_KEY, _START, np.array([1.0, 1e-300, 1e-3]), np.int64(100), np.int64(3), grad=False),
    )
    errors = _errors(0.0)
