"""Cross-entropies: of distributions, of classes given by number, and of the softmax with classes given by number."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.errors import ShapeError
from croton.graph.node import Apply, Variable
from croton.graph.type import Type
from croton.ops.argmax import argmax, max_and_argmax
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange, zeros_like
from croton.ops.elementwise import eq, log, lt, switch
from croton.ops.elemwise import Elemwise, dimshuffle
from croton.ops.nnet.classes import hits
from croton.ops.nnet.softmax import SoftmaxGrad, shifted, shifted_parts
from croton.ops.reduce import sum as sum_of
from croton.ops.scalar.activation import sigmoid
from croton.ops.scalar.dtypes import to_float
from croton.ops.scalar.row import scalar_op
from croton.ops.shape import shape_i
from croton.rewrite.pattern import scalar_value
from croton.util.failures import BAD_INDEX
from croton.vartypes.dtype import is_discrete, is_float
from croton.vartypes.tensor import TensorType


def _row_checks(what: str, rows: Any, classes: Any) -> None:
    if rows.shape[0] != classes.shape[0]:
        raise ShapeError(
            f"number of rows in {what} ({rows.shape[0]}) does not match length of y ({classes.shape[0]})"
        )


def _check_classes(classes: Any, n: int) -> None:
    if classes.size and not (0 <= int(classes.min()) and int(classes.max()) < n):
        raise ValueError(
            f"y_i value out of bounds: a class must be from 0 to {n - 1}; got {classes.min()} to {classes.max()}."
        )


def _require(x: Variable, name: str, ndim: int, *, discrete: bool = False) -> None:
    kind = x.type
    assert isinstance(kind, TensorType)
    fits = is_discrete(kind.dtype) if discrete else is_float(kind.dtype)
    if kind.ndim != ndim or not fits:
        raise ValueError(
            f"{name} must be {ndim}-d tensor of {'[u]ints' if discrete else 'floats'}; got {kind}."
        )


def _is_zero(x: Variable) -> bool:
    value = scalar_value(x)
    return value is not None and value == 0


def _check_probabilities(p: Any) -> None:
    if not is_float(p.type.dtype):
        raise TypeError(f"Probabilities must be floats; got {p} of type {p.type}: cast them.")


# -- of distributions and classes ----------------------------------------------------------------------------
@op("crossentropy_categorical_1hot")
class CrossentropyCategorical1Hot(Primitive):
    """For each row of probabilities, minus the logarithm of that of the true class.

    Shapes:    (m, n) probabilities, (m,) numbers of classes -> (m,)
    Dtypes:    as the probabilities; classes int32 or int64
    Gradient:  of the probabilities
    Errors:    TypeError for other ranks and types; ValueError and IndexError at run time for lengths that differ
               and classes out of range
    """

    def prepare(self, *args: Any) -> list[Variable]:
        p, classes = (as_tensor_variable(a) for a in args)
        if p.type.ndim != 2:
            raise TypeError(f"matrix required for argument: coding_dist; got {p.type}.")
        _check_probabilities(p)
        if classes.type.ndim != 1 or classes.type.dtype not in ("int32", "int64"):
            raise TypeError(
                "integer vector required for argument: true_one_of_n "
                f"(got type: {classes.type} instead of: TensorType(int64, vector))"
            )
        return [p, classes]

    def infer(self, p: Any, classes: Any) -> Type:
        return TensorType(p.type.dtype, (p.type.shape[0],))

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][0],)]

    def eval(self, xp: Any, p: Any, classes: Any) -> Any:
        _row_checks("coding_dist", p, classes)
        with np.errstate(all="ignore"):
            return -xp.log(p[xp.arange(p.shape[0]), classes])

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        return [crossentropy_categorical_1hot_grad(gs[0], *xs), None]

    makes_new_memory: ClassVar[bool] = True

    def lowers(self, node: Apply) -> bool:
        """Probabilities that are floats."""
        return is_float(node.inputs[0].type.dtype)

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        p, classes = b.array(xs[0]), b.array(xs[1])
        b.require_equal(p.dims[0], classes.dims[0], 0, 0, 1, 0)
        out = b.new(ys[0], (p.dims[0],))
        k = b.loops()
        n, step = k.param("n"), k.param("step")
        rows = k.buffer("p", p.dtype, strides=[k.param("row"), k.param("column")])
        numbers = k.buffer("classes", classes.dtype, strides=[step])
        losses = k.buffer("y", p.dtype, strides=[p.itemsize])
        with k.loop("i", parallel=True) as i:
            number = k.cast(k.load(numbers, i), "int64")
            at = k.select(number < 0, number + n, number)
            with k.if_((at < 0) | (at >= n)):
                k.fail(BAD_INDEX, number, 1, n)
            k.store(losses, -k.log(k.load(rows, i, at)), i)
        b.loop(
            k.kernel(),
            [p, classes, out],
            [p.dims[1], classes.strides[0], *p.strides],
            p.dims[0],
            cost=5000,
            parallel=True,
        )

    samples = (
        S((2, 3), np.array([0, 2]), domain=(0.1, 1.0)),
        S((0, 3), np.array([], dtype="int64"), domain=(0.1, 1.0)),
    )
    errors = (
        E((2, 3), np.array([0.0, 1.0]), raises=TypeError, says="integer vector required"),
        E((2, 3), np.array([0, 1]), dtype="int32", raises=TypeError, says="Probabilities must be floats"),
        E((2, 3), np.array([0, 3]), raises=IndexError, says="out of bounds"),
        E((2, 3), np.array([0]), raises=ValueError, says="does not match length of y"),
    )


@op("crossentropy_categorical_1hot_grad")
class CrossentropyCategorical1HotGrad(Primitive):
    """The cotangent of the probabilities of CrossentropyCategorical1Hot: -g / p at the true class, 0 elsewhere.

    Shapes:    (m,) cotangents, (m, n) probabilities, (m,) numbers of classes -> (m, n)
    Dtypes:    as the probabilities
    Gradient:  of the cotangents and the probabilities
    """

    def infer(self, g: Any, p: Any, classes: Any) -> Type:
        _check_probabilities(p)
        return TensorType(p.type.dtype, p.type.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[1]]

    def eval(self, xp: Any, g: Any, p: Any, classes: Any) -> Any:
        _row_checks("coding_dist", p, classes)
        hit = xp.arange(p.shape[1])[None, :] == xp.where(classes < 0, classes + p.shape[1], classes)[:, None]
        with np.errstate(all="ignore"):
            return xp.where(hit, -g[:, None] / p, xp.zeros_like(p)).astype(p.dtype)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (g, p, classes), (gg,) = xs, gs
        rows = arange(classes.shape[0])
        chosen, at = p[rows, classes], gg[rows, classes]
        return [-at / chosen, crossentropy_categorical_1hot_grad(-at * g / chosen, p, classes), None]

    def expand(self, g: Any, p: Any, classes: Any) -> Variable:
        """What it is made of, for the native planner."""
        n = shape_i(p, 1)
        places = dimshuffle(switch(lt(classes, 0), classes + n, classes), 0, "x")
        hit = eq(dimshuffle(arange(n, dtype="int64"), "x", 0), places)
        made: Any = switch(hit, -dimshuffle(g, 0, "x") / p, cast(0, p.type.dtype))
        return cast(made, p.type.dtype)

    samples = (S((2,), (2, 3), np.array([0, 2]), domain=(0.1, 1.0)),)
    errors = (E((2,), (2, 3), np.array([0]), raises=ValueError, says="does not match length of y"),)


# -- of the softmax ------------------------------------------------------------------------------------------
@op("crossentropy_softmax_argmax_1hot_with_bias")
class CrossentropySoftmaxArgmax1HotWithBias(Primitive):
    """For the rows of x + b: minus the logarithm of the softmax at the true class, the softmax, and its greatest place.

    Shapes:    x (m, n), b (n,), classes (m,) -> (m,), (m, n), (m,)
    Dtypes:    as x; as x; as the classes
    Gradient:  of x and b, from the first two outputs
    Errors:    ValueError for other ranks and types, and at run time for lengths that differ and classes out of range
    """

    nout: ClassVar[int] = 3

    def prepare(self, *args: Any) -> list[Variable]:
        x, b, classes = (as_tensor_variable(a) for a in args)
        _require(x, "x", 2)
        _require(b, "b", 1)
        _require(classes, "y_idx", 1, discrete=True)
        return [x, b, classes]

    def infer(self, x: Any, b: Any, classes: Any) -> Any:
        m, n = x.type.shape
        return [
            TensorType(x.type.dtype, (m,)),
            TensorType(x.type.dtype, (m, n)),
            TensorType(classes.type.dtype, (m,)),
        ]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        rows = (shapes[0][0],)
        return [rows, shapes[0], rows]

    def eval(self, xp: Any, x: Any, b: Any, classes: Any) -> Any:
        if b.shape[0] != x.shape[1]:
            raise ShapeError(
                f"number of columns in x ({x.shape[1]}) does not match length of b ({b.shape[0]})"
            )
        _row_checks("x", x, classes)
        if xp is np:
            _check_classes(classes, x.shape[1])
        z, e, total = shifted(xp, x + b, -1)
        with np.errstate(all="ignore"):
            loss = xp.log(total[:, 0]) - z[xp.arange(x.shape[0]), classes]
            return (
                loss.astype(x.dtype),
                (e / total).astype(x.dtype),
                xp.argmax(z, axis=1).astype(classes.dtype),
            )

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        classes, softmax = xs[2], ys[1]
        parts = []
        if gs[0] is not None:
            parts.append(crossentropy_softmax_1hot_with_bias_dx(gs[0], softmax, classes))
        if gs[1] is not None:
            parts.append(SoftmaxGrad()(gs[1], softmax))
        if not parts:
            return [zeros_like(xs[0]), zeros_like(xs[1]), None]
        g = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        return [g, sum_of(g, axis=0), None]

    def expand(self, x: Any, b: Any, classes: Any) -> Any:
        """What it is made of, for the native planner."""
        a = x if _is_zero(b) else x + dimshuffle(b, "x", 0)
        z, e, total = shifted_parts(a, -1)
        chosen = sum_of(switch(hits(a, classes), z, cast(0, z.type.dtype)), axis=1, acc_dtype=z.type.dtype)
        loss = log(dimshuffle(total, 0)) - chosen
        return [
            cast(loss, x.type.dtype),
            cast(e / total, x.type.dtype),
            cast(argmax(a, axis=1), classes.type.dtype),
        ]

    samples = (S((2, 3), (3,), np.array([0, 2])), S((0, 3), (3,), np.array([], dtype="int32")))
    errors = (
        E((2, 3), (3,), np.array([0.0, 1.0]), raises=ValueError, says="y_idx must be 1-d tensor of [u]ints"),
        E((2, 3), (3,), np.array([0, 3]), raises=ValueError, says="y_i value out of bounds"),
        E((2, 3), (2,), np.array([0, 1]), raises=ValueError, says="does not match length of b"),
    )


@op("crossentropy_softmax_1hot_with_bias_dx")
class CrossentropySoftmax1HotWithBiasDx(Primitive):
    """The cotangent of x in the cross-entropy of its softmax: dy * (sm - one at the true class).

    Shapes:    dy (m,) or (), sm (m, n), classes (m,) -> (m, n)
    Dtypes:    what dy and sm meet in
    Gradient:  of dy and sm
    Errors:    ValueError for other ranks and types, and at run time for classes out of range
    """

    def prepare(self, *args: Any) -> list[Variable]:
        dy, sm, classes = (as_tensor_variable(a) for a in args)
        if dy.type.ndim not in (0, 1) or not is_float(dy.type.dtype):
            raise ValueError(f"dy must be {{0,1}}-d tensor of floats; got {dy.type}.")
        _require(sm, "sm", 2)
        _require(classes, "y_idx", 1, discrete=True)
        return [dy, sm, classes]

    def infer(self, dy: Any, sm: Any, classes: Any) -> Type:
        return TensorType(sm.type.dtype, sm.type.shape)

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [shapes[1]]

    def eval(self, xp: Any, dy: Any, sm: Any, classes: Any) -> Any:
        _row_checks("sm", sm, classes)
        if xp is np:
            _check_classes(classes, sm.shape[1])
        hit = xp.arange(sm.shape[1])[None, :] == classes[:, None]
        scale = dy[:, None] if dy.ndim else dy
        return (scale * (sm - hit.astype(sm.dtype))).astype(sm.dtype)

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        (dy, sm, classes), (g,) = xs, gs
        per_row = sum_of(g * sm, axis=1) - g[arange(classes.shape[0]), classes]
        if dy.type.ndim == 0:
            return [sum_of(per_row), dy * g, None]
        return [per_row, dimshuffle(dy, 0, "x") * g, None]

    def expand(self, dy: Any, sm: Any, classes: Any) -> Variable:
        """What it is made of, for the native planner."""
        scale = dimshuffle(dy, 0, "x") if dy.type.ndim else dimshuffle(dy, "x", "x")
        return cast(scale * (sm - cast(hits(sm, classes), sm.type.dtype)), sm.type.dtype)

    samples = (S((2,), (2, 3), np.array([0, 2])), S((), (2, 3), np.array([1, 1])))
    errors = (E((2,), (2, 3), np.array([0, 3]), raises=ValueError, says="y_i value out of bounds"),)


crossentropy_categorical_1hot = CrossentropyCategorical1Hot()
crossentropy_categorical_1hot_grad = CrossentropyCategorical1HotGrad()
crossentropy_softmax_argmax_1hot_with_bias = CrossentropySoftmaxArgmax1HotWithBias()
crossentropy_softmax_1hot_with_bias_dx = CrossentropySoftmax1HotWithBiasDx()


# -- functions -----------------------------------------------------------------------------------------------
def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Variable:
    """The cross-entropy of distributions along the last axis; `true_dist` may be numbers of classes instead.

    Shapes:    (…, n) (…, n) -> (…); (m, n) probabilities and (m,) classes -> (m,)
    Errors:    TypeError for other ranks
    """
    p: Any = as_tensor_variable(coding_dist)
    t: Any = as_tensor_variable(true_dist)
    if t.type.ndim == p.type.ndim:
        return -sum_of(t * log(p), axis=p.type.ndim - 1)
    if t.type.ndim == p.type.ndim - 1:
        return crossentropy_categorical_1hot(p, t)  # type: ignore[no-any-return]
    raise TypeError(f"rank mismatch between coding and true distributions: {p.type} and {t.type}.")


def binary_crossentropy(output: Any, target: Any) -> Variable:
    """-(t log(o) + (1 - t) log(1 - o)), element by element, of probabilities."""
    o: Any = as_tensor_variable(output)
    t: Any = as_tensor_variable(target)
    return -(t * log(o) + (1.0 - t) * log(1.0 - o))  # type: ignore[no-any-return]


_sigmoid_crossentropy = scalar_op(
    "sigmoid_binary_crossentropy",
    "Cross-entropy of sigmoid(x) with a target t: softplus(x) - x t, in a form that cancels nothing.",
    dtypes=to_float,
    eval=lambda xp, x, t: xp.log1p(xp.exp(-xp.abs(x))) + x * ((x > 0) - t),
    lower=lambda b, x, t: b.softplus(-b.abs(x)) + x * (b.cast(b.gt(x, b.const(0, x.dtype)), x.dtype) - t),
    grad=lambda x, t, y, g: [g * (sigmoid(x) - t), -g * x],
)


def sigmoid_binary_crossentropy(output: Any, target: Any) -> Variable:
    """`binary_crossentropy` of sigmoid(output), computed from the output itself: no overflow, no loss of digits."""
    return Elemwise(_sigmoid_crossentropy)(output, target)  # type: ignore[no-any-return]


def crossentropy_softmax_1hot_with_bias(x: Any, b: Any, y_idx: Any, **kwargs: Any) -> list[Variable]:
    """The cross-entropy of the softmax of x + b with classes given by number, and that softmax."""
    return list(crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx, **kwargs)[0:2])


def crossentropy_softmax_1hot(x: Any, y_idx: Any, **kwargs: Any) -> list[Variable]:
    """The cross-entropy of the softmax of x with classes given by number, and that softmax."""
    return crossentropy_softmax_1hot_with_bias(x, _no_bias(x), y_idx, **kwargs)


def crossentropy_softmax_max_and_argmax_1hot_with_bias(
    x: Any, b: Any, y_idx: Any, **kwargs: Any
) -> list[Variable]:
    """The cross-entropy of the softmax of x + b, that softmax, its greatest element and the place of it in each row."""
    loss, softmax = crossentropy_softmax_1hot_with_bias(x, b, y_idx, **kwargs)
    return [loss, softmax, *max_and_argmax(softmax, axis=-1)]


def crossentropy_softmax_max_and_argmax_1hot(x: Any, y_idx: Any, **kwargs: Any) -> list[Variable]:
    """The cross-entropy of the softmax of x, that softmax, its greatest element and the place of it in each row."""
    return crossentropy_softmax_max_and_argmax_1hot_with_bias(x, _no_bias(x), y_idx, **kwargs)


def _no_bias(x: Any) -> Variable:
    v: Any = as_tensor_variable(x)
    return zeros_like(v[0, :])
