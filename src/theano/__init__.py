"""The public roof: names only. The house is the package `croton`."""

from croton.compile.callable import Function as Function
from croton.compile.function import function as function
from croton.compile.mode import Mode as Mode
from croton.compile.mode import predefined_modes as predefined_modes
from croton.compile.mode import predefined_optimizers as predefined_optimizers
from croton.compile.rebuild import clone as clone
from croton.compile.shared import shared as shared
from croton.compile.signature import In as In
from croton.compile.signature import Out as Out
from croton.compile.signature import Out as SymbolicOutput
from croton.config import config as config
from croton.graph.fgraph import FunctionGraph as FunctionGraph
from croton.graph.node import Apply as Apply
from croton.graph.node import Constant as Constant
from croton.graph.node import Variable as Variable
from croton.graph.op import Op as Op
from croton.graph.type import Generic as Generic
from croton.graph.type import Type as Type
from croton.graph.type import generic as generic
from theano import compile as compile
from theano import gof as gof
from theano import tensor as tensor
