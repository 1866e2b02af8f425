"""Graphs that are being rewritten."""

from croton.errors import CachedConstantError as CachedConstantError
from croton.errors import InconsistencyError as InconsistencyError
from croton.errors import MissingInputError as MissingInputError
from croton.legacy.fgraph import FunctionGraph as FunctionGraph
