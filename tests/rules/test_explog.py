"""Functions that undo, repeat or reflect what stands inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theano
import theano.tensor as T
from croton.compile.mode import Mode

X = np.array([-700.0, -3.0, -0.5, 0.0, 1e-9, 0.7, 2.0, 30.0, 700.0])
SMALL = np.array([-0.9, -0.3, 0.0, 1e-12, 0.4, 0.99])
POSITIVE = np.array([1e-300, 0.3, 1.0, 7.0, 1e300])


INVERSES = [
    ("local_log_exp", lambda x: T.log(T.exp(x)), X),
    ("local_log2_exp2", lambda x: T.log2(T.exp2(x)), X),
    ("local_log1p_expm1", lambda x: T.log1p(T.expm1(x)), X),
    ("local_exp_log", lambda x: T.exp(T.log(x)), POSITIVE),
    ("local_exp2_log2", lambda x: T.exp2(T.log2(x)), POSITIVE),
    ("local_expm1_log1p", lambda x: T.expm1(T.log1p(x)), SMALL),
    ("local_sqr_sqrt", lambda x: T.sqr(T.sqrt(x)), POSITIVE),
    ("local_sqr_sqrt", lambda x: T.sqrt(x) * T.sqrt(x), POSITIVE),
    ("local_sinh_arcsinh", lambda x: T.sinh(T.arcsinh(x)), X),
    ("local_arcsinh_sinh", lambda x: T.arcsinh(T.sinh(x)), X),
    ("local_tan_arctan", lambda x: T.tan(T.arctan(x)), X),
    ("local_arctanh_tanh", lambda x: T.arctanh(T.tanh(x)), X),
    ("local_tanh_arctanh", lambda x: T.tanh(T.arctanh(x)), SMALL),
    ("local_erfinv_erf", lambda x: T.erfinv(T.erf(x)), X),
    ("local_erf_erfinv", lambda x: T.erf(T.erfinv(x)), SMALL),
    ("local_deg2rad_rad2deg", lambda x: T.deg2rad(T.rad2deg(x)), X),
    ("local_rad2deg_deg2rad", lambda x: T.rad2deg(T.deg2rad(x)), X),
]


@pytest.mark.parametrize(("rule", "build", "values"), INVERSES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_inverses_give_back_what_went_in(fires: Any, rule: str, build: Any, values: Any, dtype: str) -> None:
    values = values[(values == 0) | (np.abs(values) > 1e-30)] if dtype == "float32" else values
    values = values[np.abs(values) < 1e30].astype(dtype)
    fires(rule, build, values, exact=lambda mp, x: x, rtol=0)


@pytest.mark.parametrize(
    ("build", "values"),
    [
        (lambda x: T.exp(T.log(x)), [-1.0, -np.inf]),
        (lambda x: T.sqr(T.sqrt(x)), [-1.0, -1e-300]),
        (lambda x: T.expm1(T.log1p(x)), [-2.0, -1.5]),
        (lambda x: T.tanh(T.arctanh(x)), [-1.5, 2.0]),
    ],
)
def test_what_has_no_value_inside_has_none(fires: Any, build: Any, values: list[float]) -> None:
    x = T.dvector("x")
    assert np.isnan(theano.function([x], build(x))(values)).all()


@pytest.mark.parametrize(
    ("rule", "f"),
    [
        ("local_sin_neg", T.sin), ("local_tan_neg", T.tan), ("local_sinh_neg", T.sinh), ("local_tanh_neg", T.tanh),
        ("local_arctan_neg", T.arctan), ("local_arcsinh_neg", T.arcsinh), ("local_arctanh_neg", T.arctanh),
        ("local_erf_neg", T.erf), ("local_erfinv_neg", T.erfinv), ("local_cos_neg", T.cos), ("local_cosh_neg", T.cosh),
    ],
)  # fmt: skip
def test_odd_and_even_functions(fires: Any, ops: Any, rule: str, f: Any) -> None:
    made = fires(rule, lambda x: f(-x), SMALL)
    assert ops(made)[0] != "neg"


@pytest.mark.parametrize(
    ("rule", "f"),
    [
        ("local_abs_abs", abs), ("local_sgn_sgn", T.sgn), ("local_floor_floor", T.floor), ("local_ceil_ceil", T.ceil),
        ("local_trunc_trunc", T.trunc),
        ("local_round_half_to_even_round_half_to_even", lambda v: T.round(v, mode="half_to_even")),
        ("local_round_half_away_from_zero_round_half_away_from_zero", lambda v: T.round(v, mode="half_away_from_zero")),
    ],
)  # fmt: skip
def test_what_is_done_already(fires: Any, ops: Any, rule: str, f: Any) -> None:
    made = fires(rule, lambda x: f(f(x)), X)
    assert len(ops(made)) == 1


def test_magnitudes(fires: Any, ops: Any) -> None:
    fires("local_abs_neg", lambda x: abs(-x), X)
    fires("local_sqrt_sqr", lambda x: T.sqrt(T.sqr(x)), np.array([-1e200, 3.0]), exact=lambda mp, x: abs(x))
    fires("local_sqrt_square", lambda x: T.sqrt(x * x), np.array([-1e200, 3.0]), exact=lambda mp, x: abs(x))
    fires("local_sgn_mul_abs", lambda x: T.sgn(x) * abs(x), X)
    for f in (T.exp, T.sqr, T.nnet.sigmoid, T.nnet.softplus, T.cosh, T.erfc):
        made = fires("local_abs_of_never_negative", lambda x, f=f: abs(f(x)), SMALL)
        assert "abs_" not in ops(made)


def test_unsigned_numbers_wrap_around() -> None:
    x = T.TensorType("uint8", [False])("x")
    assert list(theano.function([x], abs(-x))(np.array([5, 0, 255], "uint8"))) == [251, 0, 1]


def test_bits_and_complex_numbers(fires: Any, ops: Any) -> None:
    fires("local_invert_invert", lambda x: ~~x, np.array([3, -4, 0]))
    z = np.array([1 + 2j, -1j])
    assert ops(fires("local_conj_conj", lambda x: T.conj(T.conj(x)), z)) == []
    fires("local_conj_of_real", lambda x: T.conj(x) + 1, X)
    fires("local_real_of_real", lambda x: T.real(x) + 1, X)
    fires("local_useless_copy", lambda x: T.tensor_copy(x) + 1, X)


PAIRS = (
    lambda v: T.log(T.exp(v)), lambda v: T.sqrt(T.sqr(v)), lambda v: T.sqr(T.sqrt(v)), lambda v: T.exp(T.log(v)),
)  # fmt: skip


@pytest.mark.parametrize("dtype", ["int8", "uint8", "complex64"])
@pytest.mark.parametrize("build", PAIRS)
def test_other_data_types_keep_their_values(build: Any, dtype: str) -> None:
    values = np.array([0, 1, 2, 3]).astype(dtype)
    x = T.TensorType(dtype, [False])("x")
    with np.errstate(all="ignore"):
        plain = theano.function([x], build(x), mode=Mode("py", None))(values)
        made = theano.function([x], build(x), mode=Mode("py", "fast_run"))(values)
    assert made.dtype == plain.dtype
    np.testing.assert_allclose(made, plain, rtol=1e-2 if made.dtype == "float16" else 1e-5)
