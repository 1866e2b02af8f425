"""Graphs, under their historic name."""

from croton.compile.container import Container as Container
from croton.errors import InconsistencyError as InconsistencyError
from croton.errors import MethodNotDefined as MethodNotDefined
from croton.errors import MissingInputError as MissingInputError
from croton.graph.fgraph import FunctionGraph as FunctionGraph
from croton.graph.node import Apply as Apply
from croton.graph.node import Constant as Constant
from croton.graph.node import Variable as Variable
from croton.graph.op import Op as Op
from croton.graph.type import Generic as Generic
from croton.graph.type import Type as Type
from croton.graph.type import generic as generic
