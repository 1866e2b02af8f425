"""The compiled function that a user calls."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from croton.backends.base import Program
from croton.compile.container import Container
from croton.compile.mode import Mode
from croton.compile.shared import SharedVariable
from croton.compile.signature import In, Signature
from croton.errors import made_at
from croton.graph.fgraph import FunctionGraph
from croton.util.record import field, record

_AMBIGUOUS = object()
_MISSING = object()


@record
class Maker:
    """How a function was made.

    fgraph   the graph that is computed, after all rewrites
    stats    what the rewrites did
    remake   makes a copy of the function: (maker, swap, delete_updates, name, profile)
    put_away gives what pickling a function needs
    seconds  how long it took, from the signature to the program
    """

    signature: Signature
    fgraph: FunctionGraph
    mode: Mode
    stats: Any
    name: str | None
    profile: Any
    remake: Callable[..., Function]
    put_away: Callable[[Function], Any]
    seconds: float = 0.0

    inputs = property(lambda self: self.signature.inputs)
    outputs = property(lambda self: self.signature.outputs)
    output_keys = property(lambda self: self.signature.keys)
    on_unused_input = property(lambda self: self.signature.options.on_unused_input)
    linker = property(lambda self: self.mode.linker)


@record
class Place:
    """One input of a function.

    container  where it is kept
    default    what comes if it is not given, each time
    is_state   whether it is kept from call to call
    required   whether a call has to give it
    """

    spec: In
    container: Container
    default: Any
    is_state: bool
    required: bool

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.spec.name or str(self.spec.variable)


@record(frozen=True)
class Binding:
    """The inputs of a function in order, and by each of the names they go under; their numbers, by identity."""

    places: list[Place]
    states: dict[SharedVariable, Container]
    by_key: dict[Any, Any] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)

    def find(self, key: Any) -> Any:
        """The place or the container of a name, variable or position.

        Errors: TypeError when there is none, or more than one
        """
        found = self.by_key.get(key)
        if found is None:
            names = [p.label for p in self.places]
            raise TypeError(
                f"Unknown input or state: {key}. The function has {len(names)} inputs ({', '.join(names)})."
            )
        if found is _AMBIGUOUS:
            raise TypeError(
                f"Ambiguous name: {key}: several inputs of the function have it. Use the variable in its place."
            )
        return found

    def names(self) -> tuple[str | None, ...] | None:
        """The names by which inputs may be given, as Python holds those of arguments; None where some may not be."""
        if any(place.spec.implicit for place in self.places):
            return None
        named = [place.spec.name for place in self.places]
        return tuple(sys.intern(n) if n and isinstance(self.by_key[n], Place) else None for n in named)


def bind(places: list[Place], shared: Sequence[SharedVariable], containers: Sequence[Container]) -> Binding:
    """The inputs `places` and the shared variables, under all their names."""
    made = Binding(places, dict(zip(shared, containers, strict=True)))
    for at, place in enumerate(places):
        made.numbers[id(place)] = at
        _enter(made.by_key, at, place)
        _enter(made.by_key, place.spec.variable, place)
        if place.spec.name is not None:
            _enter(made.by_key, place.spec.name, place)
    for variable, container in made.states.items():
        _enter(made.by_key, variable, container)
        if variable.name is not None and variable.name not in made.by_key:
            _enter(made.by_key, variable.name, container)
    return made


def _enter(table: dict[Any, Any], key: Any, entry: Any) -> None:
    table[key] = _AMBIGUOUS if key in table else entry


class PythonCall:
    """How a function is called whose program has no call protocol of its own."""

    # Set to take arguments as they are, without looking at them: they must be arrays of the right types.
    trust_input = False

    compiled: Program
    _packed: Callable[[list[Any]], Any]
    _call_slow: Callable[[tuple[Any, ...], dict[str, Any]], Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call_slow(args, kwargs)

    def _run(self, arguments: list[Any]) -> Any:
        return self._packed(self.compiled.run(arguments))


class TimedCall(PythonCall):
    """How a function is called that measures itself."""

    maker: Maker

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return self._call_slow(args, kwargs)
        finally:
            self.maker.profile.on_call(time.perf_counter() - began)


class Function:
    """A compiled function: call it with values, by position or by name.

    `f[name]` reads and writes a default or a state; `name` may also be a variable.
    `f.container[name]` is where it is kept.
    """

    trust_input: bool
    # What a program's own protocol of calls goes by, where all inputs come with each call.
    _names: tuple[str | None, ...] | None
    __call__: Callable[..., Any]
    _run: Callable[[list[Any]], Any]

    def settle(self, program: Program, binding: Binding, maker: Maker) -> None:
        """Take over what was compiled."""
        self.compiled = program
        self.binding = binding
        self.maker = maker
        self.name = maker.name
        self.profile = maker.profile
        signature = maker.signature
        self.unpack_single = signature.single
        self.output_keys = signature.keys
        self._keeps = not all(p.required and not p.is_state for p in binding.places)
        self._names = None if self._keeps else binding.names()

    # -- calling ---------------------------------------------------------------------------------------------
    def _call_slow(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of any form: gives each input its value, checked, and runs."""
        subset = kwargs.pop("output_subset", None) if kwargs else None
        places = self.binding.places
        if not kwargs and len(args) == len(places) and not self._keeps:
            arguments = list(args) if self.trust_input else [self._take(at, x) for at, x in enumerate(args)]
        else:
            arguments = self._bind(args, kwargs)
        return self._run(arguments) if subset is None else self._subset(self.compiled.run(arguments), subset)

    def _take(self, at: int, value: Any) -> Any:
        """`value` as input `at` takes it.

        Errors: those of the type, with the input's name and position
        """
        place = self.binding.places[at]
        spec = place.spec
        try:
            if spec.strict:
                return spec.variable.type.filter(value, strict=True)
            return spec.variable.type.filter(value, allow_downcast=spec.allow_downcast)
        except Exception as error:
            title = f'theano function with name "{self.name}"' if self.name else "theano function"
            said = f'Bad input argument to {title} at index {at} (0-based), "{place.label}":'
            first = f"{said} {error.args[0]}" if error.args else said
            made = "\n           ".join(made_at(spec.variable))
            error.args = (f"{first}\n  made at: {made}" if made else first, *error.args[1:])
            raise

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        places = self.binding.places
        explicit = [at for at, place in enumerate(places) if not place.spec.implicit]
        if len(args) > len(explicit):
            raise TypeError(
                f"Too many parameter passed to theano function: it takes {len(explicit)}, got {len(args)}."
            )
        given: list[Any] = [_MISSING] * len(places)
        for at, value in zip(explicit, args, strict=False):
            given[at] = value
        for key, value in kwargs.items():
            place = self.binding.find(key)
            at = self.binding.numbers.get(id(place), -1)
            if at < 0 or place.spec.implicit:
                raise TypeError(f"Tried to provide value for implicit input: {key}")
            if given[at] is not _MISSING:
                raise TypeError(f"Multiple values for input: {key}")
            given[at] = value
        return [self._settle(at, value) for at, value in enumerate(given) if self._is_argument(at, value)]

    def _is_argument(self, at: int, value: Any) -> bool:
        """Whether the input comes with each call; one that is a state is written where it is kept."""
        place = self.binding.places[at]
        if not place.is_state:
            return True
        if value is not _MISSING:
            place.container.storage.value = self._take(at, value)
        elif place.required:
            raise TypeError(f"Missing required input: {place.label}")
        return False

    def _settle(self, at: int, value: Any) -> Any:
        """What the input is in this call; the next one finds its default again."""
        place = self.binding.places[at]
        if value is not _MISSING:
            value = value if self.trust_input else self._take(at, value)
        elif place.required:
            raise TypeError(f"Missing required input: {place.label}")
        else:
            value = place.container.value
        if not place.required:
            place.container.storage.value = place.default
        return value

    def _packed(self, results: list[Any]) -> Any:
        if self.unpack_single:
            return results[0]
        if self.output_keys is not None:
            return dict(zip(self.output_keys, results, strict=True))
        return results

    def _subset(self, results: list[Any], wanted: Sequence[Any]) -> Any:
        if self.output_keys is None:
            return [results[at] for at in wanted]
        return {key: results[self.output_keys.index(key)] for key in wanted}

    # -- what it keeps ---------------------------------------------------------------------------------------
    def __getitem__(self, key: Any) -> Any:
        return self._container(key).value

    def __setitem__(self, key: Any, value: Any) -> None:
        self._container(key).value = value

    def __contains__(self, key: Any) -> bool:
        return key in self.binding.by_key

    def _container(self, key: Any) -> Container:
        found = self.binding.find(key)
        container: Container = found.container if isinstance(found, Place) else found
        return container

    @property
    def container(self) -> Mapping[Any, Container]:
        """The containers of inputs and shared variables, by name, variable or position."""
        return ContainerView(self)

    @property
    def value(self) -> Mapping[Any, Any]:
        """The values of inputs and shared variables, by name, variable or position."""
        return ValueView(self)

    @property
    def input_storage(self) -> list[Container]:
        """The containers of all inputs, then of the shared variables."""
        return [p.container for p in self.binding.places] + list(self.binding.states.values())

    @property
    def defaults(self) -> list[tuple[bool, bool, Any]]:
        """For each input: whether a call must give it, whether its default is put back after a call, its default."""
        return [(p.required, p.default is not None, p.default) for p in self.binding.places]

    def get_shared(self) -> list[SharedVariable]:
        """The shared variables that the function reads or updates."""
        return list(self.binding.states)

    def sync_shared(self) -> None:
        """Wait for nothing: values are up to date when a call returns."""

    def free(self) -> None:
        """Let go of memory kept between calls."""
        release = getattr(self.compiled, "free", None)
        if release is not None:
            release()

    # -- copies ----------------------------------------------------------------------------------------------
    def copy(
        self,
        share_memory: bool = False,
        swap: Mapping[Any, Any] | None = None,
        delete_updates: bool = False,
        name: str | None = None,
        profile: Any = None,
    ) -> Function:
        """A function that computes the same. Where this one returns its output bare, the copy returns it in a list.

        share_memory    accepted; functions share no memory for intermediate values
        swap            other shared variables in the place of those named by the keys
        delete_updates  whether the copy leaves the shared variables as they are
        name            its name; if left out that of this function, and " copy"

        Errors: TypeError when what is swapped in is of another type; ValueError when the function does not use a key
        """
        chosen = self._checked_swap(swap or {})
        made = self.maker.remake(
            self.maker,
            swap=chosen,
            delete_updates=delete_updates,
            name=f"{self.name} copy" if name is None else name,
            profile=profile,
        )
        for mine, theirs in zip(self.binding.places, made.binding.places, strict=True):
            if theirs.container.storage is not mine.container.storage:
                theirs.container.storage.value = copy.copy(mine.container.storage.value)
        return made

    def _checked_swap(self, swap: Mapping[Any, Any]) -> dict[SharedVariable, SharedVariable]:
        chosen: dict[SharedVariable, SharedVariable] = {}
        for old, new in swap.items():
            if isinstance(old, str):
                old = next((v for v in self.binding.states if v.name == old), old)
            if old not in self.binding.states:
                raise ValueError(f"The function does not use {old}, so it can't be swapped for {new}.")
            if not isinstance(new, SharedVariable) or new.type != old.type:
                raise TypeError(
                    f"{old} of type {old.type} can only be swapped for a shared variable of that type; "
                    f"got {new} of type {getattr(new, 'type', type(new).__name__)}."
                )
            chosen[old] = new
        return chosen

    def __copy__(self) -> Function:
        return self.copy()

    def __reduce__(self) -> Any:
        return self.maker.put_away(self)

    def __str__(self) -> str:
        return f"<Function {self.name}>" if self.name else "<Function>"

    __repr__ = __str__


