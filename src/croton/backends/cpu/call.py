"""One kernel, called on NumPy arrays without a program around it: for tests, measurements and the curious."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from croton.backends.cpu import jit
from croton.backends.cpu.cache import Cache
from croton.backends.cpu.codegen.kernel import SYMBOL, kernel_text
from croton.backends.cpu.codegen.target import Target
from croton.loops.ir import Kernel

_P, _I64 = ctypes.c_void_p, ctypes.c_int64
_NEST = ctypes.CFUNCTYPE(None, _P, _P, _P, _I64, _I64, _I64, _I64, _I64, _P)
_LOOPS = ctypes.CFUNCTYPE(ctypes.c_int32, _P, _P, _I64, _I64, _P)


def address_of(kernel: Kernel, target: Target | None = None) -> int:
    """The kernel compiled for this machine, its loops cut as for `target`."""
    text = kernel_text(kernel, target or jit.engine().target)
    return jit.compile_text(text, SYMBOL, Cache(None))


def nest_ranges(o: int, r: int, v: int) -> dict[str, int]:
    """The arguments of a nest for a whole domain."""
    return {"o_lo": 0, "o_hi": o, "nr": r, "v_lo": 0, "v_hi": v}


def call_nest(
    kernel: Kernel, arrays: Sequence[np.ndarray], arguments: Mapping[str, int], target: Target | None = None
) -> None:
    """Call a nest on arrays of shape (o, r, v), axes of length 1 being constant."""
    run_nest_at(address_of(kernel, target), arrays, arguments, kernel.scratch_itemsize)


def run_nest_at(
    address: int, arrays: Sequence[np.ndarray], arguments: Mapping[str, int], scratch_itemsize: int = 0
) -> None:
    """As `call_nest`, of code that was compiled before."""
    so, sr, sv = ([a.strides[k] if a.shape[k] > 1 else 0 for a in arrays] for k in (0, 1, 2))
    elements = arguments["nr"] * (arguments["v_hi"] - arguments["v_lo"])
    scratch = np.zeros(-(-elements // 64) * 64 * scratch_itemsize + 64, np.uint8)
    start = -(-scratch.ctypes.data // 64) * 64
    order = [arguments[k] for k in ("o_lo", "o_hi", "nr", "v_lo", "v_hi")]
    _NEST(address)(_words([a.ctypes.data for a in arrays]), _words(so), _words([*sr, *sv]), *order, start)


def call_loops(
    kernel: Kernel, arrays: Sequence[np.ndarray], params: Sequence[int], n: int, target: Target | None = None
) -> tuple[int, list[int]]:
    """Call a form L kernel over [0, n): its code and the six words for details."""
    err = _words([0] * 6)
    bases = _words([a.ctypes.data for a in arrays])
    code = _LOOPS(address_of(kernel, target))(bases, _words(params), 0, n, err)
    return int(code), list(err)


def _words(values: Sequence[int]) -> Any:
    return (_I64 * max(len(values), 1))(*values)
