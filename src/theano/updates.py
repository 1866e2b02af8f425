"""Updates of shared variables."""

from croton.compile.updates import OrderedUpdates as OrderedUpdates
