"""Names of `theano.tensor.shared_randomstreams`."""

from croton.compile.shared import SharedVariable as SharedVariable
from croton.compile.shared import shared as shared
from croton.compile.shared import shared_constructor as shared_constructor
from croton.compile.streams.legacy import RandomStateSharedVariable as RandomStateSharedVariable
from croton.compile.streams.legacy import RandomStreams as RandomStreams
from croton.compile.streams.legacy import randomstate_constructor as randomstate_constructor
from theano.tensor import raw_random as raw_random
