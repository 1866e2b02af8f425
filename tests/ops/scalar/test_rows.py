"""All rows of the table: values against another source, data types against facts of the original, slopes, identity."""

from __future__ import annotations

import copy
import math
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.graph.walk import toposort
from croton.ops import variable as _operators  # noqa: F401  tensors have operators, and the table is full
from croton.ops.elementwise import gamma
from croton.ops.elemwise import Elemwise
from croton.ops.reduce import sum as sum_of
from croton.ops.scalar.row import ROWS, Row
from croton.vartypes.dtype import ALL, is_complex, is_discrete
from croton.vartypes.null import NullType
from croton.vartypes.tensor import TensorType

mp = mpmath.mp


def _half_away(x: Any) -> Any:
    return math.copysign(math.floor(abs(x) + 0.5), x)


def _polar(r: Any, t: Any) -> complex:
    return complex(r * mp.cos(t), r * mp.sin(t))


def _pieces(x: Any) -> float:
    h = abs(x) / 2
    z = (
        1.5 * h / (1 + h)
        if h < 1.7
        else 0.935409070603099 + 0.0458812946797165 * (h - 1.7)
        if h < 3
        else 0.99505475368673
    )
    return 0.5 * (math.copysign(z, x) + 1)


# One number to one number, from Python, `math` or mpmath: sources that the rows do not use.
TRUTH: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y, "mul": lambda x, y: x * y, "sub": lambda x, y: x - y, "neg": lambda x: -x,
    "true_div": lambda x, y: x / y, "inv": lambda x: 1 / x, "int_div": lambda x, y: x // y,
    "mod": lambda x, y: x % y,
    "pow": lambda x, y: x**y, "sqr": lambda x: x**2, "sqrt": mp.sqrt, "abs_": abs,
    "sgn": lambda x: (x > 0) - (x < 0),
    "second": lambda x, y: y, "identity": lambda x: x, "switch": lambda c, x, y: x if c else y,
    "maximum": max, "minimum": min, "clip": lambda x, low, high: low if x < low else high if x > high else x,
    "lt": lambda x, y: x < y, "gt": lambda x, y: x > y, "le": lambda x, y: x <= y, "ge": lambda x, y: x >= y,
    "eq": lambda x, y: x == y, "neq": lambda x, y: x != y, "isnan": lambda x: x != x,
    "isinf": lambda x: math.isinf(abs(x)),
    "in_range_gt_lt": lambda x, a, b: a < x < b, "in_range_ge_le": lambda x, a, b: a <= x <= b,
    "and_": lambda x, y: x & y, "or_": lambda x, y: x | y, "xor": lambda x, y: x ^ y,
    "invert": lambda x: not x if isinstance(x, bool) else ~x,
    "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "round_half_to_even": round,
    "round_half_away_from_zero": _half_away,
    "exp": mp.exp, "exp2": lambda x: mp.power(2, x), "expm1": mp.expm1, "log": mp.log,
    "log2": lambda x: mp.log(x, 2),
    "log10": mp.log10, "log1p": mp.log1p, "log1mexp": lambda x: mp.log(-mp.expm1(x)),
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan, "arctan2": mp.atan2, "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh, "arctanh": mp.atanh, "deg2rad": mp.radians, "rad2deg": mp.degrees,
    "real": lambda x: x.real, "imag": lambda x: x.imag, "conj": lambda x: x.conjugate(), "angle": mp.arg,
    "complex": complex, "complex_from_polar": _polar,
    "erf": mp.erf, "erfc": mp.erfc, "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x), "erfinv": mp.erfinv,
    "erfcinv": lambda x: mp.erfinv(1 - mp.mpf(x)), "gamma": mp.gamma,
    "gammaln": lambda x: mp.log(abs(mp.gamma(x))),
    "psi": mp.digamma, "tri_gamma": lambda x: mp.psi(1, x),
    "gammainc": lambda k, x: mp.gammainc(k, 0, x, regularized=True),
    "gammaincc": lambda k, x: mp.gammainc(k, x, mp.inf, regularized=True),
    "gammal": lambda k, x: mp.gammainc(k, 0, x), "gammau": lambda k, x: mp.gammainc(k, x, mp.inf),
    "chi2sf": lambda x, k: mp.gammainc(mp.mpf(k) / 2, mp.mpf(x) / 2, mp.inf, regularized=True),
    "j0": lambda x: mp.besselj(0, x), "j1": lambda x: mp.besselj(1, x), "jv": mp.besselj,
    "i0": lambda x: mp.besseli(0, x), "i1": lambda x: mp.besseli(1, x), "iv": mp.besseli,
    "xlogx": lambda x: x * mp.log(x) if x else 0, "xlogy0": lambda x, y: x * mp.log(y) if x else 0,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "softplus": lambda x: mp.log1p(mp.exp(x)),
    "ultra_fast_sigmoid": _pieces,
}  # fmt: skip

