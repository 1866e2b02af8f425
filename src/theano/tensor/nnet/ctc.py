"""Names of `theano.tensor.nnet.ctc`."""

from croton.ops.nnet.ctc import ConnectionistTemporalClassification as ConnectionistTemporalClassification
from croton.ops.nnet.ctc import ctc as ctc
from croton.ops.nnet.ctc import ctc_available as ctc_available
