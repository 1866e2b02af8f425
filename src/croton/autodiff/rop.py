"""Products of a Jacobian with vectors: from the left (`Lop`) and from the right (`Rop`)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from croton.autodiff.grad import (
    answered,
    as_any,
    connections,
    disconnected_type,
    format_as,
    through,
    vjp,
    zeros,
)
from croton.errors import DisconnectedInputError, MethodNotDefined
from croton.graph import origin, walk
from croton.graph.node import Apply, Variable
from croton.graph.op import Op, tested_as_a_whole
from croton.ops.base import Primitive
from croton.ops.cast import cast
from croton.ops.creation import zeros_like
from croton.ops.elementwise import fill
from croton.ops.elemwise import Elemwise
from croton.ops.shape import unbroadcast
from croton.vartypes.dtype import is_complex, is_discrete
from croton.vartypes.null import DisconnectedType, NullType
from croton.vartypes.tensor import TensorType

# Derivatives of variables along the directions that were asked for; what has none is not in it.
Tangents = dict[Variable, Variable]


# -- from the left -------------------------------------------------------------------------------------------
@tested_as_a_whole
def Lop(
    f: Any,
    wrt: Any,
    eval_points: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The rows of the Jacobian of `f`, each times its number in `eval_points`, summed: what flows back to `wrt`.

    f            a variable, or a list of them
    wrt          a variable, or a list of them
    eval_points  one for each of `f`, of its shape

    Shapes:  each as its variable in `wrt`
    Errors:  ValueError when there are not as many `eval_points` as `f`, or one has other axes; those of grad
    """
    outputs, points = _listed(f), _listed(eval_points)
    if len(outputs) != len(points):
        raise ValueError(f"Lop takes one eval_point for each of f; got {len(points)} for {len(outputs)}.")
    wanted = _listed(wrt)
    constants = _listed(consider_constant) if consider_constant is not None else []
    found = answered(wanted, vjp(outputs, wanted, list(map(as_any, points)), constants), disconnected_inputs)
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)


# -- from the right ------------------------------------------------------------------------------------------
@tested_as_a_whole
def Rop(
    f: Any,
    wrt: Any,
    eval_points: Any,
    disconnected_outputs: str = "raise",
    return_disconnected: str = "zero",
) -> Any:
    """The derivative of `f` along a direction: its Jacobian times `eval_points`.

    f                     a variable, or a list of them
    wrt                   a variable, or a list of them
    eval_points           the direction: one variable for each of `wrt`, of its shape; None where it does not move
    disconnected_outputs  'raise', 'warn' or 'ignore': what to do when one of `f` does not depend on `wrt`
    return_disconnected   'zero', 'None' or 'Disconnected': what then stands in its place

    Most operations of the library say only what flows back through them. That is linear in what flows in, so the
    derivative of this linear function, taken backwards once more, is the derivative forwards.
    source: for any u and v, <u, J v> = <J' u, v>

    Shapes:  each as its variable in `f`
    Errors:  ValueError when there are not as many `eval_points` as `wrt`, or one has other axes;
             NotImplementedError for an operation that has no R_op and no second derivative; DisconnectedInputError
    """
    wanted, points, outputs = _listed(wrt), _listed(eval_points), _listed(f)
    if len(wanted) != len(points):
        raise ValueError(f"Rop takes one eval_point for each of wrt; got {len(points)} for {len(wanted)}.")
    for one in (*wanted, *outputs):
        if not isinstance(one, Variable):
            raise TypeError(f"Expected Variable, got {one} of type {type(one)}")
    directions = {
        variable: _checked_point(i, variable, as_any(point))
        for i, (variable, point) in enumerate(zip(wanted, points, strict=True))
        if point is not None
    }
    tangents = forward(directions, outputs)
    answers = [
        tangents[out]
        if out in tangents
        else _missing(out, disconnected_outputs, str(return_disconnected).lower())
        for out in outputs
    ]
    return format_as(isinstance(f, list), isinstance(f, tuple), answers)


def forward(directions: Tangents, outputs: Sequence[Variable]) -> Tangents:
    """The derivatives of `outputs`, and of all on the way to them, along `directions`."""
    tangents = dict(directions)
    for node in walk.toposort(outputs, directions):
        moved = [None if _discrete(v) and v not in directions else tangents.get(v) for v in node.inputs]
        if all(v is None for v in moved):
            continue
        with origin.inherit(node.origin), origin.naming(f"directional derivative of {node.op}"):
            for variable, tangent in zip(node.outputs, _pushed(node, moved), strict=True):
                if variable in directions or tangent is None or isinstance(tangent.type, DisconnectedType):
                    continue
                tangents[variable] = tangent
    return tangents


def _pushed(node: Apply, moved: Sequence[Variable | None]) -> Sequence[Variable | None]:
    """The derivatives of the outputs of `node` when its inputs move along `moved`."""
    if isinstance(node.op, Elemwise) and len(node.outputs) == 1 and not _any_complex(node):
        return [_pushed_elementwise(node, moved)]
    if hasattr(node.op, "push"):
        made: Sequence[Variable | None] = node.op.push(node.inputs, node.outputs, moved, forward)
        return made
    if isinstance(node.op, Primitive) or type(node.op).R_op is Op.R_op:
        return _transposed(node, moved)
    try:
        found = node.op.R_op(list(node.inputs), list(moved))
    except MethodNotDefined:
        return _transposed(node, moved)
    if not isinstance(found, (list, tuple)) or len(found) != len(node.outputs):
        raise ValueError(f"{node.op}.R_op must return a list of {len(node.outputs)} terms; got {found!r}.")
    return found