@record(frozen=True)
class ContainerView(Mapping[Any, Any]):
    """The containers of a function."""

    function: Function

    def __getitem__(self, key: Any) -> Container:
        return self.function._container(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.function.binding.by_key)

    def __len__(self) -> int:
        return len(self.function.binding.by_key)


@record(frozen=True)
class ValueView(ContainerView):
    """The values in the containers of a function."""

    def __getitem__(self, key: Any) -> Any:
        return self.function._container(key).value

    def __setitem__(self, key: Any, value: Any) -> None:
        self.function._container(key).value = value


@cache
def _class_over(base: type) -> type:
    return type(
        "Function", (Function, base), {"__module__": Function.__module__, "__doc__": Function.__doc__}
    )


def make_function(program: Program, binding: Binding, maker: Maker) -> Function:
    """A function that calls `program`: without Python, where the program can and nothing needs to be looked at."""
    base: type = getattr(program, "call_base", PythonCall)
    if maker.signature.keys is not None or not all(_is_plain(place) for place in binding.places):
        base = PythonCall
    if maker.profile is not None:
        base = TimedCall
    cls = _class_over(base)
    made: Function = cls() if issubclass(base, PythonCall) else cls(program.native)  # type: ignore[attr-defined]
    made.settle(program, binding, maker)
    return made


def _is_plain(place: Place) -> bool:
    """Whether any array or number of its type will do, so that a call that brings one needs nothing of Python."""
    spec = place.spec
    return not (place.is_state or spec.strict or spec.allow_downcast is False)
