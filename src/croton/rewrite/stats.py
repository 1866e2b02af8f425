"""What the rewriting of a graph did: which rule fired where, and how long each stage took."""

from __future__ import annotations

from collections import Counter

from croton.util.record import field, record


@record
class StageStats:
    """One stage of a pipeline: nodes before and after, seconds, and how often each rule fired."""

    name: str
    nodes_before: int
    nodes_after: int = 0
    seconds: float = 0.0
    fired: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rules = ", ".join(f"{name} x{n}" if n > 1 else name for name, n in self.fired.most_common())
        return (
            f"{self.name}: {self.nodes_before} -> {self.nodes_after} nodes, {self.seconds * 1e3:.1f} ms"
            + (f"; {rules}" if rules else "")
        )


@record
class Stats:
    """All stages, in order."""

    stages: list[StageStats] = field(default_factory=list)

    @property
    def fired(self) -> Counter[str]:
        """How often each rule fired, over all stages."""
        total: Counter[str] = Counter()
        for stage in self.stages:
            total.update(stage.fired)
        return total
