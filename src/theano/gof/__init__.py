"""Graphs, under their historic name."""

from croton.compile.container import Container as Container
from croton.errors import InconsistencyError as InconsistencyError
from croton.errors import MethodNotDefined as MethodNotDefined
from croton.errors import MissingInputError as MissingInputError
from croton.graph.node import Apply as Apply
from croton.graph.node import Constant as Constant
from croton.graph.node import Variable as Variable
from croton.graph.op import Op as Op
from croton.graph.op import Op as PureOp
from croton.graph.type import Generic as Generic
from croton.graph.type import Type as Type
from croton.graph.type import generic as generic
from croton.legacy.fgraph import FunctionGraph as FunctionGraph
from croton.legacy.graph import view_roots as view_roots
from theano.gof import fg as fg
from theano.gof import graph as graph
from theano.gof import link as link
from theano.gof import null_type as null_type
from theano.gof import op as op
from theano.gof import type as type
from theano.gof import utils as utils
