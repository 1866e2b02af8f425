"""Checking each node."""

from croton.config import config as config
from croton.diagnose.debugmode import DebugMode as DebugMode
from croton.diagnose.debugprint import char_from_number as char_from_number
from croton.errors import BadDestroyMap as BadDestroyMap
from croton.errors import BadOptimization as BadOptimization
from croton.errors import BadThunkOutput as BadThunkOutput
from croton.errors import BadViewMap as BadViewMap
from croton.errors import DebugModeError as DebugModeError
from croton.errors import InvalidValueError as InvalidValueError
from croton.errors import StochasticOrder as StochasticOrder
