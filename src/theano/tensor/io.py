"""Names of `theano.tensor.io`."""

from croton.ops.disk import LoadFromDisk as LoadFromDisk
from croton.ops.disk import load as load
from croton.legacy.mpi import MPIRecv as MPIRecv
from croton.legacy.mpi import MPIRecvWait as MPIRecvWait
from croton.legacy.mpi import MPISend as MPISend
from croton.legacy.mpi import MPISendWait as MPISendWait
from croton.legacy.mpi import irecv as irecv
from croton.legacy.mpi import isend as isend
from croton.legacy.mpi import mpi_send_wait_cmp as mpi_send_wait_cmp
from croton.legacy.mpi import mpi_send_wait_key as mpi_send_wait_key
from croton.legacy.mpi import mpi_tag_cmp as mpi_tag_cmp
from croton.legacy.mpi import mpi_tag_key as mpi_tag_key
from croton.legacy.mpi import recv as recv
from croton.legacy.mpi import send as send
from croton.legacy.mpi import mpi_cmps as mpi_cmps
from croton.legacy.mpi import mpi_enabled as mpi_enabled
