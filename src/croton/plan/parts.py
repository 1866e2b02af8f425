"""Complex arithmetic becomes real arithmetic on parts, which is fused like any other.

A complex value that only arithmetic reads is never put together.
"""

from __future__ import annotations

from typing import Any

from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Apply, Variable
from croton.ops.elemwise import DimShuffle, Elemwise
from croton.ops.parts import OfParts, Part
from croton.ops.reduce import CAReduceDtype
from croton.ops.scalar.dtypes import REAL_PART
from croton.ops.scalar.parts import ByParts, has_parts
from croton.vartypes.dtype import is_complex


def take_apart(graph: FunctionGraph) -> int:
    """Replace complex arithmetic in place; how many nodes there were."""
    known: dict[Variable, tuple[Variable, Variable]] = {}
    count = 0
    for node in graph.toposort():
        if node not in graph.apply_nodes:
            continue
        with origin.inherit(node.origin):
            if isinstance(node.op, DimShuffle) and node.inputs[0] in known:
                known[node.outputs[0]] = tuple(node.op(part) for part in known[node.inputs[0]])
                continue
            made = _made(node, known)
            if made is None:
                continue
            (out,) = node.outputs
            new = OfParts()(*made) if len(made) == 2 else made[0]
            if len(made) == 2:
                known[new] = made
            graph.replace(out, new, "take_apart")
        count += 1
    return count


def _made(node: Apply, known: dict[Variable, Any]) -> Any:
    """The parts of what a node makes, or its real value alone; None for what has no such form."""

    def parts_of(v: Any) -> list[Variable]:
        if not is_complex(v.type.dtype):
            return [v]
        if v not in known:
            known[v] = (Part(False)(v), Part(True)(v))
        return list(known[v])

    op: Any = node.op
    if isinstance(op, Elemwise) and has_parts(op.scalar_op, (*node.inputs, *node.outputs)):
        kinds: list[Any] = [v.type for v in node.inputs]
        by_parts = ByParts(op.scalar_op, [kind.dtype for kind in kinds])
        inputs = [part for v in node.inputs for part in parts_of(v)]
        return tuple(Elemwise(by_parts)(*inputs, return_list=True))
    if isinstance(op, CAReduceDtype) and op.scalar_op.name == "add" and _is_complex_sum(node):
        inner = op.with_fields(op.axis, *[REAL_PART.get(d, d) for d in (op.dtype, op.acc_dtype)])
        return tuple(inner(part) for part in parts_of(node.inputs[0]))
    return None


def _is_complex_sum(node: Apply) -> bool:
    """Whether all of a reduction is complex: its input, what adds up, and its result, which may be asked to be real."""
    op: Any = node.op
    kind: Any = node.inputs[0].type
    return is_complex(kind.dtype) and is_complex(op.acc_dtype) and is_complex(op.dtype)
