"""Names of `theano.tensor.type`."""

from croton.vartypes.tensor import TensorType as TensorType
