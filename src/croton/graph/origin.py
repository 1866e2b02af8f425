"""Where in the user's program a node was made."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

_HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ROOF = os.path.join(os.path.dirname(os.path.dirname(_HOUSE)), "theano") + os.sep
_DEPTH = 8


class Frame(NamedTuple):
    """One line of the user's program."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        return f'File "{self.filename}", line {self.lineno}, in {self.function}'


Origin = tuple[Frame, ...]
_override: Origin | None = None


def capture() -> Origin:
    """The user's frames that lead here, innermost first; those of the library itself are left out."""
    if _override is not None:
        return _override
    frame = sys._getframe(1)
    found: list[Frame] = []
    while frame is not None and len(found) < _DEPTH:
        code = frame.f_code
        name = code.co_filename
        if not name.startswith((_HOUSE, _ROOF)):
            found.append(Frame(name, frame.f_lineno, code.co_name))
            if code.co_name == "<module>":
                break
        frame = frame.f_back  # type: ignore[assignment]
    return tuple(found)


def swap(origin: Origin | None) -> Origin | None:
    """Say where nodes come from from now on, None for the caller's line; what was said before is given back."""
    global _override
    before, _override = _override, origin
    return before


@contextmanager
def inherit(origin: Origin) -> Iterator[None]:
    """Nodes made inside this block are said to come from `origin` (rewrites and gradients use it)."""
    before = swap(origin)
    try:
        yield
    finally:
        swap(before)


# What makes nodes at present, where it is not the user: the first line of their story.
maker: str | None = None


@contextmanager
def naming(who: str) -> Iterator[None]:
    """The stories of nodes made inside this block begin with `who`."""
    global maker
    before, maker = maker, who
    try:
        yield
    finally:
        maker = before
