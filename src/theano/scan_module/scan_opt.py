"""Rewrites of loops."""

from croton.legacy.loops import ScanMerge as ScanMerge
