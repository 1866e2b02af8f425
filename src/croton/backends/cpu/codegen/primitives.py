"""The primitives as LLVM instructions, on any number of lanes.

Nothing here traps or is undefined, whatever the operands: lanes that a mask hides compute on zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from croton.backends.cpu import vecmath
from croton.backends.cpu.codegen.casts import cast_value
from croton.backends.cpu.codegen.emitter import FLOATS, UNSIGNED, Emitter, constant, register_type
from croton.backends.cpu.codegen.integers import INTEGER_EMITTERS
from croton.loops.primitives import FUNCTIONS, PRIMITIVES

__all__ = ["cast_value", "emit_primitive"]

_COMPARE = {"eq": ("oeq", "eq"), "ne": ("une", "ne"), "lt": ("olt", "lt"), "le": ("ole", "le"),
            "gt": ("ogt", "gt"), "ge": ("oge", "ge")}  # fmt: skip
_FLOAT_WORD = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_BOOL_WORD = {
    "add": "or",
    "maximum": "or",
    "or_": "or",
    "mul": "and",
    "minimum": "and",
    "and_": "and",
    "xor": "xor",
}
_INTRINSIC = {"abs": "fabs", "sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "roundeven",
              "copysign": "copysign", "fma": "fma"}  # fmt: skip


def emit_primitive(e: Emitter, name: str, args: Sequence[str], dtype: str, width: int) -> str:
    """Append the primitive on operands of type `dtype` and `width` lanes; the name of its result."""
    if dtype == "float16":
        return _through_float32(e, name, args, width)
    if name in _COMPARE:
        return _compare(e, name, args, dtype, width)
    if dtype == "bool":
        return _on_bool(e, name, args, width)
    if dtype not in FLOATS:
        return INTEGER_EMITTERS[name](e, args, dtype, width)
    if name in _FLOAT_WORD:
        return e.assign(f"{_FLOAT_WORD[name]} {register_type(dtype, width)} {args[0]}, {args[1]}")
    if name in _INTRINSIC:
        return e.intrinsic(_INTRINSIC[name], dtype, width, args)
    if name in FUNCTIONS:
        return vecmath.emit(e, name, args, dtype, width)
    return _FLOAT_EMITTERS[name](e, args, dtype, width)


def _through_float32(e: Emitter, name: str, args: Sequence[str], width: int) -> str:
    wide = [cast_value(e, a, "float16", "float32", width) for a in args]
    made = emit_primitive(e, name, wide, "float32", width)
    return made if PRIMITIVES[name].to_bool else cast_value(e, made, "float32", "float16", width)


def _compare(e: Emitter, name: str, args: Sequence[str], dtype: str, width: int) -> str:
    on_float, on_int = _COMPARE[name]
    if dtype in FLOATS:
        word = f"fcmp {on_float}"
    elif name in ("eq", "ne"):
        word = f"icmp {on_int}"
    else:
        word = f"icmp {'u' if dtype in UNSIGNED else 's'}{on_int}"
    return e.assign(f"{word} {register_type(dtype, width)} {args[0]}, {args[1]}")


def _on_bool(e: Emitter, name: str, args: Sequence[str], width: int) -> str:
    if name == "abs":
        return args[0]
    kind = register_type("bool", width)
    if name == "invert":
        return e.assign(f"xor {kind} {args[0]}, {constant(True, 'bool', width)}")
    return e.assign(f"{_BOOL_WORD[name]} {kind} {args[0]}, {args[1]}")


def _negate(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    return e.assign(f"fneg {register_type(dtype, width)} {args[0]}")


def _test(e: Emitter, relation: str, x: str, y: str, dtype: str, width: int) -> str:
    return e.assign(f"fcmp {relation} {register_type(dtype, width)} {x}, {y}")


def _extreme(relation: str) -> Callable[[Emitter, Sequence[str], str, int], str]:
    """Two instructions where the machine's own returns the second operand if one is NaN, as x86's does."""

    def emit(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
        x, y = args
        kind = register_type(dtype, width)
        better = e.select(_test(e, relation, x, y, dtype, width), kind, x, y, width)
        return e.select(_test(e, "uno", x, x, dtype, width), kind, x, better, width)

    return emit


def _sign(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    (x,) = args
    kind = register_type(dtype, width)
    zero, one, minus = (constant(v, dtype, width) for v in (0.0, 1.0, -1.0))
    still = e.select(_test(e, "oeq", x, zero, dtype, width), kind, zero, x, width)
    down = e.select(_test(e, "olt", x, zero, dtype, width), kind, minus, still, width)
    return e.select(_test(e, "ogt", x, zero, dtype, width), kind, one, down, width)


def _is_nan(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    return _test(e, "uno", args[0], constant(0.0, dtype, width), dtype, width)


def _is_inf(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    size = e.intrinsic("fabs", dtype, width, args)
    return _test(e, "oeq", size, constant(float("inf"), dtype, width), dtype, width)


def _remainder(e: Emitter, args: Sequence[str], dtype: str, width: int) -> tuple[str, str, str]:
    """C's fmod, the same with the divisor's sign, and where the two differ."""
    x, y = args
    kind = register_type(dtype, width)
    zero = constant(0.0, dtype, width)
    rest = e.assign(f"frem {kind} {x}, {y}")
    some = _test(e, "une", rest, zero, dtype, width)
    signs = e.assign(
        f"xor {register_type('bool', width)} {_test(e, 'olt', rest, zero, dtype, width)}, "
        f"{_test(e, 'olt', y, zero, dtype, width)}"
    )
    differs = e.assign(f"and {register_type('bool', width)} {some}, {signs}")
    moved = e.select(differs, kind, e.assign(f"fadd {kind} {rest}, {y}"), rest, width)
    signed_zero = e.intrinsic("copysign", dtype, width, [zero, y])
    return rest, e.select(some, kind, moved, signed_zero, width), differs


def _mod(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    """NumPy's remainder: the divisor's sign, also on a zero."""
    rest, signed, _ = _remainder(e, args, dtype, width)
    by_zero = _test(e, "oeq", args[1], constant(0.0, dtype, width), dtype, width)
    return e.select(by_zero, register_type(dtype, width), rest, signed, width)


def _floordiv(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    """NumPy's floor_divide: (x - remainder) / y, put on the integer next to it."""
    x, y = args
    kind = register_type(dtype, width)
    zero, one, half = (constant(v, dtype, width) for v in (0.0, 1.0, 0.5))
    rest, _, differs = _remainder(e, args, dtype, width)
    quotient = e.assign(f"fdiv {kind} {e.assign(f'fsub {kind} {x}, {rest}')}, {y}")
    lower = e.select(differs, kind, e.assign(f"fsub {kind} {quotient}, {one}"), quotient, width)
    floor = e.intrinsic("floor", dtype, width, [lower])
    short = _test(e, "ogt", e.assign(f"fsub {kind} {lower}, {floor}"), half, dtype, width)
    nearest = e.select(short, kind, e.assign(f"fadd {kind} {floor}, {one}"), floor, width)
    plain = e.assign(f"fdiv {kind} {x}, {y}")
    signed_zero = e.intrinsic("copysign", dtype, width, [zero, plain])
    some = _test(e, "une", lower, zero, dtype, width)
    made = e.select(some, kind, nearest, signed_zero, width)
    return e.select(_test(e, "oeq", y, zero, dtype, width), kind, plain, made, width)


_FLOAT_EMITTERS: dict[str, Callable[[Emitter, Sequence[str], str, int], str]] = {
    "neg": _negate,
    "minimum": _extreme("olt"),
    "maximum": _extreme("ogt"),
    "sign": _sign,
    "isnan": _is_nan,
    "isinf": _is_inf,
    "mod": _mod,
    "floordiv": _floordiv,
}
