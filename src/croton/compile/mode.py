"""How a function is compiled: by which rewrites, on which backend, watched by whom."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

from croton.backends.base import Backend
from croton.config import change_flags, config
from croton.errors import UnknownModeError
from croton.rewrite.pipeline import Pass, Pipeline, Query
from croton.rewrite.telling import OnError, reraise

# The backends by name, and the module of each: it is loaded by the first function that needs it.
BACKENDS = {"numpy": "croton.backends.numpy.program", "cpu": "croton.backends.cpu.program"}

# Flags that ask for a listener, and the module whose `listener(value)` makes it.
WATCHERS = {"dump": "croton.diagnose.dump", "optimizer_verbose": "croton.diagnose.rewrites"}

# Modes that watch each node, by name, and the module whose `mode()` makes each.
WATCHING_MODES = {
    "COMPARE": "croton.diagnose.compare",
    "DEBUGMODE": "croton.diagnose.debugmode",
    "DEBUG_MODE": "croton.diagnose.debugmode",
    "NANGUARDMODE": "croton.diagnose.nanguard",
}

# The historic linkers, and the backend that each stands for; None: what config.backend says.
predefined_linkers: dict[str | None, str | None] = {
    None: None, "py": "numpy", "vm": None, "cvm": None, "c|py": None, "c": None, "c|py_nogc": None, "vm_nogc": None,
    "cvm_nogc": None, "jax": "jax", "numpy": "numpy", "cpu": "cpu",
}  # fmt: skip

OPT_NONE = Query(frozenset())
OPT_MERGE = Query(frozenset({"merge"}))
OPT_FAST_COMPILE = Query(frozenset({"fast_compile"}))
OPT_FAST_RUN = Query(frozenset({"fast_run"}))
OPT_STABILIZE = Query(frozenset({"fast_run"}), frozenset({"specialize", "inplace", "fusion"}))
OPT_UNSAFE = Query(frozenset({"fast_run", "unsafe"}))

# The historic optimizers, and which rules each asks for.
predefined_optimizers: dict[str | None, Query] = {
    None: OPT_NONE, "None": OPT_NONE, "merge": OPT_MERGE, "o4": OPT_FAST_RUN, "o3": OPT_FAST_RUN, "o2": OPT_FAST_RUN,
    "o1": OPT_FAST_COMPILE, "unsafe": OPT_UNSAFE, "fast_compile": OPT_FAST_COMPILE, "fast_run": OPT_FAST_RUN,
    "fast_run_stable": OPT_STABILIZE, "stabilize": OPT_STABILIZE,
}  # fmt: skip


# Steps of the plan, by their names: the historic ones where there are any.
PLANNED = {
    "fusion": frozenset({"fusion", "elemwise_fusion", "local_elemwise_fusion"}),
    "inplace": frozenset({"inplace", "inplace_opt", "inplace_elemwise_opt", "inplace_elemwise_optimizer"}),
    "recompute": frozenset({"recompute"}),
}

# Those that take part only where they are asked for.
ON_REQUEST = frozenset({"recompute"})


def register_optimizer(name: str, opt: Query) -> None:
    """Let modes ask for the rules of `opt` by `name`.

    Errors: ValueError when there is one of that name
    """
    if name in predefined_optimizers:
        raise ValueError(f"There is an optimizer called {name!r} already.")
    predefined_optimizers[name] = opt


def register_linker(name: str, backend: str | None) -> None:
    """Let modes name `backend` by `name`.

    Errors: ValueError when there is one of that name
    """
    if name in predefined_linkers:
        raise ValueError(f"There is a linker called {name!r} already.")
    predefined_linkers[name] = backend


def _warn_of(name: str, where: str, error: Exception) -> None:
    warnings.warn(
        f"The rewrite rule {name} failed {where}, and is left out there: {type(error).__name__}: {error}. "
        "The result is right, perhaps slower. Please report it; THEANO_FLAGS=on_opt_error=raise shows where it fails.",
        stacklevel=2,
    )


def _debug(name: str, where: str, error: Exception) -> None:
    importlib.import_module("pdb").post_mortem(error.__traceback__)


def _ignore(name: str, where: str, error: Exception) -> None:
    """Nothing is said."""


# What is done when a rewrite rule raises, by what config.on_opt_error says.
ON_RULE_ERROR: dict[str, OnError] = {"warn": _warn_of, "raise": reraise, "pdb": _debug, "ignore": _ignore}


@cache
def backend_called(name: str) -> Backend:
    """The backend of that name.

    Errors: ValueError when there is none
    """
    if name not in BACKENDS:
        raise ValueError(f"There is no backend {name!r}; there are {', '.join(BACKENDS)}.")
    backend: Backend = importlib.import_module(BACKENDS[name]).backend
    return backend


def whole_pipeline() -> Pipeline:
    """All passes. The rules are read with the first that needs them: what they are made of has no test values."""
    with change_flags(compute_test_value="off"):
        found: Pipeline = importlib.import_module("croton.rules.pipeline").PIPELINE
    return found


@cache
def pipeline_of(query: Query) -> Pipeline:
    """All passes, under `query`; one object per query, so that what it has prepared is used again."""
    return whole_pipeline().with_query(query)


def pipeline_applying(optimizer: Any) -> Pipeline:
    """The one pass that a user's optimizer of whole graphs is."""
    name = str(optimizer)
    step = Pass(name, whole=lambda graph, stats, context: optimizer.optimize(graph), tags=frozenset({name}))
    base = pipeline_of(OPT_NONE)
    return Pipeline((step,), base.conform, base.context, Query(frozenset({name})))


