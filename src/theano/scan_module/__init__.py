"""Loops."""

from croton.compile.rebuild import clone as clone
from croton.compile.scan.answer import until as until
from croton.compile.scan.views import foldl as foldl
from croton.compile.scan.views import foldr as foldr
from croton.compile.scan.views import map as map
from croton.compile.scan.views import reduce as reduce
from theano.scan_module import scan_op as scan_op
from theano.scan_module import scan_utils as scan_utils
from theano.scan_module import scan_views as scan_views
from theano.scan_module.scan import scan as scan
from theano.scan_module.scan_checkpoints import scan_checkpoints as scan_checkpoints
