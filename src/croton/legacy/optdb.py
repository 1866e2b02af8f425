"""The historic tables of optimizers: `theano.compile.optdb` and `theano.tensor.opt.register_canonicalize` and its kin.

What is entered there takes its place among the rules and passes that graphs are rewritten by.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from croton.compile import mode as modes
from croton.graph.fgraph import FunctionGraph
from croton.legacy.local import LocalOptGroup, as_rule
from croton.legacy.optimizers import EquilibriumOptimizer, Optimizer, SeqOptimizer
from croton.rewrite import pipeline as pipelines
from croton.rewrite.rule import Stage
from croton.rules.stages import canonicalize, specialize, stabilize


class Query(pipelines.Query):
    """Which optimizers take part: those with one of the tags `include`, all of `require`, and none of `exclude`."""

    def __init__(
        self, include: Iterable[str] | None = None, require: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None, subquery: Any = None, position_cutoff: float = math.inf,
        extra_optimizations: Any = None,
    ) -> None:  # fmt: skip
        sets = (frozenset(tags or ()) for tags in (include, exclude, require))
        super().__init__(*sets)

    def register(self, *optimizations: Any) -> Query:
        """With further optimizers, given by name or as pairs (name, position)."""
        names = [one if isinstance(one, str) else str(one[0]) for one in optimizations]
        return self.including(*names)  # type: ignore[return-value]


def _query(
    tags: tuple[Any, ...], exclude: Iterable[str] = (), require: Iterable[str] = ()
) -> pipelines.Query:
    if len(tags) == 1 and isinstance(tags[0], pipelines.Query):
        return tags[0]
    plain = [t for t in tags if t[:1] not in "+-&"]
    more = [t[1:] for t in tags if t[:1] == "+"]
    without = [t[1:] for t in tags if t[:1] == "-"]
    needed = [t[1:] for t in tags if t[:1] == "&"]
    return pipelines.Query(
        frozenset((*plain, *more)), frozenset((*exclude, *without)), frozenset((*require, *needed))
    )


class DB:
    """A table of optimizers, by name and tags."""

    def __init__(self) -> None:
        self.name: str | None = None
        self._entries: dict[str, tuple[Any, frozenset[str]]] = {}

    def register(self, name: str, obj: Any, *tags: str, **kwargs: Any) -> None:
        """Enter `obj`. Errors: ValueError when there is one of that name"""
        if name in self._entries:
            raise ValueError(f"There is an optimizer called {name!r} already.")
        self._entries[name] = (obj, frozenset({name, *tags}))
        if getattr(obj, "name", None) is None:
            obj.name = name

    def add_tags(self, name: str, *tags: str) -> None:
        """Give an entry more tags."""
        obj, have = self._entries[name]
        self._entries[name] = (obj, have | set(tags))

    def remove_tags(self, name: str, *tags: str) -> None:
        """Take tags from an entry."""
        obj, have = self._entries[name]
        self._entries[name] = (obj, have - set(tags))

    def __getitem__(self, name: str) -> Any:
        if name not in self._entries:
            raise KeyError(f"There is nothing called {name!r}; there are {', '.join(self._entries)}.")
        return self._entries[name][0]

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def _chosen(self, tags: tuple[Any, ...], kwtags: dict[str, Any]) -> list[tuple[str, Any]]:
        query = _query(tags, kwtags.get("exclude", ()), kwtags.get("require", ()))
        return [
            (name, obj.query(*tags, **kwtags) if isinstance(obj, DB) else obj)
            for name, (obj, known) in self._entries.items()
            if query.admits(name, known)
        ]

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        """The optimizers that the tags, or a Query, choose."""
        return [obj for _, obj in self._chosen(tags, kwtags)]

    def print_summary(self, stream: Any = None) -> None:
        """Write what is in it to `stream` (standard output)."""
        for name, (_, tags) in self._entries.items():
            print(f"{name}: {', '.join(sorted(tags - {name}))}", file=stream or sys.stdout)


class EquilibriumDB(DB):
    """A table whose query gives one optimizer that applies what was chosen until nothing changes."""

    def __init__(self, ignore_newtrees: bool = True, tracks_on_change_inputs: bool = False) -> None:
        super().__init__()
        self.ignore_newtrees = ignore_newtrees

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        return EquilibriumOptimizer(super().query(*tags, **kwtags), max_use_ratio=10)


class LocalGroupDB(DB):
    """A table whose query gives one local optimizer: of what was chosen, the first that applies."""

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        return LocalOptGroup(*super().query(*tags, **kwtags))


class SequenceDB(DB):
    """A table whose query gives what was chosen, one after the other by position."""

    def __init__(self, failure_callback: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.failure_callback = failure_callback
        self.__position__: dict[str, float] = {}

    def register(  # type: ignore[override]
        self, name: str, obj: Any, position: float = 0, *tags: str, **kwargs: Any
    ) -> None:
        super().register(name, obj, *tags)
        self.__position__[name] = position

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        cutoff = kwtags.pop("position_cutoff", math.inf)
        chosen = [(name, obj) for name, obj in self._chosen(tags, kwtags) if self.__position__[name] < cutoff]
        chosen.sort(key=lambda one: self.__position__[one[0]])
        return SeqOptimizer([obj for _, obj in chosen], failure_callback=self.failure_callback)


class ProxyDB(DB):
    """Another table, by another name."""

    def __init__(self, db: DB) -> None:
        super().__init__()
        self.db = db

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        return self.db.query(*tags, **kwtags)


# -- the tables that compiles read ---------------------------------------------------------------------------
class StageDB(EquilibriumDB):
    """The table of the local optimizers of one stage: what is entered is applied with the rules that are there."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.name = stage.name
        self.stage = stage

    def register(self, name: str, obj: Any, *tags: str, **kwtags: Any) -> None:
        modes.whole_pipeline()
        super().register(name, obj, *tags)
        self.stage.enter(as_rule(name, obj, frozenset({self.stage.name, name, *(tags or ("fast_run",))})))
        modes.pipeline_of.cache_clear()

    def remove(self, name: str) -> None:
        """Take out what was entered as `name`."""
        del self._entries[name]
        self.stage.rules[:] = [rule for rule in self.stage.rules if rule.name != name]
        modes.pipeline_of.cache_clear()


