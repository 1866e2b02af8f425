"""Names of `theano.sandbox`."""

from theano.sandbox import multinomial as multinomial
from theano.sandbox import rng_mrg as rng_mrg
