"""Names of `theano.tensor.nnet.blocksparse`."""

from croton.ops.nnet.blocksparse import SparseBlockGemv as SparseBlockGemv
from croton.ops.nnet.blocksparse import SparseBlockOuter as SparseBlockOuter
from croton.ops.nnet.blocksparse import sparse_block_dot as sparse_block_dot
from croton.ops.nnet.blocksparse import sparse_block_gemv as sparse_block_gemv
from croton.ops.nnet.blocksparse import sparse_block_gemv_inplace as sparse_block_gemv_inplace
from croton.ops.nnet.blocksparse import sparse_block_outer as sparse_block_outer
from croton.ops.nnet.blocksparse import sparse_block_outer_inplace as sparse_block_outer_inplace
