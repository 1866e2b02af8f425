"""Coordinates of the points of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.ops.constructors import lscalar
from croton.ops.grid import mgrid, ogrid


@pytest.mark.parametrize(
    "at", [np.s_[0:3, 0:2], np.s_[0:5:2, 1:3, 4:1:-1], np.s_[0:3], np.s_[0.0:1.0:0.25, :2]]
)
@pytest.mark.parametrize(("mine", "numpys"), [(mgrid, np.mgrid), (ogrid, np.ogrid)])
def test_as_numpy(mine: Any, numpys: Any, at: Any) -> None:
    made = function([], mine[at], mode="FAST_COMPILE")()
    want = numpys[at] if isinstance(at, tuple) else [numpys[at]]
    for got, expected in zip(made, want, strict=True):
        assert np.array_equal(got, expected)


def test_ends_that_are_not_known() -> None:
    n = lscalar()
    rows, _ = function([n], mgrid[0:n, 0:2], mode="FAST_COMPILE")(3)
    assert rows.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert ogrid[0:n, 0:2][0].type.broadcastable == (False, True)


def test_numbers_of_points_are_not_taken() -> None:
    with pytest.raises(NotImplementedError, match="steps"):
        mgrid[0:1:5j]
