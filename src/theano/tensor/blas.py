"""Names of `theano.tensor.blas`."""

from croton.errors import InconsistencyError as InconsistencyError
from croton.ops.blas import Dot22 as Dot22
from croton.ops.blas import Dot22Scalar as Dot22Scalar
from croton.ops.blas import Gemm as Gemm
from croton.ops.blas import Gemv as Gemv
from croton.ops.blas import Ger as Ger
from croton.ops.blas import dot22 as _dot22
from croton.ops.blas import dot22scalar as _dot22scalar
from croton.ops.blas import gemm as gemm
from croton.ops.blas import gemm_inplace as gemm_inplace
from croton.ops.blas import gemm_no_inplace as gemm_no_inplace
from croton.ops.blas import gemv as gemv
from croton.ops.blas import gemv_inplace as gemv_inplace
from croton.ops.blas import gemv_no_inplace as gemv_no_inplace
from croton.ops.blas import ger as ger
from croton.ops.blas import ger_destructive as ger_destructive
from croton.ops.dot import BatchedDot as BatchedDot
from croton.ops.dot import batched_dot as batched_dot
from croton.legacy.blas import local_dot22_to_dot22scalar as local_dot22_to_dot22scalar
from croton.legacy.blas import local_gemm_to_ger as local_gemm_to_ger
from croton.legacy.blas import res_is_a as res_is_a
