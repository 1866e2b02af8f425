"""Operations that are compositions of others become those, so that they are fused with what stands around them.

So does complex arithmetic: it becomes arithmetic on parts. And long sums and products are taken in pieces, each of
which begins with the one before: a kernel reads from so many places only, and terms need not wait in memory for the
last.
"""

from __future__ import annotations

from typing import Any

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Variable
from croton.ops.cast import cast
from croton.ops.elemwise import Elemwise
from croton.plan.parts import take_apart
from croton.rewrite.stats import StageStats
from croton.rules.expand import expand_nodes
from croton.rules.passes import fold_constants, lift_shapes, merge

# More terms than this are taken in pieces of so many.
MOST_TERMS, PIECE = 32, 16


def expand(graph: FunctionGraph) -> None:
    """Replace each node whose operation says what it is made of, in place."""
    _divide(graph)
    if expand_nodes(graph, lambda node: True) + take_apart(graph):
        stats = StageStats("expand", len(graph.apply_nodes))
        for clean in (lift_shapes, fold_constants, merge):
            clean(graph, stats)


def _divide(graph: FunctionGraph) -> None:
    """Take long sums, and whatever else is associative, in pieces: in the same order, so that no bit changes."""
    for node in list(graph.apply_nodes):
        if len(node.inputs) > MOST_TERMS and isinstance(node.op, Elemwise):
            made = _in_pieces(node)
            if made is not None:
                graph.replace(node.outputs[0], made)


def _in_pieces(node: Apply) -> Variable | None:
    op: Any = node.op
    inner, outs = op.scalar_op.out_dtypes([v.type.dtype for v in node.inputs])
    if not op.scalar_op.associative or any(dtype != outs[0] for dtype in inner):
        return None
    with origin.inherit(node.origin):
        total, *rest = (cast(v, outs[0]) for v in node.inputs)
        for at in range(0, len(rest), PIECE - 1):
            total = op(total, *rest[at : at + PIECE - 1])
    return total
