"""The shapes that the variables of a graph have for given shapes of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from croton.compile.function import function
from croton.graph import walk
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Variable
from croton.ops.convert import constant
from croton.ops.shape import Shape_i
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType


def shape_of_variables(
    fgraph: FunctionGraph, input_shapes: Mapping[Variable, Any]
) -> dict[Variable, tuple[Any, ...]]:
    """The shape of each tensor of `fgraph`, where its inputs have `input_shapes`; nothing but lengths is computed.

    Errors: KeyError when the shape of an input is missing; MissingInputError when a length depends on its values

    Example:
        >>> import theano.tensor as T
        >>> from croton.graph.fgraph import FunctionGraph
        >>> x = T.dmatrix("x")
        >>> y = T.concatenate([x, x])
        >>> tuple(map(int, shape_of_variables(FunctionGraph([x], [y]), {x: (2, 3)})[y]))
        (4, 3)
    """
    table = ShapeTable()
    tensors = [v for v in walk.ancestors(fgraph.outputs) if isinstance(v.type, TensorType)]
    tensors += [v for v in fgraph.inputs if v not in tensors and isinstance(v.type, TensorType)]
    wanted = [table.variable(length) for v in tensors for length in table.lengths(v)]
    known: dict[Variable, Variable] = {}
    for length in walk.ancestors(wanted):
        node = length.owner
        if node is not None and isinstance(node.op, Shape_i) and node.inputs[0] in fgraph.inputs:
            shape = input_shapes[node.inputs[0]]
            known[length] = constant(np.int64(shape[node.op.i]))
    fresh, _ = walk.clone_graph(wanted, known, strict=False)
    values = iter(function([], fresh, mode="FAST_COMPILE")())
    return {v: tuple(next(values) for _ in range(v.type.ndim)) for v in tensors}
