"""A graph that is being rewritten: it knows who reads each variable, and keeps that true while it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from croton.errors import InconsistencyError, MissingInputError
from croton.graph import walk
from croton.graph.node import Apply, Constant, Variable

Client = tuple[Apply | str, int]  # an application, or "output", and the position where it reads


class Listener(Protocol):
    """Is told of each change of the graph."""

    def on_import(self, graph: FunctionGraph, node: Apply) -> None:
        """`node` has come in."""

    def on_prune(self, graph: FunctionGraph, node: Apply) -> None:
        """`node` has gone: nothing reads it any more."""

    def on_change(
        self, graph: FunctionGraph, client: Apply | str, at: int, old: Variable, new: Variable
    ) -> None:
        """`client` reads `new` at position `at`, where it read `old`."""


class FunctionGraph:
    """The applications between `inputs` and `outputs`.

    It owns its nodes: pass copies (`FunctionGraph.copy_of`), or variables that nothing else reads.
    Errors: MissingInputError when an output needs a variable that is neither an input, a constant, nor computed.
    """

    def __init__(self, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        self.inputs: list[Variable] = list(inputs)
        self.outputs: list[Variable] = list(outputs)
        self.clients: dict[Variable, dict[Client, None]] = {v: {} for v in self.inputs}  # ordered sets
        self.apply_nodes: dict[Apply, None] = {}  # an ordered set
        self.kinds: Counter[type] = Counter()  # how many applications of operations of each class there are
        self.listeners: list[Listener] = []
        self.changes = 0  # how often something came to read something else
        self._order: tuple[int, list[Apply]] = (-1, [])  # the applications in order, after so many changes
        self._input_set = set(self.inputs)
        for variable in self.inputs:
            if variable.owner is not None:
                raise ValueError(
                    f"{variable} can't be an input of a graph: it is computed by {variable.owner}."
                )
        for at, variable in enumerate(self.outputs):
            self._import(variable)
            self.clients[variable]["output", at] = None

    @classmethod
    def copy_of(
        cls, inputs: Sequence[Variable], outputs: Sequence[Variable]
    ) -> tuple[FunctionGraph, dict[Any, Any]]:
        """A graph of copies of all that lies between `inputs` and `outputs`, and the map from old to new."""
        replace: dict[Variable, Variable] = {}
        for variable in inputs:
            replace.setdefault(variable, variable.clone())
        fresh, memo = walk.clone_graph(outputs, replace, copy_inputs=False)
        return cls([replace[v] for v in inputs], fresh), memo

    # -- reading ---------------------------------------------------------------------------------------------
    @property
    def variables(self) -> set[Variable]:
        """All variables of the graph."""
        return set(self.clients)

    def toposort(self) -> list[Apply]:
        """The applications, each after those that make its inputs."""
        if self._order[0] != self.changes:
            self._order = (self.changes, walk.toposort(self.outputs))
        return self._order[1].copy()

    def readers(self, variable: Variable) -> list[Apply]:
        """The applications that read `variable`, each once."""
        seen: dict[Apply, None] = {}
        for client, _ in self.clients.get(variable, ()):
            if isinstance(client, Apply):
                seen[client] = None
        return list(seen)

    def is_output(self, variable: Variable) -> bool:
        """Whether `variable` is an output of the graph."""
        return any(client == "output" for client, _ in self.clients.get(variable, ()))

    # -- changing --------------------------------------------------------------------------------------------
    def replace(self, old: Variable, new: Variable, reason: str | None = None) -> None:
        """Let all that read `old` read `new`; where nothing does, nothing is done.

        The story of what comes in is that of what makes `old`, and then `reason`.

        Errors: TypeError when `new` is of another type and does not convert.
        """
        if old is new:
            return
        if old not in self.clients:
            raise InconsistencyError(f"Can't replace {old} ({reason}): it is not in the graph.")
        if not self.clients[old]:
            return  # and `new` stays outside, where nothing would read it
        if new.type != old.type:
            new = old.type.filter_variable(new)
            if new is old:
                return
        fresh = self._import(new)
        if reason is not None and fresh:
            story = (*getattr(old.owner and old.owner.tag, "story", ()), reason)
            for node in fresh:
                if not hasattr(node.tag, "story"):
                    node.tag.story = story
        if new.name is None and old.name is not None and new.owner is not None:
            new.name = old.name
        for client, at in list(self.clients[old]):
            self.change_input(client, at, new)

    def replace_all(self, pairs: Iterable[tuple[Variable, Variable]], reason: str | None = None) -> None:
        """`replace` for each pair."""
        for old, new in pairs:
            self.replace(old, new, reason)

    def change_input(self, client: Apply | str, at: int, new: Variable) -> None:
        """Let `client` read `new` at position `at`; what nothing reads any more leaves the graph."""
        self.changes += 1
        if isinstance(client, Apply):
            old = client.inputs[at]
            client.inputs[at] = new
        else:
            old = self.outputs[at]
            self.outputs[at] = new
        if new not in self.clients:
            self._import(new)
        self.clients[new][client, at] = None
        del self.clients[old][client, at]
        for listener in self.listeners:
            listener.on_change(self, client, at, old, new)
        self._prune(old)

    def _import(self, variable: Variable) -> list[Apply]:
        """Let in what `variable` needs and is not there yet: its applications, in order."""
        fresh: list[Apply] = []
        if variable in self.clients:
            return fresh
        if variable.owner is None:
            self._import_leaf(variable)
            return fresh
        for node in walk.toposort([variable], self.clients):
            if node in self.apply_nodes:
                continue
            for at, source in enumerate(node.inputs):
                if source not in self.clients:
                    self._import_leaf(source, node)
                self.clients[source][node, at] = None
            for out in node.outputs:
                self.clients.setdefault(out, {})
            self.apply_nodes[node] = None
            self.kinds[type(node.op)] += 1
            fresh.append(node)
            for listener in self.listeners:
                listener.on_import(self, node)
        return fresh

    def _import_leaf(self, variable: Variable, reader: Apply | None = None) -> None:
        if not isinstance(variable, Constant) and variable not in self._input_set:
            raise MissingInputError(
                f"The graph needs {variable} of type {variable.type}, which is neither among its inputs nor given a "
                "value.",
                variable=variable,
                reader=reader,
            )
        self.clients.setdefault(variable, {})

    def _prune(self, variable: Variable) -> None:
        todo = [variable]
        while todo:
            v = todo.pop()
            if self.clients.get(v):
                continue
            node = v.owner
            if node is None:
                if v not in self._input_set:
                    self.clients.pop(v, None)
                continue
            if node not in self.apply_nodes or any(self.clients.get(o) for o in node.outputs):
                continue
            del self.apply_nodes[node]
            self.kinds[type(node.op)] -= 1
            for out in node.outputs:
                self.clients.pop(out, None)
            for at, source in enumerate(node.inputs):
                del self.clients[source][node, at]
                todo.append(source)
            for listener in self.listeners:
                listener.on_prune(self, node)

    def __str__(self) -> str:
        return f"FunctionGraph({', '.join(map(str, self.inputs))} -> {', '.join(map(str, self.outputs))})"