NAMES = [name for name in sorted(TRUTH) if name in ROWS]


def test_every_row_is_tested() -> None:
    from_elsewhere = {name for name in ROWS if name.startswith("convert_to_")}
    # Those of neural networks and of random numbers are tested beside them.
    ours = {
        name
        for name, row in ROWS.items()
        if not {"nnet", "random"} & set(getattr(row.eval, "__module__", "").split("."))
    }
    assert ours - from_elsewhere == set(NAMES)


def samples(row: Row, dtype: str, count: int = 5) -> list[np.ndarray]:
    """Values of `dtype` in the domain of `row`, one array per input, the same in each run."""
    rng = np.random.default_rng(zlib.crc32(row.name.encode()))
    nin = row.nin or 3
    domain = row.domain if isinstance(row.domain[0], tuple) else (row.domain,) * nin
    drawn = []
    for low, high in domain:
        if dtype == "bool":
            drawn.append(rng.integers(0, 2, count).astype(bool))
        elif is_discrete(dtype):
            ints = np.arange(math.ceil(low), math.floor(high) + 1)
            if dtype.startswith("u"):
                ints = ints[ints >= 0]
            drawn.append(rng.choice(ints if len(ints) else [1, 2], count).astype(dtype))
        elif is_complex(dtype):
            drawn.append((rng.uniform(low, high, count) + 1j * rng.uniform(-1, 1, count)).astype(dtype))
        else:
            drawn.append(rng.uniform(low, high, count).astype(dtype))
    return drawn


def accepted(row: Row, dtype: str) -> bool:
    try:
        row.out_dtypes([dtype] * (row.nin or 3))
    except TypeError:
        return False
    return True


REAL = [d for d in ALL if not is_complex(d)]
TOLERANCE = {"float16": 3e-3, "float32": 2e-6, "float64": 1e-13, "complex64": 2e-6, "complex128": 1e-13}


UNDEFINED_AT_FALSE = ("int_div", "mod", "true_div", "inv", "gammainc", "gammaincc", "gammal", "gammau")
CASES = [
    (name, dtype)
    for name in NAMES
    for dtype in REAL
    if accepted(ROWS[name], dtype) and not (dtype == "bool" and name in UNDEFINED_AT_FALSE)
]


def truth_of(name: str, *values: Any) -> Any:
    """What mathematics says; None at a pole."""
    if ROWS[name].nin is None:
        return sum_or_product(name, values)
    try:
        made = TRUTH[name](*values)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    if isinstance(made, mpmath.mpc):
        # Outside the domain of the real function.
        return complex(made) if any(isinstance(v, complex) for v in values) or name == "angle" else math.nan
    return made


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_values(name: str, dtype: str) -> None:
    row = ROWS[name]
    xs = samples(row, dtype)
    inner, (out,) = row.out_dtypes([dtype] * len(xs))
    (found,) = row.compute(np, xs)
    assert found.dtype == out and found.shape == (5,)
    given = [x.astype(d) for x, d in zip(xs, inner, strict=True)]
    expected = [truth_of(name, *[v.item() for v in at]) for at in zip(*given, strict=True)]
    kept = [i for i, e in enumerate(expected) if e is not None]
    if is_discrete(out):
        # Modulo the width, as the integers of the machine.
        assert found.tolist() == [
            bool(e) if out == "bool" else np.int64(int(e)).astype(out) for e in expected
        ]
    else:
        as_number = complex if is_complex(out) else float
        wide = np.array([as_number(expected[i]) for i in kept])
        tolerance = max(TOLERANCE.get(inner[0], 0), TOLERANCE[out])
        np.testing.assert_allclose(found[kept], wide, rtol=tolerance * 20, atol=tolerance)


def sum_or_product(name: str, at: tuple[Any, ...]) -> Any:
    made = at[0]
    for v in at[1:]:
        made = made + v if name == "add" else made * v
    return made


COMPLEX = [
    n
    for n in NAMES
    if n
    in set(
        """add mul sub neg true_div inv sqr sqrt exp log sin cos tanh arctan abs_ real imag conj
           angle eq neq switch second identity""".split()
    )
]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", COMPLEX)
def test_values_of_complex_numbers(name: str, dtype: str) -> None:
    row = ROWS[name]
    xs = samples(row, dtype)
    (found,) = row.compute(np, xs)
    expected = [truth_of(name, *[complex(v) for v in at]) for at in zip(*xs, strict=True)]
    assert found.dtype == row.out_dtypes([dtype] * len(xs))[1][0]
    np.testing.assert_allclose(
        found, np.array([complex(e) for e in expected]), rtol=2e-5 if dtype == "complex64" else 1e-12
    )


