"""Modes: their names, their backends, their rules."""

from __future__ import annotations

import pytest

import theano
import theano.tensor as T
from croton.compile.mode import (
    Mode,
    get_default_mode,
    get_mode,
    predefined_modes,
    query_of,
    register_linker,
    register_mode,
    register_optimizer,
)  # fmt: skip
from croton.errors import UnknownModeError


def test_names():
    assert sorted(set(predefined_modes) & {"DEBUG_MODE", "FAST_COMPILE", "FAST_RUN"}) == [
        "DEBUG_MODE", "FAST_COMPILE", "FAST_RUN",
    ]  # fmt: skip
    for name in ("Mode", "FAST_RUN", "FAST_COMPILE", "DebugMode", "DEBUG_MODE"):
        assert isinstance(get_mode(name), Mode)
    assert get_mode("FAST_COMPILE").backend_name == "numpy"
    assert isinstance(get_default_mode(), Mode)
    mode = Mode("py", None)
    assert get_mode(mode) is mode
    with pytest.raises(UnknownModeError, match="no mode 'NOPE'"):
        get_mode("NOPE")
    with pytest.raises(TypeError):
        get_mode(3)


def test_unknown_parts():
    with pytest.raises(ValueError, match="no linker 'nope'"):
        Mode("nope")
    with pytest.raises(ValueError, match="no optimizer 'nope'"):
        Mode("py", "nope")


def test_including_and_excluding():
    mode = Mode("py", "fast_compile")
    assert "fusion" in mode.including("fusion").query.include
    assert "fusion" in mode.excluding("fusion").query.exclude
    assert mode.query == query_of("fast_compile")
    assert mode.including("fusion") != mode
    assert mode.clone(optimizer="fast_run").query == query_of("fast_run")


def test_registering():
    for register, name, value in (
        (register_mode, "FAST_RUN", Mode("py")),
        (register_linker, "py", "numpy"),
        (register_optimizer, "fast_run", query_of("merge")),
    ):
        with pytest.raises(ValueError, match="already"):
            register(name, value)


def test_a_listener_sees_each_node():
    class Watch:
        def __init__(self):
            self.seen = []

        def before_node(self, position, node, inputs):
            self.seen.append((position, str(node.op)))

        def after_node(self, position, node, inputs, outputs):
            self.seen.append(float(outputs[0]))

    watch = Watch()
    mode = Mode("py", None)
    mode.watchers = (watch,)
    x = T.dscalar("x")
    theano.function([x], x * x, mode=mode)(3)
    assert watch.seen == [(0, "Elemwise{mul,no_inplace}"), 9.0]


def test_backends_by_name():
    assert Mode("py").backend.name == "numpy"
    assert Mode("cpu").backend is Mode("cpu", None).backend
    with pytest.raises(ValueError, match="no backend 'jax'"):
        _ = Mode("jax").backend
