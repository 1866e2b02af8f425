"""What graphs are worked on with."""

from croton.errors import MethodNotDefined as MethodNotDefined
from croton.graph.node import scratchpad as scratchpad
from croton.legacy.small_tools import add_tag_trace as add_tag_trace
from croton.legacy.small_tools import deprecated as deprecated
from croton.legacy.small_tools import difference as difference
from croton.legacy.small_tools import flatten as flatten
from croton.legacy.small_tools import give_variables_names as give_variables_names
from croton.legacy.small_tools import hash_from_file as hash_from_file
from croton.legacy.small_tools import memoize as memoize
from croton.legacy.small_tools import remove as remove
from croton.legacy.small_tools import simple_extract_stack as simple_extract_stack
from croton.legacy.small_tools import toposort as toposort
from croton.legacy.small_tools import uniq as uniq
from croton.legacy.small_tools import unique as unique
