"""Places by one number, and by one for each axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.ops.constructors import lvector, vector
from croton.ops.ravel import RavelMultiIndex, UnravelIndex, ravel_multi_index, unravel_index


@pytest.mark.parametrize("order", ["C", "F"])
def test_there_and_back(order: Any) -> None:
    k, dims = lvector(), lvector()
    for given in ((3, 4), dims):
        places = unravel_index(k, given, order, ndim=2)
        again = ravel_multi_index(places, given, order=order)
        f = function([k, dims], [*places, again], mode="FAST_COMPILE", on_unused_input="ignore")
        *made, back = f([0, 5, 11], [3, 4])
        assert np.array_equal(made, np.unravel_index([0, 5, 11], (3, 4), order))
        assert back.tolist() == [0, 5, 11]


@pytest.mark.parametrize("mode", ["wrap", "clip"])
def test_places_outside(mode: Any) -> None:
    k = lvector()
    made = function([k], ravel_multi_index((k, 9), (3, 4), mode), mode="FAST_COMPILE")([0, -7, 5])
    assert np.array_equal(made, np.ravel_multi_index(([0, -7, 5], [9] * 3), (3, 4), mode=mode))
    with pytest.raises(ValueError, match="invalid entry"):
        function([k], ravel_multi_index((k, k), (3, 4)), mode="FAST_COMPILE")([3])
    with pytest.raises(ValueError, match="out of bounds"):
        function([k], list(unravel_index(k, (3, 4))), mode="FAST_COMPILE")([12])


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda k: unravel_index(k, lvector()), ValueError),
        (lambda k: unravel_index(vector(dtype="float32"), (3, 4)), TypeError),
        (lambda k: unravel_index(k, (3, 4), order="A"), AssertionError),
        (lambda k: unravel_index(k, ()), ValueError),
        (lambda k: ravel_multi_index(k, (3, 4)), TypeError),
        (lambda k: ravel_multi_index((k, k), (3.0, 4.0)), TypeError),
        (lambda k: RavelMultiIndex(mode="q"), AssertionError),
        (lambda k: UnravelIndex(0), ValueError),
    ],
)
def test_refusals(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make(lvector())
