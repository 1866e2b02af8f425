"""The historic class of graphs that are being rewritten: `theano.gof.FunctionGraph`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.graph import fgraph
from croton.graph.node import Apply, Variable


class FunctionGraph(fgraph.FunctionGraph):
    """The applications between `inputs` and `outputs`: copies of them, unless `clone` is False.

    `features` are objects with some of the methods on_attach, on_import, on_change_input, on_prune, on_detach.
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        features: Sequence[Any] | None = None,
        clone: bool = True,
        update_mapping: dict[int, int] | None = None,
    ) -> None:
        if clone:
            copied, _ = fgraph.FunctionGraph.copy_of(inputs, outputs)
            inputs, outputs = copied.inputs, copied.outputs
        super().__init__(inputs, outputs)
        self.update_mapping = update_mapping
        for feature in features or ():
            self.attach_feature(feature)

    def clone(self, check_integrity: bool = True) -> FunctionGraph:
        """A copy of the graph."""
        return self.clone_get_equiv()[0]

    def clone_get_equiv(
        self, check_integrity: bool = True, attach_feature: bool = True
    ) -> tuple[FunctionGraph, dict[Variable, Variable]]:
        """A copy of the graph, and the map from variables to their copies."""
        copied, memo = fgraph.FunctionGraph.copy_of(self.inputs, self.outputs)
        made = FunctionGraph(copied.inputs, copied.outputs, clone=False, update_mapping=self.update_mapping)
        if attach_feature:
            for listener in self.listeners:
                if isinstance(listener, FeatureListener):
                    made.attach_feature(listener.feature)
        return made, memo

    def attach_feature(self, feature: Any) -> None:
        """Let `feature` be told of changes, and of the applications that are there."""
        if any(isinstance(x, FeatureListener) and x.feature is feature for x in self.listeners):
            return
        listener = FeatureListener(feature)
        listener.tell("on_attach", self)
        for node in self.toposort():
            listener.tell("on_import", self, node, "attached")
        self.listeners.append(listener)

    def remove_feature(self, feature: Any) -> None:
        """Tell `feature` of changes no longer."""
        for listener in list(self.listeners):
            if isinstance(listener, FeatureListener) and listener.feature is feature:
                self.listeners.remove(listener)
                listener.tell("on_detach", self)


class FeatureListener:
    """Tells an object with the historic methods of the changes of a graph."""

    def __init__(self, feature: Any) -> None:
        self.feature = feature

    def tell(self, method: str, *args: Any) -> None:
        """Call `method` of the feature, where it has it."""
        call = getattr(self.feature, method, None)
        if call is not None:
            call(*args)

    def on_import(self, graph: fgraph.FunctionGraph, node: Apply) -> None:
        """`node` has come in."""
        self.tell("on_import", graph, node, None)

    def on_prune(self, graph: fgraph.FunctionGraph, node: Apply) -> None:
        """`node` has gone."""
        self.tell("on_prune", graph, node, None)

    def on_change(
        self, graph: fgraph.FunctionGraph, client: Apply | str, at: int, old: Variable, new: Variable
    ) -> None:
        """`client` reads `new` in place of `old`."""
        self.tell("on_change_input", graph, client, at, old, new, None)
