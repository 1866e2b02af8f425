"""Python functions as operations."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from croton.compile.function import function
from croton.ops.constructors import dvector, lscalar, vector
from croton.ops.from_function import FromFunctionOp, as_op


@as_op(itypes=[dvector, lscalar], otypes=[dvector], infer_shape=lambda node, shapes: [shapes[0]])
def scaled(x: Any, n: Any) -> Any:
    """`x` times `n`."""
    return x * n


@as_op(itypes=dvector, otypes=[dvector, lscalar])
def parts(x: Any) -> Any:
    """`x` backwards, and its length."""
    return x[::-1].copy(), np.asarray(len(x))


def test_functions_run_as_operations() -> None:
    x, n = dvector(), lscalar()
    y, size = parts(scaled(x, n))
    made, count = function([x, n], [y, size], mode="FAST_COMPILE")([1.0, 2.0], 3)
    assert made.tolist() == [6.0, 3.0]
    assert count == 2
    assert str(scaled) == "FromFunctionOp{scaled}"


def test_types_are_checked() -> None:
    for wrong in (3, [3]):
        with pytest.raises(TypeError, match="types or lists of types"):
            as_op(wrong, [dvector])
    with pytest.raises(TypeError, match="infer_shape"):
        as_op([dvector], [dvector], infer_shape=3)
    with pytest.raises(TypeError):
        scaled(vector(dtype="float32"), vector())


def test_a_wrong_number_of_values_is_noticed() -> None:
    one = FromFunctionOp(lambda x: (x,), [dvector], [dvector, dvector])
    x = dvector()
    with pytest.raises(ValueError, match="is to give 2 values"):
        function([x], one(x), mode="FAST_COMPILE")([1.0])


def test_only_what_can_be_found_again_is_pickled() -> None:
    hidden = FromFunctionOp(lambda x: x, [dvector], [dvector])
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(hidden)
