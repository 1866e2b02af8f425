"""What goes into a function and what comes out: from what the user wrote to one graph with named ends."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from croton.compile.container import Container
from croton.compile.rebuild import Pairs, Rebuilt, pairs_of, rebuild
from croton.compile.shared import SharedVariable
from croton.config import config
from croton.errors import FunctionInputsError, UnusedInputError
from croton.graph import walk
from croton.graph.node import Constant, Variable
from croton.util.record import record


class In:
    """An input of a function.

    variable        what it stands for in the graph
    name            the keyword it is given by; that of the variable if left out
    value           its default; a shared variable or container makes it a state that the function keeps
    update          an expression whose value it takes after each call
    mutable         whether the function may write into what is given
    borrow          whether the function may return what is given, without a copy
    strict          whether only values of exactly its type are taken
    allow_downcast  whether values may lose precision on the way in; None: only Python floats
    implicit        whether callers may not give it
    """

    def __init__(
        self,
        variable: Any,
        name: str | None = None,
        value: Any = None,
        update: Any = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool | None = None,
        borrow: bool | None = None,
        shared: bool = False,
    ) -> None:
        if not isinstance(variable, Variable):
            raise TypeError(
                f"An input of a function must be a Variable; got {variable!r} of type {type(variable).__name__}."
            )
        self.variable = variable
        self.name = variable.name if autoname and name is None else name
        if self.name is not None and not isinstance(self.name, str):
            raise TypeError(f"The name of an input must be a string; got {self.name!r}.")
        if implicit is None:
            implicit = isinstance(value, (Container, SharedVariable))
        if implicit and value is None:
            raise TypeError(f"The input {variable} is implicit, so it needs a default value.")
        if update is not None:
            update = variable.type.filter_variable(update) if not isinstance(update, Variable) else update
            if update.type != variable.type:
                raise TypeError(
                    f"The input {variable} has type {variable.type}, but its update, {update}, has type {update.type}; "
                    "they must be the same."
                )
        self.update = update
        self.mutable = (update is not None) if mutable is None else mutable
        if self.mutable and borrow is False:
            raise AssertionError(
                f"The input {variable} is said to be mutable but not to be borrowed: "
                "what may be overwritten may also be returned."
            )
        self.borrow = self.mutable if borrow is None else borrow
        self.value = value
        self.implicit = implicit
        self.strict = strict
        self.allow_downcast = allow_downcast
        self.shared = shared

    def __str__(self) -> str:
        return f"In({self.variable} -> {self.update})" if self.update is not None else f"In({self.variable})"

    __repr__ = __str__


class Param(In):
    """An input of a function, in the order of arguments of old."""

    def __init__(
        self, variable: Any, default: Any = None, name: str | None = None, mutable: bool = False, strict: bool = False,
        allow_downcast: bool | None = None, implicit: bool | None = None, borrow: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            variable, name=name, value=default, mutable=mutable, strict=strict, allow_downcast=allow_downcast,
            implicit=implicit, borrow=borrow,
        )  # fmt: skip


class Out:
    """An output of a function; with `borrow` it may share memory with what the function keeps."""

    def __init__(self, variable: Any, borrow: bool = False) -> None:
        self.variable = variable
        self.borrow = borrow

    def __str__(self) -> str:
        return f"Out({self.variable},{self.borrow})"

    __repr__ = __str__


@record(frozen=True)
class Options:
    """How the user's graph is read."""

    no_default_updates: Any = False
    rebuild_strict: bool = True
    allow_input_downcast: bool | None = None
    on_unused_input: str | None = None


@record
class Signature:
    """The ends of a function.

    inputs       as the user gave them
    outputs      as the user gave them, in order
    keys         the names of the outputs where they are returned as a dict
    single       whether the one output is returned bare
    shared       the shared variables it reads or updates
    updates      their new values, in the user's variables
    givens       what stands in place of what, in the user's variables
    graph_inputs, graph_outputs   the ends of the copied graph: inputs, then shared; outputs, then new values
    stores       pairs (number of a graph output, number of the graph input whose cell takes it)
    """

    inputs: list[In]
    outputs: list[Out]
    keys: list[str] | None
    single: bool
    shared: list[SharedVariable]
    updates: list[tuple[SharedVariable, Variable]]
    givens: list[tuple[Variable, Any]]
    graph_inputs: list[Variable]
    graph_outputs: list[Variable]
    stores: list[tuple[int, int]]
    options: Options

    @classmethod
    def of(cls, inputs: Any, outputs: Any, updates: Pairs, givens: Pairs, options: Options) -> Signature:
        """Read what the user wrote.

        Errors: FunctionInputsError when inputs is no list; TypeError for what is no input, output, or update;
                UnusedInputError; RuntimeError when givens replaces an input; AssertionError for output names
                that are no strings
        """
        ins = _inputs_of(inputs, options)
        outs, keys = _outputs_of(outputs)
        replace = pairs_of(givens, "givens")
        _check_givens(replace, ins)
        made = _rebuilt(ins, outs, updates, replace, options)
        targets = [made.memo.get(v, v) for v in made.shared]
        graph_inputs = [*made.inputs, *targets]
        graph_outputs = made.outputs[: len(outs)]
        stores: list[tuple[int, int]] = []
        for at, i in enumerate(ins):
            if i.update is not None:
                stores.append((len(graph_outputs), at))
                graph_outputs.append(made.memo[i.update])
        for variable, expression in made.updates.items():
            stores.append((len(graph_outputs), len(ins) + made.shared.index(variable)))
            graph_outputs.append(expression)
        _check_used(ins, made.inputs, graph_outputs, options)
        return cls(
            inputs=ins, outputs=outs, keys=keys, single=isinstance(outputs, (Variable, Out)),
            shared=made.shared, updates=_user_updates(made, updates), givens=replace, graph_inputs=graph_inputs,
            graph_outputs=graph_outputs, stores=stores, options=options,
        )  # fmt: skip


