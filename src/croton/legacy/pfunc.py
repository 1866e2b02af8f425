"""The historic name of `theano.function`, with its historic arguments."""

from __future__ import annotations

from typing import Any

from croton.compile.callable import Function
from croton.compile.function import function


def pfunc(
    params: Any, outputs: Any = None, mode: Any = None, updates: Any = None, givens: Any = None,
    no_default_updates: Any = False, accept_inplace: bool = False, name: str | None = None, rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None, profile: Any = None, on_unused_input: str | None = None,
    output_keys: Any = None,
) -> Function:  # fmt: skip
    """As `theano.function`; `output_keys` are names of the outputs, which then come in a dict."""
    if output_keys is not None:
        outputs = dict(zip(output_keys, outputs, strict=True))
    return function(
        params, outputs, mode, updates, givens, no_default_updates, accept_inplace, name, rebuild_strict,
        allow_input_downcast, profile, on_unused_input,
    )  # fmt: skip
