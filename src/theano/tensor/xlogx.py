"""Names of `theano.tensor.xlogx`."""

from croton.ops.elementwise import xlogx as xlogx
from croton.ops.elementwise import xlogy0 as xlogy0
from croton.ops.scalar.special import xlogx as scalar_xlogx
from croton.ops.scalar.special import xlogy0 as scalar_xlogy0