def _user_updates(made: Rebuilt, updates: Pairs) -> list[tuple[SharedVariable, Variable]]:
    """The updates in the user's own variables, the default ones spelled out."""
    explicit = {v: e if isinstance(e, Variable) else v.type.filter_variable(e) for v, e in pairs_of(updates)}
    return [(v, explicit[v] if v in explicit else v.default_update) for v in made.updates]


def _inputs_of(inputs: Any, options: Options) -> list[In]:
    if not isinstance(inputs, (list, tuple)):
        raise FunctionInputsError(
            "The inputs of a function must be in a list, even if there is only one: theano.function([x], …). "
            f"Got {inputs!r}."
        )
    found: list[In] = []
    for at, given in enumerate(inputs):
        one = given if isinstance(given, In) else _plain_input(given, at)
        if one.allow_downcast is None and options.allow_input_downcast is not None:
            one = _with_downcast(one, options.allow_input_downcast)
        _check_input(one, found, at)
        found.append(one)
    return found


def _plain_input(given: Any, at: int) -> In:
    if isinstance(given, Variable):
        return In(given)
    raise TypeError(
        f"Input {at} of the function must be a Variable or an In; got {given!r} of type {type(given).__name__}."
    )


def _with_downcast(one: In, allow: bool) -> In:
    made = object.__new__(type(one))
    made.__dict__.update(one.__dict__, allow_downcast=allow)
    return made


def _check_input(one: In, before: Sequence[In], at: int) -> None:
    variable = one.variable
    if isinstance(variable, Constant):
        raise TypeError(
            f"Input {at} of the function is a constant, {variable}, which can't be given a value."
        )
    if isinstance(variable, SharedVariable):
        raise TypeError(
            f"Cannot use a shared variable ({variable}) as explicit input. It is found in the graph by itself; to call "
            "the function with a value in its place, put a plain variable there by `givens`."
        )
    for earlier, other in enumerate(before):
        if other.variable is variable:
            raise UnusedInputError(
                f"Variable {variable} is given twice, as input {earlier} and as input {at}: the value given for one of "
                "the two would be ignored. Name it once."
            )


def _outputs_of(outputs: Any) -> tuple[list[Out], list[str] | None]:
    if outputs is None:
        return [], None
    if isinstance(outputs, Mapping):
        keys = list(outputs)
        for key in keys:
            if not isinstance(key, str):
                raise AssertionError(f"The names of outputs must be strings; got {key!r}.")
        keys.sort()
        return [_output(outputs[key]) for key in keys], keys
    if isinstance(outputs, (list, tuple)):
        return [_output(one) for one in outputs], None
    return [_output(outputs)], None


def _output(given: Any) -> Out:
    one = given if isinstance(given, Out) else Out(given)
    if not isinstance(one.variable, Variable):
        raise TypeError(
            f"Outputs of a function must be Variables or Out(Variable); got {one.variable!r} of type "
            f"{type(one.variable).__name__}."
        )
    return one


def _check_givens(replace: Sequence[tuple[Any, Any]], ins: Sequence[In]) -> None:
    variables = {i.variable for i in ins}
    for variable, expression in replace:
        if variable in variables:
            raise RuntimeError(
                f"givens replaces {variable} by {expression}, but {variable} is an input of the function, so that "
                "would have no effect. Make another variable the input, theano.function([y], f(x), givens={x: g(y)}), "
                "or use theano.clone."
            )


def _rebuilt(
    ins: Sequence[In], outs: Sequence[Out], updates: Pairs, replace: Any, options: Options
) -> Rebuilt:
    wanted = [o.variable for o in outs] + [i.update for i in ins if i.update is not None]
    return rebuild(
        wanted, [i.variable for i in ins], replace, updates,
        strict=options.rebuild_strict, no_default_updates=options.no_default_updates,
    )  # fmt: skip


def _check_used(
    ins: Sequence[In], variables: Sequence[Variable], outputs: Sequence[Variable], options: Options
) -> None:
    how = options.on_unused_input
    if how is None:
        how = config.on_unused_input
    if how == "ignore":
        return
    used = set(walk.ancestors(outputs, variables))
    for at, (one, variable) in enumerate(zip(ins, variables, strict=True)):
        if variable in used or one.update is not None:
            continue
        said = (
            f"The function's outputs and updates do not depend on input {at}, {one.variable}. Leave it out, or pass "
            "on_unused_input='ignore' (or 'warn') to theano.function."
        )
        if how == "raise":
            raise UnusedInputError(said)
        if how != "warn":
            raise ValueError(f"on_unused_input must be 'raise', 'warn' or 'ignore'; got {how!r}.")
        warnings.warn(said, stacklevel=5)
