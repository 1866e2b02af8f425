"""The type of gradients that are not defined."""

from croton.vartypes.null import NullType as NullType
from croton.vartypes.null import null_type as null_type
