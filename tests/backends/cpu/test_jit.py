"""Compilation, the cache on disk, and what they promise each other."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from croton.backends.cpu import jit
from croton.backends.cpu.cache import Cache
from croton.backends.cpu.call import call_nest, nest_ranges, run_nest_at
from croton.backends.cpu.codegen.target import Target
from croton.loops.build import Builder
from croton.loops.ir import Kernel
from croton.util.record import replace


def scaled(factor: float, name: str = "x") -> Kernel:
    """y = factor * x."""
    b = Builder("E")
    x, y = b.buffer(name, "float64"), b.buffer("y", "float64")
    with b.loop("o"), b.loop("v", kind="vector"):
        b.store(y, factor * b.load(x))
    return b.kernel()


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "objects").iterdir())


def compiled(cache: Cache, factor: float) -> int:
    """By an engine that has loaded nothing yet."""
    return jit.Engine().compile_kernel(scaled(factor), cache)


def test_equal_kernels_are_one() -> None:
    engine, cache = jit.Engine(), Cache(None)
    first = engine.compile_kernel(scaled(2.0), cache)
    assert engine.compile_kernel(scaled(2.0, name="other"), cache) == first
    assert engine.compile_kernel(scaled(3.0), cache) != first


def test_threads_that_help_make_the_same_code(tmp_path: Path) -> None:
    alone, helped = jit.Engine(), jit.Engine()
    for engine, folder, helpers in ((alone, "alone", 0), (helped, "helped", 3)):
        batch = engine.batch(Cache(tmp_path / folder), helpers)
        keys = [batch.add_kernel(scaled(float(factor))) for factor in range(12)]
        addresses = batch.addresses()
        assert len({addresses[key] for key in keys}) == 12
    codes = [{path.name: path.read_bytes() for path in entries(tmp_path / f)} for f in ("alone", "helped")]
    assert codes[0] == codes[1]


@pytest.mark.parametrize("helpers", [0, 1, 2])
def test_text_that_is_not_llvms_is_told(helpers: int) -> None:
    batch = jit.Engine().batch(Cache(None), helpers)
    batch.add_kernel(scaled(2.0))
    batch.add_text("define i64 @f() { nonsense }", "f")
    with pytest.raises(RuntimeError, match="parsing error"):
        batch.addresses()


def test_cache_keeps_object_code(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    compiled(cache, 2.0)
    assert (cache.hits, cache.misses, len(entries(tmp_path))) == (0, 1, 1)
    compiled(cache, 2.0)
    assert (cache.hits, cache.misses) == (1, 1)
    assert compiled(Cache(tmp_path), 2.0)


def test_cache_is_private(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    compiled(cache, 2.0)
    assert stat.S_IMODE((tmp_path / "objects").stat().st_mode) == 0o700


def test_folder_others_can_write_to_is_not_read(tmp_path: Path) -> None:
    compiled(Cache(tmp_path), 2.0)
    (tmp_path / "objects").chmod(0o777)
    suspicious = Cache(tmp_path)
    compiled(suspicious, 2.0)
    assert suspicious.hits == 0


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_damaged_entry_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    compiled(Cache(tmp_path), 2.0)
    (entry,) = entries(tmp_path)
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    again = Cache(tmp_path)
    assert compiled(again, 2.0)
    assert again.hits == 0
    assert entries(tmp_path)[0].read_bytes() == whole


def test_unusable_folder_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file where a folder should be")
    assert compiled(Cache(tmp_path), 2.0)


def test_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for k, factor in enumerate((2.0, 3.0, 4.0)):
        before = set(entries(tmp_path)) if k else set()
        compiled(cache, factor)
        (new,) = set(entries(tmp_path)) - before
        os.utime(new, (time.time() - 10 * (3 - k),) * 2)
        last = new
    size = last.stat().st_size
    cache.max_bytes = size + size // 2
    cache.trim()
    assert entries(tmp_path) == [last]


def test_leftovers_of_writes_are_removed(tmp_path: Path) -> None:
    compiled(Cache(tmp_path), 2.0)
    old, fresh = tmp_path / "objects" / ".1-1-old", tmp_path / "objects" / ".1-1-fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    Cache(tmp_path).trim()
    assert not old.exists()
    assert fresh.exists()


def test_key_knows_optimisation_and_text() -> None:
    engine = jit.Engine()
    text = "define i64 @f() {\n  ret i64 1\n}\n"
    keys = {engine.key(text, 2), engine.key(text, 1), engine.key(text + "\n", 2)}
    assert len(keys) == 3


@pytest.mark.skipif("+avx2" not in jit.engine().machine.features, reason="needs a machine with AVX2")
def test_code_for_a_lesser_machine_gives_the_same_elements() -> None:
    """Half the width, no masks: an element's bits do not depend on it."""
    host = jit.engine()
    lesser = jit.Engine(replace(host.machine, cpu="haswell", features="+avx2,+fma,+f16c"))
    assert lesser.target == Target(32, masks=False)
    b = Builder("E")
    x, y, z = b.buffer("x", "float64"), b.buffer("y", "float64"), b.buffer("z", "float16")
    with b.loop("o"), b.loop("v", kind="vector"):
        v = b.load(x)
        b.store(y, b.exp(v) / (1 + b.tanh(v) * v))
        b.store(z, b.cast(v, "float16"))
    data = np.random.default_rng(3).standard_normal(103)
    outs = []
    for engine in (host, lesser):
        made = [data, np.zeros(103), np.zeros(103, np.float16)]
        address = engine.compile_kernel(b.kernel(), Cache(None))
        run_nest_at(address, [a.reshape(1, 1, -1) for a in made], nest_ranges(1, 1, 103))
        outs.append(made[1:])
    for native, other in zip(*outs, strict=True):
        np.testing.assert_array_equal(native, other)


def test_threads_compile_at_once() -> None:
    engine, cache = jit.Engine(), Cache(None)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda k=k: found.append(engine.compile_kernel(scaled(float(k % 2)), cache)))
        for k in range(6)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(found)) == 2


def test_many_lanes_of_code_stay_loaded() -> None:
    """Addresses stay good when more is compiled after them."""
    x, y = np.ones((1, 1, 9)), np.zeros((1, 1, 9))
    kernels = [scaled(float(k)) for k in range(5)]
    for _ in range(2):
        for k, kernel in enumerate(kernels):
            call_nest(kernel, [x, y], nest_ranges(1, 1, 9))
            assert y.tolist() == [[[float(k)] * 9]]
