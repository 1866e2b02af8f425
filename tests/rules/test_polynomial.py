"""Polynomials in exponentials: what is brought together, divided and cancelled."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from croton.rules import polynomial as poly

E = poly.Exponential(0)
ONE = poly.constant(F(1))


def e(power: int) -> poly.Polynomial:
    return poly.single(E, F(power))


def over_one_plus_e(p: poly.Polynomial, times: int = 1) -> poly.Polynomial:
    for _ in range(times):
        p = poly.times(p, poly.inverse(poly.plus(ONE, e(1))))
    return p


def test_what_cancels_is_gone() -> None:
    # s + t is 1, where s = e / (1 + e) and t = 1 / (1 + e)
    assert poly.reduced(poly.plus(over_one_plus_e(e(1)), over_one_plus_e(ONE))) == ONE


def test_a_common_divisor_goes_out() -> None:
    squared = poly.times(poly.plus(ONE, e(1)), poly.plus(ONE, e(1)))
    assert poly.reduced(over_one_plus_e(squared, 3)) == over_one_plus_e(ONE)


def test_sums_of_two_have_an_inverse() -> None:
    cosh = poly.plus(e(1), e(-1))
    assert poly.reduced(poly.times(poly.inverse(cosh), cosh)) == ONE
    less = poly.plus(e(1), poly.constant(F(-1)))
    assert poly.reduced(poly.times(poly.inverse(less), less)) == ONE


@pytest.mark.parametrize("terms", [(1, 2), (0, 0)])
def test_others_have_none(terms: tuple[int, int]) -> None:
    a, b = poly.single(poly.Unknown(0)), poly.single(poly.Unknown(1))
    p = poly.plus(a, poly.plus(e(terms[0]), poly.times(b, e(terms[1]))))
    with pytest.raises(poly.TooLarge):
        poly.inverse(p)


def test_numbers_that_cancel_but_for_rounding_are_gone() -> None:
    assert not poly.plus(poly.constant(F(0.1) + F(0.2)), poly.constant(-F(0.3)))
    assert poly.plain(F(1 / 3)) == F(1, 3) and poly.plain(F(0.1234567891)) == F(0.1234567891)


def test_a_series_is_divided_only_where_nothing_is_left() -> None:
    assert poly.divided({F(0): F(1), F(2): F(-1)}, F(1), F(1)) == {F(0): F(1), F(1): F(-1)}
    assert poly.divided({F(0): F(1), F(2): F(1)}, F(1), F(1)) is None


def test_terms_stand_in_one_order() -> None:
    pole = poly.Pole(E, F(1), F(1))
    one, two = [(poly.Unknown(1), F(1)), (E, F(2)), (pole, F(-1))], [(poly.Unknown(0), F(1)), (E, F(-1))]
    made = poly.joined(poly.term(one[::-1]), poly.term(two))
    assert made == poly.joined(poly.term(two), poly.term(one))
    assert [factor for factor, _ in made] == [poly.Unknown(0), poly.Unknown(1), E, pole]
    assert poly.joined(made, poly.term([(factor, -n) for factor, n in made])) == ()
