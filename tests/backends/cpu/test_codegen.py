"""Native code of kernels against the interpreter and against NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croton.backends.cpu import vecmath
from croton.backends.cpu.call import call_loops, call_nest, nest_ranges
from croton.backends.cpu.codegen.emitter import number
from croton.backends.cpu.codegen.target import Target
from croton.loops import interp
from croton.loops.build import Builder
from croton.loops.ir import Kernel
from croton.loops.primitives import FLOAT, FUNCTIONS, INTEGER, PRIMITIVES
from croton.loops.verify import verify

SIZES = (0, 1, 7, 8, 9, 63, 64, 65, 1000, 100_000)
DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
)
RNG = np.random.default_rng(7)
TARGETS = {"host": None, "narrow": Target(16, masks=False), "avx2": Target(32, masks=False)}
targets = pytest.mark.parametrize("target", list(TARGETS))


def run_nest(
    kernel: Kernel, arrays: Sequence[np.ndarray], args: dict[str, int], target: str = "host"
) -> None:
    call_nest(verify(kernel), arrays, args, TARGETS[target])


def run_loops(
    kernel: Kernel, arrays: Sequence[np.ndarray], params: Sequence[int], n: int, target: str = "host"
) -> tuple[int, list[int]]:
    return call_loops(verify(kernel), arrays, params, n, TARGETS[target])


def ranges(shape: tuple[int, ...]) -> dict[str, int]:
    return nest_ranges(*shape)


def compare_nest(
    kernel: Kernel,
    arrays: Sequence[np.ndarray],
    shape: tuple[int, int, int],
    rtol: float = 0.0,
    target: str = "host",
) -> list[np.ndarray]:
    """Run natively and by the interpreter on copies; what the native run left, found to agree."""
    native, expected = ([a.copy(order="K") for a in arrays] for _ in range(2))
    run_nest(kernel, native, ranges(shape), target)
    interp.run(kernel, expected, ranges(shape))
    for n, e in zip(native, expected, strict=True):
        assert_same(n, e, rtol)
    return native


def assert_same(x: np.ndarray, y: np.ndarray, rtol: float) -> None:
    """Equal to the bit but for NaN's payload, or within a relative tolerance."""
    assert x.dtype == y.dtype
    if rtol:
        np.testing.assert_allclose(x, y, rtol=rtol, atol=0, equal_nan=True)
        return
    np.testing.assert_array_equal(x, y)
    if x.dtype.kind == "f":
        some = ~np.isnan(x)
        np.testing.assert_array_equal(np.signbit(x)[some], np.signbit(y)[some])


def sample(dtype: str, n: int) -> np.ndarray:
    """Values of all sizes and signs, the special ones among them."""
    kind = np.dtype(dtype)
    if dtype == "bool":
        return RNG.integers(0, 2, n).astype(bool)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        x = RNG.integers(info.min, info.max, n, dtype=kind, endpoint=True)
        small = RNG.integers(max(info.min, -9), 10, n).astype(kind)
        x = np.where(RNG.random(n) < 0.5, small, x)
        special = [info.min, info.max, 0, 1]
    else:
        x = (RNG.standard_normal(n) * 10.0 ** RNG.integers(-3, 4, n)).astype(kind)
        special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -2.5, 0.5]
    x[: len(special)] = np.array(special, kind)[:n]
    return RNG.permutation(x)


def elementwise(build: Any, dtypes: list[str], out: str) -> Kernel:
    """out = build(b, *inputs)."""
    b = Builder("E")
    xs = [b.buffer(f"x{k}", d) for k, d in enumerate(dtypes)]
    y = b.buffer("y", out)
    with b.loop("o"), b.loop("v", kind="vector"):
        b.store(y, build(b, *[b.load(x) for x in xs]))
    return b.kernel()


def rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(1, 1, -1)


