"""Reverse-mode differentiation.

Here, once for all operations: the summing of cotangents that reach a variable on several ways, their reduction over
axes that were broadcast, their data type, what integers pass on (nothing), and what is disconnected.
"""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from croton.config import config
from croton.errors import DisconnectedInputError, NullTypeGradError
from croton.graph import origin, walk
from croton.graph.node import Apply, Variable
from croton.graph.op import tested_as_a_whole
from croton.ops.base import Primitive
from croton.ops.cast import cast
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import ones_like, zeros_like
from croton.ops.elementwise import fill, real
from croton.ops.gradient_marks import UndefinedGrad
from croton.ops.reduce import sum as sum_over
from croton.util.collector import paused
from croton.vartypes.dtype import is_complex, is_discrete
from croton.vartypes.null import DisconnectedType, NullType
from croton.vartypes.tensor import TensorType

# What has reached a variable so far: a list of cotangents, or ZERO where it is connected but nothing can flow.
ZERO = "zero"
Reached = dict[Variable, Any]

disconnected_type = DisconnectedType()

# What stands for a gradient that there is none of, by the word for it.
_MISSING: dict[str, Callable[[Variable], Any]] = {
    "zero": lambda variable: zeros(variable),
    "none": lambda variable: None,
    "disconnected": lambda variable: disconnected_type(),
}


