"""Names of `theano.tensor.fourier`."""

from croton.ops.fourier import Fourier as Fourier
from croton.ops.fourier import fft as fft
