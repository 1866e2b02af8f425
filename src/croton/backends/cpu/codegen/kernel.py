"""A kernel of loop IR as the text of one LLVM module."""

from __future__ import annotations

from croton.backends.cpu.codegen.calls import called_functions
from croton.backends.cpu.codegen.emitter import BITS, ITEMSIZE, Emitter, register_type
from croton.backends.cpu.codegen.loop import write_body
from croton.backends.cpu.codegen.target import Target
from croton.backends.cpu.codegen.writer import Op, Writer
from croton.loops.ir import Kernel

SYMBOL = "kernel"
_NEST = "define void @{}(ptr %p, ptr %so, ptr %sr, i64 %o_lo, i64 %o_hi, i64 %nr, i64 %v_lo, i64 %v_hi, ptr %scratch)"
_LOOPS = "define i32 @{}(ptr %p, ptr %params, i64 %lo, i64 %hi, ptr %err)"


def kernel_text(kernel: Kernel, target: Target, symbol: str = SYMBOL) -> str:
    """The module; its one function has the signature of the kernel's form (docs/internals/loops.md)."""
    e = Emitter(target.vector_bytes if target.scales else 0)
    w = Writer(e, target, called_functions(kernel), kernel.packs)
    e.begin()
    _bind_buffers(w, kernel)
    if kernel.form == "L":
        _bind_params(w, kernel)
        for b in kernel.buffers:
            w.strides[b] = tuple(w.value(s) for s in b.strides)
    elif kernel.scratch:
        _bind_scratch(w, kernel)
    write_body(w, kernel.body)
    e.put("ret i32 0" if kernel.form == "L" else "ret void")
    head = _LOOPS if kernel.form == "L" else _NEST
    e.end(f"{head.format(symbol)} #0")
    bits = 8 * target.vector_bytes
    wide = f'"prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"'
    return f"{e.text()}attributes #0 = {{ nounwind {wide} }}\n"


def _element(e: Emitter, array: str, k: int, type_: str) -> str:
    at = array if k == 0 else e.assign(f"getelementptr i8, ptr {array}, i64 {8 * k}")
    return e.assign(f"load {type_}, ptr {at}, align 8")


def _bind_buffers(w: Writer, kernel: Kernel) -> None:
    for k, b in enumerate(kernel.buffers):
        w.bind(b, Op(_element(w.e, "%p", k, "ptr"), 1))
        if kernel.form != "L":
            outer, inner = (Op(_element(w.e, s, k, "i64"), 1) for s in ("%so", "%sr"))
            along = str({"unit": ITEMSIZE[b.dtype], "place": 1}.get(b.access, 0))
            if b.access == "spaced":
                along = _element(w.e, "%sr", len(kernel.buffers) + k, "i64")
            w.strides[b] = (outer, inner, Op(along, 1))


def _bind_params(w: Writer, kernel: Kernel) -> None:
    """Parameters are int64 words; other types lie in their low bits."""
    for k, p in enumerate(kernel.params):
        raw = _element(w.e, "%params", k, "i64")
        if BITS[p.dtype] < 64:
            raw = w.e.assign(f"trunc i64 {raw} to i{BITS[p.dtype]}")
        if p.dtype.startswith("float"):
            raw = w.e.assign(f"bitcast i{BITS[p.dtype]} {raw} to {register_type(p.dtype)}")
        w.bind(p, Op(raw, 1))


def _bind_scratch(w: Writer, kernel: Kernel) -> None:
    """Arrays of nr * (v_hi - v_lo) elements, that number rounded up to 64, one after the other; v counts from v_lo."""
    e = w.e
    row = e.assign("sub i64 %v_hi, %v_lo")
    plain = e.assign(f"mul i64 %nr, {row}")
    room = e.assign(f"and i64 {e.assign(f'add i64 {plain}, 63')}, -64")
    before = 0
    for b in kernel.scratch:
        size = ITEMSIZE[b.dtype]
        offset = e.assign(f"mul i64 {room}, {before}")
        back = e.assign(f"mul i64 %v_lo, {-size}")
        start = e.assign(f"getelementptr i8, ptr %scratch, i64 {e.assign(f'add i64 {offset}, {back}')}")
        w.bind(b, Op(start, 1))
        w.strides[b] = (Op("0", 1), Op(e.assign(f"mul i64 {row}, {size}"), 1), Op(str(size), 1))
        before += size
