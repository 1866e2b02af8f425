"""Native factors and solutions: matrices cut into panels, stacks, shared factors, threads, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

rt = pytest.importorskip("croton.backends.cpu._runtime")

from croton.autodiff.grad import grad  # noqa: E402
from croton.compile.function import function  # noqa: E402
from croton.ops.linalg import factors  # noqa: E402
from croton.ops.linalg.decomposition import eigh, qr, svd  # noqa: E402
from croton.ops.linalg.inverse import det, matrix_inverse, pinv  # noqa: E402
from croton.ops.linalg.solve import (  # noqa: E402
    Cholesky,
    cholesky,
    solve,
    solve_lower_triangular,
    solve_upper_triangular,
)
from croton.ops.reduce import sum as sum_of  # noqa: E402
from croton.vartypes.tensor import TensorType  # noqa: E402

RNG = np.random.default_rng(11)
# Orders on both sides of where matrices are cut, and no multiple of a panel.
ORDERS = (1, 33, 383, 401)
TOLERANCE = {"float32": 2e-3, "complex64": 2e-3, "float64": 1e-8, "complex128": 1e-8}


def variable(a: np.ndarray) -> Any:
    return TensorType(a.dtype.name, (None,) * a.ndim)()


def run(make: Any, *arrays: np.ndarray) -> Any:
    """What `make` of variables comes to for these arrays, natively."""
    variables = [variable(a) for a in arrays]
    return function(variables, make(*variables), mode="FAST_RUN")(*arrays)


def calls(f: Any) -> list[str]:
    """The runtime functions of a compiled function."""
    made: list[str] = f.compiled.plan.calls()
    return made


def matrix(n: int, dtype: str) -> np.ndarray:
    made = RNG.normal(size=(n, n)) + n**0.5 * np.eye(n)
    return (made + (1j * RNG.normal(size=(n, n)) if dtype[0] == "c" else 0)).astype(dtype)


def definite(n: int, dtype: str) -> np.ndarray:
    made = matrix(n, dtype)
    return (made @ made.conj().T / n + np.eye(n)).astype(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n", ORDERS)
def test_cholesky_of_any_order(n: int, dtype: str) -> None:
    x = definite(n, dtype)
    expected = np.linalg.cholesky(x)
    close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    np.testing.assert_allclose(run(cholesky, x), expected, **close)
    np.testing.assert_allclose(run(Cholesky(lower=False), x), expected.conj().T, **close)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("n", ORDERS)
def test_solutions_of_any_order(n: int, dtype: str) -> None:
    A, B = matrix(n, dtype), matrix(n, dtype)[:, : n // 2 + 1]
    close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    for right in (B, B[:, 0]):
        np.testing.assert_allclose(run(solve, A, right), np.linalg.solve(A, right), **close)
        turned = run(lambda a, b: solve(a.T, b), A, right)
        np.testing.assert_allclose(turned, np.linalg.solve(A.T, right), **close)


@pytest.mark.parametrize("order", ["rows", "columns", "steps"])
@pytest.mark.parametrize("upper", [False, True])
def test_triangles_are_read_where_they_lie(order: str, upper: bool) -> None:
    A = matrix(40, "float64")
    given = {"rows": A, "columns": np.asfortranarray(A), "steps": np.repeat(A, 2, axis=1)[:, ::2]}[order]
    triangle = np.triu(A) if upper else np.tril(A)
    make = solve_upper_triangular if upper else solve_lower_triangular
    for right in (
        RNG.normal(size=40),
        RNG.normal(size=(40, 7)),
        np.asfortranarray(RNG.normal(size=(40, 70))),
    ):
        np.testing.assert_allclose(run(make, given, right), np.linalg.solve(triangle, right), rtol=1e-8)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("n", [5, 130, 300])
def test_gradient_of_cholesky_uses_triangles(n: int, lower: bool) -> None:
    x, weights, step = definite(n, "float64"), RNG.normal(size=(n, n)), RNG.normal(size=(n, n))
    given = variable(x)
    cost = sum_of(Cholesky(lower)(given) * weights)
    f, g = (function([given], v, mode="FAST_RUN") for v in (cost, grad(cost, given)))
    assert {"rt_lower_product", "rt_trtrs"} <= set(calls(g))
    step += step.T
    ends = [f(x + 1e-6 * s * step) for s in (1, -1)]
    np.testing.assert_allclose((g(x) * step).sum(), (ends[0] - ends[1]) / 2e-6, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [cholesky, matrix_inverse, lambda x: solve(x, x[:, :100])])
def test_bits_do_not_depend_on_threads(make: Any) -> None:
    x = definite(500, "float64")
    before = rt.get_num_threads()
    f = function([v := variable(x)], make(v), mode="FAST_RUN")
    try:
        made = []
        for threads in (1, 2, 3):
            rt.set_num_threads(threads)
            made.append(f(x).tobytes())
    finally:
        rt.set_num_threads(before)
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (cholesky, np.linalg.cholesky),
        (matrix_inverse, np.linalg.inv),
        (det, np.linalg.det),
        (pinv, np.linalg.pinv),
        (lambda x: eigh(x)[0], lambda x: np.linalg.eigh(x)[0]),
        (lambda x: svd(x)[1], lambda x: np.linalg.svd(x)[1]),
        (lambda x: qr(x)[1], lambda x: np.linalg.qr(x)[1]),
        (lambda x: solve(x, x), lambda x: np.linalg.solve(x, x)),
        (lambda x: solve_lower_triangular(x, x), lambda x: np.linalg.solve(np.tril(x), x)),
    ],
)
def test_stacks(make: Any, expected: Any) -> None:
    x = np.stack([[definite(4, "float64") for _ in range(3)] for _ in range(2)])
    np.testing.assert_allclose(run(make, x), expected(x), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "make",
    [
        cholesky, matrix_inverse, det, pinv, lambda x: eigh(x)[0], lambda x: eigh(x)[1] ** 2, lambda x: svd(x)[1],
        lambda x: solve(x, x**2), lambda x: solve_lower_triangular(x, x**2),
    ],
)  # fmt: skip
def test_gradients_of_stacks(make: Any) -> None:
    x = np.stack([[definite(4, "float64") for _ in range(3)] for _ in range(2)])
    given = variable(x)
    cost = sum_of(make(given) * RNG.normal(size=run(make, x).shape))
    step = RNG.normal(size=x.shape)
    step += np.swapaxes(step, -1, -2)
    f, g = (function([given], v, mode="FAST_RUN") for v in (cost, grad(cost, given)))
    found = (g(x) * step).sum()
    np.testing.assert_allclose(found, (f(x + 1e-6 * step) - f(x - 1e-6 * step)) / 2e-6, rtol=1e-4)


def test_one_factor_serves_solutions_inverse_determinant_and_their_gradients() -> None:
    A, b = TensorType("float64", (None, None))("A"), TensorType("float64", (None,))("b")
    cost = sum_of(solve(A, b)) + sum_of(matrix_inverse(A)) + det(A)
    f = function([A, b], [cost, *grad(cost, [A, b])], mode="FAST_RUN")
    assert calls(f).count("rt_getrf") == 1
    assert "rt_python" not in calls(f)


def test_gaussian_process_runs_no_python() -> None:
    K, y = TensorType("float64", (None, None))("K"), TensorType("float64", (None,))("y")
    L = cholesky(K)
    cost = sum_of(solve_lower_triangular(L, y) ** 2) + sum_of(eigh(K)[0])
    f = function([K, y], [cost, *grad(cost, [K, y])], mode="FAST_RUN")
    assert "rt_python" not in calls(f)


def test_flags_are_those_of_the_runtime() -> None:
    flags = rt.ABI["lapack_flags"]
    assert flags == {
        "upper": factors.UPPER,
        "transposed": factors.TRANSPOSED,
        "nan": factors.NAN,
        "thin": factors.THIN,
        "values": factors.VALUES,
        "triangular": factors.TRIANGULAR,
    }


def test_failures_name_the_line_of_the_user() -> None:
    A = TensorType("float64", (None, None))("A")
    f = function([A], solve(A, A), mode="FAST_RUN")
    with pytest.raises(np.linalg.LinAlgError, match=r"(?s)Singular matrix.*test_factors\.py"):
        f(np.zeros((3, 3)))
    with pytest.raises(np.linalg.LinAlgError, match="leading minor of order 400"):
        run(cholesky, np.diag([1.0] * 399 + [-1.0] + [1.0] * 20))
    made = run(Cholesky(on_error="nan"), np.diag([1.0] * 399 + [-1.0] + [1.0] * 20))
    assert np.isnan(made).all()
