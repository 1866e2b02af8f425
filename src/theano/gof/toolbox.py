"""Features of graphs."""

from croton.errors import AlreadyThere as AlreadyThere
from croton.errors import BadOptimization as BadOptimization
from croton.legacy.toolbox import Bookkeeper as Bookkeeper
from croton.legacy.toolbox import Feature as Feature
from croton.legacy.toolbox import History as History
from croton.legacy.toolbox import NoOutputFromInplace as NoOutputFromInplace
from croton.legacy.toolbox import NodeFinder as NodeFinder
from croton.legacy.toolbox import PrintListener as PrintListener
from croton.legacy.toolbox import ReplaceValidate as ReplaceValidate
from croton.legacy.toolbox import Validator as Validator
