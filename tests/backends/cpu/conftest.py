"""A driver for the native runtime that is written in Python: entries and kernels are ctypes callbacks."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

try:
    from croton.backends.cpu import _runtime
except ImportError:  # a tree that has not been built
    _runtime = None

_TYPES = {"ptr": ctypes.c_void_p, "i32": ctypes.c_int32, "i64": ctypes.c_int64, "void": None}
_NEST_KERNEL = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 5, ctypes.c_void_p)
_LOOP_KERNEL = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p
)
_ENTRY = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)


class _Memory:
    def __init__(self, address: int, shape: Sequence[int], strides: Sequence[int], dtype: Any) -> None:
        self.__array_interface__ = {
            "data": (address, False), "shape": tuple(shape), "strides": tuple(strides),
            "typestr": np.dtype(dtype).str, "version": 3,
        }  # fmt: skip


def memory(address: int, shape: Sequence[int], strides: Sequence[int], dtype: Any) -> np.ndarray:
    """Memory as an array."""
    if 0 in shape:
        return np.empty(tuple(shape), dtype)
    return np.asarray(_Memory(address, shape, strides, dtype))


def words(address: int, count: int) -> list[int]:
    return list((ctypes.c_int64 * count).from_address(address)) if count else []


def pointers(arrays: Sequence[Any]) -> np.ndarray:
    return np.array([a if isinstance(a, int) else a.ctypes.data for a in arrays], dtype=np.int64)


class Context:
    """The ctx of a running call."""

    def __init__(self, address: int) -> None:
        self.address = address
        table, _, self.slots = words(address, 3)
        self._table = table

    def call(self, name: str, *arguments: Any) -> Any:
        index, result, types = _runtime.ABI["functions"][name]
        kinds = [_TYPES[t.strip()] for t in types.split(",")]
        function = ctypes.PYFUNCTYPE(_TYPES[result], *kinds)(words(self._table + 8 * index, 1)[0])
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        return function(self.address, *values)

    def slot(self, index: int) -> list[int]:
        """data, ndim, dims, strides, obj"""
        return words(self.slots + 40 * index, 5)

    def array(self, index: int, dtype: Any = np.float64) -> np.ndarray:
        data, ndim, dims, strides, _ = self.slot(index)
        return memory(data, words(dims, ndim), words(strides, ndim), dtype)

    def output(self, index: int, shape: Sequence[int], dtype: str = "float64") -> np.ndarray:
        dims = np.array(shape, dtype=np.int64)
        self.call("rt_output", index, _runtime.ABI["dtypes"][dtype], len(shape), dims)
        return self.array(index, dtype)


class Native:
    """Programs whose entry is `body(ctx)` and whose kernels are Python functions."""

    abi = _runtime.ABI if _runtime else {}
    memory = staticmethod(memory)
    pointers = staticmethod(pointers)
    words = staticmethod(words)

    @staticmethod
    def program(
        body: Callable[[Context], Any], nests: Sequence[Any] = (), loops: Sequence[Any] = (), **kw: Any
    ) -> Any:
        failures: list[
            BaseException
        ] = []  # a callback can't leave an exception pending, as a native driver does

        def entry(address: int) -> int:
            try:
                return body(Context(address)) or 0
            except BaseException as error:
                failures.append(error)
                return 1

        def raise_failure(code: int, node: int, *rest: Any) -> BaseException:
            return failures.pop() if failures else RuntimeError(f"code {code} at node {node}")

        kw.setdefault("on_error", raise_failure)
        kernels = [_NEST_KERNEL(k) for k in nests] + [_LOOP_KERNEL(k) for k in loops]
        native = _ENTRY(entry)
        kw.setdefault("keep", (native, kernels))
        return _runtime.Program(
            ctypes.cast(native, ctypes.c_void_p).value,
            kernels=[ctypes.cast(k, ctypes.c_void_p).value for k in kernels],
            **kw,
        )

    @classmethod
    def run(
        cls, body: Callable[[Context], Any], nests: Sequence[Any] = (), loops: Sequence[Any] = (), **kw: Any
    ) -> Any:
        """Runs `body` once in a program without inputs."""
        return _runtime.Callable(cls.program(body, nests, loops, **kw))()

    @staticmethod
    def nest(form: str, ndim: int, bufs: Sequence[tuple[int, int]], nin: int, **fields: int) -> np.ndarray:
        """A nest descriptor; bufs are (item size, class)."""
        layout = _runtime.ABI["nest"]
        raw = np.zeros(8 + len(bufs), dtype=np.int64)
        small = raw.view(np.int32)
        given = {
            "form": _runtime.ABI["forms"][form],
            "ndim": ndim,
            "nbuf": len(bufs),
            "nin": nin,
            "cost": 300,
        } | fields
        for name, value in given.items():
            offset = layout[name]
            if offset < 32:
                small[offset // 4] = value
            else:
                raw[offset // 8] = value
        small[layout["bufs"] // 4 :] = np.array(bufs, dtype=np.int32).reshape(-1)
        return raw

    @staticmethod
    def loop_views(
        sizes: Sequence[int],
        splats: Sequence[bool],
        p: int,
        so: int,
        sr: int,
        lo: int,
        hi: int,
        nr: int,
        v_lo: int,
        v_hi: int,
    ) -> list[np.ndarray]:
        """A kernel's buffers as float64 arrays over (o, r, v), of extent 1 where they do not vary along r or v."""
        n = len(sizes)
        return [
            memory(
                base + lo * o + (0 if splat else v_lo * size),
                (hi - lo, nr if r else 1, 1 if splat else v_hi - v_lo),
                (o, r, size),
                np.float64,
            )
            for base, o, r, size, splat in zip(
                words(p, n), words(so, n), words(sr, n), sizes, splats, strict=True
            )
        ]


@pytest.fixture
def native() -> type[Native]:
    if _runtime is None:
        pytest.skip("the native runtime is not built")
    return Native
