"""Variables of single numbers: operators, constants, conversions, and a user's own operation on them."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.errors import MethodNotDefined
from croton.ops import variable as _operators  # noqa: F401  tensors have operators
from croton.ops.elemwise import Elemwise
from croton.ops.reduce import sum as sum_of
from croton.ops.scalar import preferences
from croton.ops.scalar.classes import Add, Exp
from croton.ops.scalar.comparison import InRange, LogicalComparison, inopenrange, lt
from croton.ops.scalar.conversion import CONVERSIONS, Cast, cast
from croton.ops.scalar.row import ROWS, BinaryScalarOp, ScalarOp, UnaryScalarOp, as_scalar
from croton.ops.scalar.types import complexs, constant, float32, float64, floats, int8, int32, int64, ints
from croton.vartypes.tensor import TensorType


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x + 2, lambda x: 2 + x, lambda x: x - 2, lambda x: 2 - x, lambda x: x * 3,
        lambda x: 3 * x, lambda x: x / 4,
        lambda x: 4 / x, lambda x: x // 2, lambda x: 7 // x, lambda x: x % 2, lambda x: 7 % x,
        lambda x: x**2, lambda x: 2**x,
        lambda x: -x, abs, lambda x: x < 3, lambda x: x <= 3, lambda x: x > 3, lambda x: x >= 3,
    ],
)  # fmt: skip
def test_operators_of_a_number(make: Any) -> None:
    x = float64("x")
    y = make(x)
    cells: list[list[Any]] = [[None]]
    y.owner.op.perform(y.owner, [3.0 if v is x else v.data for v in y.owner.inputs], cells)
    assert cells[0][0] == make(3.0)


def test_bit_operators_of_a_number() -> None:
    x = int32("x")
    for y, expected in ((x & 6, 2), (x | 8, 11), (x ^ 1, 2), (~x, -4), (6 & x, 2), (8 | x, 11), (1 ^ x, 2)):
        assert y.type == int32
        assert y.owner.op.impl(*[np.int32(3) if v is x else v.data for v in y.owner.inputs]) == expected


def test_types_and_names() -> None:
    x, y = floats("xy")
    assert (x.type, x.name, y.name) == (float64, "x", "y")
    assert ints("a").type == int64 and complexs("z").type.dtype == "complex128"
    assert [v.name for v in floats(["first", "second"])] == ["first", "second"]
    assert float64("x").zeros_like().type == float64 and float64("x").ones_like("int8").type == int8
    assert int8.upcast(float32) == "float32"


def test_constants() -> None:
    assert constant(300).type.dtype == "int16" and constant(1.5).type.dtype == "float32"
    assert constant(3, name="three", dtype="float32").name == "three"
    assert constant(True).type == int8
    with pytest.raises(TypeError, match="Expected one number"):
        as_scalar([1, 2])
    with pytest.raises(TypeError, match="Expected a scalar variable"):
        as_scalar(TensorType("float64", (None,))())


def test_casts() -> None:
    x = float64("x")
    assert cast(x, "float64") is x
    assert str(cast(x, "int8").owner.op) == "Cast{int8}"  # type: ignore[union-attr]
    assert Cast(float32) == CONVERSIONS["float32"] != CONVERSIONS["float64"]
    assert pickle.loads(pickle.dumps(Cast(float32, name="mine"))) == CONVERSIONS["float32"]
    with pytest.raises(TypeError, match="Casting from complex to real is ambiguous"):
        cast(complexs("z"), "float64")


def test_classes() -> None:
    assert isinstance(ROWS["add"], Add) and isinstance(ROWS["exp"], Exp) and not isinstance(ROWS["exp"], Add)
    assert isinstance(ROWS["exp"], UnaryScalarOp) and isinstance(ROWS["sub"], BinaryScalarOp)
    assert isinstance(lt, LogicalComparison) and isinstance(inopenrange, InRange)
    assert InRange(True, True) == inopenrange != InRange(True, False)
    assert str(InRange(True, False)) == "InRange{openlow=True, openhi=False}"
    mine = Add(preferences.upcast_out, name="mine")
    assert str(mine) == "mine" and mine.out_dtypes(["int8", "float32"])[1] == ["float32"]
    assert pickle.loads(pickle.dumps(mine)) == mine != ROWS["add"]


# -- a user's own operation ------------------------------------------------------------------------------------
class Cube(UnaryScalarOp):
    """The third power."""

    def impl(self, x: Any) -> Any:
        return x * x * x

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        (x,), (g,) = inputs, output_grads
        return [3 * x * x * g]


def test_a_classic_operation_on_tensors() -> None:
    cube = Cube(preferences.upgrade_to_float, name="cube")
    x = TensorType("float32", (None,))("x")
    y = Elemwise(cube)(x)
    assert y.type.dtype == "float32" and str(y.owner.op) == "Elemwise{cube}"
    f = function([x], [y, grad(sum_of(y), x)], mode="FAST_COMPILE")
    value, slope = f(np.array([1, 2, 3], "float32"))
    assert value.tolist() == [1, 8, 27] and slope.tolist() == [3, 12, 27]
    assert slope.dtype == np.float32


def test_identity_of_a_classic_operation() -> None:
    cube = Cube(preferences.upgrade_to_float, name="cube")
    assert cube == Cube(preferences.upgrade_to_float) and hash(cube) == hash(
        Cube(preferences.upgrade_to_float)
    )
    assert cube != Cube(preferences.same_out)
    assert pickle.loads(pickle.dumps(cube)) == cube


def test_a_classic_operation_without_output_types() -> None:
    with pytest.raises(NotImplementedError, match="says nothing of the types of its outputs"):
        Cube()(float64("x"))
    with pytest.raises(TypeError, match="must be a function"):
        Cube("float32")  # type: ignore[arg-type]
    with pytest.raises(MethodNotDefined, match="no method 'impl'"):
        ScalarOp(preferences.upcast_out).impl(1.0)


# -- rules of output types -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "ins", "out"),
    [
        ("upcast_out", "int8 float32", "float32"), ("upcast_out_min8", "bool", "int8"),
        ("upcast_out_nobool", "bool", None),
        ("upcast_out_no_complex", "complex64", None), ("upgrade_to_float", "int8", "float32"),
        ("upgrade_to_float", "int32", "float64"), ("upgrade_to_float", "float16", "float16"),
        ("upgrade_to_float_no_complex", "complex64", None), ("upgrade_to_float64", "int8 int8", "float64"),
        ("same_out", "int8", "int8"), ("same_out", "int8 int8", None), ("same_out_nobool", "bool", None),
        ("same_out_min8", "bool", "int8"), ("same_out_nocomplex", "complex64", None),
        ("same_out_float_only", "int8", None),
        ("same_out_float_only", "float16", "float16"), ("real_out", "complex64", "float32"),
        ("int_out", "float32", "int64"),
        ("int_out_nocomplex", "complex64", None), ("float_out", "int8", "float64"),
        ("float_out_nocomplex", "complex64", None),
    ],
)  # fmt: skip
def test_rules(rule: str, ins: str, out: str | None) -> None:
    types = [type(float64)(d) for d in ins.split()]
    if out is None:
        with pytest.raises(TypeError):
            getattr(preferences, rule)(*types)
    else:
        assert [t.dtype for t in getattr(preferences, rule)(*types)] == [out]


def test_rules_with_parameters() -> None:
    assert preferences.specific_out(int8)(float32) == (int8,)
    assert preferences.transfer_type(1, None)(int8, float32) == [float32, float32]
    assert preferences.unary_out_lookup({int8: float32})(int8) == [float32]
    with pytest.raises(TypeError, match="no output type for float32"):
        preferences.unary_out_lookup({int8: float32})(float32)
    assert preferences.transfer_type(0) == preferences.transfer_type(0) != preferences.transfer_type(1)
