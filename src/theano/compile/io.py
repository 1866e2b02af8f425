"""The ends of a function."""

from croton.compile.signature import In as In
from croton.compile.signature import In as SymbolicInput
from croton.compile.signature import Out as Out
from croton.compile.signature import Out as SymbolicOutput
