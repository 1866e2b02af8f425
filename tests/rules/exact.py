"""Elementwise graphs computed by mpmath: the truth, where floating-point numbers lose digits or overflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from croton.graph.node import Constant, Variable
from croton.graph.walk import toposort
from croton.ops.elemwise import DimShuffle, Elemwise

DIGITS = 700

# Scalar operations by name.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda *v: sum(v), "mul": lambda *v: mpmath.fprod(v), "sub": lambda a, b: a - b, "neg": lambda a: -a,
    "true_div": lambda a, b: a / b, "inv": lambda a: 1 / a, "sqr": lambda a: a * a, "sqrt": mpmath.sqrt,
    "pow": lambda a, b: a**b, "abs_": abs, "exp": mpmath.exp, "exp2": lambda a: mpmath.mpf(2) ** a,
    "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p, "log2": lambda a: mpmath.log(a, 2),
    "log10": mpmath.log10, "log1mexp": lambda a: mpmath.log(-mpmath.expm1(a)), "xlogx": lambda a: a * mpmath.log(a),
    "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)), "softplus": lambda a: mpmath.log1p(mpmath.exp(a)),
    "tanh": mpmath.tanh, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "cos": mpmath.cos, "sin": mpmath.sin,
    "erf": mpmath.erf, "erfc": mpmath.erfc, "arctanh": mpmath.atanh,
    "erfcx": lambda a: mpmath.exp(a * a) * mpmath.erfc(a), "second": lambda a, b: b,
}  # fmt: skip


def is_exact(out: Variable) -> bool:
    """Whether all that makes `out` is known here."""
    return all(
        isinstance(node.op, DimShuffle)
        or (isinstance(node.op, Elemwise) and node.op.scalar_op.name in FUNCTIONS)
        for node in toposort([out], [])
    )


def exact(out: Variable, inputs: Sequence[Variable], values: Sequence[np.ndarray]) -> np.ndarray:
    """`out` at each place of `values`, vectors of one length, as the floats nearest to the truth; NaN for none."""
    nodes = toposort([out], [])
    found = []
    with mpmath.workdps(DIGITS):
        for numbers in zip(*[v.tolist() for v in values], strict=True):
            known: dict[Variable, Any] = dict(zip(inputs, map(mpmath.mpf, numbers), strict=True))
            try:
                for node in nodes:
                    read = [known[v] if v in known else _constant(v) for v in node.inputs]
                    op: Any = node.op
                    known[node.outputs[0]] = (
                        read[0] if isinstance(op, DimShuffle) else FUNCTIONS[op.scalar_op.name](*read)
                    )
                made = known[out]
            except (ValueError, ZeroDivisionError):
                found.append(np.nan)
                continue
            found.append(float(made.real) if mpmath.im(made) == 0 else np.nan)
    return np.array(found)


def _constant(variable: Variable) -> Any:
    assert isinstance(variable, Constant)
    return mpmath.mpf(float(variable.data.flat[0]))
