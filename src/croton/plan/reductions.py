"""Reductions that kernels compute: what they gather of the elements, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.graph.node import Apply, Variable
from croton.ops.argmax import Argmax, Argmin, MaxAndArgmax
from croton.ops.reduce import CAReduce
from croton.vartypes.dtype import FLOAT, is_complex

# The accumulators of the loop IR, by the scalar operation that brings elements together.
_KINDS = {
    "add": "add", "mul": "mul", "maximum": "maximum", "minimum": "minimum", "or_": "or_", "and_": "and_",
}  # fmt: skip

# The index of nothing.
_NOWHERE = 2**63 - 1

# What finds places of extremes.
SEARCHES = (Argmax, Argmin, MaxAndArgmax)


def is_reduction(node: Apply) -> bool:
    """Whether `node` makes one element of several."""
    return isinstance(node.op, (CAReduce, *SEARCHES))


def is_native_reduction(node: Apply) -> bool:
    """Whether `node` is a reduction with a native accumulator."""
    op = node.op
    if not is_reduction(node):
        return False
    kind: Any = node.inputs[0].type
    if not kind.ndim or op.axis == () or is_complex(kind.dtype):  # type: ignore[attr-defined]
        return False
    if isinstance(op, CAReduce):
        return op.scalar_op.name in _KINDS and not is_complex(op.dtype or kind.dtype)
    return list(op.axis) == sorted(op.axis)  # type: ignore[attr-defined]


def has_identity(node: Apply) -> bool:
    """Whether a reduction has a value where there is nothing to reduce."""
    return isinstance(node.op, CAReduce) and node.op.identity is not None


def gathered_dtypes(node: Apply) -> tuple[str, ...]:
    """The data types of what the accumulator of a reduction holds."""
    op = node.op
    given: str = node.inputs[0].type.dtype
    return (op.acc_dtype or given,) if isinstance(op, CAReduce) else (given, "int64")


def new_accumulator(k: Any, node: Apply) -> Any:
    """An accumulator for a reduction, in the builder of a kernel."""
    op = node.op
    if isinstance(op, CAReduce):
        return k.accumulator(_KINDS[op.scalar_op.name], gathered_dtypes(node)[0])
    kind = "argmin" if isinstance(op, Argmin) else "argmax"
    return k.accumulator(kind, gathered_dtypes(node)[0], ascending=True)


def gather(k: Any, node: Apply, accumulator: Any, x: Any, place: Any) -> None:
    """Bring the element `x` into an accumulator; `place()` is its place along the reduced axes."""
    x = k.cast(x, gathered_dtypes(node)[0])
    if isinstance(node.op, CAReduce):
        accumulator.update(x)
    else:
        accumulator.update(x, place())


def results(k: Any, node: Apply, values: Sequence[Any]) -> list[tuple[Variable, Any]]:
    """The outputs of a reduction, from what was gathered."""
    if not isinstance(node.op, CAReduce):
        # Where all are as extreme as can be, none was more so than the start: the first is the first.
        found, place = values
        values = (found, k.select(place == _NOWHERE, 0, place))
    elif node.op.scalar_op.name == "add" and values[0].dtype in FLOAT:
        # A sum begins with -0.0, which changes nothing; that of nothing is 0.
        values = [values[0] + 0.0]
    made = values if len(values) == len(node.outputs) else values[-1:]
    return [(out, k.cast(v, out.type.dtype)) for out, v in zip(node.outputs, made, strict=True)]
