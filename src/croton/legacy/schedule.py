"""Orders of nodes by the user's own comparison: `theano.gof.sched`."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from croton.graph import walk
from croton.graph.node import Apply, Variable

# Less than 0 where the first must come before the second, more than 0 where it must come after it.
Compare = Callable[[Any, Any], Any]


def make_depends() -> Callable[[tuple[Any, Any]], bool]:
    """A function of a pair: whether the first, a node or a variable, is computed from the second."""
    above: dict[Any, set[Any]] = {}

    def needs(item: Any) -> set[Any]:
        if item not in above:
            found: set[Any] = set()
            nodes = walk.toposort(item.outputs if isinstance(item, Apply) else [item])
            for node in nodes:
                found.update((node, *node.inputs, *(node.outputs if node is not item else ())))
            found.discard(item)
            above[item] = found
        return above[item]

    return lambda pair: pair[1] in needs(pair[0])


def make_dependence_cmp() -> Compare:
    """What compares nodes by which is computed from which: 1, -1, or 0 for neither."""
    depends = make_depends()
    return lambda a, b: 1 if depends((a, b)) else -1 if depends((b, a)) else 0


def reverse_dict(d: Mapping[Any, Iterable[Any]]) -> dict[Any, tuple[Any, ...]]:
    """For each of the values, the keys that name it.

    Example:
        >>> reverse_dict({"a": (1, 2), "b": (2, 3), "c": ()})
        {1: ('a',), 2: ('a', 'b'), 3: ('b',)}
    """
    found: dict[Any, tuple[Any, ...]] = {}
    for key, values in d.items():
        for value in values:
            found[value] = (*found.get(value, ()), key)
    return found


def posort(l: Iterable[Any], *cmps: Compare) -> list[Any]:  # noqa: E741
    """`l` in an order in which as many comparisons hold as can; an earlier one counts more than a later one.

    Where none decides, what stands first in `l` comes first.

    Example:
        >>> posort([3, 2, 5, 4], lambda a, b: a % 2 - b % 2)
        [2, 4, 3, 5]
    """
    items = list(dict.fromkeys(l))
    count = len(items)
    # after[i]: those that come after item i, and those after them; before[i]: the other way round.
    after: list[set[int]] = [set() for _ in items]
    before: list[set[int]] = [set() for _ in items]
    for compare in cmps:
        for i in range(count):
            for j in range(count):
                if i == j or j in before[i] or j in after[i] or not compare(items[i], items[j]) < 0:
                    continue
                first, last = {i} | before[i], {j} | after[j]
                for k in first:
                    after[k] |= last
                for k in last:
                    before[k] |= first
    waiting = [len(known) for known in before]
    ready = [i for i in range(count) if not waiting[i]]
    order = []
    while ready:
        i = heapq.heappop(ready)
        order.append(items[i])
        for j in after[i]:
            waiting[j] -= 1
            if not waiting[j]:
                heapq.heappush(ready, j)
    return order


def sort_apply_nodes(
    inputs: Sequence[Variable], outputs: Sequence[Variable], cmps: Sequence[Compare]
) -> list[Apply]:
    """The nodes between `inputs` and `outputs` as `posort` orders them; dependence should be compared first."""
    return posort(walk.toposort(outputs, inputs), *cmps)


def sort_schedule_fn(*cmps: Compare) -> Callable[[Any], list[Apply]]:
    """A function that gives the nodes of a graph, each after those it needs, and else by `cmps`: a `schedule`."""
    needed_first = make_dependence_cmp()
    return lambda fgraph: sort_apply_nodes(fgraph.inputs, fgraph.outputs, (needed_first, *cmps))
