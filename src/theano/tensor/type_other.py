"""Names of `theano.tensor.type_other`."""

from croton.ops.index.slices import MakeSlice as MakeSlice
from croton.ops.index.slices import as_int_none_variable as as_int_none_variable
from croton.ops.index.slices import make_slice as make_slice
from croton.vartypes.slices import NoneConst as NoneConst
from croton.vartypes.slices import NoneTypeT as NoneTypeT
from croton.vartypes.slices import SliceConstant as SliceConstant
from croton.vartypes.slices import SliceType as SliceType
from croton.vartypes.slices import none_type_t as none_type_t
from croton.vartypes.slices import slicetype as slicetype
