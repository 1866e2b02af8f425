"""What an exception at run time says: which node, on what inputs, and where the user built it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from croton.config import config
from croton.graph.node import Apply

# Values with more elements than this are not shown.
_SHOWN = 5

_HINT = (
    "HINT: with THEANO_FLAGS=exception_verbosity=high all values are shown, and where each input was made."
)
_NO_ORIGIN = (
    "Nothing is known of where the node was created. HINT: with THEANO_FLAGS=optimizer=None nodes are run as they were "
    "written, so that the error names one of your lines."
)


def add_context(
    error: BaseException, node: Apply, inputs: Sequence[Any], position: int | None = None
) -> None:
    """Let `error` say that `node` raised it when it ran on `inputs`; its class and identity stay."""
    context = describe(node, inputs, position)
    if error.args and isinstance(error.args[0], str) and str(error.args[0]) in str(error):
        error.args = (f"{error.args[0]}\n{context}", *error.args[1:])
    elif not error.args:
        error.args = (context,)
    else:
        error.add_note(context)


def describe(node: Apply, inputs: Sequence[Any], position: int | None = None) -> str:
    """The node, its inputs and its origin, as lines of text."""
    lines = [f"Apply node that caused the error: {node}"]
    if position is not None:
        lines.append(f"Toposort index: {position}")
    lines.append(f"Inputs types: {[v.type for v in node.inputs]}")
    if inputs:
        lines.append(f"Inputs shapes: {[getattr(x, 'shape', 'No shapes') for x in inputs]}")
        lines.append(f"Inputs strides: {[getattr(x, 'strides', 'No strides') for x in inputs]}")
        lines.append(f"Inputs values: {[_value(x) for x in inputs]}")
    lines.append("")
    if node.origin:
        lines.append("The node was created at:")
        lines += [f"  {frame}" for frame in reversed(node.origin)]
    else:
        lines.append(_NO_ORIGIN)
    if config.exception_verbosity == "high":
        lines.append("")
        lines += [f"Input {i}: {v} of type {v.type}, made by {_maker(v)}" for i, v in enumerate(node.inputs)]
    else:
        lines.append(_HINT)
    return "\n".join(lines)


def _value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value if value.size <= _SHOWN or config.exception_verbosity == "high" else "not shown"
    text = repr(value)
    return value if len(text) < 80 else "not shown"


def _maker(variable: Any) -> str:
    owner = variable.owner
    if owner is None:
        return "the caller (it is an input)"
    where = f" at {owner.origin[0]}" if owner.origin else ""
    return f"{owner}{where}"
