"""The historic optimizers of whole graphs, and what makes them of local ones: `theano.gof.Optimizer` and its kin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from croton.errors import RewriteError
from croton.graph import fgraph as graphs
from croton.graph import walk
from croton.graph.node import Apply, Variable
from croton.legacy.fgraph import FunctionGraph
from croton.legacy.local import LocalOptGroup, LocalOptimizer, answers
from croton.rewrite.stats import StageStats
from croton.rules.passes import fold_constants, merge


class Optimizer:
    """A change of a whole graph, in place: a subclass gives `apply(fgraph)`."""

    name: str | None = None

    def apply(self, fgraph: FunctionGraph) -> Any:
        """Change `fgraph`, by its methods `replace` and `replace_validate`."""

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach the features that `apply` needs."""

    def optimize(self, fgraph: graphs.FunctionGraph, *args: Any, **kwargs: Any) -> Any:
        """Attach what is needed, and apply."""
        graph = FunctionGraph.over(fgraph)
        self.add_requirements(graph)
        return self.apply(graph, *args, **kwargs)

    def __call__(self, fgraph: graphs.FunctionGraph) -> Any:
        return self.optimize(fgraph)

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write what it is to `stream` (standard output)."""
        print(f"{' ' * level}{self}", file=stream or sys.stdout)

    def __str__(self) -> str:
        return self.name or type(self).__name__

    __repr__ = __str__


class FromFunctionOptimizer(Optimizer):
    """A function of a graph as an optimizer."""

    def __init__(self, fn: Callable[[FunctionGraph], Any], requirements: Sequence[Any] = ()) -> None:
        self.fn = fn
        self.requirements = requirements
        self.name = fn.__name__
        self.__doc__ = fn.__doc__

    def apply(self, fgraph: FunctionGraph) -> Any:
        return self.fn(fgraph)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        for requirement in self.requirements:
            requirement(fgraph)


def optimizer(f: Callable[[FunctionGraph], Any]) -> FromFunctionOptimizer:
    """Make an optimizer of a function of a graph."""
    return FromFunctionOptimizer(f)


def inplace_optimizer(f: Callable[[FunctionGraph], Any]) -> FromFunctionOptimizer:
    """As `optimizer`. What is written over what is decided when the program is planned, not here."""
    return FromFunctionOptimizer(f)


class SeqOptimizer(Optimizer, list[Any]):
    """Optimizers that are applied one after the other."""

    def __init__(self, *opts: Any, failure_callback: Callable[..., Any] | None = None) -> None:
        list.__init__(self, opts[0] if len(opts) == 1 and isinstance(opts[0], (list, tuple)) else opts)
        self.failure_callback = failure_callback

    def apply(self, fgraph: FunctionGraph) -> Any:
        for one in self:
            try:
                one.optimize(fgraph)
            except Exception as error:
                if self.failure_callback is None:
                    raise
                self.failure_callback(error, self, one)

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"SeqOpt({', '.join(map(str, self))})"

    __repr__ = __str__


class AddFeatureOptimizer(Optimizer):
    """Attaches a feature."""

    def __init__(self, feature: Any) -> None:
        self.feature = feature

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        fgraph.attach_feature(self.feature)


class MergeOptimizer(Optimizer):
    """Let equal computations be one."""

    def apply(self, fgraph: FunctionGraph) -> None:
        merge(fgraph, StageStats("merge", len(fgraph.apply_nodes)))


class ConstantFolding(Optimizer):
    """Compute what depends on constants only."""

    def apply(self, fgraph: FunctionGraph) -> None:
        fold_constants(fgraph, StageStats("constant_folding", len(fgraph.apply_nodes)))


class NavigatorOptimizer(Optimizer):
    """A local optimizer, applied at the nodes of a graph.

    `failure_callback(error, navigator, pairs, local_opt, node)` is called with what the local one raises; without it,
    that is raised on.
    """

    def __init__(
        self,
        local_opt: Any,
        ignore_newtrees: Any = "auto",
        failure_callback: Callable[..., Any] | None = None,
    ) -> None:
        self.local_opt = local_opt
        self.ignore_newtrees = ignore_newtrees
        self.failure_callback = failure_callback

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        if hasattr(self.local_opt, "add_requirements"):
            self.local_opt.add_requirements(fgraph)

    def process_node(self, fgraph: FunctionGraph, node: Apply, lopt: Any = None) -> bool:
        """Put what the local optimizer says in the place of the outputs of `node`; whether it says anything."""
        lopt = lopt or self.local_opt
        pairs: list[tuple[Variable, Variable]] = []
        try:
            pairs = answers(lopt, node)
            if pairs:
                fgraph.replace_all_validate(pairs, reason=str(lopt))
        except Exception as error:
            if self.failure_callback is None:
                raise
            self.failure_callback(error, self, pairs, lopt, node)
            return False
        return bool(pairs)

    @staticmethod
    def warn(exc: Exception, nav: Any, repl_pairs: Any, local_opt: Any, node: Apply) -> None:
        """Say that a local optimizer failed, and go on: to be a `failure_callback`."""
        print(f"The optimizer {local_opt} failed at {node}: {type(exc).__name__}: {exc}", file=sys.stderr)

    @staticmethod
    def warn_ignore(exc: Exception, nav: Any, repl_pairs: Any, local_opt: Any, node: Apply) -> None:
        """Go on, saying nothing: to be a `failure_callback`."""

    warn_inplace = warn_ignore

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.local_opt})"

    __repr__ = __str__


class TopoOptimizer(NavigatorOptimizer):
    """A local optimizer, applied at each node from the inputs to the outputs ('in_to_out') or back ('out_to_in')."""

    def __init__(
        self,
        local_opt: Any,
        order: str = "in_to_out",
        ignore_newtrees: bool = False,
        failure_callback: Callable[..., Any] | None = None,
    ) -> None:
        if order not in ("in_to_out", "out_to_in"):
            raise ValueError(f"order must be 'in_to_out' or 'out_to_in'; got {order!r}.")
        super().__init__(local_opt, ignore_newtrees, failure_callback)
        self.order = order

    def apply(self, fgraph: FunctionGraph, start_from: Sequence[Variable] | None = None) -> None:
        waiting = fgraph.toposort()
        if start_from is not None:
            below = {n for v in start_from for n in walk.toposort([v])}
            waiting = [n for n in waiting if n in below]
        if self.order == "out_to_in":
            waiting.reverse()
        seen = set(waiting)
        for node in waiting:  # grows while it is walked
            if node not in fgraph.apply_nodes:
                continue
            before = set(fgraph.apply_nodes)
            if self.process_node(fgraph, node) and not self.ignore_newtrees:
                fresh = [n for n in fgraph.apply_nodes if n not in before and n not in seen]
                seen.update(fresh)
                waiting.extend(fresh)


class OpKeyOptimizer(TopoOptimizer):
    """A local optimizer, applied at the nodes of the operations that its `op_key()` names."""

    def __init__(
        self,
        local_opt: Any,
        ignore_newtrees: bool = False,
        failure_callback: Callable[..., Any] | None = None,
    ) -> None:
        if not hasattr(local_opt, "op_key"):
            raise TypeError("The local optimizer of an OpKeyOptimizer needs a method op_key().")
        super().__init__(local_opt, "in_to_out", ignore_newtrees, failure_callback)

    def process_node(self, fgraph: FunctionGraph, node: Apply, lopt: Any = None) -> bool:
        keys = self.local_opt.op_key()
        if node.op not in (keys if isinstance(keys, (list, tuple)) else [keys]):
            return False
        return super().process_node(fgraph, node, lopt)


class EquilibriumOptimizer(NavigatorOptimizer):
    """Local optimizers and those of whole graphs, applied until none changes anything.

    Errors: RewriteError after more than `max_use_ratio` changes per node: they undo one another
    """

    def __init__(
        self,
        optimizers: Iterable[Any],
        failure_callback: Callable[..., Any] | None = None,
        ignore_newtrees: bool = True,
        tracks_on_change_inputs: bool = False,
        max_use_ratio: float | None = None,
        final_optimizers: Sequence[Any] | None = None,
        cleanup_optimizers: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(None, ignore_newtrees, failure_callback)
        given = list(optimizers)
        self.local_optimizers = [one for one in given if not isinstance(one, Optimizer)]
        self.global_optimizers = [one for one in given if isinstance(one, Optimizer)]
        self.max_use_ratio = 10.0 if max_use_ratio is None else max_use_ratio
        self.final_optimizers = list(final_optimizers or ())
        self.cleanup_optimizers = list(cleanup_optimizers or ())

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        for one in (*self.local_optimizers, *self.global_optimizers):
            if hasattr(one, "add_requirements"):
                one.add_requirements(fgraph)

    def apply(self, fgraph: FunctionGraph, start_from: Sequence[Variable] | None = None) -> None:
        count = _Changes()
        fgraph.attach_feature(count)
        left = self.max_use_ratio * max(len(fgraph.apply_nodes), 1)
        try:
            changed = True
            while changed:
                before = count.made
                for one in (*self.global_optimizers, *map(TopoOptimizer, self.local_optimizers)):
                    if isinstance(one, TopoOptimizer) and one.failure_callback is None:
                        one.failure_callback = self.failure_callback
                    one.apply(fgraph)
                for one in (*self.cleanup_optimizers, *self.final_optimizers):
                    one.apply(fgraph)
                changed = count.made != before
                if changed and count.made > left:
                    raise RewriteError(
                        f"{self} does not come to an end: {count.made} changes, of which at most {left:g} are "
                        "allowed. Its optimizers undo one another, or max_use_ratio is too small."
                    )
        finally:
            fgraph.remove_feature(count)

    def __str__(self) -> str:
        parts = ", ".join(map(str, (*self.local_optimizers, *self.global_optimizers)))
        return f"{type(self).__name__}({parts})"

    __repr__ = __str__


class _Changes:
    """A feature that counts changes."""

    made = 0

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any
    ) -> None:
        """One more."""
        self.made += 1


# -- from local ones -----------------------------------------------------------------------------------------
def _navigator(
    order: str, local_opts: Sequence[Any], name: str | None, options: dict[str, Any]
) -> TopoOptimizer:
    one = local_opts[0] if len(local_opts) == 1 else LocalOptGroup(*local_opts)
    made = TopoOptimizer(one, order, options.get("ignore_newtrees", False), options.get("failure_callback"))
    made.name = name or str(one)
    return made


def in2out(*local_opts: Any, **kwargs: Any) -> TopoOptimizer:
    """The local optimizers, applied from the inputs to the outputs; several of them together until none applies."""
    return _navigator("in_to_out", local_opts, kwargs.pop("name", None), kwargs)


def out2in(*local_opts: Any, **kwargs: Any) -> TopoOptimizer:
    """The local optimizers, applied from the outputs to the inputs; several of them together until none applies."""
    return _navigator("out_to_in", local_opts, kwargs.pop("name", None), kwargs)


def pre_constant_merge(vars: Sequence[Variable]) -> list[Variable]:
    """`vars`, in whose graphs equal constants now are one."""
    graph = FunctionGraph(walk.graph_inputs(vars), list(vars), clone=False)
    MergeOptimizer().optimize(graph)
    return graph.outputs


def pre_greedy_local_optimizer(list_optimizations: Sequence[LocalOptimizer], out: Variable) -> Variable:
    """`out`, with the local optimizers applied to its graph where they apply; the graph itself is left as it is."""
    leaves = [v for v in walk.graph_inputs([out]) if v.owner is None]
    inputs = [v for v in leaves if not hasattr(v, "data")]
    copied, memo = graphs.FunctionGraph.copy_of(inputs, [out])
    graph = FunctionGraph.over(copied)
    EquilibriumOptimizer(list_optimizations, max_use_ratio=10).optimize(graph)
    back = {memo[v]: v for v in inputs}
    (made,), _ = walk.clone_graph(graph.outputs, back, copy_inputs=False)
    return made


def check_stack_trace(f_or_fgraph: Any, ops_to_check: Any = "last", bug_print: str = "raise") -> bool:
    """Whether each node of `ops_to_check` ('last', 'all', or operations) knows the user's line that made it.

    Errors: ValueError for other arguments; with bug_print 'raise' an Exception for a node that does not know
    """
    if bug_print not in ("raise", "warn", "ignore"):
        raise ValueError(f"bug_print must be 'raise', 'warn' or 'ignore'; got {bug_print!r}.")
    graph = f_or_fgraph.maker.fgraph if hasattr(f_or_fgraph, "maker") else f_or_fgraph
    nodes = graph.toposort()
    if ops_to_check == "last":
        nodes = [v.owner for v in graph.outputs if v.owner is not None]
    elif ops_to_check != "all":
        wanted = ops_to_check if isinstance(ops_to_check, (list, tuple)) else [ops_to_check]
        nodes = [
            n
            for n in nodes
            if any(n.op == w or (isinstance(w, type) and isinstance(n.op, w)) for w in wanted)
        ]
    lost = [n for n in nodes if not n.origin]
    if lost and bug_print == "raise":
        raise Exception(f"These nodes do not know the line that made them: {lost}")
    if lost and bug_print == "warn":
        print(f"These nodes do not know the line that made them: {lost}", file=sys.stderr)
    return not lost
