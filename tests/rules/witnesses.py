"""For each rule that is a function, the smallest graph that it is for; rules that are equations are their own.

A witness is a graph, or a graph and the names of rules that would be there first, which are left out.
"""

from __future__ import annotations

from typing import Any

import theano
import theano.tensor as T
from croton.ops.convert import Stack
from theano.ifelse import ifelse
from theano.sandbox.linalg.ops import psd
from theano.tensor import nlinalg, slinalg
from theano.tensor.opt import Assert  # type: ignore[attr-defined]

x, y, z = T.dvectors("x", "y", "z")
m, n, p = T.dmatrices("m", "n", "p")
a, b = T.tensor3("a", "float64"), T.tensor3("b", "float64")
k, j = T.lvectors("k", "j")
c = T.dscalar("c")
i = T.lscalar("i")
t = T.TensorType("bool", (False,))("t")
row = T.row("row", "float64")
four = T.specify_shape(x, (4,))

s, sp, softmax = T.nnet.sigmoid, T.nnet.softplus, T.nnet.softmax
alloc = T.alloc
RATIONAL = "local_rational_in_exp"


def grad(cost: Any, wrt: Any) -> Any:
    """The gradient, as users ask for it."""
    return T.grad(cost.sum(), wrt)


WITNESSES: dict[str, Any] = {
    # sums and products
    "local_mul_canonizer": x * y / x,
    "local_add_canonizer": x + y - x,
    "local_mul_zero": x * 0,
    "local_zero_div": (0 / x, "local_mul_canonizer"),
    "local_intdiv_by_one": k // 1,
    "local_useless_elemwise": T.mul(x),
    "constant_folding": x + (T.constant(2.0) + 3.0),
    # numbers that are repeated
    "local_elemwise_alloc": x + alloc(c, x.shape[0]),
    "local_alloc_unary": T.exp(alloc(c, i)),
    "local_dimshuffle_alloc": alloc(c, i, 3).T,
    "local_alloc_of_alloc": alloc(alloc(c, i), 2, i),
    "local_canonicalize_alloc": alloc(c, 1),
    "local_useless_alloc": alloc(x, x.shape[0]),
    "local_useless_fill": T.fill(x, y),
    "local_fill_sink": T.fill(x, c) + y,
    "local_fill_to_alloc": T.fill(x, c),
    # parts
    "local_useless_slice": x[:],
    "local_take_all": T.exp(x)[T.arange(x.shape[0])],
    "local_subtensor_make_vector": T.stack([c, 2 * c])[0],
    "local_subtensor_merge": x[1:][0],
    "local_subtensor_inc_subtensor": T.set_subtensor(x[1], c)[1],
    "local_useless_inc_subtensor": T.set_subtensor(x[1:], x[1:]),
    "local_setsubtensor_twice": T.set_subtensor(T.set_subtensor(x[1:], 1.0)[1:], y[1:]),
    "local_set_to_inc_subtensor": T.set_subtensor(x[1:], x[1:] + y[1:]),
    "local_incsubtensor_serialize": T.inc_subtensor(T.zeros_like(x)[1:], y[1:])
    + T.inc_subtensor(T.zeros_like(x)[2:], z[2:])
    + z,
    "local_incsubtensor_of_zeros_to_setsubtensor": T.inc_subtensor(T.zeros_like(x)[1:], y[1:]),
    "local_incsubtensors_to_join": T.inc_subtensor(T.zeros((4,))[:2], T.sin(four[:2]))
    + T.inc_subtensor(T.zeros((4,))[2:], T.sin(four[2:])),
    "local_subtensor_lift": T.exp(x)[1:],
    "local_subtensor_of_dimshuffle": m.T[1:],
    "local_subtensor_of_reduction": m.sum(axis=1)[1:],
    "local_subtensor_of_softmax": softmax(m)[1:],
    "local_subtensor_of_dot": m.dot(n)[1:],
    "local_subtensor_of_alloc": alloc(c, i)[1:],
    "local_subtensor_of_stack": Stack()(x, y)[0],
    "local_subtensor_of_join": T.stack([x, y])[0],
    # conditions
    "cond_remove_identical": ifelse(c > 0, x, x),
    "ifelse_lift_zeros": ifelse(c > 0, x, T.zeros_like(x)) * y,
    "ifelse_add_zeros": ifelse(c > 0, x, T.zeros_like(x)) + ifelse(c > 0, T.zeros_like(y), y),
    "local_useless_switch": T.switch(x > 0, y, y),
    "local_nested_switch": T.switch(x > 0, T.switch(x > 0, y, z), x),
    "local_mul_switch_sink": T.switch(x > 0, y, 0) * z,
    "local_div_switch_sink": T.switch(x > 0, y, 0) / z,
    "local_merge_switch_same_cond": T.switch(x > 0, x, 0) + T.switch(x > 0, 0, y),
    "local_useless_elemwise_comparison": T.eq(k, k),
    "local_useless_extremum": T.maximum(x, x),
    "local_known_to_be_finite": T.isnan_(k),
    "local_useless_clip": T.clip(T.clip(x, 0, 1), 0, 1),
    "local_useless_cast": T.cast(T.cast(T.cast(k, "int8"), "int32"), "int8"),
    "local_compare_truth": T.eq(x > 0, 1),
    "local_useless_bits": t & t,
    "local_remove_useless_assert": Assert("")(x, T.constant(True)),
    "local_masked_number_to_switch": T.set_subtensor(x[x > 0], 0.0),
    "local_sum_of_masked": x[x > 0].sum(),
    # products of matrices
    "local_dot_outer": T.dot(x.dimshuffle(0, "x"), y.dimshuffle("x", 0)),
    "local_batched_dot_outer": T.batched_dot(m.dimshuffle(0, 1, "x"), m.dimshuffle(0, "x", 1)),
    "local_lift_transpose_through_dot": T.dot(m, n.T).T,
    "local_0_dot_x": T.dot(m, T.zeros_like(n)),
    "local_dot_of_filled": T.dot(m, alloc(c, m.shape[1], 3)),
    "local_sum_of_dot": m.dot(n).sum(axis=0),
    "local_dot_chain": m.dot(n).dot(x),
    "local_dot_scaled": T.dot(2 * m, n),
    "local_diag_of_dot": T.diag(T.dot(m, n)),
    "local_dot_to_gemm": T.dot(m, n) + p,
    # joins and shapes
    "local_join_join": T.concatenate([T.concatenate([x, y]), z]),
    "local_join_empty": T.concatenate([x, T.zeros((0,)), y]),
    "local_join_make_vector": T.concatenate([T.stack([c, 2 * c]), T.stack([c, 3 * c])]),
    "local_useless_split": T.split(x, [x.shape[0]], 1)[0],
    "local_shape_to_shape_i": T.exp(x).shape,
    "local_make_vector": T.opt.MakeVector("float64")(c, c),
    "local_reshape_chain": x.reshape((2, 2)).reshape((1, 4)),
    "local_useless_reshape": x.reshape(x.shape),
    "local_reshape_lift": T.exp(x).reshape((2, 2)),
    "local_reshape_to_dimshuffle": x.reshape((x.shape[0], 1)),
    "local_reshape_dimshuffle": x.dimshuffle(0, "x").reshape((2, 2)),
    "local_dimshuffle_lift": m.T.T,
    "local_useless_rebroadcast": T.Rebroadcast((0, False))(x),
    "local_useless_specify_shape": T.specify_shape(T.specify_shape(x, (4,)), (4,)),
    "local_tensor_scalar_tensor": T.tensor_from_scalar(T.scalar_from_tensor(c)),
    # marks and hints
    "local_remove_gradient_marks": theano.gradient.grad_clip(x, -1, 1) + 1,
    "remove_hint_nodes": psd(m) + 1,
    # algebra of matrices
    "psd_solve_with_chol": slinalg.solve(psd(m), x),
    "inv_as_solve": T.dot(nlinalg.matrix_inverse(m), x),
    "tag_solve_triangular": slinalg.solve(slinalg.cholesky(m), x),
    "local_log_det": T.log(abs(nlinalg.det(m))),
    # reductions
    "local_sum_prod_mul_by_scalar": (c * x).sum(),
    "local_prod_of_power": T.sqr(x).prod(),
    "local_opt_alloc": alloc(c, i).sum(),
    "local_reduce_broadcastable": row.sum(axis=0),
    "local_reduce_join_axes": m.sum(axis=0).sum(),
    "local_sum_sum_of_transpose": m.T.sum(),
    "local_reduce_join": T.stack([x, y]).sum(axis=0),
    "local_reduce_reshape": m.flatten().sum(),
    "local_max_of_growing": T.exp(x).max(),
    "local_argmax_pushdown": T.argmax(T.exp(x)),
    "local_max_to_min": (-T.max(-x), "local_max_of_growing"),
    # marks
    # powers and exponentials
    "local_pow_specialize": x**2,
    "local_pow_canonicalize": T.pow(1.0, x),
    "local_pow_by_squaring": x**3,
    "local_mul_pow_to_pow_add": x**3 / x,
    "local_abs_of_never_negative": abs(T.sqr(x)),
    "local_pow_of_sum": T.pow(x, y) * T.pow(x, z),
    "local_abs_lift": abs(2 * x),
    "local_abs_merge": abs(x) * abs(y),
    "local_mul_exp_to_exp_add": T.exp(x) * T.exp(y),
    "local_pow_exp": T.sqr(T.exp(x)),
    # stable forms
    "local_scaled_one_plus_erf": 0.5 + 0.5 * T.erf(x),
    "local_grad_log_erfc_neg": T.exp(-T.sqr(x)) / T.erfc(x),
    "local_exp_minus_exp": T.exp(x) - T.exp(-x),
    "local_exp_plus_exp": T.exp(x) + T.exp(-x),
    "local_one_and_tanh": 1 + T.tanh(x),
    "local_scaled_one_and_tanh": 0.5 + 0.5 * T.tanh(x),
    "local_sigmoid_minus_half": 2 * s(x) - 1,
    "local_one_minus_cos": 1 - T.cos(x),
    "local_difference_of_squares": ((1 - T.sqr(x)) / (1 - x), RATIONAL),
    "local_sigm_times_exp": T.exp(x) / (1 + T.exp(x)),
    "local_greedy_distributor": ((3 / s(x) + 2 / s(-x)) * s(x) * s(-x), RATIONAL),
    "local_1msigmoid": 1 - s(x),
    "local_sigmoid_minus_one": -1 + s(x),
    "local_sigmoid_minus_sigmoid": s(x) - s(-x),
    "local_less_its_sigmoid": s(x) - T.sqr(s(x)),
    "local_log_pow": T.log(x**3),
    "local_log_softmax_part": (T.log(softmax(m)[1:]), "local_subtensor_of_softmax"),
    "local_log_mul": T.log(T.exp(x) * y),
    "local_log_prod": T.log(T.prod(T.sqr(x))),
    "local_prod_exp": T.prod(T.exp(x)),
    "local_log_add_exp": T.log(T.exp(x) + T.exp(y)),
    "local_log1p_scaled_exp": T.log(1 + 2 * T.exp(x)),
    "local_add_log_add_exp": T.maximum(x, y) + T.log(T.exp(x - T.maximum(x, y)) + T.exp(y - T.maximum(x, y))),
    "local_log_sum_exp": T.log(T.sum(T.exp(x))),
    "local_softmax_from_exp": T.exp(m) / T.exp(m).sum(axis=1, keepdims=True),
    "local_variance": T.sqr(x).mean() - T.sqr(x.mean()),
    "local_logsoftmax": T.log(softmax(m)),
    "local_advanced_indexing_crossentropy_onehot": T.log(softmax(m))[T.arange(m.shape[0]), k],
    "crossentropy_to_crossentropy_with_softmax": T.nnet.categorical_crossentropy(softmax(m), k),
    "local_crossentropy_to_crossentropy_with_softmax_grad": grad(
        T.nnet.categorical_crossentropy(softmax(m), k), m
    ),
    "local_logsoftmax_grad": grad(n * T.log(softmax(m)), m),
    "local_softmax_of_moved_axes": softmax(m.T),
    "local_sinh_over_cosh": T.sinh(x) / T.cosh(x),
    "local_cosh_over_sinh": T.cosh(x) / T.sinh(x),
    "local_exp_over_expm1": T.exp(x) / T.expm1(x),
    "local_expm1_over_exp": T.expm1(x) / T.exp(x),
    "local_expm1_times_sigmoid": (T.exp(x) - 1) / (T.exp(x) + 1),
    "local_exp_over_sum_exp": T.exp(x) / (T.exp(x) + T.exp(y)),
    RATIONAL: (2 * s(-x) + s(x) * s(-x)) * T.exp(x),
    "local_softplus_minus": sp(x) - x,
    "local_logit_of_sigmoid": T.log(s(x)) - T.log(1 - s(x)),
    "local_log_sum_weighted_exp": T.log(T.sum(y * T.exp(x))),
    "local_share_of_mixture": grad(T.log(T.sum(y * T.exp(x))), x),
    "local_exp_into_terms": grad(n * grad(T.log(T.exp(m).sum(axis=1)), m), m),
    "local_mean_by_exp": (n * T.exp(m)).sum(axis=1) / T.exp(m).sum(axis=1),
    "local_softmax_grad_of_mixture": grad(T.log((n * softmax(m)).sum(axis=1)), m),
    "local_log_dot_exp": T.log(T.dot(T.exp(m), x)),
    "local_share_of_dot": grad(T.log(T.dot(T.exp(m), x)), m),
}
