"""Nodes, and functions on graphs."""

from croton.graph.connect import io_connection_pattern as io_connection_pattern
from croton.graph.node import Apply as Apply
from croton.graph.node import Constant as Constant
from croton.graph.node import Node as Node
from croton.graph.node import Variable as Variable
from croton.legacy.graph import ancestors as ancestors
from croton.legacy.graph import as_string as as_string
from croton.legacy.graph import clone as clone
from croton.legacy.graph import clone_get_equiv as clone_get_equiv
from croton.legacy.graph import default_node_formatter as default_node_formatter
from croton.legacy.graph import equal_computations as equal_computations
from croton.legacy.graph import general_toposort as general_toposort
from croton.legacy.graph import inputs as inputs
from croton.legacy.graph import io_toposort as io_toposort
from croton.legacy.graph import is_in_ancestors as is_in_ancestors
from croton.legacy.graph import is_same_graph as is_same_graph
from croton.legacy.graph import list_of_nodes as list_of_nodes
from croton.legacy.graph import op_as_string as op_as_string
from croton.legacy.graph import ops as ops
from croton.legacy.graph import orphans as orphans
from croton.legacy.graph import stack_search as stack_search
from croton.legacy.graph import variables as variables
from croton.legacy.graph import variables_and_orphans as variables_and_orphans
from croton.legacy.graph import view_roots as view_roots
from croton.legacy.graph import nodes_constructed as nodes_constructed
