"""Flags."""

from croton.config import config as config