# Where the passes of a pipeline stand among positions: the historic ones, and between them. One that is not here
# stands where the one before it does.
_POSITIONS = {
    "merge": 0, "canonicalize": 1, "merge_canonical": 1.1, "lift_shapes": 1.2, "stabilize": 1.5,
    "canonicalize_stable": 1.6, "specialize": 2, "blas": 2.1, "inner_graphs": 40, "constant_folding": 48,
    "merge_final": 100,
}  # fmt: skip


class PipelineDB(SequenceDB):
    """The table of the passes that graphs are rewritten by: `theano.compile.optdb`.

    What is entered runs at its position: canonicalize stands at 1, stabilize at 1.5, specialize at 2, and the last
    merge at 100.
    """

    def __init__(self) -> None:
        super().__init__()
        for stage in (canonicalize, stabilize, specialize):
            SequenceDB.register(self, stage.name, StageDB(stage), _POSITIONS[stage.name], "fast_run")

    def register(  # type: ignore[override]
        self, name: str, obj: Any, position: float = 0, *tags: str, **kwargs: Any
    ) -> None:
        pipeline = modes.whole_pipeline()
        super().register(name, obj, position, *tags)

        def run(graph: FunctionGraph, stats: Any, context: Any) -> None:
            one = obj.query(context.pipeline.query) if isinstance(obj, DB) else obj
            one.optimize(graph)

        step = pipelines.Pass(name, whole=run, tags=frozenset({name, *tags}))
        index = self._index(pipeline.passes, position)
        pipeline.passes = (*pipeline.passes[:index], step, *pipeline.passes[index:])
        modes.pipeline_of.cache_clear()

    def _index(self, passes: Sequence[pipelines.Pass], position: float) -> int:
        """The index of the first pass that stands behind `position`."""
        known = {**_POSITIONS, **self.__position__}
        at = 0.0
        for index, one in enumerate(passes):
            at = known.get(one.name, at)
            if at > position:
                return index
        return len(passes)

    def remove(self, name: str) -> None:
        """Take out what was entered as `name`."""
        pipeline = modes.whole_pipeline()
        del self._entries[name], self.__position__[name]
        pipeline.passes = tuple(p for p in pipeline.passes if p.name != name)
        modes.pipeline_of.cache_clear()

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        return PipelineOptimizer(_query(tags, kwtags.get("exclude", ()), kwtags.get("require", ())))


class PipelineOptimizer(Optimizer):
    """All passes, under a query."""

    def __init__(self, query: pipelines.Query) -> None:
        self.query = query

    def apply(self, fgraph: Any) -> None:
        modes.pipeline_of(self.query).run(fgraph)


optdb = PipelineDB()


def _registering(db: str) -> Callable[..., Any]:
    def register(lopt: Any, *tags: str, **kwargs: Any) -> Any:
        """Enter a local optimizer, under its name or `name`; to be a decorator, with tags or without."""
        if isinstance(lopt, str):
            return lambda inner: register(inner, lopt, *tags, **kwargs)
        name = kwargs.pop("name", None) or getattr(lopt, "__name__", None) or str(lopt)
        optdb[db].register(name, lopt, "fast_run", *tags)
        return lopt

    register.__name__ = f"register_{db}"
    return register


register_canonicalize = _registering("canonicalize")
register_stabilize = _registering("stabilize")
register_specialize = _registering("specialize")
