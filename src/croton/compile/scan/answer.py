"""What the function of a loop's step gives back."""

from __future__ import annotations

from typing import Any

from croton.compile.rebuild import pairs_of
from croton.compile.scan.arguments import ScanArgumentError
from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.raise_op import ConditionError
from croton.util.record import field, record


class until:
    """The condition on which a loop ends: the first step where it is true is the last. It is given back as last thing.

    Errors:  AssertionError for a condition that is no scalar
    """

    def __init__(self, condition: Any) -> None:
        self.condition = as_tensor_variable(condition)
        if self.condition.type.ndim:
            raise ConditionError(
                f"The condition on which a loop ends must be a scalar; got {condition} of type {self.condition.type}."
            )


@record
class Answer:
    """The outputs of a step, the updates of shared variables, and the condition to stop."""

    outputs: list[Variable] = field(default_factory=list)
    updates: list[tuple[Any, Any]] = field(default_factory=list)
    condition: Variable | None = None


def answer_of(returned: Any) -> Answer:
    """What a step returned: outputs, updates and `until`, each where there is one, in this order.

    Errors:  ScanArgumentError (a ValueError)
    """
    if isinstance(returned, Variable):
        return Answer([returned])
    if _is_updates(returned):
        return Answer(updates=pairs_of(returned))
    if not isinstance(returned, (list, tuple)):
        raise _not_understood(returned)
    parts = list(returned)
    condition = parts.pop().condition if parts and isinstance(parts[-1], until) else None
    if all(isinstance(part, Variable) for part in parts):
        return Answer(parts, [], condition)
    outputs: list[Variable] = []
    if _is_outputs(parts[0]):
        first = parts.pop(0)
        outputs = [first] if isinstance(first, Variable) else list(first)
    updates = pairs_of(parts.pop(0)) if parts and _is_updates(parts[0]) else []
    if parts:
        raise _not_understood(returned)
    return Answer(outputs, updates, condition)


def _is_updates(part: Any) -> bool:
    if isinstance(part, dict):
        return True
    return (
        isinstance(part, (list, tuple))
        and len(part) > 0
        and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in part)
    )


def _is_outputs(part: Any) -> bool:
    return isinstance(part, Variable) or (
        isinstance(part, (list, tuple)) and all(isinstance(v, Variable) for v in part)
    )


def _not_understood(returned: Any) -> ScanArgumentError:
    return ScanArgumentError(
        f"The function of a step gave back {returned!r}. It may give: outputs (a variable or a list of them), then "
        "updates (a dict, or pairs of a shared variable and an expression), then theano.scan_module.until(condition); "
        "each may be left out. Make constants variables with theano.tensor.constant."
    )
