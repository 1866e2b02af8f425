"""What the machine is: asked of the operating system, cheaply."""

from __future__ import annotations

import os
import struct


def cpu_count() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def local_bitwidth() -> int:
    """Bits of a pointer."""
    return struct.calcsize("P") * 8


def python_int_bitwidth() -> int:
    """Bits of C's long, the integer of NumPy 1 and of the array interface."""
    return struct.calcsize("l") * 8


def architecture() -> str:
    """The processor's family, such as x86_64."""
    return os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
