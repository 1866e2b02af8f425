"""Names of `theano.printing`."""

from croton.diagnose.debugprint import debugprint as debugprint
from croton.diagnose.debugprint import hex_digest as hex_digest
from croton.diagnose.debugprint import min_informative_str as min_informative_str
from croton.diagnose.debugprint import position_independent_str as position_independent_str
from croton.diagnose.debugprint import var_descriptor as var_descriptor
from croton.diagnose.dot import default_colorCodes as default_colorCodes
from croton.diagnose.dot import pydot_imported as pydot_imported
from croton.diagnose.dot import pydot_imported_msg as pydot_imported_msg
from croton.diagnose.dot import pydotprint as pydotprint
from croton.diagnose.pp import VALID_ASSOC as VALID_ASSOC
from croton.diagnose.pp import DefaultPrinter as DefaultPrinter
from croton.diagnose.pp import FunctionPrinter as FunctionPrinter
from croton.diagnose.pp import IgnorePrinter as IgnorePrinter
from croton.diagnose.pp import LeafPrinter as LeafPrinter
from croton.diagnose.pp import OperatorPrinter as OperatorPrinter
from croton.diagnose.pp import PatternPrinter as PatternPrinter
from croton.diagnose.pp import PPrinter as PPrinter
from croton.diagnose.pp import PrinterState as PrinterState
from croton.diagnose.pp import default_printer as default_printer
from croton.diagnose.pp import greek as greek
from croton.diagnose.pp import leaf_printer as leaf_printer
from croton.diagnose.pp import pp as pp
from croton.diagnose.pp import pprint as pprint
from croton.diagnose.pp import special as special
from croton.ops.passing import Print as Print
from croton.ops.passing import print_attributes as _print_fn
