"""Which inputs of a graph a gradient can reach from which outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from croton.graph import walk
from croton.graph.node import Apply, Constant, Variable


def io_connection_pattern(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> list[list[bool]]:
    """For each of `inputs`, which of `outputs` a gradient can flow from."""
    reach: dict[Variable, set[int]] = {v: set() for v in inputs}
    for at, variable in enumerate(inputs):
        reach[variable].add(at)
    for node in walk.toposort(outputs, inputs):
        ask: Callable[[Apply], Any] | None = getattr(node.op, "connection_pattern", None)
        pattern = [[True] * node.nout for _ in range(node.nin)] if ask is None else ask(node)
        for o, out in enumerate(node.outputs):
            found: set[int] = set()
            for i, variable in enumerate(node.inputs):
                if pattern[i][o] and not isinstance(variable, Constant):
                    found |= reach.get(variable, set())
            reach.setdefault(out, set()).update(found)
    return [[at in reach.get(out, set()) for out in outputs] for at in range(len(inputs))]