# -- data types: what the original says ------------------------------------------------------------------------
_SHORT = {"b": "bool", "-": "", "c64": "complex64", "c128": "complex128"}
_SHORT |= {f"{k}{n}": f"{kind}{n}" for k, kind in (("i", "int"), ("u", "uint")) for n in (8, 16, 32, 64)}
_SHORT |= {f"f{n}": f"float{n}" for n in (16, 32, 64)}

UNARY = """
-   i8  i16 i32 i64 u8  u16 u32 u64 f16 f32 f64 c64 c128 | neg
b   i8  i16 i32 i64 u8  u16 u32 u64 f16 f32 f64 f32 f64  | abs_ real imag
-   i8  i16 i32 i64 u8  u16 u32 u64 f16 f32 f64 -   -    | sgn
b   i8  i16 i32 i64 u8  u16 u32 u64 f16 f32 f64 c64 c128 | sqr identity
f32 f32 f32 f64 f64 f32 f32 f64 f64 f16 f32 f64 c64 c128 | sqrt inv exp exp2 expm1 log log2 log10 log1p sin cos
f32 f32 f32 f64 f64 f32 f32 f64 f64 f16 f32 f64 c64 c128 | arccos arctan sinh cosh tanh arcsinh arccosh arctanh
f32 f32 f32 f64 f64 f32 f32 f64 f64 f16 f32 f64 c64 c128 | tan arcsin
f32 f32 f32 f64 f64 f32 f32 f64 f64 f16 f32 f64 -   -    | floor ceil trunc erfc erfcx erfinv erfcinv softplus
-   -   -   -   -   -   -   -   -   f16 f32 f64 -   -    | round_half_to_even round_half_away_from_zero
b   i8  i16 i32 i64 u8  u16 u32 u64 -   -   -   -   -    | invert
b   b   b   b   b   b   b   b   b   b   b   b   b   b    | isnan isinf
f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64  | angle
i8  i8  i16 i32 i64 u8  u16 u32 u64 f16 f32 f64 c64 c128 | conj
"""


@pytest.mark.parametrize("line", UNARY.strip().split("\n"), ids=lambda line: line.split("| ")[1].split()[0])
def test_output_types_of_one_input(line: str) -> None:
    outs, names = line.split("|")
    for name in names.split():
        for dtype, out in zip(ALL, outs.split(), strict=True):
            if out == "-":
                with pytest.raises(TypeError):
                    ROWS[name].out_dtypes([dtype])
            else:
                assert ROWS[name].out_dtypes([dtype])[1] == (_SHORT[out],), (name, dtype)


@pytest.mark.parametrize(
    ("names", "facts"),
    [
        ("add mul maximum minimum int_div mod", "b,b:b i8,u8:i16 i8,u64:f64 i64,u64:f64 i8,f16:f16 i16,f16:f32"),
        ("add mul pow", "b,i8:i8 u8,u16:u16 f32,c64:c64 i32,c64:c128 f64,c64:c128 f16,f32:f32"),
        ("sub", "b,b:- b,i8:i8 u8,u8:u8 i16,u32:i64 f16,u16:f32"),
        ("pow", "b,b:i8 i8,i8:i8 i64,f16:f64"),
        ("true_div", "b,b:f64 i8,i8:f64 u64,i64:f64 i8,f16:f16 i16,f16:f32 i64,f32:f64 f32,f32:f32 i64,c64:c128"),
        ("arctan2", "i8,i8:f32 i32,i8:f64 i8,f16:f32 f16,f16:f16 f32,f64:f64"),
        ("lt eq neq", "b,b:b i8,f64:b c64,c64:b"),
        ("and_ or_ xor", "b,b:b i8,u8:i16 i64,u64:f64 b,i8:- i8,f32:- f32,f32:- c64,i8:-"),
        ("second", "i8,f32:f32 f64,b:b c64,i16:i16"),
        ("complex complex_from_polar", "i8,i8:c64 i32,i8:c128 f32,f32:c64 f16,f16:c64 f64,f32:c128 c64,f32:-"),
        ("chi2sf", "i8,i8:f64 f32,f32:f64"),
    ],
)  # fmt: skip
def test_output_types_of_two_inputs(names: str, facts: str) -> None:
    for name in names.split():
        for fact in facts.split():
            ins, out = fact.split(":")
            dtypes = [_SHORT[d] for d in ins.split(",")]
            if out == "-" or (name in ("and_", "or_", "xor") and _SHORT[out] == "float64"):
                # The original takes int64 with uint64 here, to fail when it computes bits of float64.
                if out == "-":
                    with pytest.raises(TypeError):
                        ROWS[name].out_dtypes(dtypes)
            else:
                assert ROWS[name].out_dtypes(dtypes)[1] == (_SHORT[out],), (name, fact)


