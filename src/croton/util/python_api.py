"""Functions of Python's own C interface."""

from __future__ import annotations

import ctypes
from typing import Any


def of_python(name: str, result: Any, *arguments: Any) -> Any:
    """A function of Python's C interface with types that nobody else sets; those of ctypes.pythonapi are everyone's."""
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))
