"""Operations."""

from croton.graph.node import Apply as Apply
from croton.graph.op import Op as Op
from croton.graph.op import Op as PureOp
from croton.graph.op import get_debug_values as get_debug_values
from croton.graph.op import get_test_value as get_test_value
from croton.legacy.in_c import COp as COp
from croton.legacy.in_c import OpenMPOp as OpenMPOp
from croton.legacy.small_tools import debug_assert as debug_assert
from croton.legacy.small_tools import debug_error_message as debug_error_message
