"""What loops are written with."""

from croton.compile.rebuild import clone as clone
from croton.compile.scan.answer import until as until
from croton.compile.scan.replace import map_variables as map_variables
from croton.graph.walk import equal_computations as equal_computations
