"""What is known of the variables of a graph while it is rewritten: `theano.sandbox.linalg.ops.HintsFeature`."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply, Variable
from croton.legacy.fgraph import FunctionGraph
from croton.legacy.optimizers import Optimizer
from croton.legacy.toolbox import Feature
from croton.ops.passing import Hint


class HintsFeature(Feature):
    """Keeps in `hints`, for each variable of a graph, what is known of it, by name: from `Hint`, and from `add_hint`.

    What stands in the place of a variable is known to be what that was, and the other way round.
    """

    def __init__(self) -> None:
        self.hints: dict[Variable, dict[str, Any]] = {}

    def add_hint(self, r: Variable, k: str, v: Any) -> None:
        """Note that `k` of `r` is `v`."""
        self.ensure_init_r(r)
        self.hints[r][k] = v

    def ensure_init_r(self, r: Variable) -> None:
        """Let there be a place for notes on `r`."""
        self.hints.setdefault(r, {})

    def update_second_from_first(self, r0: Variable, r1: Variable) -> None:
        """Note of `r1` what is known of `r0`.

        Errors: ValueError where something else is known of `r1`
        """
        for k, v in self.hints[r0].items():
            known = self.hints[r1].setdefault(k, v)
            if known is not v and known != v:
                raise ValueError(f"{r1} stands in the place of {r0}, but its {k} is {known!r}, not {v!r}.")

    def on_attach(self, fgraph: FunctionGraph) -> None:
        """Errors: ValueError when the graph has one already"""
        if "hints_feature" in fgraph.__dict__:
            raise ValueError("There is a HintsFeature at this graph already.")
        fgraph.__dict__["hints_feature"] = self

    def on_detach(self, fgraph: FunctionGraph) -> None:
        fgraph.__dict__.pop("hints_feature", None)

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        for variable in (*node.inputs, *node.outputs):
            self.ensure_init_r(variable)
        if isinstance(node.op, Hint):
            for k, v in node.op.hints:
                for variable in (node.inputs[0], node.outputs[0]):
                    self.add_hint(variable, k, v)

    def on_change_input(
        self, fgraph: FunctionGraph, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None
    ) -> None:
        for one in (r, new_r):
            self.ensure_init_r(one)
        self.update_second_from_first(r, new_r)
        self.update_second_from_first(new_r, r)


class HintsOptimizer(Optimizer):
    """Attaches a HintsFeature."""

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        fgraph.attach_feature(HintsFeature())
