"""What is put one behind the other, and cut again: no joins of joins, and none of what is cut at the same places."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.convert import Stack
from croton.ops.join import Join, Split, join
from croton.ops.known import elements, known_int
from croton.rules.arith import read_once
from croton.rules.fills import follows
from croton.rules.passes import Context
from croton.rules.stages import canonicalize


def _joined(variable: Variable) -> tuple[int, list[Variable]] | None:
    """The axis, and the parts, where `variable` is joined along an axis that is known."""
    node = variable.owner
    axis = None if node is None or not isinstance(node.op, Join) else known_int(node.inputs[0])
    if node is None or axis is None:
        return None
    return axis % variable.type.ndim, node.inputs[1:]


@canonicalize.on(Join, name="local_join_join", inside=(Join,))
def _of_joins(node: Apply, context: Context) -> Any:
    """What is joined of joins along one axis is joined at once."""
    found = _joined(node.outputs[0])
    if found is None:
        return None
    axis, parts = found
    flat: list[Variable] = []
    for part in parts:
        inner = _joined(part)
        flat += inner[1] if inner is not None and inner[0] == axis and read_once(part, context) else [part]
    return join(axis, *flat) if len(flat) > len(parts) else None


@canonicalize.on(Join, name="local_join_empty")
def _without_nothing(node: Apply) -> Any:
    """Parts of a vector that have no elements are left out, and a join of one part is that part."""
    found = _joined(node.outputs[0])
    if found is None:
        return None
    axis, parts = found
    if len(parts) == 1:
        return parts[0]
    full = [v for v in parts if v.type.ndim > 1 or v.type.shape[0] != 0]
    return join(axis, *full) if full and len(full) < len(parts) else None


@canonicalize.on(Join, name="local_join_make_vector", inside=(Stack,))
def _of_stacks(node: Apply) -> Any:
    """Vectors whose elements are named, one behind the other, are one vector of all of them."""
    parts = node.inputs[1:]
    stacks = [v.owner for v in parts if v.owner is not None and isinstance(v.owner.op, Stack)]
    if len(stacks) < len(parts) or node.outputs[0].type.ndim != 1 or known_int(node.inputs[0]) is None:
        return None
    return Stack()(*[element for stack in stacks for element in stack.inputs])


@canonicalize.on(Split, name="local_useless_split")
def _into_one(node: Apply) -> Any:
    """A tensor cut into one part that is all of it is itself; what was joined is cut into what it was joined of."""
    x, axis, lengths = node.inputs
    at, named = known_int(axis), elements(lengths)
    if at is None or named is None or len(named) != len(node.outputs):
        return None
    at %= x.type.ndim
    joined = _joined(x)
    parts = [x] if len(named) == 1 else joined[1] if joined is not None and joined[0] == at else []
    if len(parts) != len(named):
        return None
    same = all(follows(v, at, n) for v, n in zip(parts, named, strict=True))
    return parts if same else None
