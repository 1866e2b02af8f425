"""The cost of connectionist temporal classification: of labels whose places in a sequence are not known."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from croton.graph.node import Apply, Variable
from croton.ops.base import E, Primitive, S, op
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import dimshuffle
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
                raise ValueError(
                    f"ctc: the length {length} of example {i} is not between 0 and {a.shape[0]}."
                )
            costs[i], gradients[:length, i] = _one_example(a[:length, i].astype("float64"), wanted)
        return (costs, gradients) if self.compute_grad else costs

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


def _one_example(activations: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """The cost of one example and its gradient, by the forward and backward recursions in logarithms."""
    if not len(activations):
        return (np.inf if len(labels) else 0.0), np.zeros_like(activations)
    top = activations.max(axis=1, keepdims=True)
    logp = activations - top - np.log(np.exp(activations - top).sum(axis=1, keepdims=True))
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
        return np.inf, np.zeros_like(activations)
    occupied = np.exp(alpha + beta - emitted - total)
    gradient = np.exp(logp)
    for state, label in enumerate(path):
        gradient[:, label] -= occupied[:, state]
    return -total, gradient


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
