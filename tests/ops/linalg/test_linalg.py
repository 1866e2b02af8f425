"""Linear algebra: values against NumPy and SciPy, gradients against differences, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.compile.mode import Mode
from croton.diagnose.explain import explain
from croton.ops.linalg.decomposition import QRFull, eig, eigh, eigvalsh, qr, svd
from croton.ops.linalg.expm import expm, kron
from croton.ops.linalg.inverse import det, matrix_dot, matrix_inverse, matrix_power, pinv, tensorinv
from croton.ops.linalg.least_squares import lstsq
from croton.ops.linalg.norm import diag, norm, spectral_radius_bound, trace
from croton.ops.linalg.solve import (
    Cholesky,
    Solve,
    cholesky,
    solve,
    solve_lower_triangular,
    solve_upper_triangular,
    tensorsolve,
)
from croton.ops.reduce import sum as sum_of
from croton.vartypes.tensor import TensorType

RNG = np.random.default_rng(7)
A = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
SPD = A @ A.T
R = RNG.normal(size=(3, 2))


def like(a: np.ndarray) -> Any:
    """A variable that can hold `a`."""
    return TensorType(a.dtype.name, (None,) * a.ndim)()


def value(make: Any, *arrays: Any) -> Any:
    """What `make` of variables comes to for these arrays."""
    given = [np.asarray(a) for a in arrays]
    variables = [like(a) for a in given]
    return function(variables, make(*variables), mode="FAST_COMPILE")(*given)


def agrees_with_differences(make: Any, *arrays: np.ndarray) -> None:
    """Check the gradients of a weighted sum of `make` against central differences."""
    weights = RNG.normal(size=value(make, *arrays).shape)
    cost = lambda *v: sum_of(make(*v) * weights)  # noqa: E731
    found = value(lambda *v: grad(cost(*v), list(v)), *arrays)
    for i, a in enumerate(arrays):
        step = RNG.normal(size=a.shape)
        ends = [
            value(cost, *[b + s * 1e-6 * step if j == i else b for j, b in enumerate(arrays)])
            for s in (1, -1)
        ]
        np.testing.assert_allclose((found[i] * step).sum(), (ends[0] - ends[1]) / 2e-6, rtol=2e-4, atol=1e-6)


def test_inverses_and_determinants() -> None:
    np.testing.assert_allclose(value(matrix_inverse, A) @ A, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(value(pinv, R), np.linalg.pinv(R))
    np.testing.assert_allclose(value(det, A), np.linalg.det(A))
    np.testing.assert_allclose(value(lambda x: matrix_power(x, 5), A), np.linalg.matrix_power(A, 5))
    np.testing.assert_allclose(value(lambda x: matrix_dot(x, x, x), A), A @ A @ A)
    t = RNG.normal(size=(2, 3, 3, 2))
    np.testing.assert_allclose(value(tensorinv, t), np.linalg.tensorinv(t))
    agrees_with_differences(matrix_inverse, A)
    agrees_with_differences(pinv, R)
    agrees_with_differences(det, A)
    agrees_with_differences(tensorinv, t)


def test_single_precision_stays_and_half_is_widened() -> None:
    assert value(matrix_inverse, A.astype("float32")).dtype == "float32"
    assert value(det, np.eye(2, dtype="float16")).dtype == "float16"
    assert matrix_inverse(TensorType("int32", (None, None))()).type.dtype == "float64"


def test_eigenvalues() -> None:
    w, v = value(eigh, SPD)
    np.testing.assert_allclose(v * w @ v.T, SPD)
    np.testing.assert_allclose(np.sort(value(lambda x: eig(x)[0], SPD)), w)
    np.testing.assert_allclose(
        value(eigvalsh, SPD, np.diag([1.0, 2.0, 3.0])), scipy.linalg.eigvalsh(SPD, np.diag([1.0, 2, 3]))
    )
    agrees_with_differences(lambda x: eigh(x)[0], SPD)
    agrees_with_differences(lambda x: eigh(x, "U")[0], SPD)
    agrees_with_differences(lambda x: abs(eigh(x)[1]), SPD)
    agrees_with_differences(eigvalsh, SPD, np.diag([1.0, 2.0, 3.0]))


def test_singular_values_and_orthogonal_factors() -> None:
    u, s, v = value(lambda x: svd(x, full_matrices=0), R)
    np.testing.assert_allclose(u * s @ v, R)
    np.testing.assert_allclose(value(lambda x: svd(x, compute_uv=0), R), s)
    agrees_with_differences(lambda x: svd(x, compute_uv=0), R)
    agrees_with_differences(lambda x: svd(x)[1], R)
    q, r = value(qr, R)
    np.testing.assert_allclose(q @ r, R)
    assert [m.shape for m in value(QRFull("complete"), R)] == [(3, 3), (3, 2)]
    np.testing.assert_allclose(value(lambda x: qr(x, "r"), R), r)
    with pytest.raises(ValueError, match="Unrecognized mode"):
        qr(like(R), "nope")
    with pytest.raises(NotImplementedError, match="no gradient"):
        grad(sum_of(qr(x := like(R))[0]), x)


def test_cholesky() -> None:
    np.testing.assert_allclose(value(cholesky, SPD), np.linalg.cholesky(SPD))
    np.testing.assert_allclose(value(Cholesky(lower=False), SPD), np.linalg.cholesky(SPD).T)
    assert np.isnan(value(Cholesky(on_error="nan"), -SPD)).all()
    agrees_with_differences(cholesky, SPD)
    agrees_with_differences(Cholesky(lower=False), SPD)
    agrees_with_differences(Cholesky(on_error="nan"), SPD)
    assert np.isnan(value(lambda x: grad(sum_of(Cholesky(on_error="nan")(x)), x), -SPD)).all()
    with pytest.raises(np.linalg.LinAlgError):
        value(cholesky, -SPD)


def test_solutions() -> None:
    b = RNG.normal(size=3)
    np.testing.assert_allclose(value(solve, A, b), np.linalg.solve(A, b))
    np.testing.assert_allclose(value(Solve("symmetric"), SPD, R), np.linalg.solve(SPD, R))
    np.testing.assert_allclose(value(solve_lower_triangular, A, R), np.linalg.solve(np.tril(A), R))
    np.testing.assert_allclose(value(solve_upper_triangular, A, b), np.linalg.solve(np.triu(A), b))
    for operation in (solve, solve_lower_triangular, solve_upper_triangular):
        agrees_with_differences(operation, A, b)
        agrees_with_differences(operation, A, R)
    with pytest.raises(ValueError, match="Shape mismatch"):
        value(solve, A, np.ones(4))
    a = RNG.normal(size=(2, 3, 6))
    np.testing.assert_allclose(value(tensorsolve, a, a[..., 0]), np.linalg.tensorsolve(a, a[..., 0]))
    solution, _, rank, _ = value(lstsq(), R, b, np.float64(-1))
    np.testing.assert_allclose(solution, np.linalg.lstsq(R, b, rcond=None)[0])
    assert rank == 2


def test_exponential_and_kronecker() -> None:
    x = RNG.normal(size=(3, 3))
    np.testing.assert_allclose(value(expm, x), scipy.linalg.expm(x))
    agrees_with_differences(expm, x)
    np.testing.assert_allclose(value(kron, A, R), np.kron(A, R))
    agrees_with_differences(kron, A, R)
    with pytest.raises(TypeError, match="sum to 3 or more"):
        kron(like(np.ones(2)), like(np.ones(2)))


@pytest.mark.parametrize("order", [None, "fro", "inf", "-inf", 1, -1])
def test_norms_of_matrices(order: Any) -> None:
    expected = np.linalg.norm(R, float(order) if order in ("inf", "-inf") else order)
    np.testing.assert_allclose(value(lambda x: norm(x, order), R), expected)


@pytest.mark.parametrize("order", [None, 0, 1, 2, 3, "inf", "-inf"])
def test_norms_of_vectors(order: Any) -> None:
    v = np.array([3.0, 0.0, -4.0])
    expected = np.linalg.norm(v, float(order) if order in ("inf", "-inf") else order)
    np.testing.assert_allclose(value(lambda x: norm(x, order), v), expected)


def test_norms_that_do_not_exist() -> None:
    with pytest.raises(ValueError):
        norm(like(R), "nuc")
    with pytest.raises(ValueError):
        norm(like(np.ones(2)), "fro")
    with pytest.raises(NotImplementedError):
        norm(like(np.ones((2, 2, 2))), 2)


def test_diagonals_and_bounds() -> None:
    np.testing.assert_allclose(value(trace, A), np.trace(A))
    np.testing.assert_allclose(value(trace, np.stack([A, A], -1)), 2 * np.trace(A))
    np.testing.assert_array_equal(value(diag, np.array([1.0, 2.0])), np.diag([1.0, 2.0]))
    np.testing.assert_array_equal(value(diag, R), np.diagonal(R))
    assert np.linalg.eigvalsh(SPD).max() <= value(lambda x: spectral_radius_bound(x, 5), SPD)


@pytest.mark.parametrize("operation", [matrix_inverse, pinv, det, eig, eigh, svd, qr, cholesky, expm])
def test_vectors_are_no_matrices(operation: Any) -> None:
    with pytest.raises(ValueError, match="takes a matrix"):
        operation(like(np.ones(2)))


def test_a_factor_that_nothing_reads_is_not_computed() -> None:
    a = RNG.normal(size=(4, 3))
    x = TensorType("float64", (None, None))()
    np.testing.assert_allclose(function([x], qr(x)[1])(a), np.linalg.qr(a)[1], atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (1, None)])
@pytest.mark.parametrize("mode", ["reduced", "complete", "raw"])
def test_factors_of_matrices_with_an_axis_of_length_one(
    shape: tuple[int | None, int | None], mode: str
) -> None:
    a = RNG.normal(size=[2 if n is None else n for n in shape])
    x = TensorType("float64", shape)()
    for ours, expected in zip(function([x], QRFull(mode)(x))(a), np.linalg.qr(a, mode), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


@pytest.mark.parametrize("size", [1e-8, 0.1, 3.0, 40.0])
@pytest.mark.parametrize("kind", ["float64", "complex128", "float32"])
def test_exponentials_of_small_and_large_matrices(kind: str, size: float) -> None:
    rng = np.random.default_rng(5)
    x = TensorType(kind, (None, None, None))()
    f = function([x], expm(x), mode=Mode("cpu"))
    assert "python!" not in str(explain(f))
    a = rng.normal(size=(3, 6, 6)) * size
    a = a.astype(kind) * (1j if kind == "complex128" else 1)
    made, wanted = (
        f(a.astype(kind)),
        scipy.linalg.expm(a.astype("complex128" if kind == "complex128" else "float64")),
    )
    near = 1e-6 if kind == "float32" else 1e-11
    for one, other in zip(made, wanted, strict=True):
        assert one.dtype == kind
        assert np.abs(one - other).max() <= near * np.abs(other).max()


def test_an_exponential_of_what_is_far_from_normal_is_not_scaled_too_often() -> None:
    x = TensorType("float64", (None, None))()
    f = function([x], expm(x), mode=Mode("cpu"))
    b = 1e9
    made = f(np.array([[1.0, b], [0.0, -1.0]]))
    # source: the divided difference of the exponential at the eigenvalues
    assert np.allclose(made, [[np.e, b * np.sinh(1)], [0, 1 / np.e]], rtol=1e-14)
    assert np.array_equal(f(np.zeros((2, 2))), np.eye(2))
    assert np.isnan(f(np.array([[1.0, np.nan], [0.0, 1.0]]))).all()
