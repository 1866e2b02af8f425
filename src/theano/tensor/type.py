"""Names of `theano.tensor.type`."""

from croton.vartypes.tensor import TensorType as TensorType
from croton.legacy.closeness import values_eq_approx_remove_nan as values_eq_approx_remove_nan
