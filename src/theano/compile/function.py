"""`theano.function`."""

from croton.compile.function import function as function
from croton.legacy.archive import function_dump as function_dump
