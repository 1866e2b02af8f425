"""Names of `theano.tensor.basic`: those of `theano.tensor`."""

from croton.ops.join import Join as Join
from theano.tensor import *  # noqa: F403
