"""The historic class of graphs that are being rewritten: `theano.gof.FunctionGraph`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from croton.graph import fgraph
from croton.graph.node import Apply, Variable
from croton.legacy.shapes import ShapeFeature


class FunctionGraph(fgraph.FunctionGraph):
    """The applications between `inputs` and `outputs`: copies of them, unless `clone` is False.

    `features` are objects with some of the methods on_attach, on_import, on_change_input, on_prune, on_detach,
    validate. While a graph is one of these, its variables know it: `variable.clients` are those that read it.
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
        self._show_clients()
        for feature in features or ():
            self.attach_feature(feature)

    @classmethod
    def over(cls, graph: fgraph.FunctionGraph) -> FunctionGraph:
        """`graph` itself, by the historic methods: what is done to the one is done to the other."""
        if isinstance(graph, cls):
            return graph
        made: FunctionGraph = object.__new__(cls)
        made.__dict__ = graph.__dict__
        made.__dict__.setdefault("update_mapping", None)
        made._show_clients()
        return made

    def _show_clients(self) -> None:
        if not isinstance(self.clients, Readers):
            self.clients = Readers(self.clients)
        if not any(isinstance(listener, ClientsListener) for listener in self.listeners):
            listener = ClientsListener()
            for variable in self.clients:
                listener.show(self, variable)
            self.listeners.append(listener)

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
            for feature in self._features:
                made.attach_feature(feature)
        return made, memo

    @property
    def shape_feature(self) -> ShapeFeature:
        """What knows the lengths of the variables; it is attached when it is first asked for."""
        if self.__dict__.get("_shape_feature") is None:
            self.attach_feature(ShapeFeature())
        found: ShapeFeature = self.__dict__["_shape_feature"]
        return found

    # -- features --------------------------------------------------------------------------------------------
    @property
    def _features(self) -> list[Any]:
        return [listener.feature for listener in self.listeners if isinstance(listener, FeatureListener)]

    def attach_feature(self, feature: Any) -> None:
        """Let `feature` be told of changes, and of the applications that are there."""
        if any(one is feature for one in self._features):
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

    # -- changes ---------------------------------------------------------------------------------------------
    def replace_validate(self, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Let all that read `r` read `new_r`, unless a feature objects: then the graph is as before.

        Errors: what the method `validate` of a feature raises
        """
        self.replace_all_validate([(r, new_r)], reason)

    def replace_all_validate(
        self, replacements: Sequence[tuple[Variable, Variable]], reason: Any = None, verbose: Any = None
    ) -> None:
        """`replace_validate` for all pairs, or for none."""
        changes = ChangeListener()
        self.listeners.append(changes)
        try:
            for old, new in replacements:
                if old in self.clients:
                    self.replace(old, new, reason)
            self.validate()
        except Exception:
            self.listeners.remove(changes)
            for client, at, old in reversed(changes.made):
                self.change_input(client, at, old)
            raise
        self.listeners.remove(changes)

    def replace_all_validate_remove(
        self, replacements: Sequence[tuple[Variable, Variable]], remove: Sequence[Apply], reason: Any = None,
        warn: bool = True,
    ) -> bool:  # fmt: skip
        """`replace_all_validate`; whether the nodes in `remove` have left the graph."""
        self.replace_all_validate(replacements, reason)
        return not any(node in self.apply_nodes for node in remove)

    def validate(self) -> None:
        """Ask the features whether the graph may be as it is. Errors: what they raise"""
        for feature in self._features:
            check = getattr(feature, "validate", None)
            if check is not None:
                check(self)

    @property
    def consistent(self) -> bool:
        """Whether no feature objects."""
        try:
            self.validate()
        except Exception:
            return False
        return True

    def add_input(self, variable: Variable) -> None:
        """Let `variable` be one more input."""
        if variable not in self._input_set:
            self.inputs.append(variable)
            self._input_set.add(variable)
            self.clients.setdefault(variable, {})

    def check_integrity(self) -> None:
        """Raise AssertionError unless the graph knows its nodes and their readers: for tests of optimizers."""
        nodes = self.toposort()
        if set(nodes) != set(self.apply_nodes):
            raise AssertionError("The graph does not know its applications.")
        for node in nodes:
            for at, source in enumerate(node.inputs):
                if (node, at) not in self.clients[source]:
                    raise AssertionError(f"{source} does not know that {node} reads it.")


class Readers(dict[Variable, dict[fgraph.Client, None]]):
    """Who reads each variable, which `clients(variable)` tells as a list."""

    def __call__(self, r: Variable) -> list[fgraph.Client]:
        return list(self.get(r, ()))


class Clients:
    """Those that read a variable: pairs of an application, or 'output', and the position where it reads."""

    def __init__(self, graph: fgraph.FunctionGraph, variable: Variable) -> None:
        self._graph = graph
        self._variable = variable

    def _pairs(self) -> list[fgraph.Client]:
        return list(self._graph.clients.get(self._variable, ()))

    def __len__(self) -> int:
        return len(self._graph.clients.get(self._variable, ()))

    def __iter__(self) -> Iterator[fgraph.Client]:
        return iter(self._pairs())

    def __getitem__(self, at: Any) -> Any:
        return self._pairs()[at]

    def __repr__(self) -> str:
        return repr(self._pairs())


class ClientsListener:
    """Lets variables know the graph that they are in, and who reads them there."""

    def show(self, graph: fgraph.FunctionGraph, variable: Variable) -> None:
        """Let `variable` know."""
        variable.__dict__["fgraph"] = graph
        variable.__dict__["clients"] = Clients(graph, variable)

    def on_import(self, graph: fgraph.FunctionGraph, node: Apply) -> None:
        """`node` has come in."""
        for variable in (*node.inputs, *node.outputs):
            self.show(graph, variable)

    def on_prune(self, graph: fgraph.FunctionGraph, node: Apply) -> None:
        """`node` has gone."""

    def on_change(
        self, graph: fgraph.FunctionGraph, client: Apply | str, at: int, old: Variable, new: Variable
    ) -> None:
        """`client` reads `new` in place of `old`."""
        self.show(graph, new)


class ChangeListener(ClientsListener):
    """Notes what is needed to undo changes."""

    def __init__(self) -> None:
        self.made: list[tuple[Apply | str, int, Variable]] = []

    def on_import(self, graph: fgraph.FunctionGraph, node: Apply) -> None:
        """Nothing to undo."""

    def on_change(
        self, graph: fgraph.FunctionGraph, client: Apply | str, at: int, old: Variable, new: Variable
    ) -> None:
        """`client` read `old`."""
        self.made.append((client, at, old))


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
        self.tell("on_import", FunctionGraph.over(graph), node, None)

    def on_prune(self, graph: fgraph.FunctionGraph, node: Apply) -> None:
        """`node` has gone."""
        self.tell("on_prune", FunctionGraph.over(graph), node, None)

    def on_change(
        self, graph: fgraph.FunctionGraph, client: Apply | str, at: int, old: Variable, new: Variable
    ) -> None:
        """`client` reads `new` in place of `old`."""
        self.tell("on_change_input", FunctionGraph.over(graph), client, at, old, new, None)
