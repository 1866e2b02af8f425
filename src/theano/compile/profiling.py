"""Measuring functions."""

from croton.config import config as config
from croton.diagnose.profile import ProfileStats as ProfileStats
