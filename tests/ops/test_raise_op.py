"""Checks and errors at run time."""

from __future__ import annotations

import numpy as np
import pytest

from croton.autodiff.grad import grad
from croton.compile.function import function
from croton.ops.constructors import scalar, vector
from croton.ops.creation import alloc
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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_a_known_condition_that_does_not_hold_stays_an_error(mode) -> None:
    """Whatever the value checked is known to be: as a term, a factor, or a length."""
    x = scalar(dtype="float64")
    for holds in (1, 0):
        check = Assert("does not hold")
        for made in (
            x + check(0.0, holds),
            x * check(0.0, holds),
            alloc(x, check(2, holds)),
            check(2.0, holds) + 0 * x,
        ):
            f = function([x], made, mode=mode)
            if holds:
                f(1.0)
                continue
            with pytest.raises(AssertionError, match="does not hold"):
                f(1.0)
