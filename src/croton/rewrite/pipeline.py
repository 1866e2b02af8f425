"""The passes of an optimisation, in an order that can be printed, and queries that leave some out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from croton.errors import RewriteError
from croton.graph.fgraph import FunctionGraph
from croton.rewrite.drive import Conform, Driver, Touched
from croton.rewrite.rule import Rule, Stage
from croton.rewrite.stats import StageStats, Stats
from croton.rewrite.telling import Telling
from croton.util.record import record, replace


@record(frozen=True)
class Query:
    """Which rules take part: those with one of the `include` tags and all of `require`, less those in `exclude`."""

    include: frozenset[str] = frozenset({"fast_run"})
    exclude: frozenset[str] = frozenset()
    require: frozenset[str] = frozenset()

    def including(self, *tags: str) -> Query:
        """With rules of these tags too."""
        return replace(self, include=self.include | set(tags), exclude=self.exclude - set(tags))

    def excluding(self, *tags: str) -> Query:
        """Without rules of these names or tags."""
        return replace(self, exclude=self.exclude | set(tags))

    def requiring(self, *tags: str) -> Query:
        """Of these rules those that have all of these tags too."""
        return replace(self, require=self.require | set(tags))

    def admits(self, name: str, tags: Iterable[str]) -> bool:
        """Whether a rule or pass of this name and these tags takes part."""
        known = {name, *tags}
        return not known & self.exclude and bool(known & self.include) and self.require <= known


@record(frozen=True)
class Pass:
    """One step of a pipeline: a stage of rules, or a function of the whole graph `(graph, stats, context)`."""

    name: str
    stage: Stage | None = None
    whole: Callable[[FunctionGraph, StageStats, Any], None] | None = None
    tags: frozenset[str] = frozenset({"fast_run"})


class Pipeline:
    """Passes run one after the other.

    context   made anew for each run, passed to rules that ask for it; its attribute `pipeline` is this pipeline
    """

    def __init__(
        self,
        passes: Sequence[Pass],
        conform: Conform,
        context: Callable[[FunctionGraph], Any],
        query: Query | None = None,
        max_use_ratio: int = 12,
    ) -> None:
        self.passes = tuple(passes)
        self.conform = conform
        self.context = context
        self.query = query or Query()
        self.max_use_ratio = max_use_ratio
        self._drivers: dict[str, Driver] = {}

    def with_query(self, query: Query) -> Pipeline:
        """The same passes under another query."""
        return Pipeline(self.passes, self.conform, self.context, query, self.max_use_ratio)

    def rules(self, stage: Stage) -> list[Rule]:
        """The rules of `stage` that take part."""
        return [rule for rule in stage.rules if self.query.admits(rule.name, rule.tags)]

    def run(
        self,
        graph: FunctionGraph,
        telling: Telling | None = None,
        after: str | None = None,
        until: str | None = None,
    ) -> Stats:
        """Run all passes over `graph`, in place, and say what they did; or those after one, or up to one."""
        telling = telling or Telling()
        stats = Stats()
        context = self.context(graph)
        context.pipeline = self
        context.telling = telling
        touched: dict[str, Touched] = {}  # since a stage was run last, by its name
        for step in self._between(after, until):
            if step.stage is None and not self.query.admits(step.name, step.tags):
                continue
            record = StageStats(step.name, len(graph.apply_nodes))
            start = time.perf_counter()
            try:
                if step.stage is not None:
                    self._drive(step, step.stage, graph, record, context, touched)
                elif step.whole is not None:
                    step.whole(graph, record, context)
            except RewriteError as error:
                telling.on_error(step.name, "", error)
            record.seconds = time.perf_counter() - start
            record.nodes_after = len(graph.apply_nodes)
            stats.stages.append(record)
            for tell in telling.on_stage:
                tell(step.name, graph, record)
        for watch in touched.values():
            graph.listeners.remove(watch)
        return stats

    def _drive(
        self,
        step: Pass,
        stage: Stage,
        graph: FunctionGraph,
        record: StageStats,
        context: Any,
        touched: dict[str, Touched],
    ) -> None:
        """Run a stage: over the whole graph the first time, later over what has changed since."""
        watch = touched.get(stage.name)
        nodes = None if watch is None else watch.again(graph)
        if watch is None:
            watch = touched[stage.name] = Touched()
        else:
            graph.listeners.remove(watch)
        try:
            self._driver(step).run(graph, record, context, context.telling, nodes)
        finally:
            graph.listeners.append(watch)

    def _between(self, after: str | None, until: str | None) -> Sequence[Pass]:
        names = [step.name for step in self.passes]
        first = 0 if after is None else names.index(after) + 1
        return self.passes[first : len(names) if until is None else names.index(until) + 1]

    def _driver(self, step: Pass) -> Driver:
        if step.name not in self._drivers:
            assert step.stage is not None
            rules = self.rules(step.stage)
            self._drivers[step.name] = Driver(rules, self.conform, self.max_use_ratio, step.name)
        return self._drivers[step.name]

    def __str__(self) -> str:
        return "\n".join(
            f"{step.name}: {', '.join(rule.name for rule in self.rules(step.stage)) if step.stage else 'whole graph'}"
            for step in self.passes
        )
