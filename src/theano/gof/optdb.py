"""Tables of optimizers."""

from croton.legacy.optdb import DB as DB
from croton.legacy.optdb import EquilibriumDB as EquilibriumDB
from croton.legacy.optdb import LocalGroupDB as LocalGroupDB
from croton.legacy.optdb import ProxyDB as ProxyDB
from croton.legacy.optdb import Query as Query
from croton.legacy.optdb import SequenceDB as SequenceDB
from theano.gof import opt as opt
