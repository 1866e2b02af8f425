"""Matrix products: what is the same in every step of a loop is packed before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from croton.plan import program as p

if TYPE_CHECKING:
    from croton.plan.builder import Array, ProgramBuilder

# Of a panel, into which the runtime packs (runtime/packed.c).
PANEL_BYTES = 128


def multiply(b: ProgramBuilder, alpha: Any, x: Array, y: Array, beta: Any, out: Array) -> None:
    """`out` becomes `alpha * x y + beta * out`; the lengths agree."""
    dtype = out.dtype
    arguments = (
        b.dtype_code(dtype), x.dims[0], y.dims[1], x.dims[1], b.one(alpha, dtype), x, *x.strides, y, *y.strides,
        b.one(beta, dtype), out, *out.strides,
    )  # fmt: skip
    panels = _packed(b, y) if dtype in ("float32", "float64") else None
    if panels is None:
        b.call("rt_gemm", *arguments)
    else:
        b.call("rt_gemm_packed", *arguments, panels)


def multiply_vector(b: ProgramBuilder, alpha: Any, x: Array, y: Array, beta: Any, out: Array) -> None:
    """`out` becomes `alpha * x y + beta * out`, y and out being vectors; the lengths agree."""
    dtype = out.dtype
    code, scale, add = b.dtype_code(dtype), b.one(alpha, dtype), b.one(beta, dtype)
    turned = b.part(x, x.dims[::-1], x.strides[::-1])
    panels = _packed(b, turned) if dtype in ("float32", "float64") else None
    if panels is None:
        b.call("rt_gemv", code, *x.dims, scale, x, *x.strides, y, y.strides[0], add, out, out.strides[0])
        return
    # A row with the transpose: what is packed is read along the result.
    b.call(
        "rt_gemm_packed", code, 1, *x.dims, scale, y, 0, y.strides[0], turned, *turned.strides, add,
        out, 0, out.strides[0], panels,
    )  # fmt: skip


def _packed(b: ProgramBuilder, y: Array) -> p.Reg | None:
    """The address of `y` in panels, made before the loop; None where `y` may change from step to step."""
    here = len(b.levels) - 1
    if y.still is None:
        return None
    at = max(b.level_of([y.data, *y.dims, *y.strides]), y.still)
    if at >= here:
        return None
    loop = b.levels[at + 1]
    key = ("packed", y.data, *map(b.raw, (*y.dims, *y.strides)))
    if key not in loop.known:
        k, n = y.dims
        width = PANEL_BYTES // np.dtype(y.dtype).itemsize
        panels = b.floordiv(b.add(n, width - 1), width)
        size = b.raw(b.times(b.times(panels, k), PANEL_BYTES))
        address = b.before_loop(size, at)
        with b.at_level(at):
            b.call("rt_pack", b.dtype_code(y.dtype), k, n, y, *y.strides, address)
        loop.known[key] = address
    found: p.Reg = loop.known[key]
    return found
