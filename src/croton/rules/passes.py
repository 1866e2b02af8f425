"""What is done to a graph as a whole, and what the engine needs to know of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from croton.errors import CrotonError
from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Constant, Variable
from croton.ops.cast import cast
from croton.ops.elemwise import dimshuffle
from croton.ops.shape import Rebroadcast, Shape_i
from croton.rewrite.stats import StageStats
from croton.rules.shapes import ShapeTable
from croton.vartypes.tensor import TensorType

# Larger results of constant folding would bloat programs and caches: they are computed when called.
FOLD_LIMIT = 1 << 20


class Context:
    """What rules may ask about the graph in hand."""

    def __init__(self, graph: FunctionGraph) -> None:
        self.graph = graph
        self.shapes = ShapeTable()
        self.merged = -1  # graph.changes when equal computations were made one last


def conform(new: Variable, old: Variable) -> Variable | None:
    """`new` with the type of `old`: cast, with axes in front, as broadcastable; None where that can't be."""
    want, have = old.type, new.type
    if not isinstance(want, TensorType) or not isinstance(have, TensorType):
        return None
    if have.dtype != want.dtype:
        new = cast(new, want.dtype)
    if have.ndim > want.ndim:
        return None
    if have.ndim < want.ndim:
        new = dimshuffle(new, *["x"] * (want.ndim - have.ndim), *range(have.ndim))
    pattern = new.type.broadcastable
    if pattern == want.broadcastable:
        return new
    if any(p and not w for p, w in zip(pattern, want.broadcastable, strict=True)):
        return None
    made: Variable = Rebroadcast(*enumerate(want.broadcastable))(new)
    return made


def merge(graph: FunctionGraph, stats: StageStats, context: Any = None) -> None:
    """Let equal computations be one, and equal constants too."""
    if context is not None and context.merged == graph.changes:
        return
    constants: dict[Any, Variable] = {}
    for variable in list(graph.clients):
        if isinstance(variable, Constant):
            key = variable.signature()
            if key[1] is None:
                continue
            first = constants.setdefault(key, variable)
            if first is not variable and first.type.is_same(variable.type):
                graph.replace(variable, first, "merge")
                stats.fired["merge_constants"] += 1
    seen: dict[Any, Apply] = {}
    for node in graph.toposort():
        if node not in graph.apply_nodes:
            continue
        key = (node.op, tuple(node.inputs))
        first_node = seen.setdefault(key, node)
        if first_node is not node:
            # More may be known of one than of the other: it was made when its inputs were constants already.
            fitted = [
                (old, new if new.type == old.type else conform(new, old))
                for old, new in zip(node.outputs, first_node.outputs, strict=True)
            ]
            if any(new is None for _, new in fitted):
                continue
            for old, new in fitted:
                if old in graph.clients and new is not None:
                    graph.replace(old, new, "merge")
            _remember(first_node, node)
            stats.fired["merge"] += 1
    if context is not None:
        context.merged = graph.changes


# Of so many other lines a node remembers that it does their work too.
_MOST_LINES = 8


def _remember(kept: Apply, gone: Apply) -> None:
    """`kept` stands for what the line of `gone` computes too."""
    also = getattr(kept.tag, "also", ())
    if gone.origin[:1] != kept.origin[:1] and gone.origin not in also and len(also) < _MOST_LINES:
        kept.tag.also = (*also, gone.origin)


def lift_shapes(graph: FunctionGraph, stats: StageStats, context: Any = None) -> None:
    """Lengths of what is computed are those of what it is computed from: asking for one computes nothing."""
    shapes = ShapeTable()
    for node in graph.toposort():
        if node not in graph.apply_nodes or not isinstance(node.op, Shape_i):
            continue
        variable = node.inputs[0]
        length = shapes.lengths(variable)[node.op.i]
        if isinstance(length, int) or length.owner is None or length.owner.inputs != node.inputs:
            with origin.inherit(node.origin):
                graph.replace(node.outputs[0], shapes.variable(length), "local_shape_i_lift")
            stats.fired["local_shape_i_lift"] += 1


def fold_constants(graph: FunctionGraph, stats: StageStats, context: Any = None) -> None:
    """Compute now what depends on constants only."""
    for node in graph.toposort():
        if node not in graph.apply_nodes or not node.inputs:
            continue
        if not all(isinstance(v, Constant) for v in node.inputs) or not node.op.do_constant_folding(node):
            continue
        values = folded(node)
        if values is None:
            continue
        for old, new in zip(node.outputs, values, strict=True):
            if old in graph.clients:
                graph.replace(old, new, "constant_folding")
        stats.fired["constant_folding"] += 1


def folded(node: Apply) -> list[Constant] | None:
    """The outputs of `node`, which reads constants only, as constants; None where it fails."""
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    try:
        node.op.perform(node, [v.data for v in node.inputs], storage)  # type: ignore[attr-defined]
    except (
        CrotonError,
        ArithmeticError,
        AssertionError,
        AttributeError,
        IndexError,
        NotImplementedError,
        TypeError,
        ValueError,
    ):
        return None
    made = []
    with origin.inherit(node.origin):
        for out, cell in zip(node.outputs, storage, strict=True):
            value = cell[0]
            if isinstance(value, np.ndarray):
                if value.nbytes > FOLD_LIMIT:
                    return None
                value = np.array(value)
                value.flags.writeable = False
            kind = out.type
            if isinstance(kind, TensorType):
                kind = kind.clone(
                    shape=[1 if b else n for b, n in zip(kind.broadcastable, value.shape, strict=True)]
                )
            made.append(kind.constant_class(kind, value, name=out.name))
    if any(new.type != old.type for new, old in zip(made, node.outputs, strict=True)):
        return [
            old.type.constant_class(old.type, new.data) for new, old in zip(made, node.outputs, strict=True)
        ]
    return made
