"""Elementary and special functions as vector IR: polynomials and selects, no calls, any number of lanes.

`emit(e, name, args, dtype, width)` appends a function's instructions to the LLVM text emitter `e` and returns the name
of the result. The same instructions at every width: a lane's bits depend on its argument alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from croton.backends.cpu.vecmath.lanes import FORMATS, Kit, Lanes, TextEmitter
from croton.backends.cpu.vecmath.table import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function", "TextEmitter", "emit"]


def emit(e: TextEmitter, name: str, args: Sequence[str], dtype: str, width: int) -> str:
    """Append the function `name` of the SSA values `args`, each `width` lanes of `dtype`; return the result's name."""
    kit = Kit(e, FORMATS[dtype], width)
    row = FUNCTIONS[name]
    if len(args) != row.arity:
        raise TypeError(f"{name} takes {row.arity} argument(s), got {len(args)}")
    values = [Lanes(kit, a, "float") for a in args]
    if dtype == "float32" and row.through_double:
        return row.make(*(v.widen() for v in values)).narrow(kit).name
    return row.make(*values).name
