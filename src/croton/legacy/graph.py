"""The historic functions on graphs: `theano.gof.graph`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from croton.graph import walk
from croton.graph.node import Apply, Variable


def inputs(variable_list: Sequence[Variable], blockers: Iterable[Variable] | None = None) -> list[Variable]:
    """The variables without owner, constants among them, that `variable_list` is computed from."""
    return walk.graph_inputs(variable_list, blockers or ())


def ancestors(
    variable_list: Sequence[Variable], blockers: Iterable[Variable] | None = None
) -> list[Variable]:
    """`variable_list` and all that it is computed from, not past `blockers`."""
    return walk.ancestors(variable_list, blockers or ())


def variables_and_orphans(
    i: Sequence[Variable], o: Sequence[Variable]
) -> tuple[list[Variable], list[Variable]]:
    """The variables between `i` and `o`, ends included, and those of them that neither are inputs nor are computed."""
    found = walk.ancestors(o, i)
    given = set(i)
    return found, [v for v in found if v.owner is None and v not in given]


def variables(i: Sequence[Variable], o: Sequence[Variable]) -> list[Variable]:
    """The variables between `i` and `o`, ends included."""
    return variables_and_orphans(i, o)[0]


def orphans(i: Sequence[Variable], o: Sequence[Variable]) -> list[Variable]:
    """The variables that `o` needs, and that neither are in `i` nor are computed."""
    return variables_and_orphans(i, o)[1]


def ops(i: Sequence[Variable], o: Sequence[Variable]) -> set[Apply]:
    """The applications between `i` and `o`."""
    return set(walk.toposort(o, i))


def list_of_nodes(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> list[Apply]:
    """The applications between `inputs` and `outputs`, the last first."""
    return walk.toposort(outputs, inputs)[::-1]


def io_toposort(
    inputs: Sequence[Variable], outputs: Sequence[Variable], orderings: Any = None, clients: Any = None
) -> list[Apply]:
    """The applications between `inputs` and `outputs`, each after those it needs, and those `orderings` adds."""
    found = walk.toposort(outputs, inputs)
    if not orderings:
        return found
    here = set(found)

    def needs(node: Apply) -> list[Apply]:
        above = [v.owner for v in node.inputs if v.owner in here]
        return [n for n in (*above, *orderings.get(node, ())) if n in here and n is not None]

    return general_toposort(found, needs)


def general_toposort(
    outputs: Iterable[Any],
    deps: Callable[[Any], Iterable[Any]],
    debug_print: bool = False,
    compute_deps_cache: Any = None,
    deps_cache: Any = None,
    clients: Any = None,
) -> list[Any]:
    """All that `outputs` need, themselves included, each after what `deps` says that it needs.

    Errors: ValueError when something needs itself
    """
    order: list[Any] = []
    done: set[Any] = set()
    on_way: set[Any] = set()
    stack = [(x, False) for x in reversed(list(outputs))]
    while stack:
        item, ready = stack.pop()
        if item in done:
            continue
        if ready:
            on_way.discard(item)
            done.add(item)
            order.append(item)
            continue
        if item in on_way:
            raise ValueError(f"There is no order: {item} needs itself.")
        on_way.add(item)
        stack.append((item, True))
        stack.extend((need, False) for need in reversed(list(deps(item) or ())) if need not in done)
    return order


def stack_search(
    start: deque[Any], expand: Callable[[Any], Any], mode: str = "bfs", build_inv: bool = False
) -> list[Any] | tuple[list[Any], dict[Any, list[Any]]]:
    """All that can be reached from `start` by `expand`, breadth ('bfs') or depth ('dfs') first.

    Errors: ValueError for another mode
    """
    if mode not in ("bfs", "dfs"):
        raise ValueError(f"mode must be 'bfs' or 'dfs'; got {mode!r}.")
    waiting = deque(start)
    seen: dict[Any, None] = {}
    readers: dict[Any, list[Any]] = {}
    while waiting:
        item = waiting.popleft() if mode == "bfs" else waiting.pop()
        if item in seen:
            continue
        seen[item] = None
        for other in expand(item) or ():
            if build_inv:
                readers.setdefault(other, []).append(item)
            waiting.append(other)
    return (list(seen), readers) if build_inv else list(seen)


@contextmanager
def nodes_constructed() -> Iterator[list[Variable]]:
    """Within a `with` block: the variables that are made in it, in a list that grows with them."""
    made: list[Variable] = []
    Variable.append_construction_observer(made.append)
    try:
        yield made
    finally:
        Variable.remove_construction_observer(made.append)


def clone(
    i: Sequence[Variable], o: Sequence[Variable], copy_inputs: bool = True, copy_orphans: bool | None = None
) -> tuple[list[Variable], list[Variable]]:
    """Copies of the inputs `i` and of what is computed from them, `o`."""
    equiv = clone_get_equiv(i, o, copy_inputs, copy_inputs if copy_orphans is None else copy_orphans)
    return [equiv[v] for v in i], [equiv[v] for v in o]


def clone_get_equiv(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    copy_inputs: bool = True,
    copy_orphans: bool = True,
    memo: Mapping[Any, Any] | None = None,
) -> dict[Any, Any]:
    """The map from variables and applications to their copies."""
    start: dict[Any, Any] = dict(memo or {})
    for variable in inputs:
        start.setdefault(variable, variable.clone() if copy_inputs else variable)
    _, made = walk.clone_graph(outputs, start, copy_inputs=copy_orphans, copy_orphans=copy_orphans)
    found: dict[Any, Any] = dict(made)
    for node in walk.toposort(outputs, inputs):
        owner = made[node.outputs[0]].owner if node.outputs[0] in made else None
        if owner is not None:
            found[node] = owner
    return found


def is_same_graph(var1: Variable, var2: Variable, givens: Any = None, debug: bool = False) -> bool:
    """Whether two variables are the same computation, `givens` saying which variables stand for which."""
    pairs = list(givens.items() if hasattr(givens, "items") else givens or ())
    return walk.equal_computations([var1], [var2], [a for a, _ in pairs], [b for _, b in pairs]) or (
        bool(pairs) and walk.equal_computations([var1], [var2], [b for _, b in pairs], [a for a, _ in pairs])
    )


def equal_computations(xs: Any, ys: Any, in_xs: Any = (), in_ys: Any = ()) -> bool:
    """Whether `xs` and `ys` are the same computations, `in_xs` standing for `in_ys`."""
    return walk.equal_computations(xs, ys, in_xs or (), in_ys or ())


def is_in_ancestors(l_node: Apply, f_node: Apply) -> bool:
    """Whether `l_node` needs `f_node`."""
    return f_node in walk.toposort(l_node.outputs)


def view_roots(r: Variable) -> list[Variable]:
    """The variables that `r` is a view of, by the view_map of the operations."""
    node = r.owner
    seen = node.op.view_map.get(r.index or 0, ()) if node is not None and node.op.view_map else ()
    if node is None or not seen:
        return [r]
    return [root for i in seen for root in view_roots(node.inputs[i])]


def op_as_string(
    i: Sequence[Variable], op: Apply, leaf_formatter: Callable[[Any], str] = str, node_formatter: Any = None
) -> str:
    """An application as text, down to the inputs `i`."""
    shown = [
        as_string(i, [v], leaf_formatter, node_formatter)[0] if v not in i else leaf_formatter(v)
        for v in op.inputs
    ]
    return default_node_formatter(op, shown) if node_formatter is None else str(node_formatter(op, shown))


def default_node_formatter(op: Apply, argstrings: Sequence[str]) -> str:
    """`op(argument, …)`."""
    return f"{op.op}({', '.join(argstrings)})"


def as_string(
    i: Sequence[Variable],
    o: Sequence[Variable],
    leaf_formatter: Callable[[Any], str] = str,
    node_formatter: Callable[[Apply, Sequence[str]], str] | None = None,
) -> list[str]:
    """The computations of `o` from `i` as text; what is used several times is named `*n`, and written out once."""
    write = default_node_formatter if node_formatter is None else node_formatter
    readers: dict[Variable, int] = {}
    nodes = walk.toposort(o, i)
    for variable in (v for source in (*[node.inputs for node in nodes], o) for v in source):
        readers[variable] = readers.get(variable, 0) + 1
    text: dict[Variable, str] = {}
    number: dict[Apply, int] = {}

    def shown(variable: Variable) -> str:
        node = variable.owner
        if node is None or variable in i:
            return leaf_formatter(variable)
        suffix = f"::{variable.index}" if len(node.outputs) > 1 else ""
        if readers.get(variable, 0) > 1 or suffix:
            if node in number:
                return f"*{number[node]}{suffix}"
            number[node] = len(number) + 1
            return f"*{number[node]} -> {write(node, [shown(v) for v in node.inputs])}{suffix}"
        return write(node, [shown(v) for v in node.inputs])

    for variable in o:
        text[variable] = shown(variable)
    return [text[v] for v in o]
