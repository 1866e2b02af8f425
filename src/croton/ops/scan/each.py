"""A graph for each element: loops without memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.inner import InnerGraph, shown
from croton.ops.scan.loop import Scan
from croton.ops.shape import shape_i


def for_each(function: Callable[..., Sequence[Variable]], *sequences: Any) -> list[Variable]:
    """What `function` makes of each element of `sequences`, stacked along a new first axis.

    The first sequence says how many elements there are. What does not depend on them is computed once.

    Errors:    those of Scan
    Example:
        >>> import theano.tensor as T
        >>> x = T.dmatrix("x")
        >>> rows, firsts = for_each(lambda row: [row * 2, row[0]], x)
        >>> rows.eval({x: [[1.0, 2.0], [3.0, 4.0]]})
        array([[2., 4.],
               [6., 8.]])
    """
    variables = [as_tensor_variable(s) for s in sequences]
    kinds: list[Any] = [v.type for v in variables]
    elements = [
        shown(kind.clone(shape=kind.shape[1:])(), v, True) for kind, v in zip(kinds, variables, strict=True)
    ]
    graph, outer = InnerGraph.closing(elements, [as_tensor_variable(y) for y in function(*elements)])
    made: list[Variable] = Scan(graph, len(elements), name="each")(
        shape_i(variables[0], 0), *variables, *outer, return_list=True
    )
    return made
