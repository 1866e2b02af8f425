"""What historic rewrites were written with: `theano.tensor.opt`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.compile.mode import whole_pipeline
from croton.graph.node import Apply, Constant, Variable
from croton.legacy.fgraph import FunctionGraph
from croton.legacy.local import LocalOptimizer
from croton.legacy.optimizers import Optimizer
from croton.ops.cast import cast
from croton.ops.elementwise import abs_, fill, sgn
from croton.ops.elemwise import Elemwise
from croton.ops.shape import Rebroadcast
from croton.rewrite.pattern import scalar_value
from croton.rewrite.rule import key_of
from croton.rules.passes import Context
from croton.vartypes.dtype import upcast


class RuleOptimizer(LocalOptimizer):
    """A rule that takes part in rewriting, as a local optimizer; of several, the first that applies.

    rules   their names; the optimizer's own, if none are said
    """

    def __init__(self, name: str, *rules: str) -> None:
        self.__name__ = self.name = name
        self.rules = rules or (name,)

    def _found(self) -> list[Any]:
        stages = [step.stage for step in whole_pipeline().passes if step.stage is not None]
        known = {rule.name: rule for stage in stages for rule in stage.rules}
        return [known[name] for name in self.rules]

    def transform(self, node: Apply) -> Any:
        fitting = [rule for rule in self._found() if not rule.roots or key_of(node.op) in rule.roots]
        if not fitting:
            return False
        graph = getattr(node.outputs[0], "fgraph", None) or FunctionGraph.over(_alone(node))
        for rule in fitting:
            answer = rule.apply(node, Context(graph))
            if answer is not None and not isinstance(answer, Apply):
                return [answer] if isinstance(answer, Variable) else answer
        return False


def _alone(node: Apply) -> FunctionGraph:
    leaves = dict.fromkeys(v for v in node.inputs if not isinstance(v, Constant))
    fresh = {v: v.type() for v in leaves}
    return FunctionGraph(
        list(fresh.values()), node.clone_with_new_inputs([fresh.get(v, v) for v in node.inputs]).outputs
    )


constant_folding = RuleOptimizer("constant_folding")
inv_as_solve = RuleOptimizer("inv_as_solve")
local_add_specialize = RuleOptimizer("local_add_specialize", "local_add_canonizer")
local_canonicalize_alloc = RuleOptimizer(
    "local_canonicalize_alloc", "local_useless_alloc", "local_alloc_of_alloc"
)
local_dimshuffle_lift = RuleOptimizer("local_dimshuffle_lift")
local_fill_sink = RuleOptimizer("local_fill_sink")
local_greedy_distributor = RuleOptimizer("local_greedy_distributor")
local_lift_transpose_through_dot = RuleOptimizer("local_lift_transpose_through_dot")
local_useless_alloc = RuleOptimizer("local_useless_alloc")
local_useless_elemwise = RuleOptimizer(
    "local_useless_elemwise",
    "local_useless_elemwise", "local_useless_elemwise_comparison", "local_useless_extremum", "local_useless_copy",
    "local_useless_cast", "local_mul_canonizer", "local_add_canonizer",
)  # fmt: skip
local_useless_reshape = RuleOptimizer("local_useless_reshape")
local_merge_alloc = RuleOptimizer("local_alloc_of_alloc")
mul_canonizer = RuleOptimizer("local_mul_canonizer")


class ShapeOptimizer(Optimizer):
    """Lets a graph have a `shape_feature`, which knows the lengths of its variables."""

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        fgraph.shape_feature  # noqa: B018 - it is made when it is asked for


class UnShapeOptimizer(Optimizer):
    """Takes the `shape_feature` from a graph; asked for again, it begins anew."""

    def apply(self, fgraph: FunctionGraph) -> None:
        fgraph.remove_feature(fgraph.shape_feature)


def get_clients(node: Apply) -> list[Apply]:
    """The nodes that read the first output of `node`, which is in a FunctionGraph."""
    return [client for client, _ in node.outputs[0].clients if isinstance(client, Apply)]  # type: ignore[attr-defined]


def get_clients2(node: Apply) -> list[Apply]:
    """The nodes that read what those compute."""
    return [other for client in get_clients(node) for other in get_clients(client)]


def broadcast_like(value: Any, template: Variable, fgraph: Any, dtype: str | None = None) -> Variable:
    """`value` in every element of something of the shape of `template`, and of its data type if no other is said."""
    made: Variable = fill(template, cast(value, dtype or template.type.dtype))
    return made


def encompasses_broadcastable(b1: Sequence[bool], b2: Sequence[bool]) -> bool:
    """Whether what broadcasts as `b1` says keeps its shape next to what broadcasts as `b2` says."""
    if len(b1) < len(b2):
        return False
    return not any(v1 and not v2 for v1, v2 in zip(b1[len(b1) - len(b2) :], b2, strict=True))


def is_an_upcast(type1: str, type2: str) -> bool:
    """Whether values of the data type `type1` are all held by `type2`, which is another."""
    return type1 != type2 and upcast(type1, type2) == type2


def is_inverse_pair(node_op: Any, prev_op: Any, inv_pair: tuple[type, type]) -> bool:
    """Whether two scalar operations are of the two classes, in any order."""
    a, b = inv_pair
    return (isinstance(node_op, a) and isinstance(prev_op, b)) or (
        isinstance(node_op, b) and isinstance(prev_op, a)
    )


def scalarconsts_rest(
    inputs: Sequence[Variable], elemwise: bool = True, only_process_constants: bool = False
) -> tuple[list[Any], list[Variable], list[Variable]]:
    """The values of those inputs in which one number stands everywhere, these inputs, and the others."""
    values = [
        None if only_process_constants and not isinstance(v, Constant) else scalar_value(v) for v in inputs
    ]
    known = [(value, v) for value, v in zip(values, inputs, strict=True) if value is not None]
    others = [v for value, v in zip(values, inputs, strict=True) if value is None]
    return [value for value, _ in known], [v for _, v in known], others


def check_for_x_over_absX(numerators: Sequence[Variable], denominators: Sequence[Variable]) -> Any:
    """Factors of a fraction, in which x / |x| has become the sign of x."""
    top, bottom = list(numerators), list(denominators)
    for factor in list(bottom):
        node = factor.owner
        inner = (
            node.inputs[0] if node is not None and isinstance(node.op, Elemwise) and node.op == abs_ else None
        )
        if inner is not None and inner in top:
            bottom.remove(factor)
            top.remove(inner)
            top.append(sgn(inner))
    return top, bottom


def apply_rebroadcast_opt(rval: Variable) -> Variable:
    """`rval` without marks of axes that broadcast, where it is known of them without."""
    while rval.owner is not None and isinstance(rval.owner.op, Rebroadcast):
        inner = rval.owner.inputs[0]
        if inner.type != rval.type:
            break
        rval = inner
    return rval
