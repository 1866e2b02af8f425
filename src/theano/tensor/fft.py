"""Names of `theano.tensor.fft`."""

from croton.ops.fft import IRFFTOp as IRFFTOp
from croton.ops.fft import RFFTOp as RFFTOp
from croton.ops.fft import irfft as irfft
from croton.ops.fft import irfft_op as irfft_op
from croton.ops.fft import rfft as rfft
from croton.ops.fft import rfft_op as rfft_op
