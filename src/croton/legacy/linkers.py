"""The historic linkers: names of what runs a program."""

from __future__ import annotations

from typing import Any


class Linker:
    """What runs a program: the backend that `backend_name` says, in the words of `Mode(linker=…)`."""

    backend_name: str | None = None

    def __init__(self, allow_gc: bool | None = None, *args: Any, **kwargs: Any) -> None:
        self.allow_gc = allow_gc

    def clone(self, allow_gc: bool | None = None) -> Linker:
        """The same linker, with another answer to whether values are let go early."""
        return type(self)(allow_gc)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.allow_gc))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class LocalLinker(Linker):
    """A linker that runs nodes one by one."""


class PerformLinker(LocalLinker):
    """NumPy, node by node."""

    backend_name = "py"


class CLinker(Linker):
    """Native code, where there is some."""

    backend_name = "c"


class OpWiseCLinker(LocalLinker):
    """Native code, where there is some."""

    backend_name = "c|py"


class DualLinker(Linker):
    """Native code, where there is some; `mode='compare'` runs all backends and compares."""

    backend_name = "c|py"


class VM_Linker(LocalLinker):
    """Native code, where there is some."""

    backend_name = "cvm"
