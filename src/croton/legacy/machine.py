"""What historic code asked of the machine: widths, platforms, other programs, memory."""

from __future__ import annotations

import ctypes
import importlib
import platform
import random
import re
from collections.abc import Mapping
from typing import Any

import numpy as np


def local_bitwidth() -> int:
    """The number of bits of a pointer."""
    return 8 * ctypes.sizeof(ctypes.c_void_p)


def python_int_bitwidth() -> int:
    """The number of bits of a C `long`."""
    return 8 * ctypes.sizeof(ctypes.c_long)


def short_platform(r: str | None = None, p: str | None = None) -> str:
    """The platform `p`, whose kernel release `r` is told without what changes with each of its updates.

    Example:
        >>> short_platform("2.6.32-504.el6.x86_64", "Linux-2.6.32-504.el6.x86_64-x86_64-with-redhat-6.5")
        'Linux-2.6-el6.x86_64-x86_64-with-redhat-6.5'
    """
    release = platform.release() if r is None else r
    name = platform.platform() if p is None else p
    found = re.match(r"(\w+\.\w+)\.[^-]*-([^-]*)(.*)", release)
    if found is None:
        return name
    version, build, rest = found.groups()
    parts = build.split(".")
    while parts and parts[0].isdigit():
        parts.pop(0)
    return name.replace(release, f"{version}-{'.'.join(parts)}{rest}")


def output_subprocess_Popen(command: Any, **params: Any) -> tuple[bytes, bytes, int]:
    """What another program wrote on its two outputs, and its exit status; `params` are those of subprocess.Popen.

    Errors: TypeError for stdout or stderr among them
    """
    if "stdout" in params or "stderr" in params:
        raise TypeError("output_subprocess_Popen reads stdout and stderr itself: leave them out.")
    processes = importlib.import_module("subprocess")
    done = processes.run(command, stdout=processes.PIPE, stderr=processes.PIPE, check=False, **params)
    return done.stdout, done.stderr, done.returncode


def may_share_memory(a: Any, b: Any, raise_other_type: bool = True) -> bool:
    """Whether two arrays may share memory, by the ranges that they lie in.

    Errors: TypeError for what is no array, unless `raise_other_type` is false
    """
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.may_share_memory(a, b)
    if raise_other_type:
        raise TypeError(f"may_share_memory takes NumPy arrays; got {type(a).__name__}, {type(b).__name__}.")
    return False


def render_string(string: str, sub: Mapping[str, Any]) -> str:
    """`string % sub`. Errors: Exception that says by where in the text it is known to fail"""
    error = _failure(string, sub)
    if error is None:
        return string % sub
    starts = (string[:i] for i in range(1, len(string) + 1))
    failing = next(start for start in starts if repr(_failure(start, sub)) == repr(error))
    raise Exception(f"{failing}<<<< caused exception {error}") from error


def _failure(string: str, sub: Mapping[str, Any]) -> Exception | None:
    try:
        string % sub
    except Exception as error:
        return error
    return None


_disturbing: list[list[int]] = []


def disturb_mem() -> None:
    """Allocate a different number of objects each time, so that others lie elsewhere: for tests that must not care."""
    _disturbing[:] = [[0] * random.randrange(1000) for _ in range(random.randrange(1000))]
