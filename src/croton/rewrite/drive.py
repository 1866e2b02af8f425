"""The driver: applies the rules of a stage to a graph until none fires.

It is iterative, and each change looks only at its surroundings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from croton.errors import RewriteError
from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.rewrite.pattern import through_broadcast
from croton.rewrite.rule import Rule, key_of
from croton.rewrite.stats import StageStats
from croton.rewrite.telling import Telling

# Gives a variable the type of the one that it replaces, or None where it can't.
Conform = Callable[[Variable, Variable], Variable | None]

# What is put in the place of what.
Pairs = Sequence[tuple[Variable, Variable]]

# How many of the last replacements are looked at for what repeats, when there are too many.
_REMEMBERED = 64


class Driver:
    """Applies `rules` to graphs.

    conform   makes a replacement's type that of what it replaces
    budget    how many replacements per node of the graph are taken for a circle
    name      of the stage
    """

    def __init__(self, rules: Sequence[Rule], conform: Conform, budget: int = 12, name: str = "") -> None:
        self.name = name
        self.conform = conform
        self.budget = budget
        self._rules = tuple(rules)
        # Rules by what they are indexed by; found when an operation is met first.
        self._at: dict[Hashable, Sequence[Rule]] = {}

    def rules_for(self, op: Any) -> Sequence[Rule]:
        """The rules to try at a node of `op`, in order: those for its kind, for what that is a kind of, and for all."""
        key = key_of(op)
        found = self._at.get(key)
        if found is None:
            kinds = set(key.__mro__) if isinstance(key, type) else {key}
            found = [rule for rule in self._rules if not rule.roots or not kinds.isdisjoint(rule.roots)]
            self._at[key] = found
        return found

    def run(
        self,
        graph: FunctionGraph,
        stats: StageStats,
        context: Any = None,
        telling: Telling | None = None,
        nodes: Iterable[Apply] | None = None,
    ) -> None:
        """Rewrite `graph` in place, beginning at `nodes`, or at all.

        Errors: RewriteError, which names the rules that go round in a circle
        """
        telling = telling or Telling()
        work = deque(graph.toposort() if nodes is None else nodes)
        queued = set(work)
        left = self.budget * (len(work) + 64)
        last: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)
        before = origin.swap(None)
        takers: set[Apply] = set()
        try:
            for node in _in_turn(work, takers, graph):
                queued.discard(node)
                takers.discard(node)
                if node not in graph.apply_nodes:
                    continue
                origin.swap(node.origin)
                found = self._first(node, graph, context, telling, takers)
                if found is None:
                    continue
                rule, pairs = found
                left -= 1
                if left < _REMEMBERED:
                    last.append((rule.name, str(node)))
                    if left < 0:
                        raise RewriteError(_circle(rule, stats, last))
                for tell in telling.on_rewrite:
                    tell(self.name, rule.name, node, pairs)
                stats.fired[rule.name] += 1
                for other in _replace(graph, node, pairs, rule):
                    if other not in queued:
                        queued.add(other)
                        work.append(other)
        finally:
            origin.swap(before)

    def _first(
        self, node: Apply, graph: FunctionGraph, context: Any, telling: Telling, takers: set[Apply]
    ) -> tuple[Rule, Pairs] | None:
        """The first rule that applies to `node`, and what it puts in the place of which outputs.

        takers   gets the readers that rules name: those that take `node` into a form of their own
        """
        makers: set[Hashable] | None = None
        for rule in self.rules_for(node.op):
            if rule.among and not any(graph.kinds[kind] for kind in rule.among):
                continue
            if rule.inside:
                if makers is None:
                    makers = _makers(node)
                if _lacks(makers, rule.inside):
                    continue
            try:
                answer = rule.apply(node, context)
                if isinstance(answer, Apply):
                    takers.add(answer)
                    continue
                pairs = None if answer is None else self._pairs(node, answer)
            except Exception as error:
                telling.on_error(rule.name, f"at {node}", error)
                continue
            if pairs:
                return rule, pairs
        return None

    def _pairs(self, node: Apply, answer: Sequence[Variable | None] | Variable) -> Pairs:
        if isinstance(answer, Variable):
            answer = (answer,)
        if len(answer) != len(node.outputs):
            raise RewriteError(
                f"A rule gave {len(answer)} variables for the {len(node.outputs)} outputs of {node}."
            )
        pairs = []
        for old, new in zip(node.outputs, answer, strict=True):
            if new is None or new is old:
                continue
            if new.type != old.type:
                fitted = self.conform(new, old)
                if fitted is None:
                    return []
                new = fitted
            pairs.append((old, new))
        return pairs


def _in_turn(work: deque[Apply], takers: set[Apply], graph: FunctionGraph) -> Iterator[Apply]:
    """The nodes of `work`, and when there are none, those of `takers`: both grow meanwhile.

    Takers come in the order of the graph, so that a chain of nodes each of which takes the one before is walked once.
    """
    while work or takers:
        while work:
            yield work.popleft()
        takers.intersection_update(graph.apply_nodes)
        if takers:
            for node in graph.toposort():
                if node in takers:
                    yield node


def _lacks(makers: set[Hashable], inside: Sequence[frozenset[Hashable]]) -> bool:
    """Whether none of `makers` is in one of these sets. A loop: this is asked of most rules at every node."""
    for keys in inside:
        if makers.isdisjoint(keys):
            return True
    return False


def _makers(node: Apply) -> set[Hashable]:
    """What the operations that make the inputs of `node` are indexed by, seen through axes that are put in."""
    found: set[Hashable] = set()
    for variable in node.inputs:
        maker = variable.owner
        if maker is not None:
            found.add(key_of(maker.op))
            if getattr(maker.op, "only_adds_axes", False):
                inner = through_broadcast(variable).owner
                if inner is not None:
                    found.add(key_of(inner.op))
    return found


def _replace(graph: FunctionGraph, node: Apply, pairs: Pairs, rule: Rule) -> list[Apply]:
    """Do it, and say which nodes now stand in another surrounding."""
    fresh: list[Apply] = []
    watch = Imports(fresh)
    graph.listeners.append(watch)
    try:
        for old, new in pairs:
            if old in graph.clients:
                graph.replace(old, new, rule.name)
    finally:
        graph.listeners.remove(watch)
    touched: dict[Apply, None] = dict.fromkeys(n for n in fresh if n in graph.apply_nodes)
    for _, new in pairs:
        if new.owner is not None and new.owner in graph.apply_nodes:
            touched[new.owner] = None
        if new in graph.clients and not isinstance(new, Constant):
            touched.update(dict.fromkeys(graph.readers(new)))
        elif isinstance(new, Constant):
            touched.update(dict.fromkeys(graph.readers(new)[-32:]))
    return list(touched)


class Touched:
    """Notes which nodes stand in another surrounding than when this began to listen."""

    def __init__(self) -> None:
        self.nodes: dict[Apply, None] = {}

    def on_import(self, graph: FunctionGraph, node: Apply) -> None:
        """`node` has come in."""
        self.nodes[node] = None

    def on_prune(self, graph: FunctionGraph, node: Apply) -> None:
        """`node` reads nothing any more: what still reads the same may be alone with it now."""
        self.nodes.pop(node, None)
        for variable in node.inputs:
            self._left(graph, variable)

    def on_change(self, graph: FunctionGraph, client: Any, at: int, old: Variable, new: Variable) -> None:
        """`client` reads something else, and those that read what it computes do so at one remove."""
        if isinstance(client, Apply):
            self.nodes[client] = None
            for out in client.outputs:
                self.nodes.update(dict.fromkeys(graph.readers(out)))
        self._left(graph, old)

    def _left(self, graph: FunctionGraph, variable: Variable) -> None:
        if len(graph.clients.get(variable, ())) == 1 and not isinstance(variable, Constant):
            self.nodes.update(dict.fromkeys(graph.readers(variable)))

    def again(self, graph: FunctionGraph) -> list[Apply]:
        """The nodes that are still there, in order; from now on others are noted."""
        noted, self.nodes = self.nodes, {}
        return [node for node in graph.toposort() if node in noted] if noted else []


class Imports:
    """Notes the nodes that come into a graph."""

    def __init__(self, into: list[Apply]) -> None:
        self.into = into

    def on_import(self, graph: FunctionGraph, node: Apply) -> None:
        """`node` has come in."""
        self.into.append(node)

    def on_prune(self, graph: FunctionGraph, node: Apply) -> None:
        """Nothing to note."""

    def on_change(self, graph: FunctionGraph, client: Any, at: int, old: Variable, new: Variable) -> None:
        """Nothing to note."""


def _circle(rule: Rule, stats: StageStats, last: Sequence[tuple[str, str]]) -> str:
    busy = ", ".join(f"{name} ({n} times)" for name, n in stats.fired.most_common(6))
    steps = "\n".join(f"  {name}: {node[:200]}" for name, node in _one_round(list(last)))
    return (
        f"Rewriting does not come to an end in stage {stats.name}: rules undo one another. The circle:\n{steps}\n"
        f"Most active: {busy}. Exclude one of them (mode.excluding('{rule.name}')) and report the graph."
    )


def _one_round(last: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The shortest end of `last` that stands there twice over, told by rules; all of it where there is none."""
    rules = [name for name, _ in last]
    for n in range(1, len(rules) // 2 + 1):
        if rules[-n:] == rules[-2 * n : -n]:
            return last[-n:]
    return last
