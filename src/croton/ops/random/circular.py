"""Angles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.ops.cast import cast
from croton.ops.elementwise import eq, round, switch
from croton.ops.random.counter import bits_of, draw_of
from croton.ops.random.parameters import NOT_NEGATIVE, lengths_of_draw, of, parameters, require
from croton.ops.random.trials import VonMisesDistance


def vonmises(state: Any, mu: Any, kappa: Any, size: Any = None, dtype: Any = None) -> Variable:
    """Angles from -pi to pi around `mu`, the nearer to it the greater `kappa`.

    Errors: ValueError at run time for a `kappa` that is negative, NaN, or above 1e100
    """
    require("vonmises", NOT_NEGATIVE, kappa=kappa)
    dtype, (mu, kappa) = parameters(dtype, mu, kappa)
    lengths = lengths_of_draw(size, mu, kappa)
    far = cast(VonMisesDistance()(*draw_of(state), cast(kappa, "float64"), *lengths), dtype)
    to_the_right = eq(bits_of(state, lengths, 1) & np.uint64(1), np.uint64(0))
    angle: Any = mu + switch(to_the_right, far, -far)
    turn = of(dtype, 2 * math.pi)
    made: Variable = angle - turn * round(angle / turn)
    return made