def test_wrong_number_of_inputs() -> None:
    with pytest.raises(TypeError, match=r"Wrong number of inputs for exp.*got 2, expected 1"):
        ROWS["exp"].make_node(1.0, 2.0)
    with pytest.raises(TypeError, match="at least one"):
        ROWS["add"].make_node()


# -- slopes ----------------------------------------------------------------------------------------------------
def evaluated(outputs: list[Any], inputs: list[Any], values: list[np.ndarray]) -> list[np.ndarray]:
    """The values of `outputs`, by each operation's own evaluation."""
    found: dict[Any, Any] = dict(zip(inputs, values, strict=True))

    def value_of(v: Any) -> Any:
        return found[v] if v in found else v.data

    for node in toposort(outputs, inputs):
        cells: list[list[Any]] = [[None] for _ in node.outputs]
        node.op.perform(node, [value_of(v) for v in node.inputs], cells)
        found.update((v, cell[0]) for v, cell in zip(node.outputs, cells, strict=True))
    return [value_of(v) for v in outputs]


DIFFERENTIABLE = [n for n in NAMES if ROWS[n].row_grad is not None and accepted(ROWS[n], "float64")]


@pytest.mark.parametrize("name", [n for n in DIFFERENTIABLE if n not in ("complex", "complex_from_polar")])
def test_gradient(name: str) -> None:
    row = ROWS[name]
    values = samples(row, "float64")
    xs = [TensorType("float64", (None,))() for _ in values]
    y = Elemwise(row)(*xs)
    found = grad(
        sum_of(y), xs, disconnected_inputs="ignore", return_disconnected="zero", null_gradients="return"
    )
    for i, g in enumerate(found):
        if isinstance(g.type, NullType):
            continue
        assert g.type.dtype == "float64"
        numeric = []
        for step in (1e-6, -1e-6):
            moved = list(values)
            moved[i] = values[i] + step
            numeric.append(row.compute(np, moved)[0])
        slope = (numeric[0] - numeric[1]) / 2e-6
        if row.name in ("floor", "ceil", "trunc", "int_div") or name.startswith("round"):
            slope = np.zeros(5)
        (got,) = evaluated([g], xs, values)
        np.testing.assert_allclose(got, slope, rtol=2e-6, atol=2e-8, err_msg=f"input {i} of {name}")


@pytest.mark.parametrize(
    "name", "add mul sub true_div sqr exp log sin sqrt tanh pow abs_ real imag angle conj".split()
)
def test_gradient_of_complex_numbers(name: str) -> None:
    """The cotangent of z = a + ib is dC/da + i dC/db, here of C = sum(real(y) + 2 imag(y))."""
    row = ROWS[name]
    values = [v + 2.5 for v in samples(row, "complex128")]
    xs = [TensorType("complex128", (None,))() for _ in values]
    y = Elemwise(row)(*xs)

    def cost(at: list[np.ndarray]) -> np.ndarray:
        (made,) = row.compute(np, at)
        return made.real + 2 * made.imag

    total = sum_of(Elemwise(ROWS["real"])(y) + 2 * Elemwise(ROWS["imag"])(y))
    for i, g in enumerate(grad(total, xs)):
        (got,) = evaluated([g], xs, values)
        slope = np.zeros(5, dtype="complex128")
        for direction in (1, 1j):
            ahead, behind = list(values), list(values)
            ahead[i], behind[i] = values[i] + 1e-6 * direction, values[i] - 1e-6 * direction
            slope += direction * (cost(ahead) - cost(behind)) / 2e-6
        np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-8)


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("abs_", [[-2.0, -0.0, 0.0, 3.0, NAN]], [[-1, 0, 0, 1, NAN]]),
        ("sgn", [[-2.0, 0.0, NAN]], [[0, 0, 0]]),
        ("maximum", [[1.0, 0.0, NAN, 1.0], [1.0, 2.0, 1.0, NAN]], [[1, 0, 0, 0], [0, 1, 1, 1]]),
        ("minimum", [[1.0, 0.0, NAN, 1.0], [1.0, 2.0, 1.0, NAN]], [[1, 1, 0, 0], [0, 0, 1, 1]]),
        ("clip", [[-1.0, 0.0, 0.5, 1.0, 2.0, NAN], [0.0] * 6, [1.0] * 6],
         [[0, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0]]),
        ("pow", [[0.0, 0.0, 0.0, 2.0, -1.0], [2.0, 1.0, 0.5, 0.0, 2.0]],
         [[0, 1, INF, 0, -2], [0, 0, 0, math.log(2), NAN]]),
        ("sqrt", [[0.0, 4.0]], [[INF, 0.25]]),
        ("switch", [[0.0, 1.0, NAN], [1.0] * 3, [2.0] * 3], [[0, 0, 0], [0, 1, 1], [1, 0, 0]]),
        ("xlogy0", [[0.0, 0.0, 2.0], [1.0, 2.0, 4.0]], [[0, math.log(2), math.log(4)], [0, 0, 0.5]]),
        ("mod", [[7.0, -7.0], [-3.0, 3.0]], [[1, 1], [3, 3]]),
        ("j1", [[0.0]], [[0.5]]),
        ("i1", [[0.0]], [[0.5]]),
    ],
)  # fmt: skip
def test_gradient_at_ties_and_zeros(name: str, at: list[list[float]], expected: list[list[float]]) -> None:
    values = [np.array(v) for v in at]
    xs = [TensorType("float64", (None,))() for _ in values]
    found = grad(sum_of(Elemwise(ROWS[name])(*xs)), xs)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(evaluated([g], xs, values)[0], e)


