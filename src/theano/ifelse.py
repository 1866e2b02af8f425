"""Names of `theano.ifelse`."""

from croton.ops.ifelse import IfElse as IfElse
from croton.ops.ifelse import ifelse as ifelse
