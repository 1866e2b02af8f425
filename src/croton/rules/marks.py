"""What only says something about gradients is left out: all gradients have been taken when a graph is compiled."""

from __future__ import annotations

from croton.graph.node import Apply, Variable
from croton.ops.gradient_marks import (
    ConsiderConstant,
    DisconnectedGrad,
    GradClip,
    GradScale,
    UndefinedGrad,
    ZeroGrad,
)
from croton.ops.passing import Hint
from croton.rules.stages import canonicalize, specialize


@canonicalize.on(
    ConsiderConstant, ZeroGrad, DisconnectedGrad, UndefinedGrad, GradClip, GradScale,
    name="local_remove_gradient_marks",
)  # fmt: skip
def _mark(node: Apply) -> Variable:
    """The value is the input's."""
    return node.inputs[0]


@specialize.on(Hint, name="remove_hint_nodes")
def _hint(node: Apply) -> Variable:
    """The value is the input's; rules of earlier stages have read the hint."""
    return node.inputs[0]
