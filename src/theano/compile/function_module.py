"""Compiled functions."""

from croton.compile.callable import Function as Function
from croton.compile.callable import Maker as FunctionMaker
from croton.errors import AliasedMemoryError as AliasedMemoryError
from croton.errors import UnusedInputError as UnusedInputError
from croton.ops.passing import deep_copy_op as deep_copy_op
