"""The historic features of graphs: `theano.gof.toolbox`."""

from __future__ import annotations

from typing import Any

from croton.errors import AlreadyThere, InconsistencyError
from croton.graph.node import Apply, Variable
from croton.legacy.fgraph import FunctionGraph


class Feature:
    """What is told of the changes of a graph that it is attached to."""

    def on_attach(self, fgraph: FunctionGraph) -> None:
        """It is attached to `fgraph`. Errors: AlreadyThere when one of its kind is, and two are one too many"""

    def on_detach(self, fgraph: FunctionGraph) -> None:
        """It is attached no more."""

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """`node` has come in."""

    def on_prune(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """`node` has gone."""

    def on_change_input(
        self, fgraph: FunctionGraph, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None
    ) -> None:
        """Input `i` of `node` is `new_r`, and was `r`; `node` is 'output' for an output of the graph."""

    def orderings(self, fgraph: FunctionGraph) -> dict[Apply, list[Apply]]:
        """Which nodes must run before which, besides what the graph says."""
        return {}


class Bookkeeper(Feature):
    """A feature that treats nodes that are there as nodes that come in, and goes as if all went."""

    def on_detach(self, fgraph: FunctionGraph) -> None:
        for node in fgraph.toposort():
            self.on_prune(fgraph, node, "detached")


class History(Feature):
    """Remembers changes: `checkpoint()` is a place to go back to with `revert(fgraph, place)`."""

    def __init__(self) -> None:
        self.history: dict[int, list[tuple[Any, int, Variable]]] = {}
        self._reverting = False

    def on_attach(self, fgraph: FunctionGraph) -> None:
        self.history[id(fgraph.apply_nodes)] = []
        fgraph.__dict__["checkpoint"] = lambda: len(self._of(fgraph))
        fgraph.__dict__["revert"] = lambda place: self.revert(fgraph, place)

    def on_detach(self, fgraph: FunctionGraph) -> None:
        for name in ("checkpoint", "revert"):
            fgraph.__dict__.pop(name, None)
        self.history.pop(id(fgraph.apply_nodes), None)

    def on_change_input(
        self, fgraph: FunctionGraph, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None
    ) -> None:
        if not self._reverting:
            self._of(fgraph).append((node, i, r))

    def revert(self, fgraph: FunctionGraph, checkpoint: int) -> None:
        """Undo all changes since `checkpoint`."""
        made = self._of(fgraph)
        self._reverting = True
        try:
            while len(made) > checkpoint:
                node, i, r = made.pop()
                fgraph.change_input(node, i, r)
        finally:
            self._reverting = False

    def _of(self, fgraph: FunctionGraph) -> list[tuple[Any, int, Variable]]:
        return self.history[id(fgraph.apply_nodes)]


class Validator(Feature):
    """Graphs ask their features whether they may be as they are, by `fgraph.validate()`, without it too."""

    def consistent_(self, fgraph: FunctionGraph) -> bool:
        """Whether no feature objects."""
        return fgraph.consistent


class ReplaceValidate(History, Validator):
    """Graphs have `replace_validate` and `replace_all_validate` without it too; it remembers as History does."""

    def replace_validate(
        self, fgraph: FunctionGraph, r: Variable, new_r: Variable, reason: Any = None
    ) -> None:
        """As the method of the graph."""
        fgraph.replace_validate(r, new_r, reason)

    def replace_all_validate(self, fgraph: FunctionGraph, replacements: Any, reason: Any = None) -> None:
        """As the method of the graph."""
        fgraph.replace_all_validate(replacements, reason)


class NodeFinder(Bookkeeper):
    """Finds the nodes of an operation: `fgraph.get_nodes(op)`."""

    def __init__(self) -> None:
        self.nodes: dict[Any, list[Apply]] = {}

    def on_attach(self, fgraph: FunctionGraph) -> None:
        if "get_nodes" in fgraph.__dict__:
            raise AlreadyThere("There is a NodeFinder at this graph already.")
        fgraph.__dict__["get_nodes"] = lambda op: self.query(fgraph, op)

    def on_detach(self, fgraph: FunctionGraph) -> None:
        super().on_detach(fgraph)
        fgraph.__dict__.pop("get_nodes", None)

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        self.nodes.setdefault(node.op, []).append(node)

    def on_prune(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        found = self.nodes.get(node.op, [])
        if node in found:
            found.remove(node)

    def query(self, fgraph: FunctionGraph, op: Any) -> list[Apply]:
        """The nodes of `op`, in the order in which they run."""
        found = set(self.nodes.get(op, ()))
        return [node for node in fgraph.toposort() if node in found]


class PrintListener(Feature):
    """Prints what happens to a graph."""

    def __init__(self, active: bool = True) -> None:
        self.active = active

    def _say(self, *what: Any) -> None:
        if self.active:
            print(*what)

    def on_attach(self, fgraph: FunctionGraph) -> None:
        self._say("-- attaching to:", fgraph)

    def on_detach(self, fgraph: FunctionGraph) -> None:
        self._say("-- detaching from:", fgraph)

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        self._say(f"-- importing: {node}, reason: {reason}")

    def on_prune(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        self._say(f"-- pruning: {node}, reason: {reason}")

    def on_change_input(
        self, fgraph: FunctionGraph, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None
    ) -> None:
        self._say(f"-- changing ({node}.inputs[{i}]) from {r} to {new_r}")


class NoOutputFromInplace(Feature):
    """Objects to outputs made by an operation that writes over its input."""

    def __init__(self, first_output_idx: int = 0, last_output_idx: int | None = None) -> None:
        self.first_idx, self.last_idx = first_output_idx, last_output_idx

    def validate(self, fgraph: FunctionGraph) -> None:
        """Errors: InconsistencyError where it objects"""
        for out in fgraph.outputs[self.first_idx : self.last_idx]:
            node = out.owner
            if node is not None and (out.index or 0) in (node.op.destroy_map or {}):
                raise InconsistencyError(f"The output {out} of the graph is written over an input of {node}.")


class DestroyHandler(Bookkeeper):
    """Objects to a graph in which what an operation writes over is read by another one as well.

    The programs that are made of graphs don't need it: what is written over what is decided when they are planned.
    """

    def __init__(self, do_imports_on_attach: bool = True, algo: str | None = None) -> None:
        self.do_imports_on_attach, self.algo = do_imports_on_attach, algo

    def validate(self, fgraph: FunctionGraph) -> None:
        """Errors: InconsistencyError where it objects"""
        for node in fgraph.apply_nodes:
            for written in (node.op.destroy_map or {}).values():
                for at in written:
                    if len(fgraph.clients[node.inputs[at]]) > 1:
                        raise InconsistencyError(
                            f"{node} writes over its input {at}, {node.inputs[at]}, which others read too."
                        )


def fast_inplace_check(inputs: Any) -> list[Variable]:
    """Those of `inputs` of a graph that nothing writes over."""
    written = {
        client.inputs[at]
        for v in inputs
        for client, _ in getattr(v, "clients", ())
        if isinstance(client, Apply)
        for positions in (client.op.destroy_map or {}).values()
        for at in positions
    }
    return [v for v in inputs if v not in written]
