"""Integer primitives: they wrap, divide by zero to 0, and never trap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from croton.backends.cpu.codegen.emitter import BITS, UNSIGNED, Emitter, constant, register_type

EmitInteger: TypeAlias = Callable[[Emitter, Sequence[str], str, int], str]


def _word(word: str) -> EmitInteger:
    def emit(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
        return e.assign(f"{word} {register_type(dtype, width)} {args[0]}, {args[1]}")

    return emit


def _negate(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    return e.assign(f"sub {register_type(dtype, width)} {constant(0, dtype, width)}, {args[0]}")


def _invert(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    return e.assign(f"xor {register_type(dtype, width)} {args[0]}, {constant(-1, dtype, width)}")


def _abs(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    if dtype in UNSIGNED:
        return args[0]
    kind = register_type(dtype, width)
    below = e.assign(f"icmp slt {kind} {args[0]}, {constant(0, dtype, width)}")
    return e.select(below, kind, _negate(e, args, dtype, width), args[0], width)


def _extreme(relation: str) -> EmitInteger:
    def emit(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
        kind = register_type(dtype, width)
        sign = "u" if dtype in UNSIGNED else "s"
        return e.select(
            e.assign(f"icmp {sign}{relation} {kind} {args[0]}, {args[1]}"), kind, args[0], args[1], width
        )

    return emit


def _sign(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    kind, mask = register_type(dtype, width), register_type("bool", width)
    zero = constant(0, dtype, width)
    above = e.assign(f"icmp {'ne' if dtype in UNSIGNED else 'sgt'} {kind} {args[0]}, {zero}")
    up = e.assign(f"zext {mask} {above} to {kind}")
    if dtype in UNSIGNED:
        return up
    below = e.assign(f"icmp slt {kind} {args[0]}, {zero}")
    down = e.assign(f"sext {mask} {below} to {kind}")
    return e.assign(f"or {kind} {up}, {down}")


def _divide(e: Emitter, args: Sequence[str], dtype: str, width: int) -> tuple[str, str]:
    """Quotient and remainder by Python's sign; by zero both are 0, by -1 the quotient wraps."""
    x, y = args
    kind, mask = register_type(dtype, width), register_type("bool", width)
    zero, one = constant(0, dtype, width), constant(1, dtype, width)
    by_zero = e.assign(f"icmp eq {kind} {y}, {zero}")
    if dtype in UNSIGNED:
        safe = e.select(by_zero, kind, one, y, width)
        quotient, rest = (e.assign(f"{word} {kind} {x}, {safe}") for word in ("udiv", "urem"))
        return e.select(by_zero, kind, zero, quotient, width), e.select(by_zero, kind, zero, rest, width)
    by_minus = e.assign(f"icmp eq {kind} {y}, {constant(-1, dtype, width)}")
    special = e.assign(f"or {mask} {by_zero}, {by_minus}")
    safe = e.select(special, kind, one, y, width)
    quotient = e.assign(f"sdiv {kind} {x}, {safe}")
    rest = e.assign(f"sub {kind} {x}, {e.assign(f'mul {kind} {quotient}, {safe}')}")
    some = e.assign(f"icmp ne {kind} {rest}, {zero}")
    signs = e.assign(f"icmp slt {kind} {e.assign(f'xor {kind} {rest}, {safe}')}, {zero}")
    down = e.assign(f"and {mask} {some}, {signs}")
    quotient = e.select(down, kind, e.assign(f"sub {kind} {quotient}, {one}"), quotient, width)
    rest = e.select(down, kind, e.assign(f"add {kind} {rest}, {safe}"), rest, width)
    quotient = e.select(by_minus, kind, e.assign(f"sub {kind} {zero}, {x}"), quotient, width)
    return e.select(by_zero, kind, zero, quotient, width), e.select(special, kind, zero, rest, width)


