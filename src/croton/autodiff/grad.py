"""Reverse-mode differentiation.

Here, once for all operations: the summing of cotangents that reach a variable on several ways, their reduction over
axes that were broadcast, their data type, what integers pass on (nothing), and what is disconnected.
"""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from croton.config import config
from croton.errors import DisconnectedInputError, NullTypeGradError
from croton.graph import origin, walk
from croton.graph.node import Apply, Variable
from croton.ops.base import Primitive
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import fill, ones_like, zeros_like
from croton.ops.reduce import sum as sum_over
from croton.vartypes.dtype import is_complex, is_discrete
from croton.vartypes.null import DisconnectedType, NullType
from croton.vartypes.tensor import TensorType

# What has reached a variable so far: a list of cotangents, or ZERO where it is connected but nothing can flow.
ZERO = "zero"
Reached = dict[Variable, Any]

disconnected_type = DisconnectedType()


def grad(
    cost: Variable | None,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
    add_names: bool = True,
    known_grads: Mapping[Variable, Variable] | None = None,
    return_disconnected: str = "zero",
    null_gradients: str = "raise",
) -> Any:
    """The gradient of a scalar `cost` with respect to a variable, or to each of a list of them.

    consider_constant     variables through which nothing flows back
    disconnected_inputs   'raise', 'warn' or 'ignore': what to do when the cost does not depend on one of `wrt`
    known_grads           cotangents of intermediate variables, given by the caller; then `cost` may be None
    return_disconnected   'zero', 'None' or 'Disconnected': what then stands in its place
    null_gradients        'raise' or 'return': for what is not differentiable

    Shapes:  each as its variable
    Dtypes:  as its variable; floatX for one of integers, whose gradient is zero
    Errors:  TypeError when `cost` is not a scalar; DisconnectedInputError; NullTypeGradError
    """
    if cost is not None:
        _check_cost(cost)
    elif not known_grads:
        raise ValueError("grad needs a cost, or known_grads from which to start; got neither.")
    many = isinstance(wrt, (list, tuple))
    wanted = list(wrt) if many else [wrt]
    for variable in wanted:
        if not isinstance(variable, Variable):
            raise TypeError(f"Expected Variable, got {variable} of type {type(variable)}")
    for name, value, allowed in (
        ("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore")),
        ("return_disconnected", str(return_disconnected).lower(), ("zero", "none", "disconnected")),
        ("null_gradients", null_gradients, ("raise", "return")),
    ):
        if value not in allowed:
            raise ValueError(f"Invalid value for {name}: {value!r}; expected one of {', '.join(allowed)}.")

    seeds: dict[Variable, Variable] = {} if cost is None else {cost: ones_like(cost, dtype=_grad_dtype(cost))}
    for variable, cotangent in (known_grads or {}).items():
        seeds[variable] = _checked_known_grad(variable, as_any(cotangent))
    reached = backward(seeds, wanted, consider_constant or ())

    answers: list[Any] = []
    for variable in wanted:
        found = settled(reached, variable)
        if found is None:
            _report_disconnected(variable, disconnected_inputs)
            how = str(return_disconnected).lower()
            found = {"none": None, "disconnected": disconnected_type()}.get(how, None)
            if how == "zero":
                found = zeros(variable)
        elif isinstance(found.type, NullType):
            if null_gradients == "raise":
                raise NullTypeGradError(f"grad encountered a NaN. {found.type.why_null}")
        elif add_names and cost is not None and found.name is None:
            names = cost.name, variable.name
            if all(names):
                found.name = f"(d{names[0]}/d{names[1]})"
        answers.append(found)
    if not many:
        return answers[0]
    return tuple(answers) if isinstance(wrt, tuple) else answers


def as_any(x: Any) -> Variable:
    """`x` if it is a variable of any type, else as a tensor."""
    return x if isinstance(x, Variable) else as_tensor_variable(x)


