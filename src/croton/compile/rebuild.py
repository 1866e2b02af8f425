"""Copies of graphs in which some variables are replaced, and the shared variables and updates found on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from croton.compile.shared import SharedVariable
from croton.graph import walk
from croton.graph.node import Constant, Variable
from croton.ops.convert import as_tensor_variable
from croton.util.record import field, record
from croton.vartypes.tensor import TensorType

Pairs = Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None


def pairs_of(given: Pairs, what: str = "updates") -> list[tuple[Any, Any]]:
    """The pairs of a dict or of a list of pairs.

    Errors: ValueError when it is neither
    """
    if given is None:
        return []
    try:
        found = [tuple(pair) for pair in (given.items() if hasattr(given, "items") else given)]
    except TypeError:
        found = [()]
    if any(len(pair) != 2 for pair in found):
        raise ValueError(f"{what} must be a dict, or a list of pairs (variable, expression); got {given!r}.")
    return found


@record
class Rebuilt:
    """A copy of a graph.

    memo     from each variable of the old graph to the new
    shared   the shared variables that the copy reads or updates, in the order in which they were met
    updates  the new value of each shared variable that has one
    """

    inputs: list[Variable]
    outputs: list[Variable]
    memo: dict[Variable, Variable]
    shared: list[SharedVariable]
    updates: dict[SharedVariable, Variable]


@record
class _Rebuild:
    strict: bool
    no_default_updates: Any
    memo: dict[Variable, Variable] = field(default_factory=dict)
    shared: dict[SharedVariable, None] = field(default_factory=dict)
    wanted: dict[SharedVariable, Variable] = field(default_factory=dict)
    updates: dict[SharedVariable, Variable] = field(default_factory=dict)

    def copy(self, variables: Sequence[Variable]) -> list[Variable]:
        """The copies of `variables`; shared variables that they read are noted, with their default updates."""
        fresh, self.memo = walk.clone_graph(variables, self.memo, strict=self.strict, on_variable=self._meet)
        return fresh

    def _meet(self, variable: Variable) -> None:
        if isinstance(variable, SharedVariable):
            self.note(variable)

    def note(self, variable: SharedVariable) -> None:
        """Take a shared variable in, with its default update if that is to be made."""
        if variable in self.shared:
            return
        self.shared[variable] = None
        if variable in self.wanted or not self._takes_default(variable):
            return
        expression = getattr(variable, "default_update", None)
        if expression is not None:
            self.wanted[variable] = variable.type.filter_variable(expression, allow_convert=False)

    def _takes_default(self, variable: SharedVariable) -> bool:
        choice = self.no_default_updates
        if isinstance(choice, (list, tuple)):
            return variable not in choice
        return not choice

    def settle_updates(self) -> None:
        """Copy the expressions of all updates: each may bring in further shared variables, with their updates."""
        while True:
            todo = {v: expression for v, expression in self.wanted.items() if v not in self.updates}
            if not todo:
                return
            for variable, expression in todo.items():
                self.note(variable)
                self.updates[variable] = self.copy([expression])[0]


def rebuild(
    outputs: Sequence[Variable],
    inputs: Sequence[Variable] = (),
    replace: Pairs = None,
    updates: Pairs = None,
    *,
    strict: bool = True,
    no_default_updates: Any = False,
    stand_in: Mapping[Variable, Variable] | None = None,
) -> Rebuilt:
    """Copy the graph of `outputs` and of all updates.

    inputs    copied too; what they are computed from is not
    replace   what is read in place of a variable; its graph is copied as well
    updates   new values of shared variables, in addition to the default ones
    stand_in  what is read in place of a variable, and is not copied

    Errors: TypeError for an update of something else than a shared variable, or by something of another type, and for
            no_default_updates that is neither a truth value nor a list;
            ValueError when one is updated twice; AssertionError when replacements depend on one another
    """
    if not isinstance(no_default_updates, (bool, list, tuple)):
        raise TypeError(
            f"no_default_updates must be True, False or a list of shared variables; got {no_default_updates!r}."
        )
    state = _Rebuild(strict, no_default_updates)
    for variable in inputs:
        state.memo[variable] = variable.clone()
    state.memo.update(stand_in or {})
    for variable, expression in pairs_of(replace, "givens"):
        _replace(state, variable, expression)
    for variable, expression in pairs_of(updates):
        target = _checked_target(state, variable, expression)
        state.wanted[target] = checked_update(target, expression)
    fresh = state.copy(outputs)
    state.settle_updates()
    return Rebuilt([state.memo[v] for v in inputs], fresh, state.memo, list(state.shared), state.updates)


def _replace(state: _Rebuild, variable: Any, expression: Any) -> None:
    if not isinstance(variable, Variable):
        raise TypeError(f"givens maps variables to what stands in their place; got the key {variable!r}.")
    if variable in state.memo:
        raise AssertionError(
            f"givens replaces {variable} by {expression}, but it has been replaced or used already, in what stands in "
            "place of another variable. Replacements may not depend on one another, as {a: b, b: a + 1} would: "
            "put the new expressions in the order in which they build on one another, or apply theano.clone twice."
        )
    if not isinstance(expression, Variable):
        expression = constant_for(variable, expression)
    if state.strict:
        try:
            expression = variable.type.filter_variable(expression)
        except TypeError as error:
            error.add_note(
                f"While putting {expression} in the place of {variable}, as givens or replace ask."
            )
            raise
    state.memo[variable] = state.copy([expression])[0]


def constant_for(variable: Variable, value: Any) -> Variable:
    """A value given in the place of `variable`, of the type that a shared variable made of it would have."""
    if not isinstance(variable.type, TensorType):
        made: Variable = variable.type.make_constant(value)
        return made
    data = np.asarray(value)
    found: Variable = TensorType(data.dtype.name, [None] * data.ndim).make_constant(data)
    return found


def _checked_target(state: _Rebuild, variable: Any, expression: Any) -> SharedVariable:
    if not isinstance(variable, SharedVariable):
        raise TypeError(
            f"Only shared variables can be updated; got an update of {variable!r} by {expression}."
        )
    if variable in state.wanted:
        raise ValueError(f"{variable} is updated twice: by {state.wanted[variable]}, and by {expression}.")
    return variable


def checked_update(variable: SharedVariable, expression: Any) -> Variable:
    """The new value of a shared variable.

    Errors: TypeError when it is of another type
    """
    if not isinstance(expression, Variable):
        made: Variable = variable.type.filter_variable(expression)
        return made
    try:
        return variable.type.filter_variable(expression, allow_convert=False)
    except TypeError:
        said = (
            f"An update must have the type of the shared variable: {variable} has type {variable.type}, but its "
            f"update, {expression}, has type {expression.type}."
        )
        advice = _update_advice(variable, expression)
        raise TypeError(f"{said}{advice}") from None


def _update_advice(variable: SharedVariable, expression: Variable) -> str:
    mine, theirs = variable.type, expression.type
    if getattr(mine, "ndim", None) != getattr(theirs, "ndim", None):
        return " The numbers of axes differ: check the reductions and indexing in the update."
    if getattr(mine, "dtype", None) != getattr(theirs, "dtype", None):
        return (
            f" The data types differ: cast the update (theano.tensor.cast(…, {getattr(mine, 'dtype', None)!r})), or "
            "make the shared variable and the constants of floatX."
        )
    return (
        " The broadcast patterns differ: theano.tensor.unbroadcast(…, axis) lets an axis of length 1 be of any length; "
        "theano.shared(…, broadcastable=…) fixes one at length 1."
    )


# -- what users call -----------------------------------------------------------------------------------------
_KEEP = object()


def clone(
    output: Any,
    replace: Pairs = None,
    strict: bool = True,
    share_inputs: bool = True,
    copy_inputs: Any = _KEEP,
) -> Any:
    """A copy of the graph of `output`, a variable or a list of them, with some variables replaced.

    strict         whether what comes in place of a variable must be of its type
    share_inputs   whether the copy reads the same inputs; else copies of them

    Errors: TypeError when types differ under `strict`
    """
    if copy_inputs is not _KEEP:
        share_inputs = copy_inputs
    chosen: dict[Variable, Variable] = {}
    for old, new in pairs_of(replace, "replace"):
        fresh = new if isinstance(new, Variable) else constant_for(old, new)
        chosen[old] = old.type.filter_variable(fresh) if strict else fresh
    many = isinstance(output, (list, tuple))
    outputs = list(output) if many else [output]
    tensors = [v if isinstance(v, Variable) else as_tensor_variable(v) for v in outputs]
    made, _ = walk.clone_graph(tensors, chosen, copy_inputs=not share_inputs, strict=strict)
    return made if many else made[0]


def rebuild_collect_shared(
    outputs: Any, inputs: Any = None, replace: Pairs = None, updates: Pairs = None, rebuild_strict: bool = True,
    copy_inputs_over: bool = True, no_default_updates: Any = False,
) -> Any:  # fmt: skip
    """The classic form of `rebuild`: (inputs, outputs, [memo, updates as dict, update expressions, shared])."""
    given = [getattr(x, "variable", x) for x in inputs or ()]
    many = isinstance(outputs, (list, tuple))
    wanted = [] if outputs is None else list(outputs) if many else [outputs]
    stand_in = None if not copy_inputs_over else {v: v for v in given if not isinstance(v, Constant)}
    made = rebuild(
        [getattr(x, "variable", x) for x in wanted], [] if copy_inputs_over else given, replace, updates,
        strict=rebuild_strict, no_default_updates=no_default_updates, stand_in=stand_in,
    )  # fmt: skip
    fresh = made.outputs if many else (made.outputs[0] if made.outputs else [])
    copied = [made.memo.get(v, v) for v in given]
    return copied, fresh, [made.memo, dict(made.updates), list(made.updates.items()), made.shared]
