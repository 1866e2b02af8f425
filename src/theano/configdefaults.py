"""Flags."""

from croton.config import config as config
from croton.legacy.machine import local_bitwidth as local_bitwidth
from croton.legacy.machine import python_int_bitwidth as python_int_bitwidth
from croton.legacy.machine import short_platform as short_platform
