"""Texts with holes."""

from croton.legacy.machine import render_string as render_string
