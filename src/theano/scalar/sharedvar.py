"""Shared numbers."""

from croton.compile.shared import NumberSharedVariable as ScalarSharedVariable
from croton.compile.shared import number_constructor as shared
