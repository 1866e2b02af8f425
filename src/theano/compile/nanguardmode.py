"""Watching for NaN."""

from croton.diagnose.nanguard import NanGuardMode as NanGuardMode
from croton.diagnose.nanguard import contains_inf as contains_inf
from croton.diagnose.nanguard import contains_nan as contains_nan