def _pushed_elementwise(node: Apply, moved: Sequence[Variable | None]) -> Variable | None:
    """An elementwise Jacobian is diagonal: what flows back along it is what moves forwards."""
    (y,) = node.outputs
    pattern = connections(node)
    if _discrete(y):
        return zeros(y) if any(row[0] for row in pattern) else None
    total: Variable | None = None
    for i, direction in enumerate(moved):
        if direction is None or not pattern[i][0]:
            continue
        term = node.op.L_op(node.inputs, node.outputs, [cast(direction, y.type.dtype)])[i]
        if term is not None and not isinstance(term.type, DisconnectedType):
            _check_defined(node, term)
            total = term if total is None else total + term
    if total is not None:
        total = cast(total, y.type.dtype)
        if total.type.broadcastable != y.type.broadcastable:
            total = fill(y, total)
    return total


def _transposed(node: Apply, moved: Sequence[Variable | None]) -> list[Variable | None]:
    """The derivatives forwards, from those backwards of what flows back."""
    probes: dict[Variable, Any] = {
        y: zeros_like(y)
        for y in node.outputs
        if isinstance(y.type, TensorType) and not is_discrete(y.type.dtype)
    }
    if not probes:
        return [zeros(y) if isinstance(y.type, TensorType) else None for y in node.outputs]
    try:
        back = through(node, {y: [probe] for y, probe in probes.items()})
    except MethodNotDefined as error:
        raise NotImplementedError(
            f"{node.op} has neither R_op nor grad: the derivative along a direction needs one of the two."
        ) from error
    pairs = [
        (flow, direction)
        for flow, direction in zip(back, moved, strict=True)
        if isinstance(flow, Variable)
        and direction is not None
        and not isinstance(flow.type, DisconnectedType)
    ]
    for flow, _ in pairs:
        _check_defined(node, flow)
    if not pairs:
        return [None] * len(node.outputs)
    found = vjp(
        [flow for flow, _ in pairs], list(probes.values()), [cast(v, flow.type.dtype) for flow, v in pairs]
    )
    by_output = dict(zip(probes, found, strict=True))
    for term in found:
        if term is not None:
            _check_defined(node, term)
    return [by_output.get(y) if y in probes else zeros(y) for y in node.outputs]


def _check_defined(node: Apply, term: Variable) -> None:
    if isinstance(term.type, NullType):
        raise NotImplementedError(f"{node.op} has no derivative along a direction: {term.type.why_null}")


# -- pieces --------------------------------------------------------------------------------------------------
def _listed(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _checked_point(i: int, variable: Variable, point: Variable) -> Variable:
    want, have = variable.type, point.type
    if want.ndim != have.ndim:
        raise ValueError(
            f"Element {i} of wrt/eval_point have mismatched dimensionality: {variable} has {want.ndim} axes, "
            f"{point} has {have.ndim}."
        )
    if not isinstance(want, TensorType) or not isinstance(have, TensorType):
        return point
    free = [a for a in range(want.ndim) if have.broadcastable[a] and not want.broadcastable[a]]
    if any(w and not h for w, h in zip(want.broadcastable, have.broadcastable, strict=True)):
        raise TypeError(
            f"A direction is of the shape of its variable; {variable} is of type {want}, {point} of type {have}: "
            "say that the axes have length 1, by theano.tensor.addbroadcast."
        )
    if free:
        point = unbroadcast(point, *free)
    if is_discrete(want.dtype) or (is_complex(have.dtype) and not is_complex(want.dtype)):
        return point
    return cast(point, want.dtype)


def _discrete(variable: Variable) -> bool:
    return isinstance(variable.type, TensorType) and is_discrete(variable.type.dtype)


def _any_complex(node: Apply) -> bool:
    return any(is_complex(getattr(v.type, "dtype", "")) for v in (*node.inputs, *node.outputs))


def _missing(out: Variable, how: str, instead: str) -> Any:
    said = f"Rop was asked for the derivative of a variable that does not depend on wrt: {out}"
    if how == "raise":
        made = (
            f"\nIt was made at:\n  {out.owner.origin[0]}"
            if out.owner is not None and out.owner.origin
            else ""
        )
        raise DisconnectedInputError(
            f"{said}{made}\nWhat to do: leave it out, or pass disconnected_outputs='ignore'."
        )
    if how not in ("warn", "ignore"):
        raise ValueError(
            f"Invalid value for disconnected_outputs: {how!r}; expected one of raise, warn, ignore."
        )
    if how == "warn":
        warnings.warn(said, stacklevel=3)
    if instead not in ("zero", "none", "disconnected"):
        raise ValueError(
            f"Invalid value for return_disconnected: {instead!r}; expected one of zero, None, Disconnected."
        )
    return {"zero": zeros(out), "none": None, "disconnected": disconnected_type()}[instead]