@targets
@pytest.mark.parametrize("n", SIZES)
def test_elementwise_sizes(n: int, target: str) -> None:
    b = Builder("E")
    x, w, y, z = (
        b.buffer(k, d, a)
        for k, d, a in [
            ("x", "float64", "unit"),
            ("w", "float32", "splat"),
            ("y", "float64", "unit"),
            ("z", "bool", "unit"),
        ]
    )
    with b.loop("o"), b.loop("v", kind="vector"):
        v = b.load(x)
        b.store(y, v * b.cast(b.load(w), "float64") + 0.1)
        b.store(z, v > 0)
    base = sample("float64", 3 * n + 1)[1:].reshape(3, 1, n)  # not aligned to vectors
    arrays = [base, sample("float32", 3).reshape(3, 1, 1), np.full((3, 1, n), 9.0), np.zeros((3, 1, n), bool)]
    compare_nest(b.kernel(), arrays, (3, 1, n), target=target)


@targets
@pytest.mark.parametrize("n", SIZES)
def test_places_are_addresses(n: int, target: str) -> None:
    b = Builder("E")
    place, y = b.buffer("place", "int64", "place"), b.buffer("y", "int64")
    with b.loop("o"), b.loop("v", kind="vector"):
        b.store(y, b.load(place) * 2)
    nowhere, found = np.zeros((3, 1, n), "uint8"), np.zeros((3, 1, n), "int64")
    run_nest(b.kernel(), [nowhere, found], ranges((3, 1, n)), target)
    np.testing.assert_array_equal(found.ravel(), 2 * (nowhere.ctypes.data + np.arange(3 * n)))


NAMES = sorted(set(PRIMITIVES) - FUNCTIONS - {"fma"})


@pytest.mark.parametrize(
    ("name", "dtype"), [(p, d) for p in NAMES for d in DTYPES if d in PRIMITIVES[p].dtypes]
)
def test_primitives(name: str, dtype: str) -> None:
    """Each primitive on each type is what NumPy computes."""
    signature = PRIMITIVES[name]
    kernel = elementwise(
        lambda b, *xs: b.prim(name, *xs), [dtype] * signature.arity, "bool" if signature.to_bool else dtype
    )
    n = 130
    xs = [sample(dtype, n) for _ in range(signature.arity)]
    if name in ("minimum", "maximum") and dtype in FLOAT:
        xs = [x + 0 for x in xs]  # which of two zeros is the lesser is open
    compare_nest(
        kernel, [*map(rows, xs), rows(np.zeros(n, "bool" if signature.to_bool else dtype))], (1, 1, n)
    )


@pytest.mark.parametrize("source", DTYPES)
def test_casts(source: str) -> None:
    """Casts are NumPy's, those that overflow included, as far as NumPy has one answer."""
    n = 200
    for target in DTYPES:
        kernel = elementwise(lambda b, x, t=target: b.cast(x, t), [source], target)
        x = sample(source, n)
        if source in FLOAT and target in INTEGER:
            with np.errstate(over="ignore"):
                wide = np.concatenate([x, (RNG.standard_normal(n) * 1e12).astype(source)])
            safe = wide.astype("float64")
            bits = 8 * np.dtype(target).itemsize
            fits = np.isfinite(safe) & (np.abs(safe) < 2.0 ** min(bits - 1, 31 if bits < 32 else 64))
            x = np.where(fits, wide, np.float64(3.0).astype(source))
            if target[0] == "u":
                x = np.abs(x)
        compare_nest(kernel, [rows(x), rows(np.zeros(len(x), target))], (1, 1, len(x)))


def test_casts_out_of_range() -> None:
    """Floats that no integer holds give x86's indefinite integer, never an undefined value."""
    x = np.array([np.nan, np.inf, -np.inf, 1e300, -1e300, 2.0**63, -(2.0**63)])
    for target, least in (("int32", -(2**31)), ("int64", -(2**63)), ("int8", 0), ("uint8", 0), ("uint32", 0)):
        kernel = elementwise(lambda b, v, t=target: b.cast(v, t), ["float64"], target)
        y = np.ones(7, target)
        run_nest(kernel, [rows(x), rows(y)], ranges((1, 1, 7)))
        assert y.tolist() == [least] * 7


