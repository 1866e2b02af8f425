"""Names of `theano.tensor.basic`: those of `theano.tensor`."""

from croton.ops.convert import as_tensor_variable as _as_tensor_variable
from theano.tensor import *  # noqa: F403
