"""Exceptions for what native code reports: an error code, the node, and a few numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from croton.backends.cpu import _runtime
from croton.backends.failure import describe
from croton.errors import IndexBoundsError, ShapeError
from croton.graph.node import Apply
from croton.ops.elemwise import mismatch
from croton.util.failures import BAD_INDEX, BAD_VALUE, CHANGED, EMPTY, MISMATCH, NO_BROADCAST

_DTYPES = (
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip

_LARGEST = 2**63 - 1


class Operand:
    """What is known of an array that exists within a kernel only: its shape and strides."""

    def __init__(self, code: int, shape: tuple[int, ...], strides: tuple[int, ...] | None) -> None:
        self.dtype = _DTYPES[code]
        self.shape = shape
        self.strides = strides

    def __repr__(self) -> str:
        return "'not shown'"


class Unknown:
    """Stands for an input of which nothing is known."""

    def __repr__(self) -> str:
        return "'not shown'"


def _seen(code: int, shape: tuple[int, ...], strides: tuple[int, ...] | None, value: Any) -> Any:
    if value is not None:
        return value
    return Operand(code, shape, strides) if code >= 0 else Unknown()


def _mismatch(node: Apply, details: Sequence[int]) -> Exception:
    i, axis_i, j, axis_j, length_i, length_j = details
    # Of complex arithmetic by parts, the inputs are halves of those of the user.
    sources = getattr(getattr(node.op, "scalar_op", None), "sources", None)
    if sources is not None:
        i, j = sources[i], sources[j]
    if axis_i == axis_j and i == j:
        return ShapeError(
            f"Input dimension mis-match. (input[{i}].shape[{axis_i}] = {length_j}, where what it is computed with has "
            f"{length_i})"
        )
    if getattr(node.op, "op_name", "") == "elemwise":
        return ShapeError(mismatch(i, axis_i, length_i, j, axis_j, length_j))
    kind: type[Exception] = getattr(node.op, "mismatch_error", ShapeError)
    return kind(
        f"Shape mismatch: input {i} of {node.op} has length {length_i} on axis {axis_i}, but input {j} has {length_j} "
        f"on axis {axis_j}."
    )


def _bad_index(node: Apply, details: Sequence[int]) -> Exception:
    index, axis, length = details[:3]
    return IndexBoundsError(f"index {index} is out of bounds for axis {axis} with size {length}")


def _bad_value(node: Apply, details: Sequence[int]) -> Exception:
    explain = getattr(node.op, "explain_failure", None)
    if explain is not None:
        made: Exception = explain(node, details)
        return made
    return ValueError(f"{node.op} got values that it can't work with: {', '.join(map(str, details))}.")


def _empty(node: Apply, details: Sequence[int]) -> Exception:
    name = getattr(getattr(node.op, "scalar_op", None), "name", str(node.op))
    return ValueError(f"zero-size array to reduction operation {name} which has no identity")


def _no_broadcast(node: Apply, details: Sequence[int]) -> Exception:
    number, axis, length, wanted = details[:4]
    return ShapeError(
        f"Input {number} of {node.op}, of length {length} on its axis {axis}, can't be broadcast to length "
        f"{wanted} there."
    )


def _changed(node: Apply, details: Sequence[int]) -> Exception:
    number, axis, length, first = details[:4]
    return ShapeError(
        f"{node.op} makes a value of length {length} on axis {axis} for its output {number}, which had length {first} "
        "there before: all steps must make values of one shape."
    )


_BUILD: dict[int, Callable[[Apply, Sequence[int]], Exception]] = {
    MISMATCH: _mismatch,
    BAD_INDEX: _bad_index,
    BAD_VALUE: _bad_value,
    EMPTY: _empty,
    NO_BROADCAST: _no_broadcast,
    CHANGED: _changed,
    _runtime.ABI["errors"]["lapack"]: _bad_value,
}


def _of_the_runtime(code: int, details: Sequence[int]) -> Exception:
    if code == 2:
        return MemoryError(_no_memory(*details))
    if code == 3:
        return KeyboardInterrupt()  # type: ignore[return-value]
    if code == 4:
        position, has, ndim, wants, wants_ndim = details[:5]
        return TypeError(
            f"Output {position} of an operation run by Python is an array of dtype {_name(has)} with {ndim} axes, "
            f"where its type says {_name(wants)} with {wants_ndim}."
        )
    if code == 5:
        number, has, ndim, wants, wants_ndim = details[:5]
        return TypeError(
            f"Shared variable or state number {number} holds an array of dtype {_name(has)} with {ndim} axes, where "
            f"its type says {_name(wants)} with {wants_ndim}."
        )
    if code == 6:
        return ValueError("A product is too large for the BLAS, which counts rows and columns in 32 bits.")
    return RuntimeError(f"The native runtime failed with code {code}, details {tuple(details)}.")


def _no_memory(size: int, *lengths: int) -> str:
    if lengths:
        wanted = f"an array of shape {lengths}, of {size} bytes per element"
    else:
        wanted = f"{size} bytes" if size < _LARGEST else "more bytes than can be counted"
    return f"There is not enough memory for a value that the function computes: {wanted}."


def _name(code: int) -> str:
    return _DTYPES[code] if 0 <= code < len(_DTYPES) else "object"


def error_hook(nodes: Sequence[Apply]) -> Callable[..., Exception]:
    """What the runtime calls to make an exception of a reported error."""

    def on_error(
        code: int, node_number: int, details: tuple[int, ...], operands: tuple[Any, ...] = ()
    ) -> Exception:
        node = nodes[node_number] if 0 <= node_number < len(nodes) else None
        build = _BUILD.get(code)
        made = (
            build(node, details) if build is not None and node is not None else _of_the_runtime(code, details)
        )
        if node is not None and made.args:
            seen = [_seen(*one) for one in operands]
            made.args = (f"{made.args[0]}\n{describe(node, seen, node_number)}", *made.args[1:])
        return made

    return on_error
