"""Names of `theano.tensor.basic`: those of `theano.tensor`."""

from croton.ops.convert import as_tensor_variable as _as_tensor_variable
from croton.legacy.closeness import _allclose as _allclose
from croton.legacy.closeness import float32_atol as float32_atol
from croton.legacy.closeness import float32_rtol as float32_rtol
from croton.legacy.closeness import float64_atol as float64_atol
from croton.legacy.closeness import float64_rtol as float64_rtol
from croton.ops.cast import _convert_to_int32 as _convert_to_int32
from croton.ops.cast import _convert_to_float32 as _convert_to_float32
from croton.ops.cast import _convert_to_float64 as _convert_to_float64
from theano.tensor import *  # noqa: F403
