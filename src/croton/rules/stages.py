"""The stages that rules are entered into."""

from __future__ import annotations

from croton.rewrite.rule import Stage

# Useless work goes, and expressions take the one form that later rules look for.
canonicalize = Stage("canonicalize")
# Forms that lose precision become those that do not.
stabilize = Stage("stabilize")
# Forms that are cheaper to compute.
specialize = Stage("specialize")
# Products take the forms of the BLAS.
blas = Stage("blas")