def _check_cost(cost: Any) -> None:
    if isinstance(getattr(cost, "type", None), NullType):
        raise ValueError(f"Can't differentiate a NaN cost. cost is NaN because {cost.type.why_null}")
    if not isinstance(cost, Variable):
        raise AttributeError(f"The cost must be a variable; got {cost!r} of type {type(cost).__name__}.")
    if cost.type.ndim != 0:
        raise TypeError(
            f"cost must be a scalar; got {cost} of type {cost.type}. Reduce it first: cost.sum() or cost.mean(), or use "
            "theano.gradient.jacobian."
        )


def _checked_known_grad(variable: Variable, cotangent: Variable) -> Variable:
    ndim = variable.type.ndim
    if not isinstance(cotangent.type, (DisconnectedType, NullType)) and cotangent.type.ndim != ndim:
        raise TypeError(
            f"known_grads: {variable} has {ndim} axes, the gradient given for it ({cotangent}) {cotangent.type.ndim}."
        )
    return cotangent


def _report_disconnected(variable: Variable, how: str) -> None:
    said = (
        "grad method was asked to compute the gradient with respect to a variable that is not part of the computational "
        f"graph of the cost, or is used only by a non-differentiable operator: {variable}"
    )
    made = f"\nIt was made at:\n  {variable.owner.origin[0]}" if variable.owner and variable.owner.origin else ""
    if how == "raise":
        raise DisconnectedInputError(
            f"{said}{made}\nWhat to do: check that the cost depends on it, or pass disconnected_inputs='ignore'."
        )
    if how == "warn":
        warnings.warn(said, stacklevel=3)


# -- the pass ------------------------------------------------------------------------------------------------
def backward(seeds: Mapping[Variable, Variable], wrt: Sequence[Variable], constant: Sequence[Variable]) -> Reached:
    """What reaches each variable between `seeds`, which map variables to cotangents, and `wrt`."""
    blocked = set(constant)
    reached: Reached = {}
    for variable, cotangent in seeds.items():
        _reach(reached, variable, cotangent)
    useful = _nodes_towards(wrt, list(seeds), blocked)
    for node in reversed(walk.toposort(list(seeds), blocked)):
        if node not in useful or not any(v in reached for v in node.outputs):
            continue
        with origin.inherit(node.origin):
            for variable, cotangent in zip(node.inputs, _through(node, reached), strict=True):
                if variable in seeds and variable not in wrt:
                    continue
                if cotangent is not None:
                    _reach(reached, variable, cotangent)
    return reached


def _nodes_towards(wrt: Sequence[Variable], outputs: Sequence[Variable], blocked: set[Variable]) -> set[Apply]:
    targets = set(wrt)
    useful: set[Apply] = set()
    for node in walk.toposort(outputs, blocked):
        if any(v in targets or (v.owner in useful and v not in blocked) for v in node.inputs):
            useful.add(node)
    return useful


def _reach(reached: Reached, variable: Variable, cotangent: Any) -> None:
    have = reached.get(variable)
    if cotangent is ZERO or (isinstance(variable.type, TensorType) and is_discrete(variable.type.dtype)):
        reached[variable] = ZERO if have is None else have
    elif have is None or have is ZERO:
        reached[variable] = [cotangent]
    else:
        have.append(cotangent)


def settled(reached: Reached, variable: Variable) -> Variable | None:
    """The cotangent of `variable`: the sum of what reached it; None when nothing did."""
    have = reached.get(variable)
    if have is None:
        return None
    if have is ZERO:
        return zeros(variable)
    if len(have) > 1:
        null = next((g for g in have if isinstance(g.type, NullType)), None)
        if null is not None:
            have[:] = [null]
        elif isinstance(variable.type, TensorType):
            have[:] = [functools.reduce(operator.add, have)]
        else:
            have[:] = [functools.reduce(lambda a, b: a + b, have)]
    found: Variable = have[0]
    return found


def zeros(variable: Variable) -> Variable:
    """The zero gradient with respect to `variable`."""
    if isinstance(variable.type, TensorType):
        made: Variable = zeros_like(variable, dtype=_grad_dtype(variable))
        return made
    return variable.zeros_like()  # type: ignore[attr-defined, no-any-return]


