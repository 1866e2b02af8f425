"""The form of an index that operations keep, and slices in canonical form."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.ops.constructors import lscalar, vector
from croton.ops.index.slices import as_index_variable, make_slice
from croton.ops.index.subtensor import Subtensor
from croton.ops.index.template import describe, get_canonical_form_slice, get_idx_list, join, split
from croton.vartypes.slices import NoneConst, SliceConstant

K, J = lscalar("k"), lscalar("j")


def test_splitting_and_joining_are_opposites() -> None:
    entries = [slice(K, None, 2), 3, None, J, slice(None)]
    template, found = split(entries)
    assert found == [K, J]
    assert join(template, found) == entries
    assert describe(template) == "int64::2, 3, None, int64, :"
    assert get_idx_list([vector(), K, J], template, get_count=True) == (tuple(entries), 2)


def test_an_operation_with_slices_hashes_compares_and_pickles() -> None:
    one = Subtensor((slice(1, None), K.type))
    assert one == Subtensor([slice(1, None), K.type]) != Subtensor((slice(2, None), K.type))
    assert hash(one) == hash(Subtensor((slice(1, None), K.type)))
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize("start", [None, -9, -2, 0, 1, 9])
@pytest.mark.parametrize("stop", [None, -9, -2, 0, 1, 9])
@pytest.mark.parametrize("step", [None, -2, -1, 1, 2])
def test_canonical_slices_take_the_same(start: int | None, stop: int | None, step: int | None) -> None:
    for n in (0, 1, 5):
        made, direction = get_canonical_form_slice(slice(start, stop, step), n)
        parts = [as_int(v) for v in (made.start, made.stop, made.step)]
        a = np.arange(n)
        assert 0 <= parts[0] <= parts[1] <= n
        assert parts[2] > 0
        assert np.array_equal(a[slice(*parts)][:: as_int(direction)], a[start:stop:step])


def as_int(v: Any) -> int:
    """A number, or what a variable without inputs comes to."""
    return v if isinstance(v, int) else int(function([], v, mode="FAST_COMPILE")())


def test_canonical_slice_with_a_step_that_is_not_known() -> None:
    n = lscalar()
    made, direction = get_canonical_form_slice(slice(None, None, K), n)
    f = function([K, n], [made.start, made.stop, made.step, direction], mode="FAST_COMPILE")
    for step in (-2, 3):
        low, high, stride, way = map(int, f(step, 7))
        assert np.arange(7)[low:high:stride][::way].tolist() == np.arange(7)[::step].tolist()


def test_slices_as_variables_index_too() -> None:
    x, a = vector(dtype="float64"), np.arange(5.0)
    assert isinstance(as_index_variable(slice(1, 3)), SliceConstant)
    assert as_index_variable(None) is NoneConst
    y = x[make_slice(K, None, 2)]
    assert np.array_equal(function([x, K], y, mode="FAST_COMPILE")(a, 1), a[1::2])
    assert np.array_equal(function([x], x[as_index_variable(slice(1, 3))], mode="FAST_COMPILE")(a), a[1:3])
