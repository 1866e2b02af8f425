"""Measuring functions."""

from croton.diagnose.profile import ProfileStats as ProfileStats