def random_value(data: Any, b: Builder, pool: list[Any]) -> Any:
    """One more value out of those there are: exact primitives only, so that the interpreter has the same bits."""
    x = data.draw(st.sampled_from(pool))
    y = data.draw(st.sampled_from([p for p in pool if p.dtype == x.dtype]))
    what = data.draw(st.integers(0, 5))
    if what == 0:
        return data.draw(st.sampled_from([b.lt, b.ge, b.eq, b.ne]))(x, y)
    if what == 1:
        return b.select(data.draw(st.sampled_from([p for p in pool if p.dtype == "bool"])), x, y)
    if what == 2:
        other = {"bool": "int32", "int32": "float64", "float32": "float64", "float64": "float32"}
        return b.cast(x, other[x.dtype])
    if x.dtype == "bool":
        return data.draw(st.sampled_from([b.and_, b.or_, b.xor]))(x, y)
    exact = [b.add, b.sub, b.mul]
    if x.dtype == "int32":
        exact += [b.floordiv, b.mod, b.minimum, b.maximum, b.xor, b.shl, b.shr]
    else:
        exact += [b.div, b.copysign]
    return data.draw(st.sampled_from(exact))(x, y)


@given(st.data())
def test_random_expressions(data: Any) -> None:
    b = Builder("E")
    dtypes = ["float64", "float32", "int32", "bool"]
    buffers = [b.buffer(d, d, data.draw(st.sampled_from(["unit", "splat"]))) for d in dtypes]
    outs = [b.buffer(f"y{d}", d) for d in dtypes]
    with b.loop("o"), b.loop("v", kind="vector"):
        pool = [b.load(x) for x in buffers]
        for _ in range(data.draw(st.integers(1, 25))):
            pool.append(random_value(data, b, pool))
        for out in outs:
            b.store(out, next(p for p in reversed(pool) if p.dtype == out.dtype))
    n = data.draw(st.sampled_from([1, 9, 40]))
    arrays = [sample(x.dtype, 2 * (n if x.access == "unit" else 1)).reshape(2, 1, -1) for x in buffers]
    target = data.draw(st.sampled_from(list(TARGETS)))
    compare_nest(b.kernel(), [*arrays, *(np.zeros((2, 1, n), d) for d in dtypes)], (2, 1, n), target=target)


def test_float64_to_float16_rounds_once() -> None:
    kernel = elementwise(lambda b, v: b.cast(v, "float16"), ["float64"], "float16")
    halves = np.arange(0, 0x7C00, 7, dtype=np.uint16).view(np.float16).astype(np.float64)
    ties = (halves[1:] + halves[:-1]) / 2
    x = np.concatenate(
        [ties, ties * (1 + 2.0**-40), ties * (1 - 2.0**-40), [65519.99, 65520.0, 1e-300, 1e300, np.nan]]
    )
    y = np.zeros(len(x), np.float16)
    run_nest(kernel, [rows(x), rows(y)], ranges((1, 1, len(x))))
    with np.errstate(over="ignore"):
        assert_same(y, x.astype(np.float16), 0)


def reduction(kind: str, dtype: str, inner: bool) -> Kernel:
    """One accumulator over (r, v) per o, or over r per (o, v)."""
    b = Builder("RI" if inner else "RO")
    x = b.buffer("x", dtype)
    y = b.buffer("y", dtype, "splat" if inner else "unit")
    arg = kind.startswith("arg")
    i = b.buffer("i", "int64", "splat" if inner else "unit") if arg else None
    if inner:
        with b.loop("o"):
            acc = b.accumulator(kind, dtype)
            with b.loop("r") as r, b.loop("v", kind="vector") as v:
                acc.update(b.load(x), *([r * b.extent("v") + v] if arg else []))
            b.store(y, acc.values[0])
            if i is not None:
                b.store(i, acc.values[1])
    else:
        with b.loop("o"), b.loop("v", kind="vector"):
            acc = b.accumulator(kind, dtype)
            with b.loop("r") as r:
                acc.update(b.load(x), *([r] if arg else []))
            b.store(y, acc.values[0])
            if i is not None:
                b.store(i, acc.values[1])
    return b.kernel()


