"""Where values are kept."""

from croton.compile.container import Container as Container
from croton.legacy.linkers import Linker as Linker
from croton.legacy.linkers import LocalLinker as LocalLinker
from croton.legacy.linkers import PerformLinker as PerformLinker
from croton.legacy.linkers import WrapLinker as WrapLinker
from croton.legacy.linkers import WrapLinkerMany as WrapLinkerMany
