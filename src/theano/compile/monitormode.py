"""Watching each node."""

from croton.diagnose.monitor import MonitorMode as MonitorMode
from croton.diagnose.monitor import detect_nan as detect_nan