@tested_as_a_whole
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
    Example:
        >>> import theano.tensor as T
        >>> x = T.dscalar("x")
        >>> T.grad(x**3, x).eval({x: 2.0}).tolist()
        12.0
    """
    if cost is not None:
        _check_cost(cost)
    elif known_grads is None:
        raise ValueError("grad needs a cost, or known_grads from which to start; got neither.")
    many = isinstance(wrt, (list, tuple))
    wanted: list[Variable] = list(wrt) if many else [wrt]
    for variable in wanted:
        if not isinstance(variable, Variable):
            raise TypeError(f"Expected Variable, got {variable} of type {type(variable)}")
    missing = str(return_disconnected).lower()
    _check_choice("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore"))
    _check_choice("return_disconnected", missing, ("zero", "none", "disconnected"))
    _check_choice("null_gradients", null_gradients, ("raise", "return"))

    seeds: dict[Variable, Variable] = {} if cost is None else {cost: ones_like(cost, dtype=_grad_dtype(cost))}
    seeds.update(_checked_known_grads(known_grads))
    constants = _checked_constants(consider_constant)
    with paused():
        reached = backward(seeds, wanted, constants)
        found = [settled(reached, v) for v in wanted]
    answers = answered(wanted, found, disconnected_inputs, missing, null_gradients)
    if add_names and cost is not None and cost.name:
        for variable, found in zip(wanted, answers, strict=True):
            if found is not None and found.name is None and variable.name:
                found.name = f"(d{cost.name}/d{variable.name})"
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), answers)


def answered(
    wanted: Sequence[Variable],
    gradients: Sequence[Variable | None],
    disconnected_inputs: str = "raise",
    return_disconnected: str = "zero",
    null_gradients: str = "raise",
) -> list[Any]:
    """The gradients as a caller wants them: for those that are None what he asks for, or an error."""
    _check_choice("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore"))
    answers: list[Any] = []
    for variable, found in zip(wanted, gradients, strict=True):
        if found is None or isinstance(found.type, DisconnectedType):
            _report_disconnected(variable, disconnected_inputs)
            answers.append(_MISSING[return_disconnected](variable))
            continue
        if isinstance(found.type, NullType) and null_gradients == "raise":
            raise NullTypeGradError(f"grad encountered a NaN. {found.type.why_null}{_made_at(variable)}")
        answers.append(found)
    return answers


def format_as(use_list: bool, use_tuple: bool, outputs: Any) -> Any:
    """`outputs` as a list, as a tuple, or the one that there is.

    Errors: ValueError when both are asked for, or when there is not exactly one and neither is
    """
    if use_list and use_tuple:
        raise ValueError("format_as can't give both a list and a tuple.")
    if use_list:
        return list(outputs)
    if use_tuple:
        return tuple(outputs)
    if len(outputs) != 1:
        raise ValueError(f"Expected one output; got {len(outputs)}. Ask for a list or a tuple.")
    return outputs[0]


def subgraph_grad(
    wrt: Sequence[Variable],
    end: Sequence[Variable],
    start: Mapping[Variable, Variable] | None = None,
    cost: Variable | None = None,
    details: bool = False,
) -> Any:
    """The gradients with respect to `wrt` and to `end` of a part of a graph, from `cost` and `start` down to `end`.

    wrt      parameters of the part
    end      where the part ends: nothing flows past these
    start    the gradients, already known, of variables at which the part begins
    cost     a scalar of the part's own
    details  whether to give, too, the gradients that come from `start` alone and from `cost` alone, each a list or None

    The result is the gradients of `wrt`, those of `end`, and the details. The gradients of `end`, made to a
    dict, are the `start` of the part that comes before.

    Errors:  TypeError for `wrt` and `end` that are no lists; ValueError without `cost` and `start`
    """
    for name, given in (("wrt", wrt), ("end", end)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(f"subgraph_grad takes a list of variables as `{name}`; got {given!r}.")
    if cost is None and start is None:
        raise ValueError("subgraph_grad needs a cost, or start, from which to begin; got neither.")
    wanted = [*wrt, *end]
    from_start = from_cost = None
    if start is not None:
        from_start = grad(None, wanted, list(end), "ignore", known_grads=start)
    if cost is not None:
        from_cost = grad(cost, wanted, list(end), "ignore")
    if from_start is None or from_cost is None:
        total = from_start or from_cost or []
    else:
        total = [a + b for a, b in zip(from_start, from_cost, strict=True)]
    made = total[: len(wrt)], total[len(wrt) :]
    return (*made, from_start, from_cost) if details else made


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
            f"cost must be a scalar; got {cost} of type {cost.type}. Reduce it first: cost.sum() or cost.mean(), "
            "or use theano.gradient.jacobian."
        )


def _check_choice(name: str, value: Any, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"Invalid value for {name}: {value!r}; expected one of {', '.join(allowed)}.")


def _checked_constants(constants: Any) -> Sequence[Variable]:
    if constants is None:
        return ()
    if not isinstance(constants, (list, tuple, set, frozenset, dict)):
        wrong = ValueError if isinstance(constants, Variable) else TypeError
        raise wrong(f"consider_constant must be a list of variables; got {constants!r}.")
    for one in constants:
        if not isinstance(one, Variable):
            raise TypeError(
                f"Elements of consider_constant must be variables; got {one!r} of type {type(one)}."
            )
    return list(constants)


def _checked_known_grads(known: Any) -> dict[Variable, Variable]:
    if known is None:
        return {}
    if not isinstance(known, Mapping):
        raise TypeError(f"known_grads must map variables to their gradients; got {known!r}.")
    seeds: dict[Variable, Variable] = {}
    for variable, given in known.items():
        if not isinstance(variable, Variable):
            raise TypeError(f"The keys of known_grads must be variables; got {variable!r}.")
        cotangent = as_any(given)
        if not isinstance(cotangent.type, (DisconnectedType, NullType)):
            _check_known_grad(variable, cotangent)
        if not isinstance(cotangent.type, DisconnectedType):
            seeds[variable] = cotangent
    return seeds


def _check_known_grad(variable: Variable, cotangent: Variable) -> None:
    want, have = variable.type, cotangent.type
    if have.ndim != want.ndim:
        raise ValueError(
            f"known_grads: {variable} has {want.ndim} axes, the gradient given for it, {cotangent}, {have.ndim}."
        )
    if _discrete(cotangent):
        raise TypeError(
            "Gradients are of a floating point or complex type, of NullType or of DisconnectedType; "
            f"known_grads has {cotangent} of type {have} for {variable}. Cast it first."
        )


def _report_disconnected(variable: Variable, how: str) -> None:
    said = (
        "grad method was asked to compute the gradient with respect to a variable that is not part of the "
        f"computational graph of the cost, or is used only by a non-differentiable operator: {variable}"
    )
    if how == "raise":
        raise DisconnectedInputError(
            f"{said}{_made_at(variable)}\n"
            "What to do: check that the cost depends on it, or pass disconnected_inputs='ignore'."
        )
    if how == "warn":
        warnings.warn(said, stacklevel=3)


def _made_at(variable: Variable) -> str:
    frames = variable.owner.origin if variable.owner is not None else ()
    return f"\n{variable} was made at:\n  {frames[0]}" if frames else ""


# -- the pass ------------------------------------------------------------------------------------------------
def backward(
    seeds: Mapping[Variable, Variable],
    wrt: Sequence[Variable],
    constant: Sequence[Variable],
    is_given: bool = True,
) -> Reached:
    """What reaches each variable between `seeds`, which map variables to cotangents, and `wrt`.

    is_given  whether a seed stands for all that would flow into its variable, or is added to that
    """
    blocked = set(constant)
    reached: Reached = {}
    for variable, cotangent in seeds.items():
        _reach(reached, variable, cotangent)
    useful = _nodes_towards(wrt, list(seeds), blocked)
    for node in reversed(walk.toposort(list(seeds), blocked)):
        if node not in useful or not any(v in reached for v in node.outputs):
            continue
        with origin.inherit(node.origin), origin.naming(f"gradient of {node.op}"):
            for variable, cotangent in zip(node.inputs, through(node, reached), strict=True):
                if cotangent is not None and not (is_given and variable in seeds):
                    _reach(reached, variable, cotangent)
    return reached


def _nodes_towards(
    wrt: Sequence[Variable], outputs: Sequence[Variable], blocked: set[Variable]
) -> set[Apply]:
    targets = set(wrt)
    useful: set[Apply] = set()
    for node in walk.toposort(outputs, blocked):
        if any(v in targets or (v.owner in useful and v not in blocked) for v in node.inputs):
            useful.add(node)
    return useful


def _reach(reached: Reached, variable: Variable, cotangent: Any) -> None:
    have = reached.get(variable)
    if cotangent is ZERO:
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
    return variable.zeros_like()


def _grad_dtype(variable: Variable) -> str:
    dtype: str = variable.type.dtype
    return str(config.floatX) if is_discrete(dtype) else dtype


def through(node: Apply, reached: Reached) -> list[Any]:
    """Cotangents of the inputs of `node`: None where disconnected, ZERO where connected but nothing flows."""
    pattern = connections(node)
    connected = [
        [o for o, out in enumerate(node.outputs) if pattern[i][o] and out in reached] for i in range(node.nin)
    ]
    # Nothing flows through what makes integers: such a function is flat wherever it has a derivative.
    flowing = [out in reached and reached[out] is not ZERO and not _discrete(out) for out in node.outputs]
    # What is said to be undefined is so, even where it would be multiplied by zero.
    if not any(flowing) and not isinstance(node.op, UndefinedGrad):
        return [ZERO if connected[i] else None for i in range(node.nin)]
    cotangents = [
        settled(reached, out) if flows else None for out, flows in zip(node.outputs, flowing, strict=True)
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


def connections(node: Apply) -> list[list[bool]]:
    ask = getattr(node.op, "connection_pattern", None)
    if ask is None:
        return [[True] * node.nout for _ in range(node.nin)]
    pattern = ask(node)
    if len(pattern) != node.nin or any(len(row) != node.nout for row in pattern):
        raise ValueError(
            f"{node.op}.connection_pattern must give a list of {node.nin} lists of {node.nout} bools; "
            f"got {pattern}."
        )
    return pattern  # type: ignore[no-any-return]


def _ask(node: Apply, cotangents: Sequence[Variable | None]) -> Sequence[Any]:
    """What the operation of `node` says of the cotangents of its inputs."""
    services = {"vjp": vjp} if hasattr(node.op, "inner_outputs") else {}
    given = (
        cotangents
        if isinstance(node.op, Primitive)
        else [disconnected_type() if g is None else g for g in cotangents]
    )
    try:
        answer = node.op.L_op(list(node.inputs), list(node.outputs), list(given), **services)  # type: ignore[arg-type]
    except Exception as error:
        if node.origin:
            error.add_note(f"While taking the gradient of {node.op}, applied at:\n  {node.origin[0]}")
        raise
    if not isinstance(answer, (list, tuple)):
        raise TypeError(f"{node.op}.grad must return a list or tuple of variables; got {answer!r}.")
    if len(answer) != node.nin:
        raise ValueError(f"{node.op} has {node.nin} inputs, but its grad returned {len(answer)} terms.")
    if not isinstance(node.op, Primitive):
        for i, term in enumerate(answer):
            _check_term(node, i, term)
    return answer


def _check_term(node: Apply, i: int, term: Any) -> None:
    """What the historic protocol asks of each term that an operation's `grad` returns."""
    if term is None:
        raise TypeError(
            f"{node.op}.grad returned None for input {i}, {node.inputs[i]}. Return zeros_like(input) where the "
            "gradient is zero, disconnected_type() where the output does not depend on the input, grad_undefined(…) or "
            "grad_not_implemented(…) where there is none."
        )
    if isinstance(term, Variable) and _discrete(term) and not _discrete(node.inputs[i]):
        raise TypeError(
            f"{node.op}.grad returned a term of integers, of type {term.type}, for input {i}, "
            f"{node.inputs[i]}: a gradient is of a floating point or complex type."
        )


