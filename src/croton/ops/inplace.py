"""The elementwise operations under the names of their in-place forms.

What is computed in place is for the plan to decide: these leave their inputs as they are.
"""

from __future__ import annotations

from typing import Any

from croton.graph.node import Variable
from croton.ops import elementwise
from croton.ops.convert import as_tensor_variable
from croton.ops.elemwise import Elemwise, dimshuffle


def _in_place(operation: Elemwise) -> Elemwise:
    return Elemwise(operation.scalar_op, {0: 0}, name=f"{operation.scalar_op.name}_inplace")


def transpose_inplace(x: Any) -> Variable:
    """The axes of `x` in reverse order."""
    x = as_tensor_variable(x)
    return dimshuffle(x, *range(x.type.ndim - 1, -1, -1))


abs__inplace = _in_place(elementwise.abs_)
add_inplace = _in_place(elementwise.add)
and__inplace = _in_place(elementwise.and_)
arccos_inplace = _in_place(elementwise.arccos)
arccosh_inplace = _in_place(elementwise.arccosh)
arcsin_inplace = _in_place(elementwise.arcsin)
arcsinh_inplace = _in_place(elementwise.arcsinh)
arctan_inplace = _in_place(elementwise.arctan)
arctan2_inplace = _in_place(elementwise.arctan2)
arctanh_inplace = _in_place(elementwise.arctanh)
ceil_inplace = _in_place(elementwise.ceil)
chi2sf_inplace = _in_place(elementwise.chi2sf)
conj_inplace = _in_place(elementwise.conj)
cos_inplace = _in_place(elementwise.cos)
cosh_inplace = _in_place(elementwise.cosh)
deg2rad_inplace = _in_place(elementwise.deg2rad)
eq_inplace = _in_place(elementwise.eq)
erf_inplace = _in_place(elementwise.erf)
erfc_inplace = _in_place(elementwise.erfc)
erfcx_inplace = _in_place(elementwise.erfcx)
exp_inplace = _in_place(elementwise.exp)
exp2_inplace = _in_place(elementwise.exp2)
expm1_inplace = _in_place(elementwise.expm1)
floor_inplace = _in_place(elementwise.floor)
gamma_inplace = _in_place(elementwise.gamma)
gammaln_inplace = _in_place(elementwise.gammaln)
ge_inplace = _in_place(elementwise.ge)
gt_inplace = _in_place(elementwise.gt)
i0_inplace = _in_place(elementwise.i0)
i1_inplace = _in_place(elementwise.i1)
int_div_inplace = _in_place(elementwise.int_div)
inv_inplace = _in_place(elementwise.inv)
invert_inplace = _in_place(elementwise.invert)
iv_inplace = _in_place(elementwise.iv)
j0_inplace = _in_place(elementwise.j0)
j1_inplace = _in_place(elementwise.j1)
jv_inplace = _in_place(elementwise.jv)
le_inplace = _in_place(elementwise.le)
log_inplace = _in_place(elementwise.log)
log10_inplace = _in_place(elementwise.log10)
log1p_inplace = _in_place(elementwise.log1p)
log2_inplace = _in_place(elementwise.log2)
lt_inplace = _in_place(elementwise.lt)
maximum_inplace = _in_place(elementwise.maximum)
minimum_inplace = _in_place(elementwise.minimum)
mod_inplace = _in_place(elementwise.mod)
mul_inplace = _in_place(elementwise.mul)
neg_inplace = _in_place(elementwise.neg)
neq_inplace = _in_place(elementwise.neq)
or__inplace = _in_place(elementwise.or_)
pow_inplace = _in_place(elementwise.pow)
psi_inplace = _in_place(elementwise.psi)
rad2deg_inplace = _in_place(elementwise.rad2deg)
round_half_away_from_zero_inplace = _in_place(elementwise.round_half_away_from_zero)
round_half_to_even_inplace = _in_place(elementwise.round_half_to_even)
second_inplace = _in_place(elementwise.second)
fill_inplace = second_inplace
sgn_inplace = _in_place(elementwise.sgn)
sin_inplace = _in_place(elementwise.sin)
sinh_inplace = _in_place(elementwise.sinh)
sqr_inplace = _in_place(elementwise.sqr)
sqrt_inplace = _in_place(elementwise.sqrt)
sub_inplace = _in_place(elementwise.sub)
tan_inplace = _in_place(elementwise.tan)
tanh_inplace = _in_place(elementwise.tanh)
tri_gamma_inplace = _in_place(elementwise.tri_gamma)
true_div_inplace = _in_place(elementwise.true_div)
trunc_inplace = _in_place(elementwise.trunc)
xor_inplace = _in_place(elementwise.xor)
