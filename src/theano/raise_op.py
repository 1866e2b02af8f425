"""Names of `theano.raise_op`."""

from croton.ops.raise_op import Assert as Assert
from croton.ops.raise_op import Raise as Raise
from croton.ops.raise_op import assert_op as assert_op
