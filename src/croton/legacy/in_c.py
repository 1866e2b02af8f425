"""Historic kinds of operations that are written in C, which is not compiled here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from croton.graph.op import Op


class COp(Op):
    """An operation whose code is in C files: it can be made and put into graphs; to be run it needs `perform`."""

    def __init__(self, func_files: str | Sequence[str], func_name: str | None = None) -> None:
        self.func_files = [func_files] if isinstance(func_files, str) else list(func_files)
        self.func_name = func_name

    def c_code(self, *args: Any) -> str:
        """Errors: NotImplementedError, always"""
        raise NotImplementedError(f"No C of operations is compiled here ({', '.join(self.func_files)}).")


class OpenMPOp(Op):
    """An operation with C code that may use several threads: `openmp` is kept, and changes nothing."""

    def __init__(self, openmp: bool | None = None) -> None:
        self.openmp = bool(openmp)