REDUCTIONS = [("add", d) for d in ("int32", "float32", "float64", "int64")] + [
    ("mul", "int64"), ("maximum", "float64"), ("minimum", "int8"), ("or_", "bool"), ("and_", "bool"), ("xor", "int32"),
    ("argmax", "float32"), ("argmin", "float64"), ("argmax", "int32"), ("argmax", "bool"), ("maximum", "float16"),
]  # fmt: skip


@targets
@pytest.mark.parametrize(("kind", "dtype"), REDUCTIONS)
def test_reduce_inner(kind: str, dtype: str, target: str) -> None:
    kernel = reduction(kind, dtype, inner=True)
    for r, v in [(1, 0), (0, 5), (1, 1), (1, 7), (3, 9), (1, 64), (2, 65), (1, 1000), (300, 3)]:
        x = sample(dtype, 3 * r * v).reshape(3, r, v)
        if kind == "add" and dtype in FLOAT:
            x = np.abs(np.nan_to_num(x, posinf=1, neginf=1))
        out = [np.zeros((3, 1, 1), dtype)] + [np.zeros((3, 1, 1), "int64")] * kind.startswith("arg")
        compare_nest(kernel, [x, *out], (3, r, v), 1e-5 if kind == "add" and dtype in FLOAT else 0, target)


@targets
@pytest.mark.parametrize(("kind", "dtype"), REDUCTIONS)
def test_reduce_outer(kind: str, dtype: str, target: str) -> None:
    kernel = reduction(kind, dtype, inner=False)
    for r, v in [(4, 0), (0, 5), (1, 1), (5, 7), (3, 65), (300, 33)]:
        x = sample(dtype, 2 * r * v).reshape(2, r, v)
        if kind == "add" and dtype in FLOAT:
            x = np.abs(np.nan_to_num(x, posinf=1, neginf=1))
        out = [np.zeros((2, 1, v), dtype)] + [np.zeros((2, 1, v), "int64")] * kind.startswith("arg")
        compare_nest(kernel, [x, *out], (2, r, v), 1e-5 if kind == "add" and dtype in FLOAT else 0, target)


@targets
@pytest.mark.parametrize("given", ["float32", "int16"])
def test_sums_of_any_number_of_columns(given: str, target: str) -> None:
    """To the bit, and in any direction: wide rounds, narrow ones, and the ranges in which threads do them."""
    b = Builder("RO")
    x, y = b.buffer("x", given), b.buffer("y", "float64")
    with b.loop("o"), b.loop("v", kind="vector"):
        total = b.accumulator("add", "float64")
        with b.loop("r"):
            total.update(b.cast(b.load(x), "float64"))
        b.store(y, total.value)
    kernel = b.kernel()
    for v in (1, 2, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 80, 81, 96, 100, 127, 128, 129, 300):
        values = sample(given, 2 * 41 * (v + 3)).reshape(2, 41, v + 3)[:, ::-1, :v]
        (_, whole) = compare_nest(kernel, [values, np.zeros((2, 1, v))], (2, 41, v), target=target)
        parts = np.zeros_like(whole)
        for lo in range(0, v, 64):
            cut = {**ranges((2, 41, v)), "v_lo": lo, "v_hi": min(v, lo + 64)}
            run_nest(kernel, [values, parts], cut, target)
        assert_same(parts, whole, 0)


def test_arguments_of_extremes_are_numpys() -> None:
    kernel = reduction("argmax", "float64", inner=True)
    for x in (
        np.array([1.0, 3, 3, 2]),
        np.array([1, np.nan, 5, np.nan]),
        np.full(70, -np.inf),
        np.r_[np.zeros(99), 1, 1],
    ):
        y, i = np.zeros((1, 1, 1)), np.zeros((1, 1, 1), np.int64)
        run_nest(kernel, [rows(x), y, i], ranges((1, 1, len(x))))
        assert i.item() == np.argmax(x)
        np.testing.assert_equal(y.item(), np.max(x))


