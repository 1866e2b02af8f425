"""Stopping in the debugger in the midst of a call."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Apply
from croton.graph.op import Op
from croton.ops.convert import as_tensor_variable
from croton.vartypes.null import DisconnectedType


class PdbBreakpoint(Op):
    """The monitored variables as they are; where the condition holds, the debugger stops before they are handed on.

    It is what Python's `breakpoint()` starts. There `inputs` are the values of the condition and of the monitored
    variables, and may be looked at.

    Shapes:    those of the monitored variables
    Gradient:  the cotangent of each
    """

    __props__ = ("name",)
    view_map: dict[int, list[int]] = {}

    def __init__(self, name: str) -> None:
        self.name = name

    def make_node(self, condition: Any, *monitored_vars: Any) -> Apply:
        flag = as_tensor_variable(condition)
        if flag.type.ndim:
            raise TypeError(
                f"The condition of a breakpoint must be one number; got {flag} of type {flag.type}."
            )
        watched = [v if hasattr(v, "type") else as_tensor_variable(v) for v in monitored_vars]
        return Apply(self, [flag, *watched], [v.type() for v in watched])

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any) -> None:
        if inputs[0]:
            print(f"\n-------------------------------\nConditional breakpoint {self.name!r} activated\n")
            breakpoint()
        for cell, value in zip(output_storage, inputs[1:], strict=True):
            cell[0] = value

    def do_constant_folding(self, node: Apply) -> bool:
        return False

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        return shapes[1:]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The condition reaches no output; each monitored variable reaches its own."""
        n = len(node.outputs)
        return [[False] * n, *[[i == j for j in range(n)] for i in range(n)]]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [DisconnectedType()(), *output_grads]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return list(eval_points[1:])
