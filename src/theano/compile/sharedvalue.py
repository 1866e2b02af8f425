"""Shared variables."""

from croton.compile.shared import SharedVariable as SharedVariable
from croton.compile.shared import generic_constructor as generic_constructor
from croton.compile.shared import shared as shared
from croton.compile.shared import shared_constructor as shared_constructor
from croton.graph.type import generic as generic
