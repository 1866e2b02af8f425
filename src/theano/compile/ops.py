"""Names of `theano.compile.ops`."""

from croton.ops.from_function import FromFunctionOp as FromFunctionOp
from croton.ops.from_function import as_op as as_op
from croton.ops.from_function import load_back as load_back
from croton.ops.from_function import register_c_code as register_deep_copy_op_c_code
from croton.ops.from_function import register_c_code as register_rebroadcast_c_code
from croton.ops.from_function import register_c_code as register_shape_c_code
from croton.ops.from_function import register_c_code as register_shape_i_c_code
from croton.ops.from_function import register_c_code as register_specify_shape_c_code
from croton.ops.from_function import register_c_code as register_view_op_c_code
from croton.ops.passing import DeepCopyOp as DeepCopyOp
from croton.ops.passing import OutputGuard as OutputGuard
from croton.ops.passing import ViewOp as ViewOp
from croton.ops.passing import deep_copy_op as deep_copy_op
from croton.ops.passing import view_op as view_op
from croton.ops.shape import Rebroadcast as Rebroadcast
from croton.ops.shape import Shape as Shape
from croton.ops.shape import Shape_i as Shape_i
from croton.ops.shape import SpecifyShape as SpecifyShape
from croton.ops.shape import shape as shape
from croton.ops.shape import shape_i as shape_i
from croton.ops.shape import shape_i_op as shape_i_op
from croton.ops.shape import specify_shape as specify_shape