def _floordiv(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    return _divide(e, args, dtype, width)[0]


def _mod(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    return _divide(e, args, dtype, width)[1]


def _within(e: Emitter, y: str, dtype: str, width: int) -> tuple[str, str]:
    """Whether a shift count is one the machine defines, and the count made so."""
    kind = register_type(dtype, width)
    fits = e.assign(f"icmp ult {kind} {y}, {constant(BITS[dtype], dtype, width)}")
    return fits, e.select(fits, kind, y, constant(0, dtype, width), width)


def _shl(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    fits, count = _within(e, args[1], dtype, width)
    kind = register_type(dtype, width)
    return e.select(fits, kind, e.assign(f"shl {kind} {args[0]}, {count}"), constant(0, dtype, width), width)


def _shr(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    fits, count = _within(e, args[1], dtype, width)
    kind = register_type(dtype, width)
    if dtype in UNSIGNED:
        return e.select(
            fits, kind, e.assign(f"lshr {kind} {args[0]}, {count}"), constant(0, dtype, width), width
        )
    out = e.assign(f"ashr {kind} {args[0]}, {constant(BITS[dtype] - 1, dtype, width)}")
    return e.select(fits, kind, e.assign(f"ashr {kind} {args[0]}, {count}"), out, width)


def _ipow(e: Emitter, args: Sequence[str], dtype: str, width: int) -> str:
    """A call per lane: integer powers are rare, and a loop is short."""
    lane, kind = register_type(dtype), register_type(dtype, width)
    name = f"@ipow_{dtype}"
    e.function(name, _ipow_text(name, lane, signed=dtype not in UNSIGNED))
    if width == 1:
        return e.assign(f"call {lane} {name}({lane} {args[0]}, {lane} {args[1]})")
    made = "poison"
    for k in range(width):
        x, y = (e.assign(f"extractelement {kind} {a}, i64 {k}") for a in args)
        power = e.assign(f"call {lane} {name}({lane} {x}, {lane} {y})")
        made = e.assign(f"insertelement {kind} {made}, {lane} {power}, i64 {k}")
    return made


def _ipow_text(name: str, lane: str, signed: bool) -> str:
    """Square and multiply; a negative exponent counts as 0 with a factor that is 1 only for bases 1 and -1."""
    negative = f"icmp slt {lane} %y, 0" if signed else "icmp ne i1 false, false"
    return f"""define internal {lane} {name}({lane} %x, {lane} %y) {{
entry:
  %negative = {negative}
  %away = sub {lane} 0, %y
  %count = select i1 %negative, {lane} %away, {lane} %y
  %next = add {lane} %x, 1
  %unit = icmp ult {lane} %next, 3
  %nonzero = icmp ne {lane} %x, 0
  %whole = and i1 %unit, %nonzero
  %useless = xor i1 %whole, true
  %nothing = and i1 %negative, %useless
  %first = select i1 %nothing, {lane} 0, {lane} 1
  br label %test
test:
  %n = phi {lane} [ %count, %entry ], [ %half, %step ]
  %base = phi {lane} [ %x, %entry ], [ %square, %step ]
  %made = phi {lane} [ %first, %entry ], [ %product, %step ]
  %more = icmp ne {lane} %n, 0
  br i1 %more, label %step, label %done
step:
  %bit = and {lane} %n, 1
  %odd = icmp ne {lane} %bit, 0
  %factor = select i1 %odd, {lane} %base, {lane} 1
  %product = mul {lane} %made, %factor
  %square = mul {lane} %base, %base
  %half = lshr {lane} %n, 1
  br label %test
done:
  ret {lane} %made
}}"""


INTEGER_EMITTERS: dict[str, EmitInteger] = {
    "add": _word("add"),
    "sub": _word("sub"),
    "mul": _word("mul"),
    "and_": _word("and"),
    "or_": _word("or"),
    "xor": _word("xor"),
    "neg": _negate,
    "invert": _invert,
    "abs": _abs,
    "minimum": _extreme("lt"),
    "maximum": _extreme("gt"),
    "sign": _sign,
    "floordiv": _floordiv,
    "mod": _mod,
    "shl": _shl,
    "shr": _shr,
    "ipow": _ipow,
}
