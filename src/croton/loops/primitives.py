"""The primitives: their names, how many operands they take, of which types, and the type of the result."""

from __future__ import annotations

from croton.util.record import record

SIGNED = frozenset({"int8", "int16", "int32", "int64"})
UNSIGNED = frozenset({"uint8", "uint16", "uint32", "uint64"})
INTEGER = SIGNED | UNSIGNED
FLOAT = frozenset({"float16", "float32", "float64"})
BOOL = frozenset({"bool"})
NUMBER = INTEGER | FLOAT
ANY = NUMBER | BOOL
DTYPES = ANY


@record(frozen=True)
class Signature:
    """All operands have one type, out of `dtypes`; the result has it too, or is bool."""

    arity: int
    dtypes: frozenset[str]
    to_bool: bool = False
    cost: int = 1  # in additions, roughly: decides about unrolling and masks


# On bool: add, maximum are or; mul, minimum are and, as in NumPy.
PRIMITIVES: dict[str, Signature] = {
    "add": Signature(2, ANY),
    "sub": Signature(2, NUMBER),
    "mul": Signature(2, ANY),
    "div": Signature(2, FLOAT, cost=4),
    "floordiv": Signature(2, NUMBER, cost=20),  # Python's sign; an integer by 0 gives 0
    "mod": Signature(2, NUMBER, cost=20),
    "neg": Signature(1, NUMBER),
    "abs": Signature(1, ANY),
    "minimum": Signature(2, ANY, cost=2),  # NaN if either is
    "maximum": Signature(2, ANY, cost=2),
    "sign": Signature(1, NUMBER, cost=3),
    "sqrt": Signature(1, FLOAT, cost=6),
    "floor": Signature(1, FLOAT),
    "ceil": Signature(1, FLOAT),
    "trunc": Signature(1, FLOAT),
    "rint": Signature(1, FLOAT),  # halves to even
    "copysign": Signature(2, FLOAT),
    "fma": Signature(3, FLOAT),
    "isnan": Signature(1, FLOAT, to_bool=True),
    "isinf": Signature(1, FLOAT, to_bool=True),
    "eq": Signature(2, ANY, to_bool=True),
    "ne": Signature(2, ANY, to_bool=True),
    "lt": Signature(2, ANY, to_bool=True),
    "le": Signature(2, ANY, to_bool=True),
    "gt": Signature(2, ANY, to_bool=True),
    "ge": Signature(2, ANY, to_bool=True),
    "and_": Signature(2, INTEGER | BOOL),
    "or_": Signature(2, INTEGER | BOOL),
    "xor": Signature(2, INTEGER | BOOL),
    "invert": Signature(1, INTEGER | BOOL),
    "shl": Signature(2, INTEGER, cost=2),  # by the width or more, or by less than 0: 0
    "shr": Signature(2, INTEGER, cost=2),  # likewise; -1 if the first is negative
    "ipow": Signature(2, INTEGER, cost=60),  # wraps; to a negative power: 0 but for bases 1 and -1
}

# Elementary and special functions: emitted by croton.backends.cpu.vecmath under the same names.
UNARY_FUNCTIONS = (
    "exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "erf", "erfc", "erfcx", "erfinv", "erfcinv", "gamma",
    "gammaln", "psi", "tri_gamma", "sigmoid", "softplus", "log1mexp", "cbrt",
)  # fmt: skip
BINARY_FUNCTIONS = ("pow", "arctan2", "hypot")
FUNCTIONS = frozenset({*UNARY_FUNCTIONS, *BINARY_FUNCTIONS})

PRIMITIVES.update({name: Signature(1, FLOAT, cost=20) for name in UNARY_FUNCTIONS})
PRIMITIVES.update({name: Signature(2, FLOAT, cost=30) for name in BINARY_FUNCTIONS})