def test_gradient_that_has_no_formula() -> None:
    from croton.errors import NullTypeGradError

    v, x = (TensorType("float64", (None,))() for _ in range(2))
    with pytest.raises(
        NullTypeGradError, match="gradient of jv with respect to its argument `v` is not implemented"
    ):
        grad(sum_of(Elemwise(ROWS["jv"])(v, x)), v)


# -- identity --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(ROWS))
def test_identity(name: str) -> None:
    row = ROWS[name]
    assert pickle.loads(pickle.dumps(row)) == row
    assert copy.deepcopy(row) == row and hash(copy.deepcopy(row)) == hash(row)
    assert [other for other in ROWS.values() if other == row] == [row]
    assert row.__doc__ and row.__doc__.endswith(".")
    assert row.nin is None or row.nin >= 1
    assert str(row)


@pytest.mark.parametrize("name", [n for n in NAMES if ROWS[n].keeps_zero])
def test_zero_stays(name: str) -> None:
    row = ROWS[name]
    dtype = "bool" if not accepted(row, "float64") else "float64"
    rest = [np.ones(1, dtype)] * ((row.nin or 2) - 1)
    assert row.compute(np, [np.zeros(1, dtype), *rest])[0][0] == 0


def test_facts_about_commutativity_hold() -> None:
    for name in NAMES:
        row = ROWS[name]
        if row.commutative:
            dtype = "float64" if accepted(row, "float64") else "int32"
            a, b = samples(row, dtype)[:2]
            assert np.array_equal(row.compute(np, [a, b])[0], row.compute(np, [b, a])[0]), name


def test_float32_is_computed_in_float32() -> None:
    for name in (
        "exp",
        "sigmoid",
        "sqrt",
        "mul",
        "ultra_fast_sigmoid",
        "round_half_away_from_zero",
        "gammaln",
        "erf",
    ):
        row = ROWS[name]
        inner, _ = row.out_dtypes(["float32"] * (row.nin or 2))
        assert set(inner) == {"float32"}
        made = row.eval(np, *samples(row, "float32")[: row.nin or 2])
        assert made.dtype == np.float32, name


@pytest.mark.parametrize("mode", ["NUMPY", "CPU"])
def test_poles_of_gamma_are_infinite(mode: str) -> None:
    x = np.array([0.0, -0.0, -1.0, -106.0, -751.0, np.inf, -np.inf, np.nan, 3.0, -0.5])
    expected = [np.inf] * 6 + [-np.inf, np.nan, 2.0, -2 * math.sqrt(math.pi)]
    variable = TensorType("float64", (None,))()
    np.testing.assert_allclose(function([variable], gamma(variable), mode=mode)(x), expected, rtol=1e-14)


def test_python_numbers_are_taken_as_they_are() -> None:
    assert ROWS["add"].impl(100, 100) == 200 and type(ROWS["add"].impl(1, 2)) is int
    assert ROWS["int_div"].impl(-7, 2) == -4 and ROWS["mod"].impl(-7, 2) == 1
    assert ROWS["add"].impl(np.int8(100), np.int8(100)) == np.int8(-56)
