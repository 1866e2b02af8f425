"""`theano.function`."""

from croton.compile.function import function as function
