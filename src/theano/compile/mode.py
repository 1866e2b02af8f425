"""How functions are compiled."""

from croton.compile.mode import DEBUG_MODE as DEBUG_MODE
from croton.compile.mode import FAST_COMPILE as FAST_COMPILE
from croton.compile.mode import FAST_RUN as FAST_RUN
from croton.compile.mode import Mode as Mode
from croton.compile.mode import OPT_FAST_COMPILE as OPT_FAST_COMPILE
from croton.compile.mode import OPT_FAST_RUN as OPT_FAST_RUN
from croton.compile.mode import OPT_MERGE as OPT_MERGE
from croton.compile.mode import OPT_NONE as OPT_NONE
from croton.compile.mode import OPT_STABILIZE as OPT_STABILIZE
from croton.compile.mode import OPT_UNSAFE as OPT_UNSAFE
from croton.compile.mode import get_default_mode as get_default_mode
from croton.compile.mode import get_mode as get_mode
from croton.compile.mode import predefined_linkers as predefined_linkers
from croton.compile.mode import predefined_modes as predefined_modes
from croton.compile.mode import predefined_optimizers as predefined_optimizers
from croton.compile.mode import register_linker as register_linker
from croton.compile.mode import register_mode as register_mode
from croton.compile.mode import register_optimizer as register_optimizer
from croton.config import config as config
from croton.legacy.optdb import optdb as optdb
from croton.legacy.optimizers import AddFeatureOptimizer as AddFeatureOptimizer
