"""Whether arrays share memory."""

from croton.legacy.machine import may_share_memory as may_share_memory
