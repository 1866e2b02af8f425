"""Shapes and digests."""

from croton.compile.shape_of import shape_of_variables as shape_of_variables
from croton.vartypes.arrays import hash_from_ndarray as hash_from_ndarray
