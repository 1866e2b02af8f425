"""Names of `theano.tensor.sort`."""

from croton.ops.sort import ArgSortOp as ArgSortOp
from croton.ops.sort import SortOp as SortOp
from croton.ops.sort import TopKOp as TopKOp
from croton.ops.sort import argsort as argsort
from croton.ops.sort import argtopk as argtopk
from croton.ops.sort import sort as sort
from croton.ops.sort import topk as topk
from croton.ops.sort import topk_and_argtopk as topk_and_argtopk
