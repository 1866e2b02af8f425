"""Names that programs written for two Pythons ask for."""

from croton.legacy.compat import DefaultOrderedDict as DefaultOrderedDict
from croton.legacy.compat import PY3 as PY3
from croton.legacy.compat import cmp as cmp
from croton.legacy.compat import decode as decode
from croton.legacy.compat import decode_iter as decode_iter
from croton.legacy.compat import exc_message as exc_message
from croton.legacy.compat import get_unbound_function as get_unbound_function
from croton.legacy.compat import ifilter as ifilter
from croton.legacy.compat import imap as imap
from croton.legacy.compat import izip as izip
from croton.legacy.compat import operator_itemgetter as operator_itemgetter