def _grad_dtype(variable: Variable) -> str:
    dtype: str = variable.type.dtype  # type: ignore[attr-defined]
    return str(config.floatX) if is_discrete(dtype) else dtype


def _through(node: Apply, reached: Reached) -> list[Any]:
    """Cotangents of the inputs of `node`: None where disconnected, ZERO where connected but nothing flows."""
    pattern = _connections(node)
    connected = [[o for o, out in enumerate(node.outputs) if pattern[i][o] and out in reached] for i in range(node.nin)]
    if all(reached.get(out, ZERO) is ZERO for out in node.outputs):
        return [ZERO if connected[i] else None for i in range(node.nin)]
    cotangents = [
        settled(reached, out) if reached.get(out) is not None and not _discrete(out) else None for out in node.outputs
    ]
    null = next((g for g in cotangents if g is not None and isinstance(g.type, NullType)), None)
    if null is not None:
        return [null if connected[i] else None for i in range(node.nin)]
    return [
        None if not connected[i] else _fitted(node, i, variable, g)
        for i, (variable, g) in enumerate(zip(node.inputs, _ask(node, cotangents), strict=True))
    ]


def _discrete(variable: Variable) -> bool:
    return isinstance(variable.type, TensorType) and is_discrete(variable.type.dtype)


def _connections(node: Apply) -> list[list[bool]]:
    ask = getattr(node.op, "connection_pattern", None)
    if ask is None:
        return [[True] * node.nout for _ in range(node.nin)]
    pattern = ask(node)
    if len(pattern) != node.nin or any(len(row) != node.nout for row in pattern):
        raise ValueError(
            f"{node.op}.connection_pattern must give a list of {node.nin} lists of {node.nout} bools; got {pattern}."
        )
    return pattern  # type: ignore[no-any-return]


def _ask(node: Apply, cotangents: Sequence[Variable | None]) -> Sequence[Any]:
    if isinstance(node.op, Primitive):
        answer = node.op.L_op(node.inputs, node.outputs, list(cotangents))
    else:
        filled = [disconnected_type() if g is None else g for g in cotangents]
        answer = node.op.L_op(list(node.inputs), list(node.outputs), filled)
    if not isinstance(answer, (list, tuple)):
        raise TypeError(f"{node.op}.grad must return a list or tuple of variables; got {answer!r}.")
    if len(answer) != node.nin:
        raise ValueError(f"{node.op} has {node.nin} inputs, but its grad returned {len(answer)} terms.")
    return answer


def _fitted(node: Apply, i: int, variable: Variable, cotangent: Any) -> Any:
    """The cotangent as the variable needs it: summed over broadcast axes, of its shape and data type."""
    if cotangent is None:
        return None
    if not isinstance(cotangent, Variable):
        cotangent = as_tensor_variable(cotangent)
    kind, have = variable.type, cotangent.type
    if isinstance(have, DisconnectedType):
        return None
    if isinstance(have, NullType) or not isinstance(kind, TensorType) or not isinstance(have, TensorType):
        return cotangent
    if is_discrete(kind.dtype):
        return ZERO
    if have.ndim != kind.ndim:
        raise ValueError(
            f"{node.op}.grad returned a term with {have.ndim} axes, {have}, for input {i}, {variable}, which has {kind.ndim}."
        )
    over = [a for a in range(kind.ndim) if kind.broadcastable[a] and not have.broadcastable[a]]
    if over:
        cotangent = sum_over(cotangent, axis=over, keepdims=True, dtype=None if not is_discrete(have.dtype) else kind.dtype)
    if any(b and not k for b, k in zip(have.broadcastable, kind.broadcastable, strict=True)):
        cotangent = fill(variable, cotangent)
    if cotangent.type.dtype != kind.dtype and not (is_complex(cotangent.type.dtype) and not is_complex(kind.dtype)):
        cotangent = cast(cotangent, kind.dtype)
    return cotangent
