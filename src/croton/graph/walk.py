"""Going over a graph: what comes before what, what it depends on, and copies of it. Nothing here recurses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from croton.graph.node import Constant, Variable
from croton.graph.order import toposort as toposort


def ancestors(variables: Iterable[Variable], blockers: Iterable[Variable] = ()) -> list[Variable]:
    """`variables` and all that they are computed from, each once; not past `blockers`."""
    blocked = set(blockers)
    seen: set[Variable] = set()
    found: list[Variable] = []
    stack = list(variables)[::-1]
    while stack:
        variable = stack.pop()
        if variable in seen:
            continue
        seen.add(variable)
        found.append(variable)
        if variable.owner is not None and variable not in blocked:
            stack.extend(reversed(variable.owner.inputs))
    return found


def graph_inputs(variables: Iterable[Variable], blockers: Iterable[Variable] = ()) -> list[Variable]:
    """Those variables without owner (constants among them) that `variables` are computed from."""
    return [v for v in ancestors(variables, blockers) if v.owner is None]


def clone_graph(
    outputs: Sequence[Variable],
    replace: Mapping[Variable, Variable] | None = None,
    *,
    copy_inputs: bool = False,
    copy_orphans: bool = False,
    strict: bool = True,
    on_variable: Callable[[Variable], Variable | None] | None = None,
) -> tuple[list[Variable], dict[Variable, Variable]]:
    """A copy of the graph of `outputs`, and the map from old variables to new.

    `replace` maps variables to what stands in their place (itself not copied). Inputs are shared with the
    original unless `copy_inputs`; constants unless `copy_orphans`. With `strict`, what stands in a variable's
    place must be, or convert to, its type; otherwise operations are applied anew to what comes.
    `on_variable` may name a replacement for an input when it is met.
    """
    memo: dict[Variable, Variable] = dict(replace or {})

    def settle(variable: Variable) -> None:
        chosen = on_variable(variable) if on_variable is not None else None
        if chosen is None:
            is_constant = isinstance(variable, Constant)
            chosen = variable.clone() if (copy_orphans if is_constant else copy_inputs) else variable
        memo[variable] = chosen

    for node in toposort(outputs, memo):
        for variable in node.inputs:
            if variable not in memo:
                settle(variable)
        fresh = node.clone_with_new_inputs([memo[v] for v in node.inputs], strict=strict)
        for old, new in zip(node.outputs, fresh.outputs, strict=True):
            if old not in memo:
                if new.name is None:
                    new.name = old.name
                memo[old] = new
    for variable in outputs:
        if variable not in memo:
            settle(variable)
    return [memo[v] for v in outputs], memo


def equal_computations(
    xs: Sequence[Any], ys: Sequence[Any], in_xs: Sequence[Variable] = (), in_ys: Sequence[Variable] = ()
) -> bool:
    """Whether `xs` and `ys` are the same computation, `in_xs` standing for `in_ys`."""
    if len(xs) != len(ys) or len(in_xs) != len(in_ys):
        return False
    same: dict[Variable, Variable] = dict(zip(in_xs, in_ys, strict=True))
    todo = list(zip(xs, ys, strict=True))
    checked: set[tuple[Variable, Variable]] = set()
    while todo:
        x, y = todo.pop()
        if not isinstance(x, Variable) or not isinstance(y, Variable):
            if x is not y and not (isinstance(x, Constant) and x.equals(y)):
                return False
            continue
        if same.get(x) is y or (x is y and x not in same) or (x, y) in checked:
            continue
        checked.add((x, y))
        if isinstance(x, Constant) and isinstance(y, Constant):
            if not x.equals(y):
                return False
            continue
        a, b = x.owner, y.owner
        if a is None or b is None or x.index != y.index or a.op != b.op or len(a.inputs) != len(b.inputs):
            return False
        todo.extend(zip(a.inputs, b.inputs, strict=True))
    return True