def test_long_sums_stay_accurate() -> None:
    kernel = reduction("add", "float32", inner=True)
    x = RNG.random(1_000_003).astype(np.float32)
    y = np.zeros((1, 1, 1), np.float32)
    run_nest(kernel, [rows(x), y], ranges((1, 1, len(x))))
    assert abs(y.item() / x.astype(np.float64).sum() - 1) < 3e-7
    outer = reduction("add", "float32", inner=False)
    z = np.zeros((1, 1, 3), np.float32)
    run_nest(outer, [x[:999_999].reshape(1, -1, 3), z], ranges((1, 333_333, 3)))
    np.testing.assert_allclose(z[0, 0], x[:999_999].astype(np.float64).reshape(-1, 3).sum(0), rtol=1e-6)


def softmax(dtype: str, keep: bool) -> Kernel:
    """Three visits of a row; the exponentials are kept in the output or in scratch memory."""
    b = Builder("RI")
    x, y, s = b.buffer("x", dtype), b.buffer("y", dtype), b.buffer("s", dtype, "splat")
    t = b.scratch("t", dtype) if keep else y
    with b.loop("o"):
        top = b.accumulator("maximum", dtype)
        with b.loop("r"), b.loop("v", kind="vector"):
            top.update(b.load(x))
        total = b.accumulator("add", dtype, 0.0)
        with b.loop("r"), b.loop("v", kind="vector"):
            e = b.exp(b.load(x) - top.value)
            b.store(t, e)
            total.update(e)
        scale = 1 / total.value
        with b.loop("r"), b.loop("v", kind="vector"):
            b.store(y, b.load(t) * scale)
        b.store(s, b.log(total.value) + top.value)
    return b.kernel()


@targets
@pytest.mark.parametrize("keep", [False, True])
def test_stages_of_rows(keep: bool, target: str) -> None:
    kernel = softmax("float64", keep)
    for r, v in [(1, 1), (1, 10), (3, 33), (1, 257)]:
        x = RNG.standard_normal((4, r, v)) * 5
        _, y, s = compare_nest(
            kernel, [x, np.zeros((4, r, v)), np.zeros((4, 1, 1))], (4, r, v), 1e-13, target
        )
        np.testing.assert_allclose(y.sum((1, 2)), 1)
        np.testing.assert_allclose(s[:, 0, 0], np.log(np.exp(x).sum((1, 2))))


def test_in_place() -> None:
    """An output may be an input, also when it is read in several stages."""
    x = RNG.standard_normal((4, 1, 37))
    expected, y, s = x.copy(), x.copy(), np.zeros((4, 1, 1))
    run_nest(softmax("float64", keep=False), [x, expected, s], ranges(x.shape))
    run_nest(softmax("float64", keep=False), [y, y, s], ranges(x.shape))
    assert_same(y, expected, 0)


@targets
def test_stages_of_columns(target: str) -> None:
    """Variance along the outer axis, and the normalised values at (o, r, v)."""
    b = Builder("RO")
    x, y, m = b.buffer("x", "float32"), b.buffer("y", "float32"), b.buffer("m", "float64")
    with b.loop("o"), b.loop("v", kind="vector"):
        total = b.accumulator("add", "float64", 0.0)
        with b.loop("r"):
            total.update(b.cast(b.load(x), "float64"))
        mean = total.value / b.cast(b.extent("r"), "float64")
        b.store(m, mean)
        squares = b.accumulator("add", "float64", 0.0)
        with b.loop("r"):
            d = b.cast(b.load(x), "float64") - mean
            squares.update(d * d)
        scale = 1 / b.sqrt(squares.value)
        with b.loop("r"):
            b.store(y, b.cast((b.cast(b.load(x), "float64") - mean) * scale, "float32"))
    kernel = b.kernel()
    for v in (1, 7, 16, 33, 100):
        data = RNG.standard_normal((2, 5, v)).astype(np.float32)
        compare_nest(kernel, [data, np.zeros_like(data), np.zeros((2, 1, v))], (2, 5, v), 1e-5, target)


