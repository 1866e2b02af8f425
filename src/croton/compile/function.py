"""`theano.function`: from variables to something that can be called."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

from croton.backends.base import Interface
from croton.compile.callable import Function, Maker, Place, bind, make_function
from croton.compile.container import Container
from croton.compile.mode import Mode, profiler
from croton.compile.persist import Dormant
from croton.compile.rebuild import Pairs
from croton.compile.shared import SharedVariable
from croton.compile.signature import In, Options, Signature
from croton.config import change_flags, config
from croton.graph import origin
from croton.graph.fgraph import FunctionGraph
from croton.graph.node import Variable
from croton.rewrite.telling import Telling
from croton.util.collector import paused
from croton.util.record import replace


def function(
    inputs: Any,
    outputs: Any = None,
    mode: Any = None,
    updates: Pairs = None,
    givens: Pairs = None,
    no_default_updates: Any = False,
    accept_inplace: bool = False,
    name: str | None = None,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
    profile: Any = None,
    on_unused_input: str | None = None,
) -> Function:
    """A function that computes `outputs` from `inputs`.

    inputs                variables, or In(…) for defaults, names, states
    outputs               a variable; a list or dict of them; None for a function called for its updates alone, which
                          gives []
    mode                  how it is compiled: a Mode or the name of one
    updates               new values for shared variables, as pairs or a dict: computed from the old ones, then stored
    givens                what is read in place of a variable: pairs or a dict
    no_default_updates    True, or a list of shared variables: whose `default_update` is not made
    accept_inplace        whether the graph may hold operations that write into their inputs
    rebuild_strict        whether givens must be of the type of what they replace
    allow_input_downcast  whether arguments may lose precision; None: only Python floats
    profile               True, or a ProfileStats: the function measures itself; None: as config.profile says
    on_unused_input       'raise', 'warn' or 'ignore', for inputs that nothing depends on
    name                  how messages and profiles call it; the user's file and line if left out

    Errors: TypeError, ValueError, UnusedInputError, MissingInputError, RuntimeError: see Signature.of
    """
    chosen = Mode.of(mode)
    options = Options(no_default_updates, rebuild_strict, allow_input_downcast, on_unused_input)
    with paused():
        signature = Signature.of(inputs, outputs, updates, givens, options)
    if not accept_inplace:
        _check_no_inplace(signature)
    return compile_signature(signature, chosen, name or _place_of_call(), profile)


def _place_of_call() -> str | None:
    frames = origin.capture()
    return f"{frames[0].filename}:{frames[0].lineno}" if frames else None


def compile_signature(
    signature: Signature, mode: Mode, name: str | None = None, profile: Any = None
) -> Function:
    """Compile what `signature` describes."""
    with paused(), change_flags(compute_test_value=config.compute_test_value_opt):
        return _compiled(signature, mode, name, profile)


def _compiled(signature: Signature, mode: Mode, name: str | None, profile: Any) -> Function:
    began = time.perf_counter()
    places = [_place(one) for one in signature.inputs]
    containers = [variable.container for variable in signature.shared]
    order, interface = _interface(signature, places, containers, mode)
    graph = FunctionGraph([signature.graph_inputs[at] for at in order], signature.graph_outputs)
    measured = profiler(config.profile if profile is None else profile)
    listeners = [*mode.listeners, *([] if measured is None else [measured])]
    for begin in _hearing(listeners, "on_graph"):
        begin(name, graph)
    telling = Telling(_hearing(listeners, "on_stage"), _hearing(listeners, "on_rewrite"), mode.on_rule_error)
    stats = mode.pipeline.run(graph, telling)
    program = mode.backend.compile(graph, interface, listeners)
    for end in _hearing(listeners, "on_program"):
        end(program)
    seconds = time.perf_counter() - began
    maker = Maker(signature, graph, mode, stats, name, measured, remade, put_away, seconds)
    return make_function(program, bind(places, signature.shared, containers), maker)


def _hearing(listeners: Sequence[Any], event: str) -> list[Any]:
    """What is to be told of `event`."""
    return [getattr(one, event) for one in listeners if hasattr(one, event)]


def _check_no_inplace(signature: Signature) -> None:
    for node in FunctionGraph(signature.graph_inputs, signature.graph_outputs).toposort():
        if node.op.destroy_map:
            raise TypeError(
                f"The graph holds an operation that writes into its input: {node}. Use the one that does not, and "
                "leave it to the compiler to save the copy; or pass accept_inplace=True."
            )


def _place(one: In) -> Place:
    """Where an input is kept. What has an update, or shares a container, is kept from call to call."""
    value = one.value
    if isinstance(value, SharedVariable):
        value = value.container
    if isinstance(value, Container):
        return Place(one, value, None, is_state=True, required=False)
    container = Container(one.variable, strict=one.strict, allow_downcast=one.allow_downcast, name=one.name)
    container.value = value
    is_state = one.update is not None or one.implicit
    return Place(one, container, None if is_state else container.value, is_state, required=value is None)


def _interface(
    signature: Signature, places: Sequence[Place], containers: Sequence[Container], mode: Mode
) -> tuple[list[int], Interface]:
    """The order of the graph's inputs, arguments first, and what the backend is to know."""
    arguments = [at for at, place in enumerate(places) if not place.is_state]
    states = [at for at, place in enumerate(places) if place.is_state]
    order = [*arguments, *states, *range(len(places), len(places) + len(containers))]
    cells = [places[at].container.storage for at in states] + [container.storage for container in containers]
    number = {at: i - len(arguments) for i, at in enumerate(order)}
    interface = Interface(
        arguments=len(arguments),
        mutable=tuple(bool(places[at].spec.mutable) for at in arguments),
        cells=tuple(cells),
        borrow=tuple(bool(one.borrow) for one in signature.outputs),
        updates=tuple((output, number[at]) for output, at in signature.stores),
        allow_gc=mode.allow_gc,
        bare=signature.single,
        fusion=mode.plans("fusion"),
        inplace=mode.plans("inplace"),
        recompute=mode.plans("recompute"),
    )
    return order, interface


