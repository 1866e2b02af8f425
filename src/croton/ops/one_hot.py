"""Class numbers as rows of zeros with a one."""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.creation import arange, zeros
from croton.ops.index.assign import set_subtensor
from croton.ops.shape import shape_i


def to_one_hot(y: Any, nb_class: Any, dtype: Any = None) -> Variable:
    """For each class number in the vector `y` a row of `nb_class` zeros with a one at that number.

    Shapes:    (n,) -> (n, nb_class)
    Dtypes:    `dtype`, else floatX
    Errors:    TypeError for what is no integers; IndexError at run time for a number that is no class
    """
    v = as_tensor_variable(y)
    count = shape_i(v, 0)
    empty: Any = zeros((count, nb_class), dtype=dtype)
    return set_subtensor(empty[arange(count), v], 1)
