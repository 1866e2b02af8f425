"""Loops of one kind."""

from croton.compile.scan.build import scan as scan
from croton.compile.scan.views import foldl as foldl
from croton.compile.scan.views import foldr as foldr
from croton.compile.scan.views import map as map
from croton.compile.scan.views import reduce as reduce
