"""`THEANO_FLAGS=optimizer_verbose=True`: a line for each time that a rule is applied, as it happens."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from croton.graph.node import Apply, Variable

# Longer texts are cut: a graph has as many lines as rewrites.
_WIDTH = 160


class Rewrites:
    """Prints each rewrite to standard error."""

    def on_rewrite(
        self, stage: str, rule: str, node: Apply, pairs: Sequence[tuple[Variable, Variable]]
    ) -> None:
        """`rule` puts the second of each pair in the place of the first."""
        new = ", ".join(str(made.owner or made) for _, made in pairs)
        print(f"{stage}: {rule}: {_cut(str(node))} -> {_cut(new)}", file=sys.stderr)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def listener(asked: bool) -> Rewrites:
    """What prints the rewrites of one compile."""
    return Rewrites()
