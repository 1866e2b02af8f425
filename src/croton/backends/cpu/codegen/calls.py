"""Functions that a kernel or a driver computes often: written once in its module, and called.

What LLVM needs for code grows with its instructions, and most of them are those of elementary functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from croton.backends.cpu.codegen.emitter import Emitter, register_type
from croton.backends.cpu.codegen.primitives import emit_primitive
from croton.loops.ir import Kernel, Prim
from croton.loops.primitives import FUNCTIONS
from croton.loops.walk import all_nodes

# From so many uses on a function is called.
OFTEN = 4


def called_functions(kernel: Kernel) -> frozenset[tuple[str, str]]:
    """The functions, and the data types that they are of, that `kernel` had better call."""
    return often((node.name, node.args[0].dtype) for node in all_nodes(kernel.body) if isinstance(node, Prim))


def often(computed: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The functions among primitives and their data types that had better be called."""
    uses = Counter(key for key in computed if key[0] in FUNCTIONS)
    return frozenset(key for key, n in uses.items() if n >= OFTEN)


def emit_call(e: Emitter, name: str, args: Sequence[str], dtype: str, width: int) -> str:
    """As emit_primitive, by a call of a function that the module defines."""
    symbol, kind = f"{name}.{dtype}.{width}", register_type(dtype, width)
    if not e.defines(symbol):
        e.function(symbol, _text(e.beside(), symbol, name, len(args), dtype, width))
    return e.assign(f"call {kind} @{symbol}({', '.join(f'{kind} {a}' for a in args)})")


def _text(e: Emitter, symbol: str, name: str, arity: int, dtype: str, width: int) -> str:
    kind = register_type(dtype, width)
    formal = [f"%a{i}" for i in range(arity)]
    e.begin()
    e.put(f"ret {kind} {emit_primitive(e, name, formal, dtype, width)}")
    return e.closed(f"define internal {kind} @{symbol}({', '.join(f'{kind} {a}' for a in formal)}) #0")