@targets
@pytest.mark.parametrize("dtype", ["bool", "int16", "float16", "float32", "float64"])
def test_spaced_buffers(dtype: str, target: str) -> None:
    b = Builder("RO")
    x, y = (b.buffer(name, dtype, "spaced") for name in "xy")
    total = b.buffer("total", dtype)
    with b.loop("o"), b.loop("v", kind="vector"):
        top = b.accumulator("maximum", dtype)
        with b.loop("r"):
            top.update(b.load(x))
        with b.loop("r"):
            b.store(y, b.maximum(b.load(x), top.value))
        b.store(total, top.value)
    values = RNG.integers(0, 100, (2, 70, 5)).astype(dtype).swapaxes(1, 2)
    out, best = np.zeros((2, 70, 10), dtype).swapaxes(1, 2)[:, ::2], np.empty((2, 1, 70), dtype)
    run_nest(b.kernel(), [values, out, best], ranges((2, 5, 70)), target)
    assert (best[:, 0] == values.max(axis=1)).all()
    assert (out == values.max(axis=1, keepdims=True)).all()


@targets
def test_own_combination(target: str) -> None:
    """Mean and squared deviations merged by the parallel formula (source: Chan, Golub, LeVeque 1979)."""
    b = Builder("RI")
    x, y, z = b.buffer("x", "float64"), b.buffer("y", "float64", "splat"), b.buffer("z", "float64", "splat")

    def merge(left: Any, right: Any) -> Any:
        (n, m, q), (k, a, s) = left, right
        both = n + k
        part = b.select(both > 0, k / both, 0.0)
        d = a - m
        return both, m + d * part, q + s + d * d * n * part

    with b.loop("o"):
        zero = b.const(0.0, "float64")
        acc = b.accumulators([zero, zero, zero], [0.0, 0.0, 0.0], merge)
        with b.loop("r"), b.loop("v", kind="vector"):
            acc.update(1.0, b.load(x), 0.0)
        n, m, q = acc.values
        b.store(y, m)
        b.store(z, q / n)
    kernel = b.kernel()
    data = RNG.standard_normal((2, 3, 133)) + 1e3
    out = compare_nest(kernel, [data, np.zeros((2, 1, 1)), np.zeros((2, 1, 1))], (2, 3, 133), 1e-9, target)
    np.testing.assert_allclose(out[2][:, 0, 0], data.var((1, 2)), rtol=1e-9)


def test_ranges_do_not_change_bits() -> None:
    """Cut in any way along o or v, the elements are the same."""
    kernel = elementwise(lambda b, x: b.exp(x) * 3 + b.tanh(x), ["float32"], "float32")
    x = sample("float32", 2 * 101).reshape(2, 1, 101)
    whole, parts = np.zeros_like(x), np.zeros_like(x)
    run_nest(kernel, [x, whole], ranges(x.shape))
    for lo, hi in ((0, 5), (5, 64), (64, 101)):
        run_nest(kernel, [x, parts], {**ranges(x.shape), "v_lo": lo, "v_hi": hi})
    assert_same(whole, parts, 0)
    single = np.zeros_like(x)
    run_nest(kernel, [x, single], ranges(x.shape), "narrow")
    assert_same(whole, single, 0)


def strided(b: Builder, name: str, dtype: str, params: int, unit: bool = False) -> Any:
    strides = [b.param(f"{name}{k}") for k in range(params - unit)]
    return b.buffer(name, dtype, strides=[*strides, *([np.dtype(dtype).itemsize] if unit else [])])


@targets
def test_running_sum(target: str) -> None:
    b = Builder("L")
    n = b.param("n")
    x, y = strided(b, "x", "float64", 2), strided(b, "y", "float64", 2)
    with b.loop("i", parallel=True) as i:
        s = b.variable(b.const(0.0, "float64"))
        with b.loop("j", 0, n) as j:
            s.value = s.value + b.load(x, i, j)
            b.store(y, s.value, i, j)
    a = np.asfortranarray(RNG.standard_normal((5, 9)))
    out = np.zeros((5, 9))
    assert run_loops(b.kernel(), [a, out], [9, *a.strides, *out.strides], 5, target)[0] == 0
    assert_same(out, np.cumsum(a, axis=1), 0)