def profiler(asked: Any) -> Any:
    """What measures a function, where `asked` is True or a ProfileStats; else None."""
    return importlib.import_module("croton.diagnose.profile").listener(asked) if asked else None


class Mode:
    """How functions are compiled.

    linker     which backend runs them: 'py' the NumPy one, 'jax' JAX, any other name what config.backend says
    optimizer  which rewrites are made: 'fast_run', 'fast_compile', 'None', …, a Query, or an object with `optimize`

    Errors: ValueError for names that are not known
    """

    # What is told of stages and nodes: see `listeners`.
    watchers: tuple[Any, ...] = ()

    def __init__(self, linker: Any = None, optimizer: Any = "default") -> None:
        self.provided_linker = linker
        self.provided_optimizer = optimizer
        self.linker = config.linker if linker is None else linker
        self.query = query_of(config.optimizer if optimizer == "default" else optimizer)
        self.backend_name = _backend_name(self.linker)

    # -- what a compile reads --------------------------------------------------------------------------------
    @staticmethod
    def of(mode: Any) -> Mode:
        """The mode that the argument `mode` of theano.function means."""
        return get_mode(mode)

    @property
    def backend(self) -> Backend:
        """What runs the graph.

        Errors: ValueError when it is not there
        """
        own: Backend | None = getattr(self.linker, "backend", None)
        return backend_called(self.backend_name) if own is None else own

    @property
    def pipeline(self) -> Pipeline:
        """The rewrites, in order."""
        if hasattr(self.provided_optimizer, "optimize"):
            return pipeline_applying(self.provided_optimizer)
        return pipeline_of(self.query)

    @property
    def listeners(self) -> Sequence[Any]:
        """What is told of a compile (`on_graph`, `on_stage`, `on_program`), of runs (`before_node`, `after_node`)."""
        asked = [(module, getattr(config, flag)) for flag, module in WATCHERS.items()]
        made = [importlib.import_module(module).listener(value) for module, value in asked if value]
        return (*self.watchers, *made)

    @property
    def on_rule_error(self) -> OnError:
        """What is done when a rewrite rule raises: as config.on_opt_error says."""
        return ON_RULE_ERROR[config.on_opt_error]

    def plans(self, step: str) -> bool:
        """Whether a step of the plan, which is no rewrite of the graph, takes part: unless it is excluded by name.

        Some have to be included by name.
        """
        names = PLANNED[step]
        asked = step not in ON_REQUEST or not self.query.include.isdisjoint(names)
        return asked and self.query.exclude.isdisjoint(names)

    @property
    def allow_gc(self) -> bool:
        """Whether values are let go as soon as nothing needs them."""
        return bool(config.allow_gc) and not str(self.linker).endswith("_nogc")

    # -- other modes -----------------------------------------------------------------------------------------
    @property
    def optimizer(self) -> Query:
        """Which rules take part."""
        return self.query

    def with_query(self, query: Query) -> Any:
        """This mode with other rules."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, query=query, provided_optimizer=query)
        return made

    def including(self, *tags: str) -> Any:
        """This mode with rules of these tags too."""
        return self.with_query(self.query.including(*tags))

    def excluding(self, *tags: str) -> Any:
        """This mode without rules of these names or tags."""
        return self.with_query(self.query.excluding(*tags))

    def requiring(self, *tags: str) -> Any:
        """This mode with those of its rules alone that have all of these tags."""
        return self.with_query(self.query.requiring(*tags))

    def register(self, *optimizations: Any) -> Any:
        """This mode with further rules: given by name, or as pairs (name, position) whose position is not needed."""
        return self.including(*[one if isinstance(one, str) else str(one[0]) for one in optimizations])

    def clone(self, link_kwargs: Any = None, optimizer: Any = "", **kwargs: Any) -> Any:
        """This mode, or one with another optimizer."""
        return self.with_query(self.query if optimizer == "" else query_of(optimizer))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.query, str(self.linker)))

    def __str__(self) -> str:
        return f"{type(self).__name__}(linker={self.linker!r}, optimizer={self.provided_optimizer!r})"

    __repr__ = __str__


def query_of(optimizer: Any) -> Query:
    """The query that an optimizer's name, or a query itself, means.

    Errors: ValueError for a name that is not known
    """
    if isinstance(optimizer, Query):
        return optimizer
    if hasattr(optimizer, "optimize"):
        return OPT_NONE
    if not (optimizer is None or isinstance(optimizer, str)):
        raise TypeError(f"An optimizer is a name or a Query; got {optimizer!r}.")
    if optimizer not in predefined_optimizers:
        known = ", ".join(str(name) for name in predefined_optimizers)
        raise ValueError(f"There is no optimizer {optimizer!r}; there are {known}.")
    return predefined_optimizers[optimizer]


def _backend_name(linker: Any) -> str:
    if not (linker is None or isinstance(linker, str)):
        linker = getattr(linker, "backend_name", None)
    if linker not in predefined_linkers:
        known = ", ".join(str(name) for name in predefined_linkers)
        raise ValueError(f"There is no linker {linker!r}; there are {known}.")
    return predefined_linkers[linker] or str(config.backend)


FAST_COMPILE = Mode("py", "fast_compile")
FAST_RUN = Mode("cvm", "fast_run")
# Stands for DebugMode in old tables; the names mean the mode that checks (see WATCHING_MODES).
DEBUG_MODE = Mode("py", "fast_run")

predefined_modes: dict[str, Mode] = {
    "FAST_COMPILE": FAST_COMPILE,
    "FAST_RUN": FAST_RUN,
    "DEBUG_MODE": DEBUG_MODE,
}

# Other names of modes, made when asked for: what config says may have changed.
_ON_DEMAND = {
    "MODE": lambda: Mode(config.linker, config.optimizer),
    "JAX": lambda: Mode("jax", "fast_run"),
    "NUMPY": lambda: Mode("py", config.optimizer),
    "CPU": lambda: Mode("cpu", config.optimizer),
    "FAST_COMPILE": lambda: predefined_modes["FAST_COMPILE"],
    "FAST_RUN": lambda: Mode("cvm", "fast_run"),
}


def get_mode(orig_string: Any) -> Mode:
    """The mode of a name; a mode as it is; for None what config.mode says.

    Errors: UnknownModeError for a name that is not known; TypeError for what is neither
    """
    name = config.mode if orig_string is None else orig_string
    if isinstance(name, Mode):
        return name
    if not isinstance(name, str):
        raise TypeError(f"A mode is a Mode or the name of one; got {name!r} of type {type(name).__name__}.")
    made = _ON_DEMAND.get(name.upper())
    if made is not None:
        found: Mode = made()
    elif name.upper() in WATCHING_MODES:
        found = importlib.import_module(WATCHING_MODES[name.upper()]).mode()
    elif name in predefined_modes:
        found = predefined_modes[name]
    else:
        known = ", ".join(
            sorted(
                {"Mode", "DebugMode", "NanGuardMode", "compare", *_ON_DEMAND, *predefined_modes} - {"MODE"}
            )
        )
        raise UnknownModeError(f"There is no mode {name!r}; there are {known}.")
    return _as_config_asks(found) if orig_string is None else found


# Flags that hold tags joined by colons, and the method that takes them.
_TAG_FLAGS = (
    ("optimizer_including", "including"), ("optimizer_excluding", "excluding"), ("optimizer_requiring", "requiring"),
)  # fmt: skip


def _as_config_asks(mode: Mode) -> Mode:
    for flag, change in _TAG_FLAGS:
        tags = [tag for tag in str(getattr(config, flag, "") or "").split(":") if tag]
        if tags:
            mode = getattr(mode, change)(*tags)
    return mode


def get_default_mode() -> Mode:
    """The mode that config.mode names."""
    return get_mode(None)


def register_mode(name: str, mode: Mode) -> None:
    """Let functions ask for `mode` by `name`.

    Errors: ValueError when there is one of that name
    """
    if name in predefined_modes:
        raise ValueError(f"There is a mode called {name!r} already.")
    predefined_modes[name] = mode
