"""Names of `theano.sandbox.rng_mrg`."""

from croton.compile.streams.mrg import MRG_RandomStreams as MRG_RandomStreams
from croton.compile.streams.mrg import guess_n_streams as guess_n_streams
from croton.ops.random.mrg import DotModulo as DotModulo
from croton.ops.random.mrg import mrg_uniform as mrg_uniform
from croton.ops.random.mrg import mrg_uniform as mrg_uniform_base
from croton.ops.random.mrg_jump import A1p72 as A1p72
from croton.ops.random.mrg_jump import A1p134 as A1p134
from croton.ops.random.mrg_jump import A2p72 as A2p72
from croton.ops.random.mrg_jump import A2p134 as A2p134
from croton.ops.random.mrg_jump import M1 as M1
from croton.ops.random.mrg_jump import M2 as M2
from croton.ops.random.mrg_jump import MASK2 as MASK2
from croton.ops.random.mrg_jump import MASK12 as MASK12
from croton.ops.random.mrg_jump import MASK13 as MASK13
from croton.ops.random.mrg_jump import MULT2 as MULT2
from croton.ops.random.mrg_jump import NORM as NORM
from croton.ops.random.mrg_jump import ff_2p72 as ff_2p72
from croton.ops.random.mrg_jump import ff_2p134 as ff_2p134
from croton.ops.random.mrg_jump import matVecModM as matVecModM
from croton.ops.random.mrg_jump import multMatVect as multMatVect
