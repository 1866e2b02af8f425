"""Casts between the number types, as NumPy does them, out-of-range floats included.

A float without a value in the integer type takes what x86 gives NumPy: the least int32 (for targets up to 32 bits;
int8 and the like keep the low bits of it) or the least int64 (for int64, and uint32 keeps the low bits of that).
"""

from __future__ import annotations

from croton.backends.cpu.codegen.emitter import (
    BITS,
    FLOATS,
    UNSIGNED,
    Emitter,
    constant,
    register_type,
    vector,
)


def cast_value(e: Emitter, x: str, source: str, target: str, width: int) -> str:
    """`x`, of type `source` and `width` lanes, as `target`."""
    if source == target:
        return x
    if target == "bool":
        return _to_bool(e, x, source, width)
    if source in FLOATS:
        return (
            _float_to_float(e, x, source, target, width)
            if target in FLOATS
            else _truncate(e, x, source, target, width)
        )
    if target == "float16":
        # One rounding to float32 first, as NumPy does.
        return _float_to_float(e, cast_value(e, x, source, "float32", width), "float32", target, width)
    if target in FLOATS:
        return _convert(e, "uitofp" if source in UNSIGNED else "sitofp", x, source, target, width)
    if BITS[source] == BITS[target]:
        return x
    if BITS[source] > BITS[target]:
        return _convert(e, "trunc", x, source, target, width)
    return _convert(e, "zext" if source in UNSIGNED else "sext", x, source, target, width)


def _convert(e: Emitter, word: str, x: str, source: str, target: str, width: int) -> str:
    return e.assign(f"{word} {register_type(source, width)} {x} to {register_type(target, width)}")


def _to_bool(e: Emitter, x: str, source: str, width: int) -> str:
    word = "fcmp une" if source in FLOATS else "icmp ne"
    return e.assign(f"{word} {register_type(source, width)} {x}, {constant(0, source, width)}")


def _float_to_float(e: Emitter, x: str, source: str, target: str, width: int) -> str:
    if BITS[source] < BITS[target]:
        return _convert(e, "fpext", x, source, target, width)
    if (source, target) == ("float64", "float16"):
        x, source = _round_to_odd(e, x, width), "float32"
    return _convert(e, "fptrunc", x, source, target, width)


def _round_to_odd(e: Emitter, x: str, width: int) -> str:
    """float64 to float32 such that rounding on to float16 gives what one rounding would have given.

    Source: Boldo, Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd",
    2008.
    """
    double, single, word = (register_type(d, width) for d in ("float64", "float32", "int32"))
    near = e.assign(f"fptrunc {double} {x} to {single}")
    back = e.assign(f"fpext {single} {near} to {double}")
    inexact = e.assign(f"fcmp one {double} {back}, {x}")
    back_size, x_size = (e.intrinsic("fabs", "float64", width, [v]) for v in (back, x))
    away = e.assign(f"fcmp ogt {double} {back_size}, {x_size}")
    bits = e.assign(f"bitcast {single} {near} to {word}")
    one_less = e.assign(f"sub {word} {bits}, {constant(1, 'int32', width)}")
    toward_zero = e.select(away, word, one_less, bits, width)
    odd = e.assign(f"or {word} {toward_zero}, {constant(1, 'int32', width)}")
    made = e.select(inexact, word, odd, bits, width)
    return e.assign(f"bitcast {word} {made} to {single}")


def _truncate(e: Emitter, x: str, source: str, target: str, width: int) -> str:
    if source == "float16":
        x, source = _convert(e, "fpext", x, source, "float32", width), "float32"
    if target == "uint64":
        return _truncate_to_uint64(e, x, source, width)
    wide = "int64" if target in ("int64", "uint32") else "int32"
    return cast_value(e, _truncate_signed(e, x, source, wide, width), wide, target, width)


def _truncate_signed(e: Emitter, x: str, source: str, target: str, width: int) -> str:
    """Toward zero; the least integer for what does not fit. LLVM's own instruction is undefined there."""
    kind = register_type(source, width)
    limit = constant(2.0 ** (BITS[target] - 1), source, width)
    size = e.intrinsic("fabs", source, width, [x])
    fits = e.assign(f"fcmp olt {kind} {size}, {limit}")
    safe = e.select(fits, kind, x, constant(0.0, source, width), width)
    made = _convert(e, "fptosi", safe, source, target, width)
    least = constant(-(1 << (BITS[target] - 1)), target, width)
    return e.select(fits, register_type(target, width), made, least, width)


def _truncate_to_uint64(e: Emitter, x: str, source: str, width: int) -> str:
    """What compilers make for x86: from 2^63 up, less 2^63 and with the sign bit flipped."""
    kind, word = register_type(source, width), vector("i64", width)
    half = constant(2.0**63, source, width)
    low = e.assign(f"fcmp olt {kind} {x}, {half}")
    less = e.assign(f"fsub {kind} {x}, {half}")
    below = _truncate_signed(e, x, source, "int64", width)
    above = _truncate_signed(e, less, source, "int64", width)
    flipped = e.assign(f"xor {word} {above}, {constant(-(1 << 63), 'int64', width)}")
    return e.select(low, word, below, flipped, width)
