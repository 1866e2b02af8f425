"""Names of `theano.sandbox.linalg`."""

from croton.ops.linalg.decomposition import eig as eig
from croton.ops.linalg.decomposition import eigh as eigh
from croton.ops.linalg.decomposition import eigvalsh as eigvalsh
from croton.ops.linalg.inverse import MatrixInverse as MatrixInverse
from croton.ops.linalg.inverse import det as det
from croton.ops.linalg.inverse import matrix_inverse as matrix_inverse
from croton.ops.linalg.norm import alloc_diag as alloc_diag
from croton.ops.linalg.norm import diag as diag
from croton.ops.linalg.norm import extract_diag as extract_diag
from croton.ops.linalg.norm import spectral_radius_bound as spectral_radius_bound
from croton.ops.linalg.norm import trace as trace
from croton.ops.linalg.solve import Cholesky as Cholesky
from croton.ops.linalg.solve import Solve as Solve
from croton.ops.linalg.solve import cholesky as cholesky
from croton.ops.linalg.solve import solve as solve
from croton.ops.passing import psd as psd
from theano.sandbox.linalg import ops as ops
