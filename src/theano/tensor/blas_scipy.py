"""BLAS through SciPy."""

from croton.legacy.compat import have_fblas as have_fblas
from croton.ops.blas import Ger as ScipyGer
