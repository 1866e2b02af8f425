"""The cost of connectionist temporal classification: of labels whose places in a sequence are not known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add as plus
from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.base import E, Primitive, S, op
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.elementwise import and_, exp, lt, switch
from croton.ops.elemwise import dimshuffle
from croton.ops.nested import each_place
from croton.ops.nnet.softmax import LogSoftmax
from croton.util.failures import BAD_VALUE
from croton.vartypes.dtype import is_discrete
from croton.vartypes.tensor import TensorType

BLANK = 0


@op("ctc")
class ConnectionistTemporalClassification(Primitive):
    """Minus the log-probability of each example's labels, and its gradient with respect to the activations.

    The probability sums over all ways to spread the labels over time, with repeats and with blanks (class 0) between.
    Negative labels are padding.

    Shapes:    activations (time, batch, classes), labels (batch, most labels), lengths in time (batch,)
               -> (batch,), and with `compute_grad` (time, batch, classes)
    Dtypes:    float32 activations, int32 labels and lengths; float32
    Gradient:  of the activations, from the first output
    Source:    Graves, Fernández, Gomez, Schmidhuber, "Connectionist Temporal Classification" (2006), equations 5 to 16
    Errors:    TypeError for other types; ValueError at run time for lengths that do not fit
    """

    compute_grad: bool = True
    openmp: Any = None
    nout: ClassVar[int] = 2

    def prepare(self, *args: Any) -> list[Variable]:
        activations, labels, lengths = (as_tensor_variable(a) for a in args)
        if activations.type.ndim != 3 or activations.type.dtype != "float32":
            raise TypeError(f"activations must be a 3-d tensor of float32; got {activations.type}.")
        for name, v, ndim in (("labels", labels, 2), ("input_lengths", lengths, 1)):
            if v.type.ndim != ndim or not is_discrete(v.type.dtype):
                raise TypeError(f"{name} must be a {ndim}-d tensor of integers; got {v.type}.")
        return [activations, labels, lengths]

    def infer(self, activations: Any, labels: Any, lengths: Any) -> Any:
        costs = TensorType("float32", (activations.type.shape[1],))
        return [costs, TensorType("float32", activations.type.shape)] if self.compute_grad else costs

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][1],), shapes[0]][: len(node.outputs)]

    def eval(self, xp: Any, activations: Any, labels: Any, lengths: Any) -> Any:
        a, labels, lengths = (np.asarray(v) for v in (activations, labels, lengths))
        costs = np.zeros(a.shape[1], "float32")
        gradients = np.zeros(a.shape, "float32")
        for i, length in enumerate(lengths):
            wanted = labels[i][labels[i] >= 0]
            if not 0 <= length <= a.shape[0]:
                raise _no_such_length(int(length), i, a.shape[0])
            if (wanted >= a.shape[2]).any():
                raise _no_such_label(int(wanted.max()), i, a.shape[2])
            costs[i], gradients[:length, i] = _one_example(a[:length, i].astype("float64"), wanted)
        return (costs, gradients) if self.compute_grad else costs

    def expand(self, activations: Any, labels: Any, lengths: Any) -> Any:
        """What it is made of, for the native planner."""
        logp = LogSoftmax(-1)(cast(activations, "float64"))
        costs, occupied = CTCPaths()(logp, labels, lengths)
        found = cast(costs, "float32")
        if not self.compute_grad:
            return found
        time = dimshuffle(arange(activations.shape[0], dtype="int64"), 0, "x", "x")
        reached = and_(lt(time, dimshuffle(lengths, "x", 0, "x")), dimshuffle(lt(costs, np.inf), "x", 0, "x"))
        return [found, cast(switch(reached, exp(logp) - occupied, np.float64(0)), "float32")]

    def grad(self, xs: Any, ys: Any, gs: Any) -> Any:
        slope = ys[1] if self.compute_grad else ConnectionistTemporalClassification(True)(*xs)[1]
        return [dimshuffle(gs[0], "x", 0, "x") * slope, None, None]

    samples = (
        S(
            (4, 2, 3),
            np.array([[1, 2], [1, -1]], "int32"),
            np.array([4, 3], "int32"),
            dtype="float32",
            grad=False,
        ),
    )
    errors = (
        E((4, 2, 3), np.array([[1]], "int32"), np.array([4], "int32"), raises=TypeError, says="float32"),
    )


@op("ctc_paths")
class CTCPaths(Primitive):
    """Minus the log-probability of each example's labels, and how likely each class stands at each time on the way.

    Shapes:    logarithms of probabilities (time, batch, classes), labels (batch, most labels), lengths (batch,)
               -> (batch,), (time, batch, classes)
    Dtypes:    float64, integers, integers; float64
    Errors:    TypeError for other types; ValueError at run time for lengths and labels that there are not
    """

    nout: ClassVar[int] = 2

    def infer(self, logp: Any, labels: Any, lengths: Any) -> Any:
        if logp.type.dtype != "float64":
            raise TypeError(f"The logarithms of probabilities must be float64; got {logp.type}.")
        return [TensorType("float64", (logp.type.shape[1],)), TensorType("float64", logp.type.shape)]

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return [(shapes[0][1],), shapes[0]]

    def eval(self, xp: Any, logp: Any, labels: Any, lengths: Any) -> Any:
        costs, occupied = np.zeros(logp.shape[1]), np.zeros(logp.shape)
        for i, length in enumerate(lengths):
            if not 0 <= length <= len(logp):
                raise _no_such_length(int(length), i, len(logp))
            wanted = labels[i][labels[i] >= 0]
            if (wanted >= logp.shape[2]).any():
                raise _no_such_label(int(wanted.max()), i, logp.shape[2])
            costs[i], occupied[:length, i] = _paths(logp[:length, i], wanted)
        return costs, occupied

    def lower(self, b: Any, xs: Any, ys: Any) -> None:
        logp, labels, lengths = (b.array(x) for x in xs)
        steps, batch, classes = logp.dims
        b.require_equal(batch, labels.dims[0], 0, 1, 1, 0)
        b.require_equal(batch, lengths.dims[0], 0, 1, 2, 0)
        costs, occupied = b.new(ys[0], (batch,)), b.new(ys[1], logp.dims)
        b.fill(occupied, 0.0)
        width = b.add(b.times(2, labels.dims[1]), 5)
        rows = [
            b.temporary(dtype, (batch, n, width)) for dtype, n in (("float64", b.add(steps, 4)), ("int64", 1))
        ]
        arrays = [logp, labels, lengths, costs, occupied, *rows]
        each_place(
            b, [batch], arrays, [steps, classes, labels.dims[1], width], _one_native_example,
            cost=b.times(80000, b.times(steps, width)),
        )  # fmt: skip
        for row in rows:
            b.free(row)

    def explain_failure(self, node: Apply, details: Sequence[int]) -> Exception:
        """The exception for a length or a label that there is not."""
        value, example, bound, is_length = details
        return (_no_such_length if is_length else _no_such_label)(value, example, bound)

    samples = (
        S(
            np.log(np.array([[[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]]] * 4)),
            np.array([[1, 2], [1, -1]], "int32"),
            np.array([4, 3], "int32"),
            grad=False,
        ),
        S(
            np.log(np.array([[[0.2, 0.3, 0.5]] * 3] * 3)),
            np.array([[1, 1], [-1, -1], [2, 0]], "int32"),
            np.array([2, 3, 0], "int32"),
            grad=False,
        ),
    )
    errors = (
        E((4, 1, 3), np.array([[3]], "int32"), np.array([4], "int32"), raises=ValueError, says="label 3 of"),
        E((4, 1, 3), np.array([[1]], "int32"), np.array([5], "int32"), raises=ValueError, says="length 5 of"),
    )


def _no_such_length(length: int, example: int, steps: int) -> Exception:
    return ValueError(f"ctc: the length {length} of example {example} is not between 0 and {steps}.")


def _no_such_label(label: int, example: int, classes: int) -> Exception:
    return ValueError(f"ctc: the label {label} of example {example} is none of the {classes} classes.")


# -- natively ------------------------------------------------------------------------------------------------
# State s of an example stands in column s + 2 of a row: what is before the first and behind the last has no way to it.
# Below the rows of forward probabilities are two of backward ones, one of occupancies, and one of what it costs to come
# over the state before.
def _one_native_example(k: Any, buffers: Any, numbers: Any, counters: Any) -> None:
    logp, labels, lengths, costs, _, rows, path = buffers
    steps, classes, most, width = numbers
    (i,) = counters
    never = k.const(-np.inf, "float64")
    length = k.cast(k.load(lengths, i), "int64")
    with k.if_((length < 0) | (length > steps)):
        k.fail(BAD_VALUE, length, i, steps, 1)
    with k.loop("r", 0, steps + 4) as r, k.loop("c", 0, width, kind="vector") as c:
        k.store(rows, never, i, r, c)
    with k.loop("c", 0, width, kind="vector") as c:
        k.store(path, k.const(BLANK, "int64"), i, 0, c)
    count = _read_labels(k, labels, path, rows, i, (classes, most, steps + 3))
    states = 2 * count + 1
    k.store(costs, k.select(count > 0, k.const(np.inf, "float64"), 0.0), i)
    with k.if_(length > 0):
        with k.loop("s", 0, k.minimum(states, 2)) as s:
            k.store(rows, k.load(logp, 0, i, k.load(path, i, 0, s + 2)), i, 0, s + 2)
        with k.loop("t", 1, length) as t, k.loop("s", 0, states, kind="vector") as s:
            ways = [k.load(rows, i, t - 1, s + 2), k.load(rows, i, t - 1, s + 1)]
            ways.append(k.load(rows, i, t - 1, s) + k.load(rows, i, steps + 3, s + 2))
            emitted = k.load(logp, t, i, k.load(path, i, 0, s + 2))
            k.store(rows, _log_sum(k, ways) + emitted, i, t, s + 2)
        total = _log_sum(k, [k.load(rows, i, length - 1, states + at) for at in (0, 1)])
        with k.if_(total > never):
            k.store(costs, -total, i)
            _go_back(k, buffers, i, (steps, length, states, total))


def _read_labels(k: Any, labels: Any, path: Any, rows: Any, i: Any, numbers: Any) -> Any:
    """Write the class of each state, and what it costs to come over the blank before it; how many labels there are."""
    classes, most, costs_row = numbers
    count, last = k.variable(k.const(0, "int64")), k.variable(k.const(BLANK, "int64"))
    with k.loop("j", 0, most) as j:
        label = k.cast(k.load(labels, i, j), "int64")
        is_label = label >= 0
        with k.if_(label >= classes):
            k.fail(BAD_VALUE, label, i, classes, 0)
        # Of two equal labels one after the other, the blank between can't be left out.
        free = k.ne(label, BLANK) & k.ne(label, last.value)
        column = 2 * count.value + 3
        with k.if_(is_label):
            k.store(path, label, i, 0, column)
            k.store(rows, k.select(free, 0.0, k.const(-np.inf, "float64")), i, costs_row, column)
        last.value = k.select(is_label, label, last.value)
        count.value = count.value + k.cast(is_label, "int64")
    return count.value


def _go_back(k: Any, buffers: Any, i: Any, numbers: Any) -> None:
    """The backward recursion, and with it how likely each class stands at each time."""
    logp, _, _, _, occupied, rows, path = buffers
    steps, length, states, total = numbers
    # Behind the last time, only the last state has a way to the end.
    k.store(rows, k.const(0.0, "float64"), i, steps + 1, states + 1)
    with k.loop("u", 0, length) as u:
        t, here, next_ = length - 1 - u, steps + u % 2, steps + (u + 1) % 2
        with k.loop("s", 0, states, kind="vector") as s:
            ways = [k.load(rows, i, next_, s + 2), k.load(rows, i, next_, s + 3)]
            ways.append(k.load(rows, i, next_, s + 4) + k.load(rows, i, steps + 3, s + 4))
            rest = _log_sum(k, ways)
            k.store(rows, rest + k.load(logp, t, i, k.load(path, i, 0, s + 2)), i, here, s + 2)
            k.store(rows, k.exp(k.load(rows, i, t, s + 2) + rest - total), i, steps + 2, s + 2)
        with k.loop("s", 0, states) as s:
            at = k.load(path, i, 0, s + 2)
            k.store(occupied, k.load(occupied, t, i, at) + k.load(rows, i, steps + 2, s + 2), t, i, at)


def _log_sum(k: Any, values: Sequence[Any]) -> Any:
    """The logarithm of the sum of the exponentials of values that may be -inf."""
    top = reduce(k.maximum, values)
    base = k.select(k.isinf(top), 0.0, top)
    return base + k.log(reduce(plus, [k.exp(v - base) for v in values]))


# -- the reference -------------------------------------------------------------------------------------------
def _one_example(activations: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """The cost of one example and its gradient, by the forward and backward recursions in logarithms."""
    if not activations.size:
        return (np.inf if len(labels) else 0.0), np.zeros_like(activations)
    top = activations.max(axis=1, keepdims=True)
    logp = activations - top - np.log(np.exp(activations - top).sum(axis=1, keepdims=True))
    cost, occupied = _paths(logp, labels)
    return cost, np.exp(logp) - occupied if np.isfinite(cost) else np.zeros_like(logp)


def _paths(logp: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """The cost of one example, and how likely each class stands at each time on the way."""
    taken = np.zeros_like(logp)
    if not len(logp):
        return (np.inf if len(labels) else 0.0), taken
    path = np.full(2 * len(labels) + 1, BLANK)
    path[1::2] = labels
    # A label may be reached over the blank before it, unless it is the same as the label before that.
    skips = np.zeros(len(path), bool)
    skips[2:] = (path[2:] != BLANK) & (path[2:] != path[:-2])
    emitted = logp[:, path]
    alpha = _recursion(emitted, skips)
    beta = _recursion(emitted[::-1, ::-1], np.concatenate([[False, False], skips[2:][::-1]])[: len(path)])[
        ::-1, ::-1
    ]
    ends = alpha[-1, -2:] if len(path) > 1 else alpha[-1, -1:]
    total = np.logaddexp.reduce(ends)
    if not np.isfinite(total):
        return np.inf, taken
    with np.errstate(invalid="ignore"):
        occupied = np.nan_to_num(np.exp(alpha + beta - emitted - total))
    for state, label in enumerate(path):
        taken[:, label] += occupied[:, state]
    return -total, taken


def _recursion(emitted: np.ndarray, skips: np.ndarray) -> np.ndarray:
    """Log-probabilities of all ways to each state at each time, which may start in the first two states."""
    alpha = np.full(emitted.shape, -np.inf)
    alpha[0, :2] = emitted[0, :2]
    with np.errstate(invalid="ignore"):
        for t in range(1, len(emitted)):
            before = alpha[t - 1]
            ways = before.copy()
            ways[1:] = np.logaddexp(ways[1:], before[:-1])
            ways[2:] = np.where(skips[2:], np.logaddexp(ways[2:], before[:-2]), ways[2:])
            alpha[t] = ways + emitted[t]
    return alpha


def ctc(activations: Any, labels: Any, input_lengths: Any) -> Variable:
    """Minus the log-probability of each example's labels; see `ConnectionistTemporalClassification`."""
    return ConnectionistTemporalClassification()(activations, labels, input_lengths)[0]  # type: ignore[no-any-return]


def ctc_available() -> bool:
    """Whether the cost can be computed: always."""
    return True
