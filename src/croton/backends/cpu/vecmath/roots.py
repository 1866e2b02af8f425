"""Cube root, hypotenuse, and the functions that the machine has."""

from __future__ import annotations

from croton.backends.cpu.vecmath.coefficients import CBRT
from croton.backends.cpu.vecmath.exponential import power_of_two
from croton.backends.cpu.vecmath.lanes import (
    Lanes,
    copysign,
    exact_product,
    fma,
    magnitude,
    polynomial,
    sqrt,
    where,
)
from croton.backends.cpu.vecmath.logarithm import INFINITY, lift_subnormal, split


def cbrt(x: Lanes) -> Lanes:
    """Cube root: a first polynomial, then one step of Halley's method."""
    form = x.kit.form
    a = magnitude(x)
    lifted, shift = lift_subnormal(a)
    k, f = split(lifted)
    k = k + shift
    third = x.kit.call("rint", k * (1.0 / 3.0))
    rest = fma(third, -3.0, k)  # -1, 0 or 1
    up, down = rest > 0.0, rest < 0.0
    t = (f + 1.0) * where(up, 2.0, where(down, x.kit.number(0.5), 1.0))
    root = 2.0 ** (1 / 3)
    y = polynomial(f, CBRT[form.dtype]) * where(up, root, where(down, x.kit.number(1 / root), 1.0))
    square, lost = exact_product(y, y)
    error = fma(square, y, -t) + lost * y  # y^3 - t
    y = y - y * error / fma(t, 3.0, error + error)
    y = y * power_of_two((third + (form.magic + form.bias)).bits())
    return where((a > 0.0) & (a < INFINITY), copysign(y, x), x)


def hypot(x: Lanes, y: Lanes) -> Lanes:
    """sqrt(x^2 + y^2) without overflow; infinite where one of them is."""
    form = x.kit.form
    a, b = magnitude(x), magnitude(y)
    larger, smaller = where(a > b, a, b), where(a > b, b, a)
    step = 2.0 ** (form.bias * 3 // 5)
    huge, minute = larger > 2.0 ** (form.bias // 2 - 2), larger < 2.0 ** (-form.bias // 3)
    factor = where(huge, x.kit.number(1 / step), where(minute, x.kit.number(step), 1.0))
    back = where(huge, x.kit.number(step), where(minute, x.kit.number(1 / step), 1.0))
    larger, smaller = larger * factor, smaller * factor
    square, lost = exact_product(larger, larger)
    h = sqrt(square + fma(smaller, smaller, lost)) * back
    h = where(a.same(INFINITY) | b.same(INFINITY), INFINITY, h)
    return h
