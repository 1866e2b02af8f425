"""MonitorMode: the user's functions are called before and after each node."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from croton.compile.mode import Mode
from croton.diagnose.debugprint import debugprint
from croton.graph.node import Apply


class Step:
    """A node as it runs: `inputs` and `outputs` are one-element lists with the values."""

    def __init__(self, inputs: list[Any], outputs: list[Any]) -> None:
        self.inputs = [[value] for value in inputs]
        self.outputs = [[value] for value in outputs]


Watch = Callable[[int, Apply, Step], Any]


class Monitor:
    """Passes what a backend says of its nodes on to two functions of (position, node, step)."""

    def __init__(self, before: Watch | None, after: Watch | None) -> None:
        self.before = before
        self.after = after

    def before_node(self, position: int, node: Apply, inputs: list[Any]) -> None:
        """`node` is about to run."""
        if self.before is not None:
            self.before(position, node, Step(inputs, [None] * len(node.outputs)))

    def after_node(self, position: int, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """`node` has run."""
        if self.after is not None:
            self.after(position, node, Step(inputs, outputs))


class MonitorMode(Mode):
    """Runs node by node, and calls `pre_func` and `post_func` with (position, node, step) around each.

    `step.inputs` and `step.outputs` are lists of one-element lists with the values.

    Errors: TypeError for what is no function
    """

    def __init__(
        self, pre_func: Any = None, post_func: Any = None, optimizer: Any = "default", linker: Any = None
    ) -> None:
        for name, given in (("pre_func", pre_func), ("post_func", post_func)):
            if given is not None and not callable(given):
                raise TypeError(
                    f"{name} of MonitorMode is a function of (position, node, step); got {given!r}."
                )
        super().__init__("py" if linker is None else linker, optimizer)
        # Only the NumPy backend runs nodes one by one.
        self.backend_name = "numpy"
        self.pre_func = pre_func
        self.post_func = post_func
        self.watchers = (Monitor(pre_func, post_func),)


def detect_nan(i: int, node: Apply, fn: Step) -> None:
    """A function for MonitorMode: print each node that gives NaN, with its inputs and outputs."""
    for cell in fn.outputs:
        if has_nan(cell[0]):
            print("*** NaN detected ***")
            debugprint(node)
            print(f"Inputs : {[one[0] for one in fn.inputs]}")
            print(f"Outputs: {[one[0] for one in fn.outputs]}")
            sys.stdout.flush()
            return


def has_nan(value: Any) -> bool:
    """Whether there is a NaN among numbers; False for what holds none."""
    return (
        isinstance(value, (np.ndarray, np.generic))
        and value.dtype.kind in "fc"
        and bool(np.isnan(value).any())
    )
