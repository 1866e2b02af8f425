"""Products through BLAS pointers on arbitrary strides, against NumPy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

rt = pytest.importorskip("croton.backends.cpu._runtime")
pytest.importorskip("scipy")

from croton.backends.cpu import blas  # noqa: E402

DTYPES = ("float32", "float64", "complex64", "complex128")
LAYOUTS = ("C", "F", "steps", "reversed", "broadcast")
TOLERANCE = {"float32": 1e-4, "complex64": 1e-4, "float64": 1e-11, "complex128": 1e-11}


@pytest.fixture(autouse=True)
def loaded() -> None:
    blas.load()


def array(rng: Any, shape: tuple[int, ...], dtype: str, layout: str = "C") -> np.ndarray:
    """Random numbers in this layout of memory."""
    values = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if dtype[0] == "c" else 0)
    values = values.astype(dtype)
    if layout == "F":
        return np.asfortranarray(values)
    if layout == "steps":
        wide = np.repeat(np.repeat(values, 2, axis=-1), 3, axis=0)
        return wide[::3, ..., ::2] if len(shape) > 1 else wide[::6]
    if layout == "reversed":
        return np.ascontiguousarray(np.flip(values))[tuple([slice(None, None, -1)] * values.ndim)]
    if layout == "broadcast" and values.shape[0]:
        return np.broadcast_to(values[:1], shape)
    return np.ascontiguousarray(values)


def number(value: complex, dtype: str) -> np.ndarray:
    return np.array(value if dtype[0] == "c" else complex(value).real).astype(dtype)


def code(dtype: str) -> int:
    return rt.ABI["dtypes"][dtype]


def gemm(native: Any, alpha: complex, a: Any, b: Any, beta: complex, c: Any) -> None:
    dtype = str(c.dtype)
    (m, k), n = a.shape, b.shape[1]
    al, be = number(alpha, dtype), number(beta, dtype)
    native.run(
        lambda x: x.call("rt_gemm", code(dtype), m, n, k, al, a, *a.strides, b, *b.strides, be, c, *c.strides)
    )


def check_gemm(
    native: Any, rng: Any, dtype: str, m: int, n: int, k: int, layouts: tuple[str, str, str]
) -> None:
    a, b = array(rng, (m, k), dtype, layouts[0]), array(rng, (k, n), dtype, layouts[1])
    for alpha, beta in ((1, 0), (2 - 1j, 0.5)):
        c = array(rng, (m, n), dtype, layouts[2])
        old = c.copy()
        if not beta:
            c[...] = np.nan
        al, be = number(alpha, dtype), number(beta, dtype)
        expected = al * (a @ b) + (be * old if beta else 0)
        gemm(native, alpha, a, b, beta, c)
        np.testing.assert_allclose(c, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * max(1, k))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gemm_layouts(native: Any, dtype: str) -> None:
    rng = np.random.default_rng(1)
    for layouts in itertools.product(LAYOUTS, LAYOUTS, LAYOUTS[:4]):
        for m, n, k in ((3, 4, 5), (17, 9, 12)):
            check_gemm(native, rng, dtype, m, n, k, layouts)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "m, n, k", [(0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (1, 20, 1), (20, 1, 30), (1, 9, 40), (9, 9, 9)]
)
def test_gemm_sizes(native: Any, dtype: str, m: int, n: int, k: int) -> None:
    rng = np.random.default_rng(2)
    for layouts in (("C", "C", "C"), ("F", "C", "F"), ("steps", "F", "steps"), ("reversed", "reversed", "C")):
        check_gemm(native, rng, dtype, m, n, k, layouts)


@pytest.mark.parametrize("dtype", ("float32", "float64"))
@pytest.mark.parametrize(
    "m, n, k",
    [(1501, 10, 601), (777, 20, 613), (2049, 1, 1030), (11, 1003, 517), (7, 2000, 1025), (700, 13, 520)],
)
def test_products_with_a_narrow_matrix(native: Any, dtype: str, m: int, n: int, k: int) -> None:
    rng = np.random.default_rng(7)
    for layouts in (
        ("C", "C", "C"),
        ("F", "C", "C"),
        ("C", "F", "F"),
        ("F", "steps", "steps"),
        ("steps", "C", "C"),
    ):
        check_gemm(native, rng, dtype, m, n, k, layouts)


# Rows for tiles of all heights, for blocks of rows, and for panels that are read in place; ends of panels, many terms,
# and few.
DENSE = [
    (2, 1100, 300),
    (13, 500, 101),
    (19, 401, 513),
    (24, 260, 257),
    (29, 129, 300),
    (131, 257, 301),
    (399, 40, 140),
    (450, 530, 601),
]


@pytest.mark.parametrize("dtype", ("float32", "float64"))
@pytest.mark.parametrize("m, n, k", DENSE)
def test_products_on_our_own_kernels(native: Any, dtype: str, m: int, n: int, k: int) -> None:
    rng = np.random.default_rng(8)
    for layouts in itertools.product(("C", "F", "broadcast"), ("C", "F", "broadcast"), ("C", "F", "steps")):
        check_gemm(native, rng, dtype, m, n, k, layouts)


@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_what_is_no_number_stays_in_its_rows_and_columns(native: Any, dtype: str) -> None:
    rng = np.random.default_rng(9)
    for m, n, k in DENSE:
        for layouts in (("C", "C"), ("F", "F")):
            a, b = (array(rng, x, dtype, y) for x, y in zip(((m, k), (k, n)), layouts, strict=True))
            a[1, 5], b[7, n - 1], a[0, 2] = np.nan, np.inf, -np.inf
            c = np.empty((m, n), dtype)
            gemm(native, 1, a, b, 0, c)
            with np.errstate(invalid="ignore"):
                expected = a @ b
            np.testing.assert_array_equal(np.isfinite(c), np.isfinite(expected))
            assert np.isnan(c[1]).all() and (c[2:, n - 1] == expected[2:, n - 1]).all()


def test_large_products_have_the_same_bits_on_any_number_of_threads(native: Any) -> None:
    rng, before = np.random.default_rng(3), rt.get_num_threads()
    for m, n, k in (
        (300, 500, 200),
        (600, 64, 300),
        (40, 900, 200),
        (3000, 10, 600),
        (17, 3000, 600),
        *DENSE,
    ):
        a, b = array(rng, (m, k), "float64", "F"), array(rng, (k, n), "float64", "F")
        results = []
        for threads in (1, 2, 5):
            rt.set_num_threads(threads)
            c = np.empty((m, n))
            gemm(native, 1, a, b, 0, c)
            results.append(c)
        np.testing.assert_allclose(results[0], a @ b, rtol=1e-10, atol=1e-10)
        assert all((r == results[0]).all() for r in results)
    rt.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gemv(native: Any, dtype: str) -> None:
    rng = np.random.default_rng(4)
    for la, lx, ly in itertools.product(LAYOUTS, LAYOUTS, LAYOUTS[:4]):
        for m, n in ((5, 7), (1, 6), (6, 1), (4, 0), (0, 4), (90, 70)):
            a, x, y = array(rng, (m, n), dtype, la), array(rng, (n,), dtype, lx), array(rng, (m,), dtype, ly)
            for alpha, beta in ((1, 0), (1 + 1j, 1), (2, 3j + 1)):
                al, be = number(alpha, dtype), number(beta, dtype)
                out = y if y.size else np.empty(0, dtype)
                old = out.copy()
                if not beta:
                    out[...] = np.nan
                native.run(
                    lambda c, a=a, x=x, y=out, al=al, be=be, m=m, n=n: c.call(
                        "rt_gemv", code(dtype), m, n, al, a, *a.strides, x, *x.strides, be, y, *y.strides
                    )
                )
                expected = al * (a @ x) + (be * old if beta else 0)
                np.testing.assert_allclose(out, expected, rtol=TOLERANCE[dtype], atol=100 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_ger(native: Any, dtype: str) -> None:
    rng = np.random.default_rng(5)
    for la, lx, ly in itertools.product(LAYOUTS[:4], LAYOUTS, LAYOUTS):
        for m, n in ((5, 7), (1, 6), (6, 1), (4, 0), (700, 500) if la in "CF" and lx == ly else (2, 2)):
            a, x, y = array(rng, (m, n), dtype, la), array(rng, (m,), dtype, lx), array(rng, (n,), dtype, ly)
            al = number(2 - 1j, dtype)
            expected = a + al * np.outer(x, y)
            native.run(
                lambda c, a=a, x=x, y=y, al=al, m=m, n=n: c.call(
                    "rt_ger", code(dtype), m, n, al, x, *x.strides, y, *y.strides, a, *a.strides
                )
            )
            np.testing.assert_allclose(a, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 8, 9, 1000, 70_000])
def test_dot(native: Any, dtype: str, n: int) -> None:
    rng = np.random.default_rng(6)
    for lx, ly in itertools.product(LAYOUTS, LAYOUTS):
        x, y, out = array(rng, (n,), dtype, lx), array(rng, (n,), dtype, ly), np.full((), np.nan, dtype)
        native.run(
            lambda c, x=x, y=y, out=out: c.call("rt_dot", code(dtype), n, x, *x.strides, y, *y.strides, out)
        )
        np.testing.assert_allclose(
            out, (x * y).sum(), rtol=1e-3, atol=TOLERANCE[dtype] * max(1, n) ** 0.5 * 10
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_batched_gemm(native: Any, dtype: str) -> None:
    rng = np.random.default_rng(7)
    one, zero = number(1, dtype), number(0, dtype)
    for batch, m, n, k in ((0, 2, 2, 2), (3, 4, 5, 6), (40, 10, 12, 9), (2, 20, 30, 0), (300, 3, 3, 3)):
        for la, lb, lc in (
            ("C", "C", "C"),
            ("broadcast", "C", "C"),
            ("steps", "F", "steps"),
            ("reversed", "broadcast", "F"),
        ):
            a, b, c = (
                array(rng, s, dtype, t)
                for s, t in (((batch, m, k), la), ((batch, k, n), lb), ((batch, m, n), lc))
            )
            c[...] = np.nan
            native.run(
                lambda x, a=a, b=b, c=c, d=(batch, m, n, k): x.call(
                    "rt_batched_gemm", code(dtype), *d, one, a, *a.strides, b, *b.strides, zero, c, *c.strides
                )
            )
            np.testing.assert_allclose(c, a @ b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * 10)


def test_products_of_other_dtypes_are_internal_errors(native: Any) -> None:
    x = np.ones((2, 2), "int32")
    with pytest.raises(RuntimeError, match="code 8"):
        native.run(lambda c: c.call("rt_gemm", code("int32"), 2, 2, 2, x, x, 8, 4, x, 8, 4, x, x, 8, 4))


def test_sizes_beyond_32_bits_are_errors(native: Any) -> None:
    x, big = np.ones(1), 1 << 31
    with pytest.raises(RuntimeError, match="code 6"):
        native.run(
            lambda c: c.call("rt_gemm", code("float64"), 9, 9, big, x, x, 0, 8, x, 8, 8, x, x, 72, 8),
            on_error=None,
        )


def test_scipy_is_whole_after_its_blas_was_taken() -> None:
    import scipy.linalg.cython_blas

    assert scipy.linalg.cython_blas.__pyx_capi__
    assert blas.pointer("dtrsm")
    with pytest.raises(ImportError, match="no routine"):
        blas.pointer("nonsense")


@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_tiny_products_write_nothing_beside_them(native: Any, dtype: str) -> None:
    rng = np.random.default_rng(12)
    sides = ((1, 2, 3, 4, 7, 16), (1, 3, 4, 5, 8, 9, 13, 15, 16), (1, 4, 16))
    for (m, n, k), layouts in itertools.product(itertools.product(*sides), itertools.product("CF", "CF")):
        a, b = (array(rng, x, dtype, y) for x, y in zip(((m, k), (k, n)), layouts, strict=True))
        for beta in (0, 0.5):
            wide = array(rng, (m + 2, n + 17), dtype)
            expected = wide.copy()
            expected[1:-1, 1 : n + 1] = 2 * (a @ b) + beta * wide[1:-1, 1 : n + 1]
            gemm(native, 2, a, b, beta, wide[1:-1, 1 : n + 1])
            np.testing.assert_allclose(wide, expected, rtol=TOLERANCE[dtype], atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_small_matrices_with_vectors(native: Any, dtype: str) -> None:
    """In plain C: all heights beside four rows at a time, and what is no number."""
    rng = np.random.default_rng(10)
    for m, n, layout in itertools.product((1, 2, 3, 4, 5, 7, 8, 12), (0, 1, 2, 7, 12), LAYOUTS):
        a, x = array(rng, (m, n), dtype, layout), array(rng, (n,), dtype, layout)
        for alpha, beta, y in (
            (1, 0, np.full(m, np.nan)),
            (2, 0.5, rng.normal(size=m)),
            (1, 1, np.full(m, np.inf)),
        ):
            out = y.astype(dtype)
            expected = alpha * (a @ x) + (beta * out if beta else 0)
            al, be = number(alpha, dtype), number(beta, dtype)
            native.run(
                lambda c, a=a, x=x, y=out, al=al, be=be, m=m, n=n: c.call(
                    "rt_gemv", code(dtype), m, n, al, a, *a.strides, x, *x.strides, be, y, *y.strides
                )
            )
            np.testing.assert_allclose(out, expected, rtol=TOLERANCE[dtype], atol=100 * TOLERANCE[dtype])


def test_a_better_blas_does_all_products(native: Any) -> None:
    rng = np.random.default_rng(11)
    a, b = array(rng, (100, 300), "float32"), array(rng, (300, 300), "float32")
    pointers = {name: blas.pointer(name) for name in blas.ROUTINES}
    made = []
    for best in (False, True, False):
        rt.set_blas(pointers, best)
        c = np.empty((100, 300), "float32")
        gemm(native, 1, a, b, 0, c)
        np.testing.assert_allclose(c, a @ b, rtol=1e-3, atol=1e-3)
        made.append(c.tobytes())
    assert made[0] == made[2]
