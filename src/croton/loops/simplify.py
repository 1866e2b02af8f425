"""Local simplification, done by the builder as expressions are made. It never changes a result, NaN and -0 included."""

from __future__ import annotations

import numpy as np

from croton.loops.ir import Cast, Const, Expr, Prim, Select
from croton.loops.primitives import FLOAT, INTEGER

# Folded on constants: those that NumPy rounds as the machine does.
_FOLDED = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "abs": np.abs,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "and_": np.bitwise_and, "or_": np.bitwise_or, "xor": np.bitwise_xor, "sqrt": np.sqrt, "floor": np.floor,
    "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "isnan": np.isnan, "isinf": np.isinf, "invert": np.invert,
}  # fmt: skip


def is_const(node: Expr, value: float) -> bool:
    """Whether a constant equal to `value`, sign of zero included."""
    if not isinstance(node, Const) or node.value != value:
        return False
    return value != 0 or node.dtype not in FLOAT or np.signbit(node.value) == np.signbit(value)


def prim(name: str, args: tuple[Expr, ...], dtype: str) -> Expr | None:
    """Something simpler than the primitive, if there is."""
    if name in _FOLDED and all(isinstance(a, Const) for a in args):
        return _fold(name, args, dtype)
    x = args[0]
    if len(args) == 1:
        return _unary(name, x)
    y = args[1]
    if name in ("mul", "div") and is_const(y, 1) and dtype != "bool":
        return x
    if name == "mul" and is_const(x, 1) and dtype != "bool":
        return y
    if dtype in INTEGER:
        return _integer(name, x, y, dtype)
    if name == "sub" and is_const(y, 0.0):
        return x  # also for x = -0.0; x + 0.0 would not do
    if name in ("minimum", "maximum", "and_", "or_") and x is y:
        return x
    return None


def _unary(name: str, x: Expr) -> Expr | None:
    if name in ("neg", "invert") and isinstance(x, Prim) and x.name == name:
        return x.args[0]
    if name == "abs" and isinstance(x, Prim) and x.name == "abs":
        return x
    return None


def _integer(name: str, x: Expr, y: Expr, dtype: str) -> Expr | None:
    if name in ("add", "sub", "or_", "xor", "shl", "shr") and is_const(y, 0):
        return x
    if name in ("add", "or_", "xor") and is_const(x, 0):
        return y
    if name == "mul" and (is_const(x, 0) or is_const(y, 0)):
        return Const(0, dtype)
    if name in ("minimum", "maximum", "and_", "or_") and x is y:
        return x
    return (
        y if name == "floordiv" and is_const(y, 0) else x if name == "floordiv" and is_const(y, 1) else None
    )


def _fold(name: str, args: tuple[Expr, ...], dtype: str) -> Const:
    with np.errstate(all="ignore"):
        values = [np.dtype(a.dtype).type(a.value) for a in args if isinstance(a, Const)]
        return Const(_FOLDED[name](*values).item(), dtype)


def cast(x: Expr, dtype: str) -> Expr | None:
    """Something simpler than the cast, if there is."""
    if x.dtype == dtype:
        return x
    if isinstance(x, Const) and _casts_alike(x, dtype):
        with np.errstate(all="ignore"):
            return Const(np.dtype(x.dtype).type(x.value).astype(dtype).item(), dtype)
    if isinstance(x, Cast) and _holds(x.x.dtype, x.dtype):
        return Cast(x.x, dtype) if x.x.dtype != dtype else x.x
    return None


def _casts_alike(x: Const, dtype: str) -> bool:
    """Whether NumPy is bound to give what the machine gives: not for floats that no integer holds."""
    return x.dtype not in FLOAT or dtype not in INTEGER or (np.isfinite(x.value) and abs(x.value) < 127)


def _holds(narrow: str, wide: str) -> bool:
    """Whether `wide` has every value of `narrow`, with the same meaning when cast on."""
    if narrow == "bool":
        return True
    if narrow in FLOAT:
        return wide in FLOAT and np.dtype(wide).itemsize >= np.dtype(narrow).itemsize
    if wide in FLOAT:
        return False  # a float's way to an integer differs from an integer's when it overflows
    return np.can_cast(narrow, wide)


def select(condition: Expr, yes: Expr, no: Expr) -> Expr | None:
    """Something simpler than the choice, if there is."""
    if isinstance(condition, Const):
        return yes if condition.value else no
    if yes is no:
        return yes
    if isinstance(condition, Prim) and condition.name == "invert":
        return Select(condition.args[0], no, yes, yes.dtype)
    return None
