"""Loops that store few values."""

from croton.compile.scan.checkpoints import scan_checkpoints as scan_checkpoints
