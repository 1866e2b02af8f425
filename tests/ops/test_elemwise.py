"""Elementwise operations on tensors: broadcasting, shapes, errors, dimshuffle."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.config import config
from croton.errors import ShapeError
from croton.ops import elementwise as ew
from croton.ops import inplace
from croton.ops import variable as _operators  # noqa: F401  tensors have operators
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import DimShuffle, Elemwise, dimshuffle
from croton.ops.reduce import sum as sum_of
from croton.ops.scalar.row import ROWS
from croton.vartypes.tensor import TensorType


def var(dtype: str, *shape: Any) -> Any:
    return TensorType(dtype, shape)()


def run(inputs: list[Any], output: Any, *values: Any) -> Any:
    return function(inputs, output, mode="FAST_COMPILE")(*values)


def test_broadcasting_is_by_type() -> None:
    x, number = var("float64", None, None), var("float64")
    row, column = var("float64", 1, None), var("float64", None, 1)
    y = x + row * column - number
    assert y.type.broadcastable == (False, False)
    a = np.arange(6.0).reshape(2, 3)
    found = run([x, row, column, number], y, a, a[:1], a[:, :1], 5.0)
    np.testing.assert_array_equal(found, a + a[:1] * a[:, :1] - 5)


def test_length_one_that_the_type_does_not_know_does_not_broadcast() -> None:
    x, y = var("float64", None), var("float64", None)
    said = r"mis-match. \(input\[0\].shape\[0\] = 1, input\[1\].shape\[0\] = 3\).*let input\[0\] be .*addbroadcast"
    with pytest.raises(ValueError, match=said):
        run([x, y], x + y, np.ones(1), np.ones(3))
    # In a kernel that computes the second one, too.
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        with pytest.raises(ValueError, match=r"\(input\[0\].shape\[0\] = 3, input\[1\].shape\[0\] = 1\)"):
            function([x, y], y + 2 * x, mode=mode)(np.ones(1), np.ones(3))


def test_static_shapes() -> None:
    assert (var("float64", 3, None) + var("float64", None, 4)).type.shape == (3, 4)
    assert (var("float64", 1, 1) + var("float64", 1)).type.shape == (1, 1)
    assert (var("float64", 1, None) + var("float64", None, 1)).type.broadcastable == (False, False)
    with pytest.raises(ShapeError, match="mis-match"):
        var("float64", 3) + var("float64", 4)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 1), ()])
def test_empty_and_single(shape: tuple[int, ...]) -> None:
    x = var("float32", *[None] * len(shape))
    found = run([x], ew.exp(x) + 1, np.zeros(shape, "float32"))
    assert found.shape == shape and found.dtype == np.float32


def test_views_with_strides() -> None:
    x = var("float64", None, None)
    a = np.arange(24.0).reshape(4, 6)[::2, ::-3].T
    np.testing.assert_array_equal(run([x], x * 2, a), a * 2)


def test_outputs_do_not_share_memory_with_inputs() -> None:
    for make in (ew.real, ew.tensor_copy, ew.conj, lambda x: ew.add(x), lambda x: ew.second(x, x), ew.trunc):
        x = var("float64", None)
        node = make(x).owner
        a, cells = np.ones(3), [[None]]
        node.op.perform(node, [a] if len(node.inputs) == 1 else [a, a], cells)
        assert not np.shares_memory(cells[0][0], a)


def test_gradient_is_summed_over_broadcast_axes() -> None:
    x, b = var("float64", None, None), var("float64", None)
    g = grad(sum_of((x * b) ** 2), b)
    a, c = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(run([x, b], g, a, c), (2 * (a * c) * a).sum(axis=0))


def test_gradients_have_the_type_of_the_variable() -> None:
    for dtype in ("float16", "float32", "float64"):
        x = var(dtype, None)
        for make in (ew.erf, ew.log2, ew.sigmoid, ew.sqrt, ew.deg2rad, ew.softplus, ew.abs_, ew.inv):
            assert grad(sum_of(make(x)), x).type.dtype == dtype


def test_second_order() -> None:
    x = var("float64", None)
    first = grad(sum_of(ew.tanh(x)), x)
    second = grad(sum_of(first), x)
    a = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(run([x], second, a), -2 * np.tanh(a) * (1 - np.tanh(a) ** 2), atol=1e-15)


def test_names() -> None:
    assert str(ew.exp) == "Elemwise{exp,no_inplace}" and str(ew.tensor_copy) == "Elemwise{identity}"
    assert str(ew.abs_) == "Elemwise{abs_,no_inplace}" and str(ew.fill) == "Elemwise{second,no_inplace}"
    assert str(Elemwise(ROWS["add"])) == "Elemwise{add}" and str(ew.sigmoid) == "sigmoid"
    assert str(inplace.exp_inplace) == "exp_inplace"
    assert ew.exp.__doc__ == ROWS["exp"].__doc__ and ew.exp.scalar_op is ROWS["exp"]


def test_identity() -> None:
    assert ew.exp == Elemwise(ROWS["exp"]) != ew.log
    for operation in (ew.exp, ew.add, ew.isnan_, ew.complex, inplace.add_inplace):
        assert pickle.loads(pickle.dumps(operation)) == operation
    with pytest.raises(TypeError, match="needs a scalar operation"):
        Elemwise(np.exp)  # type: ignore[arg-type]


def test_comparisons_have_no_truth_while_the_graph_is_built() -> None:
    x = var("float64")
    with pytest.raises(TypeError, match="Variables do not support boolean operations"):
        bool(x > 0)
    assert bool(x) and bool(ew.eq(x, x))


def test_operators_leave_what_is_no_array_to_the_other() -> None:
    class Other:
        def __radd__(self, left: Any) -> str:
            return "mine"

    x = var("float64")
    assert x + Other() == "mine"
    with pytest.raises(TypeError, match="unsupported operand"):
        x + object()


def test_literals_take_the_smallest_type() -> None:
    x = var("float32", None)
    assert (x * 2).type.dtype == (x + 1.5).type.dtype == "float32"
    assert (var("int8", None) + 1).type.dtype == "int8" and (var("int8", None) + 200).type.dtype == "int16"
    assert (x + np.float64(1)).type.dtype == "float64"
    assert (var("int8") / 2).type.dtype == config.floatX and (var("int64") // 2).type.dtype == "int64"


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_integers_divide_down_and_wrap(dtype: str) -> None:
    x, y = var(dtype, None), var(dtype, None)
    a = np.array([-7, -7, 7, 7, -128, 127], "int8").astype(dtype)
    b = np.array([2, -2, 2, -2, -1, 3], "int8").astype(dtype)
    quotient, left, power = run([x, y], [x // y, x % y, x**y], a, b)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(quotient, a // b)
        np.testing.assert_array_equal(left, a % b)
    if dtype == "int8":
        assert power.tolist() == [49, 0, 49, 0, 0, 127]


def test_floats_divide_down_consistently() -> None:
    x, y = var("float64", None), var("float64", None)
    a, b = np.array([1.0, -1.0, 7.5, -1.0, 1.0]), np.array([0.1, 0.1, -2.0, np.inf, 0.0])
    quotient, left = run([x, y], [x // y, x % y], a, b)
    assert quotient[:4].tolist() == [9, -10, -4, -1] and np.isnan(quotient[4])
    np.testing.assert_allclose(quotient[:3] * b[:3] + left[:3], a[:3])


def test_rounding_modes() -> None:
    x = var("float32", None)
    a = np.array([-2.5, -0.5, 0.49999997, 0.5, 1.5, 2.5, 8388609.0], "float32")
    even, away, whole = run([x], [ew.round(x), ew.round(x, "half_away_from_zero"), ew.iround(x)], a)
    assert even.tolist() == [-2, 0, 0, 0, 2, 2, 8388609]
    assert away.tolist() == [-3, -1, 0, 1, 2, 3, 8388609]
    assert whole.dtype == np.int64
    with pytest.raises(ValueError, match="mode of round"):
        ew.round(x, "up")


def test_tests_for_infinity_of_integers() -> None:
    x = var("int32", None)
    assert run([x], ew.isnan(x) | ew.isinf(x), np.arange(3, dtype="int32")).tolist() == [False] * 3


def test_remainders() -> None:
    x = var("int64", None)
    assert run([x], ew.ceil_intdiv(x, 4), np.arange(-5, 6)).tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 1, 1, 2]
    quotient, left = divmod(x, 3)
    assert run([x], quotient * 3 + left, np.arange(-5, 6)).tolist() == list(range(-5, 6))
    with pytest.raises(NotImplementedError, match="no remainder"):
        var("complex64") % 2


# -- dimshuffle ------------------------------------------------------------------------------------------------
def test_dimshuffle() -> None:
    x = var("float64", None, 1, None)
    y = dimshuffle(x, 2, "x", 0)
    assert y.type.broadcastable == (False, True, False)
    a = np.arange(6.0).reshape(2, 1, 3)
    np.testing.assert_array_equal(run([x], y, a), a[:, 0].T[:, None])
    assert dimshuffle(x, 0, 1, 2) is x
    np.testing.assert_array_equal(run([x], grad(sum_of(y * 2), x), a), np.full((2, 1, 3), 2.0))
    assert str(y.owner.op) == "InplaceDimShuffle{2,x,0}"  # type: ignore[union-attr]


def test_dimshuffle_refuses() -> None:
    with pytest.raises(ValueError, match="drop a non-broadcastable"):
        DimShuffle((False, False), (0,))
    with pytest.raises(ValueError, match="names an axis twice"):
        DimShuffle((False, False), (0, 0))
    with pytest.raises(ValueError, match="names axis 2"):
        DimShuffle((False, False), (0, 2))


def test_constants_in_gradients_broadcast() -> None:
    x = var("float64", None, None)
    g = grad(sum_of(ew.clip(x, 0, 1)), x)
    assert run([x], g, np.array([[-1.0, 0.5, 2.0]])).tolist() == [[0, 1, 0]]
    assert as_tensor_variable(g).type.ndim == 2


def test_bits_of_integers_that_no_integer_type_holds() -> None:
    with pytest.raises(TypeError, match="No integer type holds all of int8, uint64"):
        TensorType("int8", ())() & TensorType("uint64", ())()
