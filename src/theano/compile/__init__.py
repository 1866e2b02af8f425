"""Compiling functions."""

from croton.compile.callable import Function as Function
from croton.compile.function import function as function
from croton.compile.mode import FAST_COMPILE as FAST_COMPILE
from croton.compile.mode import FAST_RUN as FAST_RUN
from croton.compile.mode import Mode as Mode
from croton.compile.mode import get_default_mode as get_default_mode
from croton.compile.mode import get_mode as get_mode
from croton.compile.mode import predefined_linkers as predefined_linkers
from croton.compile.mode import predefined_modes as predefined_modes
from croton.compile.mode import predefined_optimizers as predefined_optimizers
from croton.compile.mode import register_linker as register_linker
from croton.compile.mode import register_mode as register_mode
from croton.compile.mode import register_optimizer as register_optimizer
from croton.compile.rebuild import rebuild_collect_shared as rebuild_collect_shared
from croton.compile.shared import SharedVariable as SharedVariable
from croton.compile.shared import shared as shared
from croton.compile.shared import shared_constructor as shared_constructor
from croton.compile.signature import In as In
from croton.compile.signature import Out as Out
from croton.compile.signature import Out as SymbolicOutput
from croton.compile.signature import Param as Param
from theano.compile import function_module as function_module
from theano.compile import io as io
from theano.compile import mode as mode
from theano.compile import pfunc as pfunc
from theano.compile import sharedvalue as sharedvalue
