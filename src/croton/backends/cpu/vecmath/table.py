"""The table of vector functions: one row each."""

from __future__ import annotations

from collections.abc import Callable

from croton.backends.cpu.vecmath import (
    error_function,
    exponential,
    gamma,
    inverse_trigonometric,
    logarithm,
    power,
    roots,
    trigonometric,
)
from croton.backends.cpu.vecmath.lanes import Lanes
from croton.util.record import record


@record(frozen=True)
class Function:
    """How a function is made, and how it is tested.

    `ulp` is the largest error in units in the last place for float64 and float32 over the whole range; `through_double`
    says that float32 goes by way of float64.
    """

    make: Callable[..., Lanes]
    ulp: tuple[float, float] = (2.0, 2.0)
    arity: int = 1
    through_double: bool = False


FUNCTIONS: dict[str, Function] = {
    "exp": Function(exponential.exp, (1.0, 1.0)),
    "exp2": Function(exponential.exp2, (1.0, 1.0)),
    "exp10": Function(exponential.exp10),
    "expm1": Function(exponential.expm1),
    "sigmoid": Function(exponential.sigmoid),
    "softplus": Function(exponential.softplus),
    "log1mexp": Function(exponential.log1mexp),
    "tanh": Function(exponential.tanh),
    "sinh": Function(exponential.sinh),
    "cosh": Function(exponential.cosh),
    "log": Function(logarithm.log, (1.0, 1.0)),
    "log2": Function(logarithm.log2, (1.0, 1.0)),
    "log10": Function(logarithm.log10, (1.0, 1.0)),
    "log1p": Function(logarithm.log1p),
    "arcsinh": Function(logarithm.arcsinh),
    "arccosh": Function(logarithm.arccosh),
    "arctanh": Function(logarithm.arctanh),
    "pow": Function(power.power, arity=2),
    "cbrt": Function(roots.cbrt, (1.0, 1.0)),
    "hypot": Function(roots.hypot, arity=2),
    "sin": Function(trigonometric.sin),
    "cos": Function(trigonometric.cos),
    "tan": Function(trigonometric.tan),
    "arcsin": Function(inverse_trigonometric.arcsin),
    "arccos": Function(inverse_trigonometric.arccos),
    "arctan": Function(inverse_trigonometric.arctan),
    "arctan2": Function(inverse_trigonometric.arctan2, arity=2),
    "erf": Function(error_function.erf),
    "erfc": Function(error_function.erfc),
    "erfcx": Function(error_function.erfcx, through_double=True),
    "erfinv": Function(error_function.erfinv),
    "erfcinv": Function(error_function.erfcinv),
    "gamma": Function(gamma.gamma, through_double=True),
    "gammaln": Function(gamma.gammaln, through_double=True),
    "psi": Function(gamma.psi, through_double=True),
    "tri_gamma": Function(gamma.tri_gamma, through_double=True),
}
