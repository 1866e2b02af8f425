"""What is written over what."""

from croton.legacy.toolbox import DestroyHandler as DestroyHandler
from croton.legacy.toolbox import fast_inplace_check as fast_inplace_check
