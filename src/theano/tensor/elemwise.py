"""Names of `theano.tensor.elemwise`."""

from croton.config import config as config
from croton.ops.convert import as_tensor_variable as as_tensor_variable
from croton.ops.elemwise import DimShuffle as DimShuffle
from croton.ops.elemwise import Elemwise as Elemwise
from croton.ops.reduce import CAReduce as CAReduce
from croton.ops.reduce import CAReduceDtype as CAReduceDtype
from croton.ops.reduce import Prod as Prod
from croton.ops.reduce import ProdWithoutZeros as ProdWithoutZeros
from croton.ops.reduce import Sum as Sum
from croton.ops.truth import All as All
from croton.ops.truth import Any as Any
from croton.ops.variable import TensorConstant as TensorConstant
from croton.ops.variable import TensorVariable as TensorVariable
from croton.vartypes.tensor import TensorType as TensorType
