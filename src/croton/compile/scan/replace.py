"""Other variables in graphs, and in the graphs of loops in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from croton.graph import walk
from croton.graph.node import Apply, Variable
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan

Replacer = Callable[[Variable], Variable]


def map_variables(
    replacer: Replacer, graphs: Sequence[Variable], additional_inputs: Sequence[Variable] = ()
) -> list[Variable]:
    """Copies of `graphs` in which each variable is what `replacer` makes of it, in the graphs of loops as well.

    replacer           from a variable, made of what was replaced already, to that one or another of its type
    additional_inputs  variables that it may bring in; what it brings into a loop is found without being named

    Example:
        >>> import theano.tensor as T
        >>> x = T.dvector("x")
        >>> (y,) = map_variables(lambda v: v * 2 if v.name == "twice" else v, [T.exp(x)])
        >>> y.eval({x: [0.0]})
        array([1.])
    """
    return _mapped(replacer, graphs, {v: v for v in additional_inputs}, ())


def _mapped(
    replacer: Replacer,
    graphs: Sequence[Variable],
    known: dict[Variable, Variable],
    inputs: Sequence[Variable],
) -> list[Variable]:
    """As map_variables; `inputs` are those of the graph in hand."""

    def replaced(variable: Variable) -> Variable:
        if variable not in known:
            known[variable] = replacer(variable)
        return known[variable]

    for node in walk.toposort(graphs, inputs):
        given = [replaced(v) for v in node.inputs]
        fresh = _loop(replacer, node, given) if isinstance(node.op, Scan) else _applied(node, given)
        for old, new in zip(node.outputs, fresh, strict=True):
            known.setdefault(old, replacer(new))
    return [replaced(v) for v in graphs]


def _applied(node: Apply, given: Sequence[Variable]) -> list[Variable]:
    if all(a is b for a, b in zip(node.inputs, given, strict=True)):
        return node.outputs
    return node.clone_with_new_inputs(given, strict=False).outputs


def _loop(replacer: Replacer, node: Apply, given: Sequence[Variable]) -> list[Variable]:
    """A loop with another graph; what is new in that are further values that are the same in all steps."""
    op: Any = node.op
    inner = op.graph.inputs
    made = _mapped(replacer, op.graph.outputs, {}, inner)
    graph, outer = InnerGraph.closing(inner, made)
    outputs: list[Variable] = op.holding(graph)(*given, *outer, return_list=True)
    return outputs
