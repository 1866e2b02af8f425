"""Checks and errors at run time."""

from __future__ import annotations

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import vector
from croton.ops.raise_op import Assert, Raise


def test_a_condition_that_holds_changes_nothing() -> None:
    x = vector(dtype="float64")
    y = Assert("too small")(x, x.sum() > 1, 1)
    made, slope = function([x], [y, grad(y.sum(), x)], mode="FAST_COMPILE")([1.0, 2.0])
    assert made.tolist() == [1.0, 2.0]
    assert slope.tolist() == [1.0, 1.0]
    with pytest.raises(AssertionError, match="too small"):
        function([x], y, mode="FAST_COMPILE")([0.0])


def test_a_condition_is_one_number() -> None:
    x = vector()
    with pytest.raises(AssertionError, match="must be a scalar"):
        Assert()(x, x > 0)
    assert Assert("m") == Assert("m") != Assert("n")
    assert str(Assert("m")) == "Assert{msg='m'}"


def test_raise() -> None:
    x = vector(dtype="float64")
    with pytest.raises(LookupError, match="not here"):
        function([x], Raise("not here", LookupError)(x), mode="FAST_COMPILE")(np.ones(2))
