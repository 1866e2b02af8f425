"""Arrays of exactly one data type."""

from croton.vartypes.arrays import as_array_of as _asarray
