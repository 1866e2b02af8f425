"""Names of `theano.tensor.io`."""

from croton.ops.disk import LoadFromDisk as LoadFromDisk
from croton.ops.disk import load as load
