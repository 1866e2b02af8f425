"""Functions of variables, with shared variables found in the graph."""

from croton.legacy.pfunc import pfunc as pfunc
from croton.compile.rebuild import rebuild_collect_shared as rebuild_collect_shared
from croton.compile.signature import In as In
from croton.compile.signature import Param as Param
