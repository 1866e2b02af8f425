"""Names of `theano.tensor.nnet.sigm`."""

from croton.ops.elementwise import sigmoid as sigmoid
from croton.ops.elementwise import sigmoid as sigmoid_inplace
from croton.ops.elementwise import softplus as softplus
from croton.ops.elementwise import ultra_fast_sigmoid as ultra_fast_sigmoid
from croton.ops.elementwise import ultra_fast_sigmoid as ultra_fast_sigmoid_inplace
from croton.ops.nnet.activation import hard_sigmoid as hard_sigmoid
from croton.ops.scalar.activation import sigmoid as scalar_sigmoid
from croton.ops.scalar.activation import softplus as scalar_softplus
from croton.ops.scalar.activation import ultra_fast_sigmoid as ultra_fast_scalar_sigmoid
from croton.ops.scalar.classes import ScalarSigmoid as ScalarSigmoid
from croton.ops.scalar.classes import ScalarSoftplus as ScalarSoftplus
from croton.legacy.mul_trees import compute_mul as compute_mul
from croton.legacy.mul_trees import is_1pexp as is_1pexp
from croton.legacy.mul_trees import parse_mul_tree as parse_mul_tree
from croton.legacy.mul_trees import perform_sigm_times_exp as perform_sigm_times_exp
from croton.legacy.mul_trees import register_local_1msigmoid as register_local_1msigmoid
from croton.legacy.mul_trees import simplify_mul as simplify_mul
