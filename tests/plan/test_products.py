"""Products in loops: a factor that is the same in every step is packed before the loop."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.ops.inner import InnerGraph
from croton.ops.scan.loop import Scan
from croton.plan import program as p

SHAPES = [
    (1, 1, 1), (16, 64, 256), (3, 5, 7), (17, 300, 33), (8, 0, 40), (0, 4, 40), (40, 8, 0), (5, 513, 24), (65, 31, 31),
    (1, 10, 10), (16, 7, 9), (4, 16, 11), (17, 16, 8), (2, 4, 8),
]  # fmt: skip


def looped(dtype, transposed):
    """A product in each step of a loop, which is left in the loop."""
    kind = T.TensorType(dtype, (None, None))
    left, right, many, matrix = kind(), kind(), T.TensorType(dtype, (None, None, None))(), kind()
    graph = InnerGraph([left, right], [T.dot(left, right.T if transposed else right)])
    mode = theano.compile.mode.get_default_mode().excluding("loops")
    return theano.function([many, matrix], Scan(graph, sequences=1)(many.shape[0], many, matrix), mode=mode)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_packed_products(dtype, transposed):
    f = looped(dtype, transposed)
    (loop,) = [s for s in f.compiled.plan.statements if isinstance(s, p.Loop)]
    inside = [s.function for s in p.walk(loop.body) if isinstance(s, p.Call)]
    assert inside == ["rt_gemm_packed"]
    rng = np.random.default_rng(0)
    tolerance = {"rtol": 1e-4, "atol": 1e-3} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-11}
    for m, k, n in SHAPES:
        many, matrix = rng.normal(size=(2, m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        given = matrix.T.copy() if transposed else matrix
        apart = np.repeat(np.repeat(given, 2, axis=0), 2, axis=1)[::2, ::2]
        for left in (many, np.asfortranarray(many), many[:, ::-1].copy()[:, ::-1]):
            for right in (given, np.asfortranarray(given), apart):
                np.testing.assert_allclose(f(left, right), many @ matrix, **tolerance)


def test_threads_do_not_change_a_bit():
    rng = np.random.default_rng(0)
    many = rng.normal(size=(2, 40, 300)).astype("float32")
    matrix = rng.normal(size=(300, 700)).astype("float32")
    f = looped("float32", False)
    runtime = pytest.importorskip("croton.backends.cpu._runtime")
    before = runtime.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            runtime.set_num_threads(threads)
            results.append(f(many, matrix))
    finally:
        runtime.set_num_threads(before)
    for one in results[1:]:
        np.testing.assert_array_equal(one, results[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_with_vectors(dtype):
    old, fixed = T.TensorType(dtype, (None,))(), T.TensorType(dtype, (None, None))()
    many, matrix = T.TensorType(dtype, (None, None))(), fixed.type()
    graph = InnerGraph([old, fixed], [T.dot(fixed, old), T.dot(old, fixed.T)])
    mode = theano.compile.mode.get_default_mode().excluding("loops")
    f = theano.function(
        [many, matrix], Scan(graph, sequences=1)(many.shape[0], many, matrix, return_list=True), mode=mode
    )
    assert "rt_gemm_packed" in f.compiled.plan.calls()
    rng = np.random.default_rng(0)
    for m, n in ((1, 1), (3, 100), (100, 3), (257, 65), (0, 4), (40, 0), (10, 10), (9, 16), (16, 5)):
        x, a = rng.normal(size=(3, n)).astype(dtype), rng.normal(size=(m, n)).astype(dtype)
        for given in (a, np.asfortranarray(a)):
            for found in f(x, given):
                np.testing.assert_allclose(found, x @ a.T, rtol=1e-4, atol=1e-4)


def test_a_factor_that_changes_is_not_packed():
    old, fixed = T.dmatrix(), T.dmatrix()
    start, matrix = T.dmatrix("start"), T.dmatrix("matrix")
    both = Scan(InnerGraph([old, fixed], [T.dot(fixed, old) / 2]), carried=1)(3, start, matrix)
    f = theano.function([start, matrix], both)
    assert "rt_gemm" in f.compiled.plan.calls()
    x, m = np.arange(9.0).reshape(3, 3) / 9, np.eye(3) * 3
    np.testing.assert_allclose(f(x, m), x * 1.5**3)