def gather() -> Kernel:
    """y[i, :] = x[index[i], :], with a check."""
    b = Builder("L")
    n, width = b.param("n"), b.param("width")
    x, y = strided(b, "x", "float32", 2, unit=True), strided(b, "y", "float32", 2, unit=True)
    index = b.buffer("index", "int64", strides=[8])
    with b.loop("i", parallel=True) as i:
        k = b.load(index, i)
        at = b.select(k < 0, k + n, k)
        with b.if_((at < 0) | (at >= n)):
            b.fail(3, i, k, n)
        with b.loop("j", 0, width, kind="vector") as j:
            b.store(y, b.load(x, at, j), i, j)
    return b.kernel()


@targets
def test_gather_and_failure(target: str) -> None:
    kernel = gather()
    x = RNG.standard_normal((6, 37)).astype(np.float32)
    index = np.array([0, 5, -1, -6, 2])
    y = np.zeros((5, 37), np.float32)
    params = [6, 37, x.strides[0], y.strides[0]]
    assert run_loops(kernel, [x, y, index], params, 5, target)[0] == 0
    assert_same(y, x[index], 0)
    index[3] = 6
    code, details = run_loops(kernel, [x, y, index], params, 5, target)
    assert (code, details[:3]) == (3, [3, 6, 6])
    assert interp.run(kernel, [x, y, index], {"lo": 0, "hi": 5}, params) == (3, [3, 6, 6])


@targets
def test_vector_gather_scatter_and_conditions(target: str) -> None:
    """Indices that vary from lane to lane, reversed and shifted ones, and statements for some lanes only."""
    b = Builder("L")
    n = b.param("n")
    x = b.buffer("x", "float64", strides=[8])
    index = b.buffer("index", "int64", strides=[8])
    y, z = b.buffer("y", "float64", strides=[8]), b.buffer("z", "float16", strides=[2])
    with b.loop("i", 0, n, kind="vector") as i:
        k = b.load(index, i)
        v = b.load(x, k)
        b.store(y, v + b.load(x, n - 1 - i), k)
        with b.if_(v > 0):
            b.store(z, b.cast(b.load(x, i + 0), "float16"), n - 1 - i)
    kernel = b.kernel()
    for size in (0, 1, 8, 50):
        xs, idx = RNG.standard_normal(size), RNG.permutation(size)
        ys, zs = np.zeros(size), np.full(size, -1, np.float16)
        expected = [a.copy() for a in (xs, idx, ys, zs)]
        assert run_loops(kernel, [xs, idx, ys, zs], [size], 0, target)[0] == 0
        if size:
            interp.run(kernel, expected, {"lo": 0, "hi": 0}, [size])
        assert_same(ys, expected[2], 0)
        assert_same(zs, expected[3], 0)


def test_float_parameters() -> None:
    b = Builder("L")
    p, q = b.param("p", "float32"), b.param("q", "float64")
    y = b.buffer("y", "float64", strides=[8])
    with b.loop("i") as i:
        b.store(y, b.cast(p, "float64") + q * b.cast(i, "float64"), i)
    y_ = np.zeros(3)
    params = [int(np.float32(0.5).view(np.uint32)), int(np.float64(2.0).view(np.uint64))]
    assert run_loops(b.kernel(), [y_], params, 3)[0] == 0
    assert y_.tolist() == [0.5, 2.5, 4.5]


def test_numbers_are_written_exactly() -> None:
    assert number(0.1, "float64") == "0x3FB999999999999A"
    assert number(0.1, "float32") == "0x3FB99999A0000000"
    assert number(1e9, "float16") == "0xH7C00"
    assert number(255, "uint8") == "-1"


def test_functions_of_the_loop_language_all_exist() -> None:
    assert set(vecmath.FUNCTIONS) == FUNCTIONS
