"""The order of applications: each after those that make its inputs. Nodes are pickled in it: it stands below them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from croton.graph.node import Apply, Variable


def toposort(outputs: Iterable[Variable], blockers: Iterable[Variable] = ()) -> list[Apply]:
    """The applications that `outputs` need, each after those that make its inputs; not past `blockers`."""
    blocked = blockers if isinstance(blockers, (set, dict)) else set(blockers)
    done: set[Apply] = set()
    order: list[Apply] = []
    for output in outputs:
        if output.owner is None or output in blocked:
            continue
        stack = [output.owner]
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            waiting = [
                owner
                for variable in node.inputs
                if (owner := variable.owner) is not None and owner not in done and variable not in blocked
            ]
            if waiting:
                waiting.reverse()
                stack += waiting
            else:
                stack.pop()
                done.add(node)
                order.append(node)
    return order
