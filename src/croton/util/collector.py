"""Python's search for garbage in circles, put off while a graph is built."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No search for garbage inside.

    Graphs are many small objects that all live on: each search goes over all of them and finds nothing, which took a
    third of the time of large compiles, and more the larger they were (measured: 240 layers with gradients).
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
