"""Who is told what happens while a graph is rewritten, and who decides what becomes of a rule that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Variable
from croton.rewrite.stats import StageStats
from croton.util.record import record

# A pass has run: (name, graph, stats).
OnStage = Callable[[str, FunctionGraph, StageStats], None]

# A rule is about to put variables in the place of others: (stage, rule, node, pairs of old and new).
OnRewrite = Callable[[str, str, Apply, Sequence[tuple[Variable, Variable]]], None]

# A rule or a pass has raised: (name, where, error). When this returns, the graph stays as it is there.
OnError = Callable[[str, str, Exception], None]


def reraise(name: str, where: str, error: Exception) -> None:
    """An error ends the compile."""
    raise error


@record(frozen=True)
class Telling:
    """Those who are told."""

    on_stage: Sequence[OnStage] = ()
    on_rewrite: Sequence[OnRewrite] = ()
    on_error: OnError = reraise

    def inside(self) -> Telling:
        """The same for the graphs that operations hold: these have no stages of their own to tell of."""
        return Telling((), self.on_rewrite, self.on_error)
