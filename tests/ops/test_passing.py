"""What passes its input on as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import matrix, vector
from croton.ops.passing import Print, deep_copy_op, default, register_transfer, transfer, view_op


def test_print_shows_each_value_once_and_is_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    x = vector(dtype="float64")
    y = Print("x:", attrs=("shape", "sum"))(x)
    f = function([x], [y * 2, grad((y * y).sum(), x)], mode="FAST_COMPILE")
    assert capsys.readouterr().out == ""
    doubled, slope = f([1.0, 2.0])
    assert doubled.tolist() == slope.tolist() == [2.0, 4.0]
    assert capsys.readouterr().out == "x: shape = (2,)\nx: sum = 3.0\n"


def test_print_by_a_function_of_ones_own() -> None:
    seen: list[Any] = []
    x = vector(dtype="float64")
    function(
        [x], Print("m", global_fn=lambda op, v: seen.append((op.message, v.sum())))(x), mode="FAST_COMPILE"
    )([1.0, 2.0])
    assert seen == [("m", 3.0)]
    assert Print("a") == Print("a") != Print("b")


@pytest.mark.parametrize("op", [view_op, deep_copy_op])
def test_views_and_copies(op: Any) -> None:
    x = matrix(dtype="float64")
    made, slope = function([x], [op(x), grad(op(x).sum(), x)], mode="FAST_COMPILE")(np.eye(2))
    assert np.array_equal(made, np.eye(2))
    assert np.array_equal(slope, np.ones((2, 2)))


def test_default() -> None:
    x, y = matrix(dtype="float64"), matrix(dtype="float64")
    made = function([x, y], default(x, y), mode="FAST_COMPILE", on_unused_input="ignore")(
        np.eye(2), -np.eye(2)
    )
    assert np.array_equal(made, np.eye(2))
    with pytest.raises(TypeError, match="same type"):
        default(x, vector())


def test_devices() -> None:
    x = vector()
    assert transfer(x, "cpu") is x
    with pytest.raises(ValueError, match="transfer to target gpu9"):
        transfer(x, "gpu9")
    register_transfer(lambda v, target: v + 1 if target == "elsewhere" else None)
    assert transfer(x, "elsewhere") is not x
    with pytest.raises(TypeError, match="function"):
        register_transfer(3)
