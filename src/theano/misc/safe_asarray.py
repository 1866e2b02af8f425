"""Arrays of exactly one data type."""

from croton.util.arrays import as_array_of as _asarray
