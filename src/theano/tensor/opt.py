"""Names of `theano.tensor.opt`."""

from croton.legacy.local import local_optimizer as local_optimizer
from croton.legacy.optdb import register_canonicalize as register_canonicalize
from croton.legacy.optdb import register_specialize as register_specialize
from croton.legacy.optdb import register_stabilize as register_stabilize
from croton.legacy.optimizers import in2out as in2out
from croton.legacy.optimizers import out2in as out2in
from croton.legacy.small_tools import copy_stack_trace as copy_stack_trace
from croton.ops.raise_op import Assert as Assert
from croton.ops.raise_op import assert_ as assert_
from croton.ops.raise_op import assert_op as assert_op
