"""Names of `theano.tensor.opt`."""

from croton.ops.raise_op import Assert as Assert
from croton.ops.raise_op import assert_ as assert_
from croton.ops.raise_op import assert_op as assert_op