def vjp(
    outputs: Sequence[Variable],
    wrt: Sequence[Variable],
    cotangents: Sequence[Variable],
    constant: Sequence[Variable] = (),
) -> list[Variable | None]:
    """What flows back to each of `wrt` when `cotangents` enter at `outputs`; None where they are not connected.

    An operation that holds a graph is given this to differentiate it.
    """
    seeds: dict[Variable, Variable] = {}
    for out, cotangent in zip(outputs, cotangents, strict=True):
        known = seeds.get(out)
        seeds[out] = cotangent if known is None else _plus(known, cotangent)
    reached = backward(seeds, wrt, constant, is_given=False)
    return [settled(reached, variable) for variable in wrt]


def _plus(a: Variable, b: Variable) -> Variable:
    for one in (a, b):
        if isinstance(one.type, NullType):
            return one
    made: Variable = a + b
    return made


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
    if is_discrete(kind.dtype) and is_discrete(have.dtype):
        return ZERO
    if have.ndim != kind.ndim:
        raise ValueError(
            f"{node.op}.grad returned a term with {have.ndim} axes, {have}, for input {i}, {variable}, "
            f"which has {kind.ndim}."
        )
    # An integer is differentiated as the real number that it is; its gradient is not of its own type.
    dtype = have.dtype if is_discrete(kind.dtype) else kind.dtype
    if is_complex(have.dtype) and not is_complex(dtype):
        cotangent = real(cotangent)
    over = [a for a in range(kind.ndim) if kind.broadcastable[a] and not have.broadcastable[a]]
    if over:
        cotangent = sum_over(
            cotangent, axis=over, keepdims=True, dtype=dtype if is_discrete(have.dtype) else None
        )
    if any(b and not k for b, k in zip(have.broadcastable, kind.broadcastable, strict=True)):
        cotangent = fill(variable, cotangent)
    return cast(cotangent, dtype)
