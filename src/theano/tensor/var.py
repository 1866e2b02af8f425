"""Names of `theano.tensor.var`."""

from croton.errors import AsTensorError as AsTensorError
from croton.ops.variable import TensorConstant as TensorConstant
from croton.ops.variable import TensorOperators as _tensor_py_operators
from croton.ops.variable import TensorVariable as TensorVariable
from croton.vartypes.tensor import TensorType as TensorType
