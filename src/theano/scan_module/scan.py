"""`scan`."""

from croton.compile.scan.build import scan as scan
