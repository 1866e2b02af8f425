"""Softmax over many classes in two steps: a group of classes first, then one of the group."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange
from croton.ops.dot import batched_dot, dot, tensordot
from croton.ops.elemwise import dimshuffle
from croton.ops.nnet.softmax import Softmax, softmax


def h_softmax(
    x: Any, batch_size: Any, n_outputs: int, n_classes: int, n_outputs_per_class: int,
    W1: Any, b1: Any, W2: Any, b2: Any, target: Any = None,
) -> Variable:  # fmt: skip
    """Probabilities of outputs that are split into groups ("classes"): that of the group times that within the group.

    With `target`, only the probability of each row's target; the cost is then that of one group, not of all.

    Shapes:    x (batch, k), W1 (k, n_classes), b1 (n_classes,), W2 (n_classes, k, n_outputs_per_class),
               b2 (n_classes, n_outputs_per_class), target (batch,) -> (batch, n_outputs), or (batch,) with target
    Source:    Goodman, "Classes for fast maximum entropy training" (2001)
    """
    v: Any = as_tensor_variable(x)
    groups: Any = softmax(dot(v, W1) + b1)
    weights: Any = as_tensor_variable(W2)
    biases: Any = as_tensor_variable(b2)
    if target is None:
        within = Softmax()(tensordot(v, weights, axes=[[1], [1]]) + biases)
        joint = (dimshuffle(groups, 0, 1, "x") * within).reshape((batch_size, -1), ndim=2)
        return joint[:, :n_outputs]  # type: ignore[no-any-return]
    wanted: Any = as_tensor_variable(target).flatten()
    group, place = wanted // n_outputs_per_class, wanted % n_outputs_per_class
    rows = arange(batch_size)
    chosen: Any = softmax(batched_dot(v, weights[group]) + biases[group])
    return groups[rows, group] * chosen[rows, place]  # type: ignore[no-any-return]
