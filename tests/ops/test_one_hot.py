"""Class numbers as rows of zeros with a one."""

from __future__ import annotations

import numpy as np
import pytest

from croton.compile.function import function
from croton.ops.constructors import lscalar, lvector, vector
from croton.ops.one_hot import to_one_hot


def test_rows_of_zeros_with_a_one() -> None:
    y, n = lvector(), lscalar()
    made = function([y, n], to_one_hot(y, n, dtype="int8"), mode="FAST_COMPILE")([2, 0], 3)
    assert made.dtype == "int8"
    assert np.array_equal(made, np.eye(3)[[2, 0]])
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 3"):
        function([y], to_one_hot(y, 3), mode="FAST_COMPILE")([3])
    with pytest.raises(TypeError, match="integers"):
        to_one_hot(vector(dtype="float32"), 3)
