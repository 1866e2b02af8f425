"""Values that are the same up to rounding."""

from __future__ import annotations

import numpy as np

from theano.scalar.basic import round_half_away_from_zero_vec
from theano.tensor import basic
from theano.tensor.type import values_eq_approx_remove_nan

NAN = np.nan


def test_tolerances_are_those_of_the_least_precise():
    one = np.ones(1)
    assert basic._allclose(one, one + 1e-9) and not basic._allclose(one, one + 2e-4)
    assert basic._allclose(one.astype("float16"), one + 5e-3)
    assert basic._allclose(one, one + 0.5, rtol=1) and not basic._allclose(one, one + 1e-6, rtol=0, atol=0)
    assert (basic.float32_atol, basic.float64_atol) == (1e-5, 1e-8)


def test_nan_of_the_first_is_let_pass():
    def same(a, b):
        return values_eq_approx_remove_nan(np.array(a, "float64"), np.array(b, "float64"))

    assert same([1, NAN], [1, 2]) and same([1, 2], [1, 2]) and same([1, np.inf], [1, np.inf])
    assert not same([1, NAN], [2, NAN]) and not same([1, 2], [1, NAN]) and not same([1, np.inf], [1, 2])
    assert not values_eq_approx_remove_nan(np.ones(2), np.ones(3))
    assert not values_eq_approx_remove_nan(np.ones(2), np.ones(2, "float32"))
    assert not values_eq_approx_remove_nan(1.0, 1.0)
    assert values_eq_approx_remove_nan(np.array([1]), np.array([1]))


def test_rounding_of_arrays():
    np.testing.assert_array_equal(round_half_away_from_zero_vec([0.5, -0.5, 1.5, 2.4]), [1, -1, 2, 2])
    assert round_half_away_from_zero_vec(np.ones(1, "float32")).dtype == "float32"
