"""NanGuardMode: the first node that gives NaN, infinity or a very big number is reported."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from croton.compile.mode import Mode
from croton.config import config
from croton.diagnose.debugprint import debugprint
from croton.diagnose.monitor import has_nan
from croton.graph.node import Apply, Constant, Variable

# Numbers beyond this are big.
BIG = 1e10


def contains_nan(arr: Any, node: Apply | None = None, var: Variable | None = None) -> bool:
    """Whether there is a NaN in `arr`; what is made by an operation that asks for no checks is passed over."""
    return _is_checked(node) and has_nan(arr)


def contains_inf(arr: Any, node: Apply | None = None, var: Variable | None = None) -> bool:
    """Whether there is an infinity in `arr`; what is made by an operation that asks for no checks is passed over."""
    return _is_checked(node) and _is_numbers(arr) and bool(np.isinf(arr).any())


def _is_checked(node: Apply | None) -> bool:
    return node is None or getattr(node.op.tag, "nan_guard_mode_check", True)


def _is_numbers(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fc" and value.size > 0


class NanGuard:
    """Looks at what goes into a graph and at what each node gives."""

    def __init__(self, nan: bool, inf: bool, big: bool) -> None:
        self.nan = nan
        self.inf = inf
        self.big = big

    def before_node(self, position: int, node: Apply, inputs: list[Any]) -> None:
        """Check those inputs that come from outside."""
        for variable, value in zip(node.inputs, inputs, strict=True):
            if variable.owner is None and not isinstance(variable, Constant):
                self._check(value, variable, node)

    def after_node(self, position: int, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Check what `node` gave."""
        for variable, value in zip(node.outputs, outputs, strict=True):
            self._check(value, variable, node)

    def _check(self, value: Any, variable: Variable, node: Apply) -> None:
        found = []
        if self.nan and contains_nan(value, node, variable):
            found.append("NaN detected")
        if self.inf and contains_inf(value, node, variable):
            found.append("Inf detected")
        if self.big and _is_checked(node) and _is_numbers(value) and bool((np.abs(value) > BIG).any()):
            found.append("Big value detected")
        if found:
            self._report("\n".join([*found, _where(variable)]))

    def _report(self, said: str) -> None:
        action = config.NanGuardMode.action
        if action == "raise":
            raise AssertionError(said)
        if action == "warn":
            warnings.warn(said, stacklevel=2)
        else:
            print(said)
            breakpoint()


def _where(variable: Variable) -> str:
    if variable.owner is None:
        return f"NanGuardMode found an error in an input of the graph: {variable} of type {variable.type}."
    text = debugprint(variable, file="str", depth=4)
    return f"NanGuardMode found an error in the output of a node in this variable:\n{text}"


class NanGuardMode(Mode):
    """Runs node by node, and reports the first node that gives NaN, an infinity, or a magnitude beyond 1e10.

    nan_is_error, inf_is_error, big_is_error  which of these are reported; None: as config.NanGuardMode says

    Errors: AssertionError when a function runs, unless config.NanGuardMode.action is 'warn' or 'pdb'
    """

    def __init__(
        self,
        nan_is_error: bool | None = None,
        inf_is_error: bool | None = None,
        big_is_error: bool | None = None,
        optimizer: Any = "default",
        linker: Any = None,
    ) -> None:
        super().__init__("py" if linker is None else linker, optimizer)
        # Only the NumPy backend runs nodes one by one.
        self.backend_name = "numpy"
        said = config.NanGuardMode
        self.nan_is_error = bool(said.nan_is_error if nan_is_error is None else nan_is_error)
        self.inf_is_error = bool(said.inf_is_error if inf_is_error is None else inf_is_error)
        self.big_is_error = bool(said.big_is_error if big_is_error is None else big_is_error)
        if not (self.nan_is_error or self.inf_is_error or self.big_is_error):
            raise ValueError("NanGuardMode has nothing to look for: nan, inf and big are all no error.")
        self.watchers = (NanGuard(self.nan_is_error, self.inf_is_error, self.big_is_error),)


def mode() -> NanGuardMode:
    """The mode that the name 'NanGuardMode' means."""
    return NanGuardMode()
