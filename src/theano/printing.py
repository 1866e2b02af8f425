"""Names of `theano.printing`."""

from croton.ops.passing import Print as Print
from croton.ops.passing import print_attributes as _print_fn
