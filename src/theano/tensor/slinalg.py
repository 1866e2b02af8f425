"""Names of `theano.tensor.slinalg`."""

from croton.ops.linalg.decomposition import Eigvalsh as Eigvalsh
from croton.ops.linalg.decomposition import EigvalshGrad as EigvalshGrad
from croton.ops.linalg.decomposition import eigvalsh as eigvalsh
from croton.ops.linalg.expm import Expm as Expm
from croton.ops.linalg.expm import ExpmGrad as ExpmGrad
from croton.ops.linalg.expm import expm as expm
from croton.ops.linalg.expm import kron as kron
from croton.ops.linalg.solve import Cholesky as Cholesky
from croton.ops.linalg.solve import CholeskyGrad as CholeskyGrad
from croton.ops.linalg.solve import MATRIX_STRUCTURES as MATRIX_STRUCTURES
from croton.ops.linalg.solve import Solve as Solve
from croton.ops.linalg.solve import cholesky as cholesky
from croton.ops.linalg.solve import solve as solve
from croton.ops.linalg.solve import solve_lower_triangular as solve_lower_triangular
from croton.ops.linalg.solve import solve_symmetric as solve_symmetric
from croton.ops.linalg.solve import solve_upper_triangular as solve_upper_triangular
