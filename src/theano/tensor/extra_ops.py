"""Names of `theano.tensor.extra_ops`."""

from croton.ops.cumulate import CumOp as CumOp
from croton.ops.cumulate import CumprodOp as CumprodOp
from croton.ops.cumulate import CumsumOp as CumsumOp
from croton.ops.cumulate import DiffOp as DiffOp
from croton.ops.cumulate import cumprod as cumprod
from croton.ops.cumulate import cumsum as cumsum
from croton.ops.cumulate import diff as diff
from croton.ops.search import SearchsortedOp as SearchsortedOp
from croton.ops.search import Unique as Unique
from croton.ops.search import bincount as bincount
from croton.ops.search import searchsorted as searchsorted
from croton.ops.window import Bartlett as Bartlett
from croton.ops.window import CpuContiguous as CpuContiguous
from croton.ops.window import bartlett as bartlett
from croton.ops.window import cpu_contiguous as cpu_contiguous
