"""The operation of loops."""

from croton.ops.scan.loop import Scan as Scan
