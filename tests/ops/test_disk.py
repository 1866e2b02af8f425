"""Arrays read from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from croton.compile.function import function
from croton.graph.type import generic
from croton.ops.disk import LoadFromDisk, load


def test_a_file_is_read_when_the_function_is_called(tmp_path: Path) -> None:
    name, path = str(tmp_path / "a.npy"), generic()
    for mode in (None, "c"):
        f = function([path], load(path, "float32", (False,), mmap_mode=mode) * 2, mode="FAST_COMPILE")
        fixed = function([], load(name, "float32", (False,), mmap_mode=mode), mode="FAST_COMPILE")
        for n in (2, 3):
            np.save(name, np.arange(n, dtype="float32"))
            assert np.array_equal(f(name), 2 * np.arange(n))
            assert np.array_equal(fixed(), np.arange(n))


def test_the_file_must_hold_what_was_promised(tmp_path: Path) -> None:
    name = str(tmp_path / "a.npy")
    np.save(name, np.arange(3, dtype="float32"))
    for dtype, pattern in (("float64", (False,)), ("float32", (False, False)), ("float32", (True,))):
        with pytest.raises(TypeError):
            function([], load(name, dtype, pattern), mode="FAST_COMPILE")()
    with pytest.raises(ValueError, match="mmap_mode"):
        LoadFromDisk("float32", (False,), mmap_mode="r+")
