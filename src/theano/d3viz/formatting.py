"""What pictures of graphs are made of."""

from croton.diagnose.dot import pydot_imported as pydot_imported
from croton.diagnose.dot import pydot_imported_msg as pydot_imported_msg
from croton.diagnose.picture import PyDotFormatter as PyDotFormatter
