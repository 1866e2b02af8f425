"""Where the values of special functions come from: SciPy, or JAX; loaded with the first that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def special(name: str) -> Callable[..., Any]:
    """The evaluation of scipy.special.<name>, in the data type of its arguments."""

    def eval(xp: Any, *xs: Any) -> Any:
        return getattr(module(xp), name)(*xs)

    return eval


def module(xp: Any) -> Any:
    """The module of special functions for the array namespace `xp`.

    Errors: ImportError when it is not installed
    """
    if xp is np:
        import scipy.special

        return scipy.special
    import jax.scipy.special

    return jax.scipy.special
