"""Between 0-d tensors and single numbers."""

from __future__ import annotations

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import dscalar, dvector, vector
from croton.ops.numbers import as_tensor_number, scalar_from_tensor, tensor_from_scalar
from croton.vartypes.scalar import Scalar


def test_there_and_back() -> None:
    x = dscalar()
    number = scalar_from_tensor(x)
    assert number.type == Scalar("float64")
    y = tensor_from_scalar(number * number)
    made, slope = function([x], [y, grad(y, x)], mode="FAST_COMPILE")(3.0)
    assert (float(made), float(slope)) == (9.0, 6.0)


def test_a_number_can_be_a_place() -> None:
    x, i = dvector(), Scalar("int64")()
    assert function([x, i], x[i], mode="FAST_COMPILE")([1.0, 2.0], np.int64(1)) == 2.0
    assert as_tensor_number(i).type.ndim == 0


def test_only_one_number_can_be_taken() -> None:
    with pytest.raises(TypeError, match="0-d"):
        scalar_from_tensor(vector())