def remade(
    maker: Maker,
    swap: Mapping[SharedVariable, SharedVariable],
    delete_updates: bool = False,
    name: str | None = None,
    profile: Any = None,
) -> Function:
    """What `maker` made, compiled anew, with some shared variables swapped for others."""
    old = maker.signature
    updates = [] if delete_updates else [(swap.get(v, v), expression) for v, expression in old.updates]
    options = replace(old.options, no_default_updates=True, on_unused_input="ignore")
    outputs = (
        old.outputs if old.single else outputs_as_given(old)
    )  # as ever, copies give a single output in a list
    signature = Signature.of(old.inputs, outputs, updates, [*swap.items(), *old.givens], options)
    return compile_signature(signature, maker.mode, name, profile)


def put_away(function: Function) -> Any:
    """What pickling and deep copies make of a function: it is compiled again when it is needed again."""
    return wake, (Dormant.of(function),)


def wake(dormant: Dormant) -> Function:
    """The function that was put away as `dormant`."""
    return dormant.restore(
        compile_signature(dormant.signature(), dormant.mode, dormant.name, dormant.profile)
    )


def outputs_as_given(signature: Signature) -> Any:
    """The outputs in the form in which the user gave them."""
    if signature.keys is not None:
        return dict(zip(signature.keys, signature.outputs, strict=True))
    return signature.outputs[0] if signature.single else signature.outputs


def evaluate(variable: Variable, inputs_to_values: Mapping[Variable, Any] | None = None) -> Any:
    """The value of `variable` where its inputs have these values.

    Cost: the first call compiles a function, which is kept with the variable

    Errors: MissingInputError when an input that it needs is not given; TypeError for what is no dict from variables
    """
    if not isinstance(inputs_to_values, (Mapping, NoneType)) or not all(
        isinstance(v, Variable) for v in inputs_to_values or ()
    ):
        raise TypeError(
            "eval takes a dict from variables (not their names) to values, such as {x: 1.0}; got "
            f"{inputs_to_values!r}."
        )
    given = dict(inputs_to_values or {})
    cache: dict[Any, Function] = variable.__dict__.setdefault("_function_cache", {})
    key = (tuple(given), config.mode, config.linker, config.optimizer)
    if key not in cache:
        cache[key] = function(list(given), variable)
    return cache[key](*given.values())


# The method of variables stands below this layer; what it does needs a compiler.
Variable.eval = evaluate  # type: ignore[attr-defined]
