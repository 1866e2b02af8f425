"""How an angle of a von Mises distribution moves with kappa, while the share of all that are less stays the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from croton.graph.node import Variable
from croton.ops.convert import as_tensor_variable
from croton.ops.elementwise import exp, maximum, minimum, sin, sqr, sqrt

# Where the integrand is 1e-16 of what it is at its start, or less, and how many points lie in between.
_REACH, _POINTS = 37.0, 48


def von_mises_slope(kappa: Any, t: Any) -> Variable:
    """dt/dkappa, for the distance t of an angle from the middle, from 0 to pi.

    That is, the density being in proportion to exp(kappa cos(s)), the integral over (t, pi) of (cos(s) - m) times
    exp(kappa (cos(s) - cos(t))), where m is the mean of the cosine. Both differences are taken as products of sines.

    Source:  Figurnov, Mohamed and Mnih, Implicit reparameterization gradients, 2018; Gauss and Legendre's quadrature
    """
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    axes = ["x"] * t.type.ndim
    share, weight = (as_tensor_variable(v / 2).dimshuffle(0, *axes) for v in (points + 1, weights))
    # cos(t) - cos(s) is at least 2 (s^2 - t^2) / pi^2, up to where their mean is a right angle.
    more = _REACH * math.pi**2 / (2.0 * maximum(kappa, 1e-100))

    def nodes(first: Any) -> tuple[Any, Any]:
        """Points from `first` on, and what each of them counts by the density, that at `first` being 1."""
        reach = minimum(sqrt(sqr(first) + more), math.pi) - first
        s = first + share * reach
        fall = 2.0 * kappa * sin((s + first) / 2.0) * sin((s - first) / 2.0)
        return s, weight * reach * exp(-fall)

    everywhere, density = nodes(0.0 * t)
    mean = (2.0 * sqr(sin(everywhere / 2.0)) * density).sum(axis=0) / density.sum(axis=0)
    s, density = nodes(t)
    made: Variable = ((mean - 2.0 * sqr(sin(s / 2.0))) * density).sum(axis=0)
    return made
